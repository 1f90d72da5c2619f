import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

/// What SimpleITK and pynrrd read from files that they wrote, and from some made by hand; see `Scripts/check-formats`, which also runs these
/// tests on files of its own and reads with both what is written here.
struct FormatExpectations: Decodable {
    struct File: Decodable {
        var size: Size3
        var spacing: [Double]
        var affine: [[Double]]
        /// The key of the values.
        var voxels: String
    }

    var files: [String: File]
    var voxels: [String: [Double]]

    static let folder = ProcessInfo.processInfo.environment["UNETRPP_FORMATS"].map { URL(fileURLWithPath: $0) } ?? Fixtures.url("formats")
    static let all = try! JSONDecoder().decode(Self.self, from: Data(contentsOf: folder.appendingPathComponent("expected.json")))
    static let names = all.files.keys.sorted()

    static func url(_ name: String) -> URL { folder.appendingPathComponent(name) }
}

@Suite struct FormatComparisonTests {
    @Test func `There are files of every kind`() {
        #expect(FormatExpectations.names.count >= 40)
        #expect(Set(FormatExpectations.names.compactMap { VolumeName($0)?.ending }) == [".nrrd", ".nhdr", ".mha", ".mhd"])
    }

    @Test(arguments: FormatExpectations.names)
    func `Voxels and geometry are those that SimpleITK and pynrrd read`(name: String) throws {
        let expected = FormatExpectations.all.files[name]!
        let volume = try VolumeFile.readValues(FormatExpectations.url(name))
        #expect(volume.geometry.size == expected.size)
        #expect(volume.channels == 1)
        #expect(volume.voxels == FormatExpectations.all.voxels[expected.voxels])
        // Lengths and products in another order: a few units in the last place.
        for (got, want) in zip(volume.geometry.spacing, expected.spacing) { #expect(abs(got - want) <= 1e-14 * want) }
        for (got, want) in zip(volume.geometry.affine.joined(), expected.affine.joined()) { #expect(abs(got - want) <= 4e-15 * max(1, abs(want))) }
        #expect(try VolumeFile.readHeader(FormatExpectations.url(name)).geometry == volume.geometry)
    }

    @Test(arguments: FormatExpectations.names)
    func `What is written like a file lies where it does, bit for bit, in its format and within rounding in the others`(name: String) throws {
        let url = FormatExpectations.url(name), header = try VolumeFile.readHeader(url), values = try VolumeFile.readValues(url)
        let isLabels = values.voxels.allSatisfy { Int16(exactly: $0) != nil }
        try Fixtures.withTemporaryFolder { scratch in
            let kept = ProcessInfo.processInfo.environment["UNETRPP_FORMATS"] != nil
            let folder = kept ? FormatExpectations.url("written") : scratch
            for ending in [".nrrd", ".nhdr", ".mha", ".mhd", ".nii.gz"] {
                let file = folder.appendingPathComponent(name + "~" + ending)
                if isLabels {
                    try VolumeFile.write(labels: VolumeFile.readLabels(url), like: header, to: file)
                } else {
                    try VolumeFile.write(scan: VolumeFile.readScan(url), like: header, to: file)
                }
                let written = try VolumeFile.readValues(file)
                #expect(written.voxels == (isLabels ? values.voxels : values.voxels.map { Double(Float($0)) }), "\(ending)")
                if try type(of: VolumeFile.format(of: file)) == type(of: VolumeFile.format(of: url)) {
                    #expect(written.geometry == values.geometry, "\(ending)")
                } else {
                    #expect(written.geometry.isApproximatelyEqual(to: values.geometry, tolerance: ending == ".nii.gz" ? 1e-5 : 1e-13), "\(ending)")
                }
            }
        }
    }

    @Test func `A mask gets the usual ending of its scan's format`() {
        let endings = ["a.nii", "a.hdr", "a.nrrd", "a.nhdr", "a.mha", "a.mhd"].map { VolumeFile.maskEnding(for: URL(fileURLWithPath: "/nowhere/" + $0)) }
        #expect(endings == [".nii.gz", ".nii.gz", ".nrrd", ".nrrd", ".mha", ".mha"])
    }

    @Test func `A file under the name of another format says what it is`() throws {
        try Fixtures.withTemporaryFolder { folder in
            for (source, name, words) in [
                ("itk-int16.nrrd", "a.mha", "not a MetaImage file; expected fields such as ObjectType = Image, got NRRD (.nrrd)"),
                ("itk-int16.mha", "a.nrrd", "not a NRRD file; expected a first line NRRD0001 to NRRD0005, got MetaImage (.mha)"),
                ("itk-int16.mha", "a.nii", "got MetaImage (.mha)"),
            ] {
                let copy = folder.appendingPathComponent(name)
                try? FileManager.default.removeItem(at: copy)
                try FileManager.default.copyItem(at: Fixtures.url("formats/" + source), to: copy)
                let error = #expect(throws: VolumeError.self) { try VolumeFile.readScan(copy) }
                #expect(error!.description.contains(words))
            }
        }
    }
}
