import Synchronization
import TestSupport
import Testing
import UNETREngines
import UNETRLayers
import UNETRNetworks
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTorch

@testable import UNETRTorchEngine

/// Predictions and sums in a device's memory, here the CPU's, against those in the host's.
struct TorchBenchTests {
    private func slabs(_ task: WindowTask, _ bench: any WindowBench, keeping: Bool = false) throws -> FloatArray {
        var slabs: [FloatArray] = []
        if keeping { try bench.keep([0, 0, 0]) }
        let starts = task.window.starts[0]
        for (index, start) in starts.enumerated() {
            for corner in task.window.corners where corner[0] == start {
                if keeping { try bench.addKept(at: corner) } else { try bench.predict(corner) }
            }
            try bench.take(upTo: index + 1 < starts.count ? starts[index + 1] : task.window.paddedSize[0]) { slabs.append($0) }
        }
        return FloatArray(joining: slabs)
    }

    @Test("The sums on a device are those on the host", arguments: [Activation.softmax, .sigmoid, .none], [1, 4, 8])
    func sums(activation: Activation, preferredBatch: Int) throws {
        // Padded along W, several windows along D and H.
        let shape = [1, 11, 9, 3], rule = ParityRule("bench")
        let image = FloatArray((0..<shape.reduce(1, *)).map { Float(2 * rule.signed($0)) }, shape: shape)
        let task = WindowTask(image: image, patchSize: [4, 6, 5], stepFraction: 0.5, mirrorAxes: [0, 1, 2], activation: activation)
        let engines = try [[1.0, -2, 0.5], [-1, 0, 3]].map {
            TorchEngine(try ClosedFormNetwork(a: $0, b: [0.5, -0.5, 0], g: [0, 1, 0], patch: [4, 6, 5]), preferredBatch: preferredBatch)
        }
        for keeping in [false, true] {
            let onHost = try slabs(task, HostBench(task, engines: engines), keeping: keeping)
            let onDevice = try slabs(task, TorchBench(task, engines: engines, device: .cpu), keeping: keeping)
            #expect(onHost.shape == [3, 11, 9, 3] && onDevice.shape == onHost.shape)
            // Sums of sixteen values up to 10 in float32.
            #expect(zip(onHost.values, onDevice.values).allSatisfy { abs($0 - $1) < 2e-5 })
        }
    }
    /// A network for whose patches the memory is enough only up to so many at a time.
    private final class TightNetwork: SegmentationNetwork {
        let network: ClosedFormNetwork
        let most: Int
        let seen = Mutex<[Int]>([])
        var store: ParameterStore { network.store }

        init(_ network: ClosedFormNetwork, most: Int) { (self.network, self.most) = (network, most) }

        func callAsFunction(_ input: Tensor, _ pass: ForwardPass, deepSupervision: Bool) throws -> [Tensor] {
            let count = input.shape[0]
            guard count <= most else {
                throw TorchError(operation: "conv3d", shapes: [input.shape], message: "CUDA out of memory. Tried to allocate 2.00 GiB.")
            }
            seen.withLock { $0.append(count) }
            return try network(input, pass, deepSupervision: deepSupervision)
        }
    }

    private final class Remarks: Sendable {
        let all = Mutex<[String]>([])
        func add(_ text: String) { all.withLock { $0.append(text) } }
    }

    private func task(mirrorAxes: [Int]) -> WindowTask {
        let shape = [1, 11, 9, 13], rule = ParityRule("bench")
        let image = FloatArray((0..<shape.reduce(1, *)).map { Float(2 * rule.signed($0)) }, shape: shape)
        return WindowTask(image: image, patchSize: [4, 6, 5], stepFraction: 0.5, mirrorAxes: mirrorAxes, activation: .softmax)
    }

    private func network() throws -> ClosedFormNetwork { try ClosedFormNetwork(a: [1, -2, 0.5], b: [0.5, -0.5, 0], g: [0, 1, 0], patch: [4, 6, 5]) }

    @Test func `Windows that are not mirrored fill a batch together`() throws {
        let task = task(mirrorAxes: []), wide = TightNetwork(try network(), most: 8)
        let alone = try slabs(task, TorchBench(task, engines: [TorchEngine(try network())], device: .cpu))
        let together = try slabs(task, TorchBench(task, engines: [TorchEngine(wide, preferredBatch: 8)], device: .cpu, outputs: 3))
        #expect(zip(alone.values, together.values).allSatisfy { abs($0 - $1) < 1e-6 })
        let windows = task.window.starts.map(\.count)
        // As many as lie at the same depth, eight at a time.
        let plane = windows[1] * windows[2], last = plane % 8
        let expected = Array(repeating: 8, count: plane / 8) + (last == 0 ? [] : [last])
        #expect(plane > 8 && wide.seen.withLock { $0 } == Array(repeating: expected, count: windows[0]).flatMap { $0 })
    }

    @Test func `Out of memory, an engine goes on with smaller batches and says so once`() throws {
        let task = task(mirrorAxes: [0, 1, 2]), tight = TightNetwork(try network(), most: 3), remarks = Remarks()
        let engine = TorchEngine(tight, preferredBatch: 8, outputs: 3, remark: remarks.add)
        let found = try slabs(task, #require(try engine.makeDeviceBench(for: task, engines: [engine])))
        let expected = try slabs(task, TorchBench(task, engines: [TorchEngine(try network())], device: .cpu))
        #expect(zip(found.values, expected.values).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(engine.preferredBatch == 2)
        #expect(
            remarks.all.withLock { $0 } == [
                "the memory of cpu is not enough for 8 patches at a time; going on with 4",
                "the memory of cpu is not enough for 4 patches at a time; going on with 2",
            ])
        // One patch that is too much is an error.
        let none = TorchEngine(TightNetwork(try network(), most: 0), preferredBatch: 4)
        let error = #expect(throws: TorchError.self) { try none.logits(of: Tensor.zeros([2, 1, 4, 6, 5])) }
        #expect(error?.isOutOfMemory == true)
    }

    @Test func `Sums that are larger than allowed stay on the host`() throws {
        let task = task(mirrorAxes: []), remarks = Remarks(), needed = TorchBench.memory(for: task, outputs: 3)
        // The scan, the importance, and a window's depth of three sums and the counts.
        #expect(needed == 4 * (11 * 9 * 13 + 4 * 6 * 5 + 4 * 9 * 13 * 4))
        let enough = TorchEngine(try network(), outputs: 3, deviceMemory: needed, remark: remarks.add)
        #expect(try enough.makeDeviceBench(for: task, engines: [enough]) != nil && remarks.all.withLock { $0 }.isEmpty)
        let less = TorchEngine(try network(), outputs: 3, deviceMemory: needed - 1, remark: remarks.add)
        #expect(try less.makeDeviceBench(for: task, engines: [less]) == nil)
        #expect(remarks.all.withLock { $0 }.first?.hasSuffix("they stay on the host") == true)
        // On the CPU they do anyway.
        #expect(try enough.makeBench(for: task, engines: [enough]) == nil)
    }
}
