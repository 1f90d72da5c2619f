import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRPlanning
import UNETRPreparation
import UNETRSupport

/// Against numbers of the reference implementation.
@Suite struct PostProcessingTests {
    @Test func `Removing all but the largest part gives the reference's volumes and sizes`() throws {
        let file = try SafetensorsFile(contentsOf: Fixtures.url("preparation/postprocessing/connected_components.safetensors"))
        let json = try Self.json("connected_components")
        for run in json["runs"]!.array! {
            let volume = run["volume"]!.string!, name = run["run"]!.string!
            let input = try file.array("\(volume).input")
            var labels = input.ints().map { Int16($0) }
            for structure in run["for_which_classes"]!.array! {
                let values = structure.array?.map { $0.int! } ?? [structure.int!]
                let key = values.map(String.init).joined(separator: "-")
                let outcome = ConnectedComponents.keepLargest(
                    of: values, in: &labels, size: Size3(input.shape)!, minimumSize: run["minimum_valid_object_size"]?[key]?.double,
                    voxelVolume: run["volume_per_voxel"]!.double!)
                #expect(outcome.largestRemoved == run["largest_removed"]?[key]?.double, "\(volume) \(name) \(key)")
                #expect(outcome.kept == run["kept_size"]?[key]?.double, "\(volume) \(name) \(key)")
            }
            #expect(try labels.map { Int($0) } == file.array("\(volume).\(name)").ints(), "\(volume) \(name)")
        }
    }

    @Test(arguments: ["A", "B", "C"])
    func `The decision on three cases is the reference's`(name: String) throws {
        let file = try SafetensorsFile(contentsOf: Fixtures.url("preparation/postprocessing/decision_\(name).safetensors"))
        let expected = try Self.json("decision_\(name)")["postprocessing_json"]!
        let values = expected["dc_per_class_raw"]!.object!.keys.map { Int($0)! }.sorted()
        let pairs = try (0..<3).map { index in
            let prediction = try file.array("pred\(index)")
            return PostProcessingDecision.Pair(
                size: Size3(prediction.shape)!, prediction: prediction.ints().map { Int16($0) },
                reference: try file.array("gt\(index)").ints().map { Int16($0) })
        }
        let decision = PostProcessingDecision(values: values, cases: 3) { pairs[$0] }
        #expect(decision.postProcessing.keepLargest == expected["for_which_classes"]!.array!.map { $0.array?.map { $0.int! } ?? [$0.int!] })
        for value in values {
            #expect(abs(decision.rawDice[value]! - expected["dc_per_class_raw"]!["\(value)"]!.double!) < 1e-12)
            #expect(abs(decision.jointDice[value]! - expected["dc_per_class_pp_all"]!["\(value)"]!.double!) < 1e-12)
            #expect(abs(decision.singleDice[value]! - expected["dc_per_class_pp_per_class"]!["\(value)"]!.double!) < 1e-12)
        }
        for (index, pair) in pairs.enumerated() {
            var labels = pair.prediction
            decision.postProcessing.apply(to: &labels, size: pair.size)
            #expect(try labels.map { Int($0) } == file.array("final\(index)").ints())
        }
    }

    @Test func `Parts that touch at an edge only are two, and a filled ring is one`() {
        var labels: [Int16] = [1, 0, 0, 1]
        #expect(ConnectedComponents.keepLargest(of: [1], in: &labels, size: [1, 2, 2]).kept == 1)
        #expect(labels == [1, 0, 0, 1], "equal parts both stay")
        var ring: [Int16] = [1, 1, 1, 1, 0, 1, 1, 1, 1]
        #expect(ConnectedComponents.keepLargest(of: [1], in: &ring, size: [1, 3, 3]).kept == 8)
    }

    private static func json(_ name: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: Fixtures.url("preparation/postprocessing/\(name).json")))
    }
}
