import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchives
import UNETRLayers
import UNETRModels
import UNETRNetworks
import UNETRPlanning
import UNETRTorch
import UNETRVolumes

@testable import UNETRTraining

/// The running average of weights, and the weights that a run starts from.
struct WeightTests {
    /// One parameter, one buffer of floating-point numbers, and one of whole numbers.
    private func store(_ value: Double) throws -> ParameterStore {
        let store = ParameterStore(dtype: .float64)
        _ = try store.root.parameter("w", [2], .constant(value))
        store.root.alias("again", of: "w")
        _ = try store.root.buffer("running_mean", [1], value)
        _ = try store.root.buffer("count", [], 7, dtype: .int64)
        return store
    }

    private func set(_ store: ParameterStore, _ value: Double) throws {
        try withoutGradients { for key in ["w", "running_mean"] { try store[key]!.fillInPlace(value) } }
    }

    private func values(_ tensors: [Tensor]) throws -> [Double] { try tensors.flatMap { try $0.detached().array(of: Double.self) } }

    @Test func `The average is of every parameter and floating-point buffer once, short at first and then as long as its decay says`() throws {
        let store = try store(10), average = try WeightAverage(of: store, decay: 0.5)
        #expect(average.tensors.map(\.shape) == [[2], [1]])
        #expect(try values(average.tensors) == [10, 10, 10])
        // Step 0: decay 1/10, so 0.1 · 10 + 0.9 · 20 = 19. Step 1: 2/11 · 19 + 9/11 · 30 = 28.
        var expected = 10.0
        for (step, value) in [20.0, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120].enumerated() {
            try set(store, value)
            try average.update(step: step)
            let decay = min(0.5, Double(1 + step) / Double(10 + step))
            expected = decay * expected + (1 - decay) * value
            for found in try values(average.tensors) { #expect(abs(found - expected) < 1e-12, "step \(step)") }
            if step == 1 { #expect(abs(expected - 28) < 1e-12) }
        }
        #expect(try values([store["w"]!]) == [120, 120] && store["count"]!.item() == 7, "the weights themselves are left alone")
        try average.restart()
        #expect(try values(average.tensors) == [120, 120, 120])
    }

    @Test func `While the average stands in place of the weights, everything sees it, and afterwards both are as they were`() throws {
        struct Stop: Error {}
        let store = try store(1), average = try WeightAverage(of: store, decay: 0.9)
        try set(store, 3)
        let seen = try average.whileInPlace { try values([store["w"]!, store["again"]!, store["running_mean"]!]) }
        #expect(seen == [1, 1, 1, 1, 1])
        #expect(try values([store["w"]!]) == [3, 3] && values(average.tensors) == [1, 1, 1])
        #expect(throws: Stop.self) { try average.whileInPlace { throw Stop() } }
        #expect(try values([store["w"]!]) == [3, 3] && values(average.tensors) == [1, 1, 1], "also after an error")
        #expect(store["w"]!.requiresGradient)
    }

    /// A network of some classes, its weights by a seed.
    private func network(classes: Int, seed: UInt64) throws -> any SegmentationNetwork {
        let structures = (1..<classes).map { LabelDefinition(name: "s\($0)", value: $0) }
        return try TinyModel.plan(structures).networkDescription().makeNetwork(generator: Generator(seed: seed))
    }

    private func bytes(_ store: ParameterStore) throws -> [String: [UInt8]] {
        try Dictionary(uniqueKeysWithValues: store.entries.map { ($0.key, try $0.tensor.detached().bytes()) })
    }

    @Test func `A run starts from all weights of a file of its own network`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let source = try network(classes: 3, seed: 1), target = try network(classes: 3, seed: 2), file = folder.appending(path: "w.safetensors")
            let state = try source.store.state(aliases: false)
            try WeightsFile.write(state, to: file)
            let note = try FirstWeights.load(file, into: target.store, classes: 3)
            #expect(note == "all \(state.entries.count) tensors are from w.safetensors")
            #expect(try bytes(target.store) == bytes(source.store))
        }
    }

    @Test func `The heads of a network of other classes stay new, and everything else is taken over`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let source = try network(classes: 5, seed: 1), target = try network(classes: 3, seed: 2), file = folder.appending(path: "w.pth")
            let state = try source.store.state(aliases: false)
            try WeightsFile.write(state, to: file)
            let before = try bytes(target.store)
            let note = try FirstWeights.load(file, into: target.store, classes: 3)
            let heads = [
                "out1.conv.conv.weight", "out1.conv.conv.bias", "out2.conv.conv.weight", "out2.conv.conv.bias", "out3.conv.conv.weight", "out3.conv.conv.bias",
            ]
            #expect(
                note
                    == "\(state.entries.count - 6) tensors are from w.pth; 6 of the heads are new, for 3 classes instead of 5: \(heads.joined(separator: ", "))"
            )
            let after = try bytes(target.store), given = try bytes(source.store)
            for entry in target.store.entries {
                #expect(after[entry.key] == (heads.contains(entry.key) ? before[entry.key] : given[entry.key]), "\(entry.key)")
            }
        }
    }

    @Test func `Weights that differ in more than their classes are refused, and nothing is changed`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let source = try network(classes: 3, seed: 1), target = try network(classes: 3, seed: 2), file = folder.appending(path: "w.safetensors")
            let state = try source.store.state(aliases: false), before = try bytes(target.store)
            func write(_ change: (String, StoredArray) throws -> StoredArray?) throws {
                try WeightsFile.write(StateDictionary(state.entries.compactMap { key, array in try change(key, array).map { (key, $0) } }), to: file)
            }
            try write { $0 == "out1.conv.conv.bias" ? nil : $1 }
            #expect(throws: StateError.missing(["out1.conv.conv.bias"])) { try FirstWeights.load(file, into: target.store, classes: 3) }
            // Heads of two numbers of classes are no heads of one network.
            try write { key, array in
                key == "out1.conv.conv.bias" ? StoredArray([1, 2, 3, 4] as [Float]) : key == "out2.conv.conv.bias" ? StoredArray([1, 2] as [Float]) : array
            }
            #expect(throws: StateError.shape(key: "out2.conv.conv.bias", found: [2], expected: [3])) {
                try FirstWeights.load(file, into: target.store, classes: 3)
            }
            #expect(try bytes(target.store) == before)
        }
    }
}
