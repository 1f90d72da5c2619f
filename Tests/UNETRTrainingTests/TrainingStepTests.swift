import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRLayers
import UNETRModels
import UNETRNetworks
import UNETRPlanning
import UNETRTorch

@testable import UNETRTraining

@Suite(.serialized) struct TrainingStepTests {
    private struct Setting {
        let network: any SegmentationNetwork
        let optimizer: SGD
        let step: TrainingStep

        init(processes: any ProcessGroup = SingleProcess()) throws {
            let description = try TinyModel.plan().networkDescription()
            network = try description.makeNetwork(values: .unset)
            for entry in network.store.entries where entry.aliasOf == nil {
                let values = ParityRule.parameter(entry.key, shape: entry.tensor.shape)
                try withoutGradients { try entry.tensor.copyInPlace(Tensor(values, shape: entry.tensor.shape)) }
            }
            optimizer = SGD(network.store.parameters, rate: 0.01, momentum: 0.9)
            step = TrainingStep(
                network: network, optimizer: optimizer, loss: DeepSupervisionLoss(DiceCrossEntropyLoss(batchDice: false)), processes: processes)
            step.gradientClip = 1e9
        }

        /// Dropout draws from this generator, so that equal steps drop equal things.
        func pass(_ seed: UInt64 = 3) throws -> ForwardPass { ForwardPass(training: true, generator: try Generator(seed: seed)) }

        var weights: [[Float]] { get throws { try network.store.parameters.map { try $0.array() } } }
        var gradients: [[Float]] { get throws { try network.store.parameters.map { try $0.gradient?.array() ?? [] } } }
    }

    private static func batch(_ number: Int) throws -> (image: Tensor, targets: [Tensor]) {
        let image = try Tensor(ParityRule("image \(number)").values(2 * 4096, scale: 2), shape: [2, 1, 16, 16, 16])
        let levels = try TinyModel.plan().networkDescription().outputSizes
        let targets = try levels.enumerated().map { level, size in
            let rule = ParityRule("target \(number) \(level)")
            return try Tensor((0..<(2 * size.reduce(1, *))).map { Int64(rule.unit($0) * 2) }, shape: [2] + size)
        }
        return (image, targets)
    }

    // With a flag of its own, to be run alone: what other tests of the process hold would count too.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["UNETRPP_SOAK_TESTS"] == "1"))
    func `Ten thousand steps leave no tensor behind, and memory stays what it was`() throws {
        let setting = try Setting()
        setting.optimizer.rate = 1e-4
        let batches = try (0..<4).map(Self.batch)
        func work(_ steps: Int) throws { for number in 0..<steps { _ = try setting.step([batches[number % 4]], setting.pass(UInt64(number))) } }
        try work(1000)
        let before = ProcessFigures()
        for round in 1...3 {
            try work(3000)
            print("soak: after \(1000 + 3000 * round) steps: \(ProcessFigures())")
        }
        let after = ProcessFigures()
        #expect(after.tensors == before.tensors && after.files == before.files, "\(before), then \(after)")
        #expect(after.memory - before.memory < 16 << 20, "\(before), then \(after)")
    }

    @Test func `Accumulated gradients are the mean of those of the batches alone`() throws {
        let batches = try [Self.batch(0), Self.batch(1)]
        var singles: [[[Float]]] = []
        var losses: [Double] = []
        for batch in batches {
            let setting = try Setting()
            losses.append(try setting.step([batch], Self.pass).loss)
            singles.append(try setting.gradients)
        }
        let both = try Setting()
        let result = try both.step(batches, Self.pass)
        #expect(abs(result.loss - (losses[0] + losses[1]) / 2) < 1e-6)
        for (index, gradient) in try both.gradients.enumerated() {
            let expected = zip(singles[0][index], singles[1][index]).map { Double($0 + $1) / 2 }
            // float32 adds in another order; the scale keeps gradients that cancel to rounding out of the ratio.
            let scale = max(1e-6, expected.map(abs).max() ?? 0)
            for (a, b) in zip(gradient, expected) { #expect(abs(Double(a) - b) <= 1e-5 * scale, "\(a), \(b) expected") }
        }
    }

    /// Without dropout, whose draws differ between one step and two.
    private static var pass: ForwardPass { ForwardPass(training: false) }

    @Test func `A loss that overflows when scaled leaves the weights, halves the factor, and then goes on`() throws {
        let setting = try Setting()
        setting.step.scaler = LossScaler(factor: 1e41)  // more than float32 holds
        let before = try setting.weights
        let batch = try Self.batch(0)
        var result = try setting.step([batch], setting.pass())
        #expect(!result.gradientNorm.isFinite && result.loss.isFinite)
        #expect(try setting.weights == before)
        #expect(setting.step.scaler?.factor == 5e40)
        for _ in 0..<60 where !result.gradientNorm.isFinite { result = try setting.step([batch], setting.pass()) }
        #expect(result.gradientNorm.isFinite)
        #expect(try setting.weights != before)
    }

    @Test func `Scaling by a power of two changes nothing but the range`() throws {
        let (plain, scaled) = (try Setting(), try Setting())
        scaled.step.scaler = LossScaler(factor: 1024)
        let batch = try Self.batch(0)
        #expect(try plain.step([batch], plain.pass()) == scaled.step([batch], scaled.pass()))
        #expect(try plain.weights == scaled.weights)
    }

    @Test func `After two thousand good steps the factor doubles; a bad one starts the count again`() {
        var scaler = LossScaler()
        for _ in 0..<1999 { scaler.update(finite: true) }
        #expect(scaler.factor == 65536 && scaler.goodSteps == 1999)
        scaler.update(finite: false)
        #expect(scaler.factor == 32768 && scaler.goodSteps == 0)
        for _ in 0..<2000 { scaler.update(finite: true) }
        #expect(scaler.factor == 65536 && scaler.goodSteps == 0)
    }

    @Test func `Two processes that share their gradients make the same step as one with both batches`() throws {
        let batches = try [Self.batch(0), Self.batch(1)]
        let one = try Setting()
        let expected = try one.step(batches, Self.pass)

        let both = PairedProcess.both { process in
            let setting = try Setting(processes: process)
            return (result: try setting.step([batches[process.rank]], Self.pass), weights: try setting.weights)
        }
        let results = try both.map { try $0.get().result }, weights = try both.map { try $0.get().weights }
        #expect(weights[0] == weights[1] && results[0] == results[1])
        #expect(abs(results[0].loss - expected.loss) < 1e-6)
        #expect(abs(results[0].gradientNorm / expected.gradientNorm - 1) < 1e-5)
        for (found, exact) in zip(weights[0], try one.weights) {
            for (a, b) in zip(found, exact) { #expect(abs(a - b) <= 1e-6 * max(1, abs(b))) }
        }
    }
}
