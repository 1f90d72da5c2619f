import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

/// The files that a volume is made of, and how formats are told by names and first bytes.
struct VolumeFolderTests {
    private static let geometry = Geometry(
        size: [1, 2, 3], affine: [[-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
    private static let scan = Scan(geometry: geometry, voxels: [0, 1, 2, 3, 4, 5])

    @Test(
        arguments: [
            ("x.nii", ["x.nii"]), ("x.nii.gz", ["x.nii.gz"]), ("x.nrrd", ["x.nrrd"]), ("x.seg.nrrd", ["x.seg.nrrd"]), ("x.nhdr", ["x.nhdr", "x.raw"]),
            ("x.mha", ["x.mha"]), ("x.mhd", ["x.mhd", "x.raw"]), ("x.hdr", ["x.hdr", "x.img"]),
        ] as [(String, [String])])
    func `A volume's files are its header and what the header names`(_ name: String, _ expected: [String]) throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: name)
            if name.hasSuffix(".hdr") {
                try Self.writePair(url)
            } else {
                try VolumeFile.write(scan: Self.scan, to: url)
            }
            let found = try VolumeFile.files(of: url).map(\.lastPathComponent)
            #expect(found.first == name && found.map { $0.replacing(".zraw", with: ".raw").replacing(".raw.gz", with: ".raw") } == expected)
            #expect(Set(found) == Set(try FileManager.default.contentsOfDirectory(atPath: folder.path)), "and there are no others")
            #expect(try VolumeFile.readScan(url).voxels == Self.scan.voxels)
        }
    }

    /// NIfTI in two files, which nothing here writes: the header's magic is "ni1", its offset 0.
    private static func writePair(_ url: URL) throws {
        let single = url.deletingLastPathComponent().appending(path: "single.nii")
        try VolumeFile.write(scan: scan, to: single)
        var bytes = [UInt8](try Data(contentsOf: single))
        let voxels = bytes.suffix(24)
        bytes.replaceSubrange(344..<348, with: Array("ni1\0".utf8))
        bytes.replaceSubrange(108..<112, with: [0, 0, 0, 0])
        try Data(bytes.prefix(348)).write(to: url)
        try Data(voxels).write(to: url.deletingPathExtension().appendingPathExtension("img"))
        try FileManager.default.removeItem(at: single)
    }

    @Test func `The files of a study are all of its folder, each once`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack([0, 2, 4], in: folder)
            #expect(try VolumeFile.files(of: folder).map(\.lastPathComponent).sorted() == ["0.dcm", "1.dcm", "2.dcm"])
        }
    }

    @Test func `Values are written part by part to NIfTI alone`() throws {
        try Fixtures.withTemporaryFolder { folder in
            for name in ["x.mha", "x.nrrd", "x.txt", "x"] {
                let url = folder.appending(path: name)
                let error = #expect(throws: VolumeError.self) { try VolumeFile.writeParts(channels: 1, geometry: Self.geometry, to: url) { _ in } }
                #expect(error == .unknownExtension(path: url.path, allowed: VolumeFormats.all.compactMap(\.partEnding)))
                #expect(!FileManager.default.fileExists(atPath: url.path))
            }
            #expect(VolumeFormats.all.compactMap(\.partEnding) == [".nii"])
            // A format asked all the same says what it is.
            let format = try #require(VolumeFormats.all.first { $0.name == "MetaImage" })
            let error = #expect(throws: VolumeError.self) {
                try format.writeParts(channels: 1, geometry: Self.geometry, like: nil, to: folder.appending(path: "x.mha")) { _ in }
            }
            #expect(
                error
                    == .cannotHold(
                        path: folder.appending(path: "x.mha").path, format: "MetaImage", what: "values that are written part by part"))
        }
    }

    @Test(arguments: ["scan.dcm", "folder"]) func `Nothing is written as DICOM images`(name: String) throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: name), format = try #require(VolumeFormats.all.first { $0.name == "DICOM" })
            let error = #expect(throws: VolumeError.self) { try format.write(VolumeContents(Self.scan), like: nil, to: url) }
            #expect(error == .unknownExtension(path: url.path, allowed: VolumeFormats.outputEndings))
        }
    }

    @Test(arguments: [(0, "unknown"), (1, "m"), (2, "mm"), (3, "µm"), (10, "mm"), (4, "unknown"), (8, "unknown"), (255, "unknown")])
    func `The unit of space is the lowest three bits of NIfTI's units`(units: Int, expected: String) {
        var header = NIfTIHeader(geometry: Self.geometry, datatype: .float32)
        header.units = units
        #expect(header.spaceUnit == expected)
    }

    @Test func `Names in a NIfTI table may be written with entities, of which none makes another`() {
        let rows = [
            (1, "a &lt;b&gt; &quot;c&quot; &apos;d&apos; &amp; e", "a <b> \"c\" 'd' & e"), (2, "&amp;lt;", "&lt;"), (3, "  spaces \n", "spaces"),
            (4, "&unknown; &#65;", "&unknown; &#65;"), (5, "<![CDATA[&lt;]]>", "&lt;"),
        ]
        let table =
            "<CaretExtension><LabelTable>" + rows.map { "<Label Key=\"\($0.0)\">\($0.1)</Label>" }.joined() + "</LabelTable></CaretExtension>"
        let header = NIfTIHeader(geometry: Self.geometry, datatype: .uint8)
        let found = NIfTILabels.labelSet(in: header.encoded(extension: table), header)
        #expect(found?.definitions.dropFirst().map(\.name) == rows.map(\.2) && found?.definitions.dropFirst().map(\.values) == rows.map { [$0.0] })
        #expect(found?.definitions.allSatisfy { $0.color == nil } == true)
    }

    @Test func `A table behind another extension is found, one behind a broken length is not`() {
        let header = NIfTIHeader(geometry: Self.geometry, datatype: .uint8)
        let plain = header.encoded(extension: "<CaretExtension><Label Key=\"1\">a</Label></CaretExtension>")
        let start = 352
        func with(_ other: [UInt8]) -> [UInt8] { Array(plain[..<start]) + other + Array(plain[start...]) }
        let comment = DICOMFileBytes.little(Int32(16)) + DICOMFileBytes.little(Int32(6)) + Array("comment\0".utf8)
        #expect(NIfTILabels.labelSet(in: with(comment), header)?.definitions.last?.name == "a")
        #expect(NIfTILabels.labelSet(in: with(comment + comment), header)?.definitions.last?.name == "a")
        for length in [0, 7, -16, 1 << 30] as [Int32] {
            let broken = DICOMFileBytes.little(length) + DICOMFileBytes.little(Int32(6)) + Array("comment\0".utf8)
            #expect(NIfTILabels.labelSet(in: with(broken), header) == nil, "\(length)")
        }
        var without = plain
        without[348] = 0
        #expect(NIfTILabels.labelSet(in: without, header) == nil, "the header says that there is no extension")
    }
}
