import Foundation
import TestSupport
import Testing
import UNETREvaluation
import UNETRVolumes
import UNETRWorkflows

/// Masks that exist already, made into DICOM objects about a series, and back.
struct MaskConversionTests {
    private static let study = Fixtures.url("dicom/06b_negative_slope")
    private static let names = LabelSet(definitions: [
        LabelDefinition(name: "background", value: 0), LabelDefinition(name: "Leber", value: 1), LabelDefinition(name: "Niere, links", value: 2),
    ])

    /// A box of label 1 and one of label 2 on the grid of the series.
    private static func mask(_ isEmpty: Bool = false) throws -> LabelMap {
        let geometry = try VolumeFile.readHeader(study).geometry
        var mask = LabelMap(geometry: geometry, voxels: [Int16](repeating: 0, count: geometry.count))
        if !isEmpty { for d in 1..<4 { for h in 5..<20 { for w in 6..<30 { mask.voxels[mask.offset(d, h, w)] = w < 16 ? 1 : 2 } } } }
        return mask
    }

    @Test(arguments: ["a.seg.dcm", "a.rtstruct.dcm"])
    func `A mask becomes an object with the names of its labels, and that the same mask`(file: String) throws {
        try Fixtures.withTemporaryFolder { folder in
            let input = folder.appending(path: "m.nii.gz"), object = folder.appending(path: file), back = folder.appending(path: "back.mha")
            try VolumeFile.write(labels: Self.mask(), named: Self.names, to: input)
            let conversion = MaskConversion(reference: Self.study, seed: 3)
            let made = try conversion.convert(input, to: MaskFile(object))
            #expect(!made.isEmpty && made.notes.isEmpty)
            #expect(try DICOMStructures(contentsOf: object).labelSet.foreground.map(\.name) == ["Leber", "Niere, links"])
            #expect(try !conversion.convert(object, to: MaskFile(back)).isEmpty)
            #expect(try VolumeFile.readLabels(back).voxels == Self.mask().voxels)
            // The same seed gives the same identifiers, another seed or none others.
            let bytes = try Data(contentsOf: object)
            func again(_ seed: UInt64?) throws -> Data {
                let other = folder.appending(path: "again-\(file)")
                _ = try MaskConversion(reference: Self.study, seed: seed).convert(input, to: MaskFile(other))
                return try Data(contentsOf: other)
            }
            #expect(try again(3) == bytes && again(4) != bytes && again(nil) != again(nil))
        }
    }

    @Test func `Who made it, and with which version, is in the object; else nobody says`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let input = folder.appending(path: "m.nii.gz"), object = folder.appending(path: "a.seg.dcm")
            try VolumeFile.write(labels: Self.mask(), named: Self.names, to: input)
            func holds(_ conversion: MaskConversion, _ words: [String]) throws -> [Bool] {
                _ = try conversion.convert(input, to: MaskFile(object))
                let data = try Data(contentsOf: object)
                return words.map { data.range(of: Data($0.utf8)) != nil }
            }
            let words = ["Our algorithm", "4.5.6-test", "converted mask"]
            #expect(try holds(MaskConversion(reference: Self.study, algorithm: "Our algorithm", version: "4.5.6-test"), words) == [true, true, false])
            #expect(try holds(MaskConversion(reference: Self.study), words) == [false, false, true])
        }
    }

    @Test func `An empty mask makes no object, but a label map`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let input = folder.appending(path: "m.nii.gz")
            try VolumeFile.write(labels: Self.mask(true), named: Self.names, to: input)
            for (file, isEmpty) in [("a.seg.dcm", true), ("a.rtstruct.dcm", true), ("a.nrrd", false)] {
                let output = folder.appending(path: file)
                #expect(try MaskConversion(reference: Self.study).convert(input, to: MaskFile(output)).isEmpty == isEmpty)
                #expect(FileManager.default.fileExists(atPath: output.path) != isEmpty)
            }
        }
    }

    @Test func `Labels are named where that is said, else in the mask, and structures find their numbers by these names`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let input = folder.appending(path: "m.nii.gz"), object = folder.appending(path: "a.seg.dcm"), back = folder.appending(path: "b.nii.gz")
            try VolumeFile.write(labels: Self.mask(), named: Self.names, to: input)
            let declared = folder.appending(path: "dataset.json")
            try Data(#"{"labels": {"background": 0, "liver": 1, "kidney": 2}}"#.utf8).write(to: declared)
            _ = try MaskConversion(reference: Self.study, labels: declared).convert(input, to: MaskFile(object))
            #expect(try DICOMStructures(contentsOf: object).labelSet.foreground.map(\.name) == ["liver", "kidney"])
            // Other numbers for the same names, and none for the kidney.
            try Data(#"{"labels": {"background": 0, "spleen": 2, "liver": 7}}"#.utf8).write(to: declared)
            let result = try MaskConversion(reference: Self.study, labels: declared).convert(object, to: MaskFile(back))
            #expect(result.notes.map(\.description) == ["No label has the name of 'kidney'."])
            #expect(try VolumeFile.readLabels(back).voxels == Self.mask().voxels.map { $0 == 1 ? 7 : 0 })
            #expect(try VolumeFile.readLabelSet(back)?.definitions.map(\.name) == ["background", "spleen", "liver"])
            // Numbers that nobody named.
            try NIfTI.write(labels: Self.mask(), to: input)
            _ = try MaskConversion(reference: Self.study).convert(input, to: MaskFile(object))
            #expect(try DICOMStructures(contentsOf: object).labelSet.foreground.map(\.name) == ["Label 1", "Label 2"])
        }
    }

    @Test func `Of a label map there is no series, and of nothing no labels`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let input = folder.appending(path: "m.nii.gz"), object = folder.appending(path: "a.seg.dcm")
            try VolumeFile.write(labels: Self.mask(), named: Self.names, to: input)
            let error = try #require(throws: DICOMObjectError.self) { try MaskConversion(reference: input).convert(input, to: MaskFile(object)) }
            guard case .noSeries = error.problem else { throw error }
            let gone = folder.appending(path: "gone.json")
            #expect(throws: EvaluationError.missing(path: gone.path)) {
                try MaskConversion(reference: Self.study, labels: gone).convert(input, to: MaskFile(object))
            }
            #expect(!FileManager.default.fileExists(atPath: object.path))
        }
    }
}
