import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRSupport
import UNETRVolumes

@testable import UNETRPlanning
@testable import UNETRPreparation

@Suite struct RestorationTests {
    /// A case of the reference's export: probabilities on the prepared grid, and the labels they became.
    struct Reference {
        let settings: JSONValue
        let arrays: SafetensorsFile
        let properties: CaseProperties
        let classes: Int

        init(_ name: String) throws {
            let json = try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: Fixtures.url("preparation/export/\(name).json")))
            settings = json
            arrays = try SafetensorsFile(contentsOf: Fixtures.url("preparation/export/\(name).safetensors"))
            classes = json["K"]!.int!
            let ints = { (key: String) in json[key]!.array!.map { $0.int! } }
            let doubles = { (key: String) in json[key]!.array!.map { $0.double! } }
            let box = json["bbox"]!.array!.map { $0.array!.map { $0.int! } }
            properties = CaseProperties(
                name: name,
                geometry: Geometry(size: Size3(ints("orig"))!, affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: doubles("osp")),
                channels: 1, cropBox: CropBox(lower: Size3 { box[$0][0] }, upper: Size3 { box[$0][1] }), axisOrder: try AxisOrder(ints("tf")),
                size: Size3(json["arrays"]!["softmax"]!["shape"]!.array!.dropFirst().map { $0.int! })!, spacing: doubles("rsp"),
                compatibility: .unetrPlusPlus, planDigest: "")
        }
    }

    @Test(arguments: ["aniso", "iso"])
    func `Labels on the scan's grid are the reference's`(name: String) throws {
        let reference = try Reference(name)
        let labels = try Restoration(of: reference.properties, threads: 2).labels(
            from: reference.arrays.array("softmax").floats(), decision: .largest(values: (0..<Int16(reference.classes)).map { $0 }))
        let expected = try reference.arrays.array("segmentation").ints()
        // The closest two classes come is 4e-5, far above rounding: no voxel may differ.
        #expect(labels.voxels.map { Int($0) } == expected)
        #expect(labels.geometry == reference.properties.geometry)
    }

    @Test(arguments: ["aniso", "iso"])
    func `Probabilities on the scan's grid are the reference's`(name: String) throws {
        let reference = try Reference(name)
        let outside = (0..<reference.classes).map { $0 == 0 ? Float(1) : 0 }
        let whole = try Restoration(of: reference.properties, threads: 2).outputs(
            from: reference.arrays.array("softmax").floats(), outside: outside)
        let properties = reference.properties
        let cropped = properties.cropBox.cut(whole, channels: reference.classes, from: properties.geometry.size)
        let indices = try reference.arrays.array("softmax_resampled.idx").ints()
        let expected = try reference.arrays.array("softmax_resampled.val").floats()
        // Values up to 1 in float32, interpolated in float32.
        #expect(zip(indices, expected).allSatisfy { abs(cropped[$0] - $1) < 1e-6 })
        if properties.cropBox.lower[0] > 0 { #expect(whole[0] == 1 && whole[properties.geometry.count] == 0) }
    }

    @Test func `The number of threads does not change a label`() throws {
        let reference = try Reference("iso")
        let outputs = try reference.arrays.array("softmax").floats()
        let decision = LabelDecision.largest(values: (0..<Int16(reference.classes)).map { $0 })
        let one = try Restoration(of: reference.properties, threads: 1).labels(from: outputs, decision: decision)
        let four = try Restoration(of: reference.properties, threads: 4).labels(from: outputs, decision: decision)
        #expect(one.voxels == four.voxels)
    }

    @Test func `Regions are written one over the other in their order`() throws {
        let geometry = Geometry(size: [1, 1, 3], affine: [], spacing: [1, 1, 1])
        let properties = CaseProperties(
            name: "regions", geometry: geometry, channels: 1, cropBox: CropBox(lower: [0, 0, 0], upper: [1, 1, 3]), axisOrder: .identity,
            size: [1, 1, 3], spacing: [1, 1, 1], compatibility: .modern, planDigest: "")
        let outputs: [Float] = [0.9, 0.9, 0.5, 0.4, 0.8, 0.2]
        let labels = try Restoration(of: properties).labels(from: outputs, decision: .regions(values: [2, 1]))
        #expect(labels.voxels == [2, 1, 0])
    }

    @Test func `A wrong number of outputs is refused with both numbers`() throws {
        let reference = try Reference("iso")
        #expect(throws: PreparationError.wrongProbabilityCount(scan: "iso", expected: 3 * 22 * 26 * 20, got: 7)) {
            try Restoration(of: reference.properties).labels(from: [0, 0, 0, 0, 0, 0, 0], decision: .largest(values: [0, 1, 2]))
        }
    }
}
