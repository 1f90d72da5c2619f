import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

@Suite struct DICOMCaseTests {
    @Test(arguments: DICOMCase.names)
    func `A case is read with exactly these values and this place, or refused for this reason`(name: String) throws {
        try check(DICOMCase.fixture.appending(path: name))
    }

    @Test(.enabled(if: DICOMCase.wholeSet != nil, "the whole set of cases is not here"), arguments: DICOMCase.furtherNames)
    func `The same for the cases that are too large for the fixture`(name: String) throws {
        try check(DICOMCase.wholeSet!.appending(path: name))
    }

    private func check(_ folder: URL) throws {
        let expected = try DICOMCase(folder)
        guard expected.expect != "per-file" else {
            for (name, file) in expected.files! {
                check(file.expect, file.reasonsAllowed, file.volume.map { [$0] }, folder.appending(path: name))
            }
            return
        }
        check(expected.expect, expected.reasonsAllowed, expected.volumes, folder)
    }

    private func check(_ expect: String, _ reasons: [String]?, _ volumes: [DICOMCase.Expected]?, _ url: URL) {
        do {
            let scan = try VolumeFile.readScan(url)
            #expect(expect != "refuse", "\(url.lastPathComponent) was read")
            if let expected = volumes?.first { compare(scan, expected, url) }
            #expect(try VolumeFile.readHeader(url).geometry == scan.geometry)
            // Labels and double precision come from the same values.
            #expect(try VolumeFile.readValues(url).voxels.map { Float($0) } == scan.voxels)
        } catch {
            let words = DICOMCase.words(for: error)
            if case .missingLibrary(_, _, let package)? = (error as? DICOMError)?.problem {
                #expect("\(error)".contains(package))
            } else {
                #expect(expect != "read", "\(error)")
                #expect(!words.isDisjoint(with: reasons ?? []), "\(url.lastPathComponent): \(words), expected one of \(reasons ?? []): \(error)")
            }
            #expect("\(error)".hasPrefix(url.path) && "\(error)".hasSuffix("."), "\(error)")
            #expect(!"\(error)".contains("Golden"), "a name of a patient is told")
        }
        // Of a folder of several series each one can be named.
        guard volumes?.count ?? 0 > 1, let study = try? DICOMStudy(contentsOf: url) else { return }
        for expected in volumes! {
            guard let series = try? study.series(expected.seriesUid!), let scan = try? series.open().scan() else {
                Issue.record("\(expected.seriesUid!) cannot be read")
                continue
            }
            compare(scan, expected, study.url(of: series))
            #expect((try? VolumeFile.readScan(study.url(of: series)))?.voxels == scan.voxels)
        }
    }

    private func compare(_ scan: Scan, _ expected: DICOMCase.Expected, _ url: URL) {
        let name = url.lastPathComponent
        #expect(Array(scan.geometry.size) == expected.shapeKji, "\(name)")
        guard Array(scan.geometry.size) == expected.shapeKji else { return }
        for probe in expected.probesKjiv ?? [] {
            let value = scan.voxels[scan.offset(Int(probe[0]), Int(probe[1]), Int(probe[2]))]
            // Decoders of lossy JPEG may differ by 1.
            #expect(name == "07_jpeg_extended" ? abs(Double(value) - probe[3]) <= 1 : value == Float(probe[3]), "\(name) \(probe)")
        }
        if name != "07_jpeg_extended" {
            let digest = scan.voxels.map(\.bitPattern.littleEndian).withUnsafeBytes { SHA256Digest(of: $0) }
            #expect(digest.text == expected.voxelsSha256, "\(name)")
        }
        if let spacing = expected.spacingIjkMm {
            for (got, want) in zip(scan.geometry.spacing.reversed(), spacing) { #expect(abs(got - want) <= 1e-9, "\(name)") }
        }
        if let affine = expected.affineRas {
            for (got, want) in zip(scan.geometry.affine.joined(), affine.joined()) { #expect(abs(got - want) <= 1e-9, "\(name)") }
        }
        if let order = expected.order {
            let found = (try? DICOMStudy(contentsOf: url).series(expected.seriesUid.flatMap { $0.isEmpty ? nil : $0 }).order) ?? []
            #expect(found.map { DICOMCase.Place(file: $0.file, frame: $0.frame) } == order, "\(name)")
        }
    }
}
