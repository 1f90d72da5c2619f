import ArchiveTestSupport
import Foundation
import Testing
import UNETRVolumes

@testable import UNETRDICOMWeb

/// The whole way with a real archive: send a series, find and fetch it, segment it, send the mask back, find and fetch that.
@Suite(.enabled(if: Orthanc.isInstalled, "needs Orthanc and its DICOMweb plugin (Debian: orthanc, orthanc-dicomweb)"), .serialized)
struct OrthancTests {
    private struct Archive {
        let url: String
        let credentials: [String]

        func run(_ words: String...) async throws -> Program.Result { try await Program.run([words[0], url] + words.dropFirst() + credentials) }
    }

    private func withArchive(_ body: (Archive, URL) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let secret = folder.appending(path: "secret")
            try Data(Orthanc.password.utf8).write(to: secret)
            try await Orthanc.with { url in
                try await body(Archive(url: url, credentials: ["--user", "test", "--password-file", secret.path, "--retries", "0"]), folder)
            }
        }
    }

    /// Objects of a folder by their identifiers.
    private func objects(_ folder: URL) throws -> [String: Data] {
        Dictionary(uniqueKeysWithValues: try DICOMObjectName.found(in: folder).objects.map { ($0.name.instance, try Data(contentsOf: $0.file)) })
    }

    @Test func `Series, segmentation and structure set there and back, equal to the byte`() async throws {
        try await withArchive { archive, folder async throws in
            let source = FakeArchive.fixtures.appending(path: "07_evrle"), name = try #require(try FakeArchive().objects.first?.name)
            let sent = try await archive.run("send", source.path, "--verify")
            #expect(sent.status == 0 && sent.output == "6 of 6 objects are there, equal to the byte\n", "\(sent.all)")

            let found = try await archive.run("find", "--modality", "CT", "--study", name.study, "--json")
            #expect(found.output.contains("\"objects\" : 6") && found.output.contains(name.study), "\(found.all)")
            let scan = folder.appending(path: "scan")
            let fetched = try await archive.run("get", "--study", name.study, "--series", name.series, "-o", scan.path)
            #expect(fetched.status == 0, "\(fetched.all)")
            #expect(try objects(scan) == objects(source))

            // Segmented by a threshold, and written as objects about the series that was fetched.
            let reference = try DICOMReference(scan: scan), image = try VolumeFile.readScan(scan)
            let sorted = image.voxels.sorted(), middle = sorted[sorted.count / 2]
            let mask = LabelMap(geometry: image.geometry, voxels: image.voxels.map { $0 > middle ? 1 : 0 })
            let files = [MaskForm.dicomSegmentation, .structureSet].map { MaskFile(folder.appending(path: "mask\($0.ending)"), form: $0) }
            let labels = LabelSet(definitions: [LabelDefinition(name: "liver", value: 1)])
            _ = try MaskWriter(labels: labels, algorithm: DICOMAlgorithm(name: "threshold", version: "1")).write(
                mask, like: nil, reference: reference, to: files)

            let back = try await archive.run("send", files[0].url.path, files[1].url.path, "--verify")
            #expect(back.status == 0 && back.output == "2 of 2 objects are there, equal to the byte\n", "\(back.all)")
            for (file, modality) in zip(files, ["SEG", "RTSTRUCT"]) {
                let written = try #require(try DICOMObjectName(contentsOf: file.url))
                let series = try await archive.run("find", "--series-of", name.study, "--modality", modality, "--json")
                #expect(series.output.contains(written.series) && written.study == name.study, "\(series.all)")
                let place = folder.appending(path: modality)
                let got = try await archive.run("get", "--study", name.study, "--series", written.series, "-o", place.path)
                #expect(got.status == 0, "\(got.all)")
                #expect(try objects(place) == [written.instance: Data(contentsOf: file.url)])
            }
            let whole = folder.appending(path: "whole")
            let study = try await archive.run("get", "--study", name.study, "-o", whole.path)
            #expect(study.output.hasPrefix("objects: 8, series: 3, "), "\(study.all)")
            // The mask that comes back is the one that was sent.
            let contours = try #require(
                try FileManager.default.contentsOfDirectory(at: folder.appending(path: "RTSTRUCT"), includingPropertiesForKeys: nil).first)
            let file = try #require(try FileManager.default.contentsOfDirectory(at: contours, includingPropertiesForKeys: nil).first)
            #expect(try VolumeFile.readLabels(file, on: image.geometry).voxels == mask.voxels)
        }
    }

    @Test func `Compressed, deflated and enhanced objects come back as they are stored`() async throws {
        try await withArchive { archive, folder async throws in
            for fixture in ["07_j2k", "07_jpegls", "07_deflated", "07_evrbe", "07_ivrle", "08c_enhanced_mr_shuffled"] {
                let source = FakeArchive.fixtures.appending(path: fixture), name = try #require(try FakeArchive(fixture).objects.first?.name)
                let sent = try await archive.run("send", source.path)
                let place = folder.appending(path: fixture)
                let fetched = try await archive.run("get", "--study", name.study, "-o", place.path)
                #expect(sent.status == 0 && fetched.status == 0, "\(fixture): \(sent.all) \(fetched.all)")
                #expect(try objects(place) == objects(source), "\(fixture)")
            }
            let all = try await archive.run("find", "--limit", "2")
            #expect(all.output.split(separator: "\n").count == 3 && all.errors == "There are more than 2 studies; --limit shows more of them.\n", "\(all.all)")
            let patients = try await archive.run("find", "--patient-id", "PID-*", "--show-patients")
            #expect(patients.output.contains("PID-"), "\(patients.all)")
            let dates = try await archive.run("find", "--date", "19000101-19001231")
            #expect(dates.status == 0 && dates.output == "" && dates.errors == "No study was found.\n")
        }
    }

    @Test func `What the archive does not have or not allow`() async throws {
        try await withArchive { archive, folder async throws in
            let absent = try await archive.run("get", "--study", "1.2.3", "-o", folder.appending(path: "x").path)
            #expect(absent.status == 65 && absent.errors.contains("has no study 1.2.3"))
            let stranger = try await Program.run(["find", archive.url])
            #expect(stranger.status == 64 && stranger.errors.contains("wants credentials (401)"))
            let wrong = try await Program.run(["find", archive.url], environment: ["UNETRPP_PACS_USER": "test", "UNETRPP_PACS_PASSWORD": "wrong"])
            #expect(wrong.status == 64 && wrong.errors.contains("does not accept these credentials"))
            let elsewhere = try await Program.run(["find", archive.url.replacingOccurrences(of: "dicom-web", with: "no")] + archive.credentials)
            #expect(elsewhere.status == 65 && elsewhere.errors.contains("has no studies at this address"), "\(elsewhere.all)")
            #expect(files(in: folder) == ["secret"])
        }
    }
}
