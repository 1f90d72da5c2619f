import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRLayers
import UNETRNetworks
import UNETRPlanning
import UNETRSupport
import UNETRTorch

@testable import UNETRTraining

/// A batch that several processes share gives what one process makes of the whole.
@Suite(.serialized) struct SharedBatchTests {
    /// A small network of its kind.
    enum Kind: CaseIterable, Sendable {
        case unetrPlusPlus, attentionUNet

        var description: NetworkDescription {
            get throws {
                switch self {
                case .unetrPlusPlus: return try TinyModel.plan().networkDescription()
                case .attentionUNet:
                    // Without dropout, and with batch normalization.
                    var settings = AttentionUNetConfiguration()
                    (settings.patchSize, settings.channels, settings.strides) = ([16, 16, 16], [2, 4, 6], [[2, 2, 2], [2, 2, 2]])
                    settings.classes = 2
                    return NetworkDescription(settings)
                }
            }
        }
    }

    /// Samples from `range` of one global batch; each step has another.
    private static func batch(_ range: Range<Int>, step: Int, _ sizes: [[Int]], _ dtype: DType) throws -> (image: Tensor, targets: [Tensor]) {
        let images = range.map { ParityRule("image \(step) \($0)").values(4096, scale: 2) }
        let targets = try sizes.enumerated().map { level, size in
            let labels = range.map { number in
                let rule = ParityRule("target \(step) \(number) \(level)")
                return (0..<size.reduce(1, *)).map { Int64(rule.unit($0) * 1.3) }
            }
            return try Tensor(labels.flatMap { $0 }, shape: [range.count] + size)
        }
        return (try Tensor(images.flatMap { $0 }, shape: [range.count, 1, 16, 16, 16]).to(dtype), targets)
    }

    /// Losses, and the gradients of the last step or the weights after it, of one process of `count`.
    private static func train(
        _ kind: Kind, _ dtype: DType, steps: Int, batch: Int, rank: Int, count: Int, _ processes: any ProcessGroup, weights: Bool
    ) throws -> (losses: [Double], values: [[Double]]) {
        let description = try kind.description
        let network = try description.makeNetwork(dtype: dtype, values: .unset)
        for entry in network.store.entries where entry.aliasOf == nil {
            let values = ParityRule.parameter(entry.key, shape: entry.tensor.shape)
            try withoutGradients { try entry.tensor.copyInPlace(Tensor(values, shape: entry.tensor.shape)) }
        }
        let step = TrainingStep(
            network: network, optimizer: SGD(network.store.parameters, rate: 0.01, momentum: 0.9),
            loss: DeepSupervisionLoss(DiceCrossEntropyLoss(batchDice: true, batchSum: processes.batchSum)), processes: processes)
        let part = (batch * rank / count)..<(batch * (rank + 1) / count)
        step.share = Double(part.count * count) / Double(batch)
        var pass = ForwardPass(training: true)
        pass.dropout = false
        pass.batchSum = processes.batchSum
        let sizes = description.outputSizes.map { Array($0) }
        let losses = try (0..<steps).map { number in try step([Self.batch(part, step: number, sizes, dtype)], pass).loss }
        let values = try network.store.parameters.map { tensor in
            try (weights ? tensor.detached() : tensor.gradient ?? Tensor.zeros(tensor.shape, dtype, on: .cpu)).array(of: Double.self)
        }
        return (losses, values)
    }

    private func difference(_ first: [[Double]], _ second: [[Double]]) -> Double {
        zip(first, second).flatMap { zip($0, $1).map { abs($0 - $1) } }.max() ?? .infinity
    }

    @Test(arguments: [(Kind.unetrPlusPlus, 2, 2, 1), (.attentionUNet, 2, 4, 2), (.unetrPlusPlus, 3, 4, 1), (.attentionUNet, 4, 4, 2)])
    func `Gradients of processes that share a batch are those of one process, in float64 to 1e-10`(
        kind: Kind, count: Int, batch: Int, steps: Int
    ) throws {
        let alone = try Self.train(kind, .float64, steps: steps, batch: batch, rank: 0, count: 1, SingleProcess(), weights: false)
        let largest = alone.values.joined().map(abs).max() ?? 0
        #expect(largest > 1e-3)
        let shared = try GlooThreads.run(count) {
            try Self.train(kind, .float64, steps: steps, batch: batch, rank: $0.rank, count: count, $0, weights: false)
        }.map { try $0.get() }
        for one in shared {
            #expect(difference(one.values, alone.values) < 1e-10 * largest, "\(difference(one.values, alone.values)) of \(largest)")
            #expect(difference([one.losses], [alone.losses]) < 1e-12)
            #expect(one.values == shared[0].values, "the same bits in each")
        }
    }

    @Test(arguments: runsLongTests ? Kind.allCases : [.attentionUNet])
    func `Twenty steps in float32 stay together within rounding, and end with the same bits in all`(kind: Kind) throws {
        func alone(_ dtype: DType) throws -> (losses: [Double], values: [[Double]]) {
            try Self.train(kind, dtype, steps: 20, batch: 2, rank: 0, count: 1, SingleProcess(), weights: true)
        }
        let shared = try GlooThreads.run(2) {
            try Self.train(kind, .float32, steps: 20, batch: 2, rank: $0.rank, count: 2, $0, weights: true)
        }.map { try $0.get() }
        #expect(shared[0].values == shared[1].values && shared[0].losses == shared[1].losses)
        // Momentum carries roundings from step to step. How far they lead, the same steps in float64 say: two processes come no farther than one does.
        let (exact, single) = (try alone(.float64), try alone(.float32))
        let (own, theirs) = (difference(single.values, exact.values), difference(shared[0].values, exact.values))
        #expect(theirs < 3 * own && own < 0.05, "\(theirs) from float64, one process \(own)")
        #expect(difference([shared[0].losses], [exact.losses]) < 3 * difference([single.losses], [exact.losses]) + 1e-5)
    }

    @Test func `Statistics of batch normalization are those of the whole batch, gradients too`() throws {
        let shape = [5, 4, 4, 5, 3], size = 240
        @Sendable func values(_ name: String, scale: Double) -> [Float] { ParityRule(name).values(5 * size, scale: scale) }
        let results = try GlooThreads.run(2) { processes in
            let store = ParameterStore(dtype: .float64)
            let norm = try BatchNorm(store.root / "b", channels: 4)
            for entry in store.entries {
                let values = ParityRule.parameter(entry.key, shape: entry.tensor.shape)
                try withoutGradients { try entry.tensor.copyInPlace(Tensor(values, shape: entry.tensor.shape)) }
            }
            let part = processes.rank == 0 ? 0..<2 : 2..<5
            func tensor(_ name: String, scale: Double) throws -> Tensor {
                try Tensor(Array(values(name, scale: scale)[(part.lowerBound * size)..<(part.upperBound * size)]), shape: [part.count] + shape.dropFirst())
                    .to(.float64)
            }
            let x = try tensor("input", scale: 2).requiringGradient()
            var pass = ForwardPass(training: true)
            pass.batchSum = processes.batchSum
            let y = try norm(x, pass)
            try (y * tensor("upstream", scale: 1)).sum().backward()
            func array(_ tensor: Tensor?) throws -> [Double] { try #require(tensor).detached().array(of: Double.self) }
            return [
                try array(y), try array(x.gradient), try array(store["b.weight"]?.gradient), try array(store["b.bias"]?.gradient),
                try array(store["b.running_mean"]), try array(store["b.running_var"]),
            ]
        }.map { try $0.get() }
        // torch.nn.BatchNorm3d(4) of PyTorch 2.13 in training, of all five samples, which is what SyncBatchNorm stands for; that itself refuses CPUs.
        let y = results[0][0] + results[1][0], gradient = results[0][1] + results[1][1]
        for (index, value) in [0: -1.406710068262, 7: 1.898086118509, 300: -0.3926242332285, 1199: -1.166828331324] {
            #expect(abs(y[index] - value) < 1e-11, "\(index)")
        }
        for (index, value) in [0: -0.2207420229292, 7: 0.7057631638988, 300: -0.2897608358401, 1199: 0.06495868845016] {
            #expect(abs(gradient[index] - value) < 1e-11, "\(index)")
        }
        #expect(abs(y.reduce(0) { $0 + $1 * $1 } - 1288.445045748) < 1e-8 && abs(gradient.reduce(0) { $0 + $1 * $1 } - 323.8958721687) < 1e-8)
        // Each has the gradients of its own part.
        expectClose(zip(results[0][2], results[1][2]).map(+), [-0.3734463733279, -5.650720485834, 6.101271492002, 22.24139444604], within: 1e-10, "weight")
        expectClose(zip(results[0][3], results[1][3]).map(+), [-9.973855376244, 2.263114571571, -11.23067557812, 4.22824382782], within: 1e-10, "bias")
        for one in results {
            expectClose(one[4], [-0.07713038579623, -0.02623451244334, 0.02160522459199, -0.0785098948578], within: 1e-11, "running mean")
            expectClose(one[5], [1.156004910743, 1.356949840575, 1.171010007178, 1.222236337689], within: 1e-11, "running variance")
        }
    }
}
