import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

/// A file of NRRD or MetaImage as its fields, so that tests can make it lie.
private struct TextVolume {
    var name: String
    var first: String?
    var separator: String
    var fields: [(String, String)]
    var voxels: [UInt8]

    static let nrrd = TextVolume(
        name: "scan.nrrd", first: "NRRD0004", separator: ": ",
        fields: [
            ("type", "short"), ("dimension", "3"), ("space", "left-posterior-superior"), ("sizes", "2 3 4"),
            ("space directions", "(1,0,0) (0,1,0) (0,0,2)"), ("kinds", "domain domain domain"), ("endian", "little"), ("encoding", "raw"),
            ("space origin", "(1,2,3)"), ("", ""),
        ], voxels: (0..<24).flatMap { [UInt8($0), 1] })

    static let metaImage = TextVolume(
        name: "scan.mha", first: nil, separator: " = ",
        fields: [
            ("ObjectType", "Image"), ("NDims", "3"), ("BinaryData", "True"), ("BinaryDataByteOrderMSB", "False"), ("CompressedData", "False"),
            ("TransformMatrix", "1 0 0 0 1 0 0 0 1"), ("Offset", "1 2 3"), ("ElementSpacing", "1 1 2"), ("DimSize", "2 3 4"), ("ElementType", "MET_SHORT"),
            ("ElementDataFile", "LOCAL"),
        ], voxels: (0..<24).flatMap { [UInt8($0), 1] })

    /// With fields changed, or left out where the value is nil; new ones come first.
    func with(_ changes: [String: String?]) -> TextVolume {
        var copy = self
        copy.fields = fields.compactMap { name, value in changes[name].map { $0.map { (name, $0) } } ?? (name, value) }
        let new = changes.filter { change in !fields.contains { $0.0 == change.key } }
        copy.fields.insert(contentsOf: new.sorted { $0.key < $1.key }.compactMap { name, value in value.map { (name, $0) } }, at: 2)
        return copy
    }

    var bytes: [UInt8] {
        let lines = (first.map { [$0] } ?? []) + fields.map { $0.0.isEmpty ? "" : $0.0 + separator + $0.1 }
        return Array((lines.joined(separator: "\n") + "\n").utf8) + voxels
    }

    /// Writes the file into a fresh folder.
    func inFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent(name)
            try Data(bytes).write(to: url)
            return try body(url)
        }
    }

    /// The sentence with which the file is refused.
    func refusal(sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        try inFolder { url in
            let error = #expect(throws: VolumeError.self, sourceLocation: sourceLocation) { _ = try VolumeFile.readScan(url) }
            let sentence = error?.description ?? ""
            #expect(sentence.hasPrefix(url.deletingLastPathComponent().path), sourceLocation: sourceLocation)
            return sentence
        }
    }
}

@Suite struct TextHeaderRefusalTests {
    @Test func `The files that the others are made from are read`() throws {
        for volume in [TextVolume.nrrd, .metaImage] {
            let scan = try volume.inFolder { try VolumeFile.readScan($0) }
            #expect(scan.geometry == Geometry(size: [4, 3, 2], affine: [[-1, 0, 0, -1], [0, -1, 0, -2], [0, 0, 2, 3], [0, 0, 0, 1]], spacing: [2, 1, 1]))
            #expect(scan.voxels == (0..<24).map { Float(256 + $0) })
        }
    }

    @Test(
        arguments: [
            (["dimension": "4", "sizes": "2 3 4 5"], "a volume of 4 axes cannot be read, expected 3 axes of space, one file a channel"),
            (["kinds": "vector domain domain"], "an axis of the kind 'vector' cannot be read"),
            (["type": "block"], "its voxels are 'block'; only real integers"),
            (["encoding": "bzip2"], "the encoding 'bzip2' cannot be read, expected raw, gzip or ascii"),
            (["endian": nil], "header field endian is missing"),
            (["endian": "middle"], "little or big is expected"),
            (["sizes": "2 3"], "three whole numbers are expected"),
            (["sizes": "2 3 4.5"], "three whole numbers are expected"),
            (["sizes": "2 3 -4"], "an axis has at least 1 voxel"),
            (["sizes": "2 3 0"], "an axis has at least 1 voxel"),
            (["sizes": "4611686018427387904 3 4"], "an axis has less than 2³¹ voxels"),
            (["sizes": "99999999999999999999 3 4"], "three whole numbers are expected"),
            (["sizes": "2000000000 2000000000 2000000000"], "no computer holds so many voxels"),
            (["sizes": "2000 2000 2000"], "the header promises 16000000000 bytes of voxels"),
            (["sizes": "2 3 5"], "the header promises 60 bytes of voxels"),
            (["space directions": "(1,0,0) (0,1,0)"], "3 vectors (x,y,z) are expected"),
            (["space directions": "(1,0,0) (0,1,0) none"], "3 vectors (x,y,z) are expected"),
            (["space directions": "(1,0,0) (0,1,0) (0,0,nan)"], "the affine holds a number that is not finite"),
            (["space directions": "(1,0,0) (0,1,0) (0,0,1e300)"], "the affine holds a number beyond"),
            (["space directions": "(1,0,0) (0,1,0) (0,0,0)"], "the spacing [0.0, 1.0, 1.0] is not positive"),
            (["space directions": "(1,0,0) (0,1,0) (1,1,0)"], "the affine is singular"),
            (["space directions": nil, "spacings": "1 1 nan"], "the affine holds a number that is not finite"),
            (["space directions": nil, "spacings": "1 1 -2"], "is not positive"),
            (["space origin": "(1,2)"], "a vector (x,y,z) is expected"),
            (["space origin": "(1,2,inf)"], "the affine holds a number that is not finite"),
            (["space": "left-left-superior"], "header field space is left-left-superior, but one of"),
            (["axis mins": "0 0 5"], "a position is given by space origin"),
            (["byte skip": "-2"], "a number of bytes is expected"),
            (["byte skip": "9223372036854775807"], "a number of bytes is expected"),
            (["byte skip": "576460752303423486"], "the header promises 48 bytes of voxels from byte"),
            (["line skip": "-1"], "a number of lines is expected"),
            (["data file": "../other.raw"], "the voxels' file '../other.raw' cannot be read, expected a file in the header's folder"),
            (["data file": "/etc/passwd"], "the voxels' file '/etc/passwd' cannot be read"),
            (["data file": "a/../../b.raw"], "expected a file in the header's folder"),
            (["data file": "slice%03d.raw 1 4 1"], "voxels in several files"),
            (["data file": "LIST"], "voxels in several files"),
            (["data file": "gone.raw"], "its other half is missing; expected one of gone.raw"),
        ] as [([String: String?], String)])
    func `An NRRD header that lies or asks for what cannot be read is refused in a sentence`(changes: [String: String?], words: String) throws {
        let sentence = try TextVolume.nrrd.with(changes).refusal()
        #expect(sentence.contains(words), "\(sentence)")
        #expect(!sentence.contains("\n"))
    }

    @Test(
        arguments: [
            (["NDims": "4"], "a volume of 4 axes cannot be read"),
            (["ElementNumberOfChannels": "3"], "3 values a voxel cannot be read, expected one, with one file a channel"),
            (["ElementType": "MET_SHORT_ARRAY"], "its voxels are 'MET_SHORT_ARRAY'"),
            (["DimSize": "2 3"], "three whole numbers are expected"),
            (["DimSize": "2 -3 4"], "an axis has at least 1 voxel"),
            (["DimSize": "4611686018427387904 1 1"], "an axis has less than 2³¹ voxels"),
            (["DimSize": "2 3 5"], "the header promises 60 bytes of voxels"),
            (["DimSize": nil], "header field DimSize is missing"),
            (["TransformMatrix": "1 0 0 0 1 0 0 0"], "9 numbers are expected"),
            (["TransformMatrix": "1 0 0 0 1 0 0 0 nan"], "the affine holds a number that is not finite"),
            (["TransformMatrix": "1 0 0 0 1 0 1 1 0"], "the affine is singular"),
            (["ElementSpacing": "1 1 nan"], "the affine holds a number that is not finite"),
            (["ElementSpacing": "1 1 -2"], "is not positive"),
            (["ElementSpacing": "1 1 1e5"], "is not from 0.0001 to 1000.0 mm"),
            (["Offset": "1 2 1e10"], "the affine holds a number beyond"),
            (["BinaryDataByteOrderMSB": "perhaps"], "True or False is expected"),
            (["ElementByteOrderMSB": "True"], "it is also there with another value"),
            (["HeaderSize": "-2"], "a number of bytes is expected"),
            (["HeaderSize": "10"], "the header itself has"),
            (["HeaderSize": "1000000"], "the header promises 48 bytes of voxels from byte 1000000 on"),
            (["ElementDataFile": "../other.raw"], "expected a file in the header's folder"),
            (["ElementDataFile": "/etc/passwd"], "expected a file in the header's folder"),
            (["ElementDataFile": "LIST"], "voxels in several files"),
            (["ElementDataFile": "gone.raw"], "its other half is missing"),
            (["CompressedData": "True"], "the gzip data is damaged"),
        ] as [([String: String?], String)])
    func `A MetaImage header that lies or asks for what cannot be read is refused in a sentence`(changes: [String: String?], words: String) throws {
        let sentence = try TextVolume.metaImage.with(changes).refusal()
        #expect(sentence.contains(words), "\(sentence)")
        #expect(!sentence.contains("\n"))
    }

    @Test func `Every cut-off file is refused, and no changed byte makes a reader crash`() throws {
        for name in ["itk-int8.nrrd", "itk-int8.mha", "pynrrd-ras-ascii.nrrd", "hand-big.mha"] {
            let whole = try Data(contentsOf: Fixtures.url("formats/" + name))
            try Fixtures.withTemporaryFolder { folder in
                let url = folder.appendingPathComponent(name)
                // Without its last byte the text may still hold all numbers.
                for count in stride(from: 0, to: whole.count - 5, by: 3) {
                    try whole.prefix(count).write(to: url)
                    #expect(throws: VolumeError.self, "\(name), \(count) bytes") { _ = try VolumeFile.readScan(url) }
                }
                for position in stride(from: 0, to: whole.count, by: 2) {
                    var changed = whole
                    changed[position] = changed[position] &+ UInt8(truncatingIfNeeded: 1 + position % 251)
                    try changed.write(to: url)
                    do { _ = try VolumeFile.readScan(url) } catch is VolumeError {}
                }
            }
        }
    }

    @Test func `Voxels that the header promises are not made room for before the file is found too small`() throws {
        let huge = TextVolume.nrrd.with(["sizes": "30000 30000 30000", "encoding": "gzip"])
        #expect(try huge.refusal().contains("a compressed file of"))
    }

    @Test func `A word that is no number among voxels in text is named`() throws {
        var file = TextVolume.nrrd.with(["encoding": "ascii"])
        file.voxels = Array((0..<24).map { $0 == 7 ? "seven" : "\($0)" }.joined(separator: " ").utf8)
        #expect(try file.refusal().contains("'seven' stands where a voxel's number is expected"))
        // 70 characters: their first 65 are a number, too, and the rest must not become the next voxel.
        file.voxels = Array((0..<24).map { $0 == 7 ? "1." + String(repeating: "0", count: 68) : "\($0)" }.joined(separator: " ").utf8)
        #expect(try file.refusal().contains("'1." + String(repeating: "0", count: 63) + "…' stands where a voxel's number is expected"))
        // As many digits as a number may have.
        file.voxels = Array((0..<24).map { $0 == 7 ? "-7." + String(repeating: "0", count: 61) : "\(-$0)" }.joined(separator: " ").utf8)
        #expect(try file.inFolder { try VolumeFile.readLabels($0) }.voxels == (0..<24).map { Int16(-$0) })
        file.voxels = Array((0..<24).map { "\(-$0)" }.joined(separator: "\n").utf8)
        let labels = try file.inFolder { try VolumeFile.readLabels($0) }
        #expect(labels.voxels == (0..<24).map { Int16(-$0) })
    }

    @Test func `A header without end, an empty file and a folder are refused`() throws {
        try Fixtures.withTemporaryFolder { folder in
            for (name, start) in [("a.nrrd", "NRRD0004\n"), ("a.mha", "NDims = 3\n")] {
                let url = folder.appendingPathComponent(name)
                try Data((start + String(repeating: "#=:", count: 400_000)).utf8).write(to: url)
                let error = #expect(throws: VolumeError.self) { _ = try VolumeFile.readScan(url) }
                #expect(error!.description.contains("header field length is more than 1048576 bytes"))
                try Data().write(to: url)
                let empty = #expect(throws: VolumeError.self) { _ = try VolumeFile.readScan(url) }
                #expect(empty!.description.contains("got an empty file"))
            }
            let directory = folder.appendingPathComponent("b.nrrd")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
            let error = #expect(throws: VolumeError.self) { _ = try VolumeFile.readScan(directory) }
            #expect(error!.description.contains("is a folder"))
        }
    }

    @Test func `The voxels of another header are not written over`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let geometry = Geometry(size: [1, 1, 2], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
            for (name, voxels) in [("a.nhdr", "a.raw.gz"), ("a.mhd", "a.zraw")] {
                let (header, other) = (folder.appendingPathComponent(name), folder.appendingPathComponent(voxels))
                try Data("precious".utf8).write(to: other)
                #expect(throws: VolumeError.cannotWrite(path: other.path, reason: "it is there and may hold the voxels of another header")) {
                    try VolumeFile.write(labels: LabelMap(geometry: geometry, voxels: [1, 2]), to: header)
                }
                #expect(try Data(contentsOf: other) == Data("precious".utf8))
                try FileManager.default.removeItem(at: other)
                for voxels in [[1, 2], [3, 4]] as [[Int16]] {
                    try VolumeFile.write(labels: LabelMap(geometry: geometry, voxels: voxels), to: header)
                    #expect(try VolumeFile.readLabels(header).voxels == voxels)
                }
            }
        }
    }

    @Test func `A volume with several channels is not written`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let geometry = Geometry(size: [1, 1, 1], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
            for name in ["a.nrrd", "a.mhd"] {
                let url = folder.appendingPathComponent(name)
                let error = #expect(throws: VolumeError.self) { try VolumeFile.write(scan: Scan(geometry: geometry, channels: 2, voxels: [1, 2]), to: url) }
                #expect(error!.description.contains("has no room for 2 channels in one file"))
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(left.isEmpty)
        }
    }
}
