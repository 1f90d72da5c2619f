import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

/// Attributes of images at their ends, each wrong one with its whole sentence.
struct DICOMAttributeTests {
    private func sentence(_ change: (inout DICOMFileBytes) -> Void) throws -> String? {
        try Fixtures.withTemporaryFolder { folder in
            var file = DICOMFileBytes()
            change(&file)
            let url = try file.write("image", in: folder)
            let error = #expect(throws: DICOMError.self) { try VolumeFile.readScan(url) }
            #expect(error?.path == url.path)
            return error?.problem.description
        }
    }

    @Test(
        arguments: [
            (0x0028_0010, 0, "it has 0 × 4 pixels, but an image has some; export it again from where it came"),
            (0x0028_0011, 0, "it has 3 × 0 pixels, but an image has some; export it again from where it came"),
            (0x0028_0100, 12, "pixels of 12 bits cannot be read, expected 8, 16, 32; convert it first"),
            (0x0028_0100, 1, "pixels of 1 bits cannot be read, expected 8, 16, 32; convert it first"),
            (0x0028_0101, 0, "0 bits of a pixel count, the highest is number 15, but a pixel has 16; export it again from where it came"),
            (0x0028_0101, 17, "17 bits of a pixel count, the highest is number 15, but a pixel has 16; export it again from where it came"),
            (0x0028_0102, 16, "16 bits of a pixel count, the highest is number 16, but a pixel has 16; export it again from where it came"),
            (0x0028_0102, 14, "16 bits of a pixel count, the highest is number 14, but a pixel has 16; export it again from where it came"),
            (0x0028_0002, 3, "the pixels are colors (3 samples a pixel), expected gray values; choose the series it was made from"),
        ] as [(Int, UInt16, String)])
    func `A number of an image that cannot be is told`(_ tag: Int, _ value: UInt16, _ expected: String) throws {
        #expect(try sentence { $0.set(UInt16(tag >> 16), UInt16(tag & 0xFFFF), "US", short: value) } == expected)
    }

    @Test(arguments: [
        ("RGB", "RGB"), ("YBR_FULL_422", "YBR_FULL_422"), ("PALETTE COLOR", "PALETTE COLOR"), ("XXXXXXXXXXXXXXXXXXXXXXXXX", "XXXXXXXXXXXXXXXXXXXX"),
    ])
    func `Colors are refused by their kind`(kind: String, shown: String) throws {
        #expect(
            try sentence { $0.set(0x0028, 0x0004, "CS", kind) }
                == "the pixels are colors (\(shown)), expected gray values; choose the series it was made from")
    }

    @Test(arguments: ["0", "-1", "2147483648"])
    func `A number of frames that cannot be is told`(frames: String) throws {
        #expect(
            try sentence { $0.set(0x0028, 0x0008, "IS", frames) }
                == "\(DICOMTag.numberOfFrames.text) is \(frames), but it must be from 1 to 2147483647; export it again from where it came")
    }

    @Test func `Pixels that end too early, or stand in another form than their syntax says, are told`() throws {
        #expect(
            try sentence { $0.setPixels([1, 2, 3]) }
                == "ends too early: the element \(DICOMTag.pixels.text) should have 24 bytes, there are 6; copy it again from where it came")
        #expect(
            try sentence { $0.remove(0x7FE0, 0x0010) }
                == "ends too early: the element \(DICOMTag.pixels.text) should have 8 bytes, there are 0; copy it again from where it came")
        #expect(
            try sentence { $0.transferSyntax = "1.2.840.10008.1.2.5" }
                == "its pixels stand in one piece, but its transfer syntax wants them in fragments; export it again from where it came")
        #expect(
            try sentence { $0.setFragments([[1, 2]], syntax: "1.2.840.10008.1.2.1") }
                == "its pixels stand in fragments, but its transfer syntax wants them in one piece; export it again from where it came")
    }

    // MARK: The table of offsets with eight bytes a frame

    private func withOffsets(_ bytes: [UInt8], frames: Int = 2) throws -> String? {
        try sentence { file in
            file.setFragments([[0, 0], [0, 0], [0, 0]], syntax: "1.2.840.10008.1.2.5")
            file.set(0x0028, 0x0008, "IS", "\(frames)")
            file.set(0x7FE0, 0x0001, "OV", bytes: bytes)
        }
    }

    @Test func `Long offsets are read with all their bytes`() throws {
        func bytes(_ offsets: [UInt64]) -> [UInt8] { offsets.flatMap { DICOMFileBytes.little($0) } }
        let rule = "the piece of a frame begins at each, one after the other; export it again from where it came"
        #expect(try withOffsets(bytes([0, 0x01_0203_0405])) == "the table of offsets holds 4328719365, but \(rule)")
        #expect(try withOffsets(bytes([10, 20])) == "the table of offsets holds 10, but \(rule)", "a frame before the first")
        #expect(try withOffsets(bytes([0, 0])) == "the table of offsets holds 0, but \(rule)")
        #expect(
            try withOffsets(bytes([0])) == "the table of offsets has 1 entries, but there are 2 frames; export it again from where it came")
        #expect(
            try withOffsets(bytes([0, 1 << 63]))
                == "\(DICOMTag.extendedOffsets.text) holds 9223372036854775808, but no file is so long; export it again from where it came")
        #expect(
            try withOffsets([0, 0, 0, 0, 0, 0, 0, 0, 1, 2])
                == "\(DICOMTag.extendedOffsets.text) has 10 bytes, but it must have 8 for each frame; export it again from where it came")
        #expect(
            try withOffsets(bytes([0, 10, 20, 30]), frames: 4)
                == "there are 3 pieces of pixels, but there are 4 frames; export it again from where it came")
    }

    // MARK: Names

    @Test(arguments: [
        ("1", true), ("1.2.3", true), ("01.02", true), (String(repeating: "1", count: 64), true), (String(repeating: "1", count: 65), false), ("", false),
        (".1", false), ("1.", false), ("1..2", false), ("1.2a", false), ("1/2", false), ("１.2", false), ("1 ", false), ("-1", false),
    ])
    func `An identifier is of digits and dots`(text: String, isOne: Bool) {
        #expect(DICOMObjectName.isIdentifier(text) == isOne)
    }

    @Test func `An object without one of its identifiers is refused by that, a modality of other signs is left out`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var file = DICOMFileBytes()
            file.set(0x0020, 0x000D, "UI", "1.2.9")
            let whole = try file.write("whole", in: folder),
                expected = DICOMObjectName(
                    study: "1.2.9", series: "1.2.3", instance: "1.2.3.4.1", sopClass: "1.2.840.10008.5.1.4.1.1.2", modality: "CT")
            #expect(try DICOMObjectName(contentsOf: whole) == expected)
            for (group, element, tag) in [
                (0x0020, 0x000D, DICOMTag.studyInstance), (0x0020, 0x000E, .seriesInstance), (0x0008, 0x0018, .sopInstance), (0x0008, 0x0016, .sopClass),
            ] as [(UInt16, UInt16, DICOMTag)] {
                for text in [nil, "1..2", "x"] {
                    var broken = file
                    if let text { broken.set(group, element, "UI", text) } else { broken.remove(group, element) }
                    let url = try broken.write("broken", in: folder)
                    let error = #expect(throws: DICOMError.self) { try DICOMObjectName(contentsOf: url) }
                    #expect(error?.path == url.path)
                    #expect(error?.problem == .malformed(what: "\(tag.text) is missing or no identifier", rule: "every object must have it"))
                }
            }
            for (modality, kept) in [("MR", "MR"), ("A/B", ""), ("../x", ""), ("ABCDEFGHIJKLMNOP", "ABCDEFGHIJKLMNOP")] {
                file.set(0x0008, 0x0060, "CS", modality)
                #expect(try DICOMObjectName(contentsOf: file.write("modality", in: folder))?.modality == kept)
            }
        }
    }

    // MARK: Labels of structures

    @Test func `Structures become labels by their numbers or their order, and those of several patients by name, each once`() throws {
        let objects = try ["binary", "contours", "labelmap"].map { try DICOMStructures(contentsOf: Fixtures.url("dicom-structures/\($0).dcm")) }
        for object in objects {
            #expect(object.labelSet.definitions.map(\.name) == ["background", "Liver", "Left kidney", "Tumor"])
            #expect(object.labelSet.definitions.map(\.values).last?.count == 1)
        }
        #expect(objects[1].labelSet.definitions.map(\.values) == [[0], [1], [2], [3]], "contours have an order alone")
        let all = DICOMStructures.labelSet(of: objects)
        #expect(all.definitions.map(\.name) == ["background", "Left kidney", "Liver", "Tumor"] && all.definitions.map(\.values) == [[0], [1], [2], [3]])
        #expect(DICOMStructures.labelSet(of: []).definitions.map(\.name) == ["background"])
    }
}
