import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRLayers
import UNETRSupport
import UNETRTorch

@testable import UNETRTraining

/// What a checkpoint holds, and what is said about one that cannot be used.
@Suite struct CheckpointTests {
    /// A model of two tensors with everything that a run keeps beside it.
    private struct State {
        let store = ParameterStore()
        let average: [Tensor]
        let optimizer: SGD
        let generator: Generator

        init(_ value: Double, seed: UInt64, stepped: Bool) throws {
            _ = try store.root.parameter("w", [2, 2], .constant(value))
            _ = try store.root.buffer("count", [], value, dtype: .int64)
            average = [try Tensor.full([2, 2], value / 2)]
            optimizer = SGD(store.parameters, rate: 0.1, momentum: 0.9)
            generator = try Generator(seed: seed)
            guard stepped else { return }
            try (store["w"]! * 3).sum().backward()
            try optimizer.step()
            try optimizer.clearGradients()
            _ = try Tensor.ones([5]).dropout(0.5, using: generator)
        }

        func write(_ checkpoint: Checkpoint, to url: URL) throws {
            try checkpoint.write(model: store, average: average, optimizer: optimizer, generator: generator, to: url)
        }

        func read(_ url: URL) throws -> Checkpoint {
            try Checkpoint.read(url, model: store, average: average, optimizer: optimizer, generator: generator)
        }

        var bytes: [[UInt8]] {
            get throws {
                let tensors = try store.entries.map(\.tensor) + average + optimizer.state.map(\.tensor) + [generator.state()]
                return try tensors.map { try $0.detached().bytes() }
            }
        }
    }

    private static let record = EpochRecord(
        epoch: 7, loss: 0.1, learningRate: 1e-3, gradientNorm: 2.5, validationLoss: nil, estimatedDice: [0.5, nil], validationDice: [0.25, 0.75], redrawn: true)

    @Test func `Everything comes back to the bit, in one file with a digest`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "latest/checkpoint.safetensors")
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            let one = try State(4, seed: 1, stepped: true), other = try State(9, seed: 2, stepped: false)
            let checkpoint = Checkpoint(
                epoch: 7, bestDice: 0.123456789012345, bestEpoch: 5, record: Self.record, redrawnAfter: 3, scaler: LossScaler(factor: 1024, goodSteps: 1999))
            try one.write(checkpoint, to: url)
            #expect(try Safetensors.verify(url) && Checkpoint.epoch(of: url) == 7)
            let file = try SafetensorsFile(contentsOf: url)
            #expect(file.names == ["model.w", "model.count", "average.0", "optimizer.momentum.0", "random"])
            let read = try other.read(url)
            #expect(try other.bytes == one.bytes)
            #expect(read.epoch == 7 && read.bestDice == 0.123456789012345 && read.bestEpoch == 5 && read.record == Self.record && read.redrawnAfter == 3)
            #expect(read.scaler == LossScaler(factor: 1024, goodSteps: 1999))
            // What is not there is not written.
            try one.write(Checkpoint(), to: url)
            #expect(try SafetensorsFile(contentsOf: url).metadata.keys.sorted() == ["epoch", "sha256"])
            let empty = try other.read(url)
            #expect(empty.epoch == 0 && empty.bestDice == nil && empty.record == nil && empty.redrawnAfter == nil && empty.scaler == nil)
        }
    }

    /// The error about a checkpoint whose entries and arrays are changed; a digest that fits is written again where it had one.
    private func error(
        withDigest: Bool = true, metadata change: (inout [String: String]) -> Void = { _ in },
        arrays changeArrays: (inout [(name: String, array: StoredArray)]) -> Void = { _ in }
    ) throws -> (error: (any Error)?, path: String) {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "c.safetensors")
            let checkpoint = Checkpoint(epoch: 7, bestDice: 0.5, bestEpoch: 5, record: Self.record, redrawnAfter: 3, scaler: LossScaler())
            try State(4, seed: 1, stepped: true).write(checkpoint, to: url)
            let file = try SafetensorsFile(contentsOf: url)
            var metadata = file.metadata.filter { $0.key != "sha256" }, arrays = try file.names.map { (name: $0, array: try file.array($0)) }
            change(&metadata)
            changeArrays(&arrays)
            let changed = folder.appending(path: "changed.safetensors")
            try Safetensors.write(arrays, metadata: metadata, withDigest: withDigest, to: changed)
            do {
                _ = try State(9, seed: 2, stepped: false).read(changed)
                return (nil, changed.path)
            } catch { return (error, changed.path) }
        }
    }

    @Test func `What a checkpoint says of itself must be possible`() throws {
        #expect(try error().error == nil)
        for epoch in [nil, "seven", "-1", "1000001", "99999999999999999999", "7.0"] {
            let found = try error { $0["epoch"] = epoch }
            #expect(
                found.error.map { "\($0)" } == "\(found.path) is not a training run: the checkpoint does not say which epoch it is of", "\(epoch ?? "none")")
        }
        for (key, value) in [("redrawnAfter", "8"), ("redrawnAfter", "-1"), ("goodSteps", "2001"), ("goodSteps", "-1")] {
            let found = try error { $0[key] = value }
            #expect(found.error.map { "\($0)" } == "\(found.path) is not a training run: the checkpoint's own numbers contradict each other", "\(key) \(value)")
        }
        #expect(try error { $0["epoch"] = "1000000" }.error == nil, "the last epoch that a run can have")
        let bare = try error(withDigest: false)
        #expect(bare.error.map { "\($0)" } == "\(bare.path): is damaged: it has no digest; take another copy of it")
        #expect(try error(withDigest: false) { $0["record"] = nil }.error == nil, "older files have neither")
    }

    @Test func `What a checkpoint lacks is named`() throws {
        func expectError(_ expected: String, _ change: (inout [(name: String, array: StoredArray)]) -> Void, sourceLocation: SourceLocation = #_sourceLocation)
            throws
        {
            let found = try error(arrays: change)
            #expect(found.error.map { "\($0)" } == expected.replacingOccurrences(of: "FILE", with: found.path), sourceLocation: sourceLocation)
        }
        try expectError("the weights lack 1 tensors of this network: w; do they belong to this configuration?") { $0.removeAll { $0.name == "model.w" } }
        try expectError("the weights hold 1 tensors that this network does not have: v; do they belong to this configuration?") {
            $0.append(("model.v", StoredArray([1] as [Float])))
        }
        try expectError("the tensor w of the weights is [4], this network's is [2, 2]; do the patch size, width and classes agree?") {
            $0[0].array = StoredArray([1, 2, 3, 4] as [Float])
        }
        try expectError("FILE: there is no array “average.0”; there are model.w, model.count, optimizer.momentum.0, random") {
            $0.removeAll { $0.name == "average.0" }
        }
        try expectError("FILE: there is no array “random”; there are model.w, model.count, average.0, optimizer.momentum.0") {
            $0.removeAll { $0.name == "random" }
        }
        // Before its first step an optimizer has no state.
        #expect(try error(arrays: { $0.removeAll { $0.name.hasPrefix("optimizer") } }).error == nil)
    }

    @Test func `An epoch is told of a checkpoint that can be read, and of nothing else`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "c.safetensors")
            #expect(Checkpoint.epoch(of: url) == nil)
            try Data("no checkpoint".utf8).write(to: url)
            #expect(Checkpoint.epoch(of: url) == nil)
            try Safetensors.write([("a", StoredArray([1] as [Float]))], to: url)
            #expect(Checkpoint.epoch(of: url) == nil)
        }
    }
}
