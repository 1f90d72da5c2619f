import TestSupport
import Testing
import UNETREngines
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
}
