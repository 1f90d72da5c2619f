import Testing
import UNETRArchitectures
import UNETRSupport

/// Estimates of what a network takes in training and in use.
struct MemoryTests {
    // Written down from the estimator as it was when the table of Documentation/Training.md was measured.
    @Test func `Training takes a fixed part, four values a parameter, and what the backward pass keeps of every layer`() throws {
        var configuration = UNETRConfiguration()
        configuration.patchSize = [32, 64, 64]
        let network = NetworkDescription.unetr(configuration), complexity = try network.complexity()
        let values = complexity.layers.filter { $0.kind != .values }.reduce(0) { $0 + $1.outputShape.reduce(1, *) }
        for batch in [1, 2, 5] {
            let expected = Double(256 << 20) + 16 * Double(complexity.parameters) + 4 * 1.75 * Double(values) * Double(batch)
            #expect(try network.trainingBytes(batch: batch) == Int(expected.rounded(.up)))
        }
    }

    @Test func `A batch too large to count takes all there is`() throws {
        #expect(try NetworkPreset.synapse.network.trainingBytes(batch: .max) == .max)
    }

    @Test func `A forward pass takes its fullest moment`() {
        // UNETR++ of synapse: four tensors of 16 channels at full resolution, beside the outputs of the four stages.
        #expect(
            NetworkPreset.synapse.network.configuration.activationBytes
                == 4 * (4 * 16 * 64 * 128 * 128 + 32 * 32768 + 64 * 4096 + 128 * 512 + 256 * 64))
        // The others: six tensors at full resolution, which have 16, 48, 96 and 32 channels.
        let voxels = 96 * 96 * 96
        #expect(UNETRConfiguration().activationBytes == 24 * 16 * voxels && SwinUNETRConfiguration().activationBytes == 24 * 48 * voxels)
        #expect(NNFormerConfiguration(.synapse).activationBytes == 24 * 96 * 64 * 128 * 128)
        #expect(NNUNetConfiguration(.plain).activationBytes == 24 * 32 * 128 * 128 * 128)
        var impossible = UNETRPlusPlusConfiguration(.synapse)
        impossible.heads = 0
        #expect(impossible.activationBytes == 0)
    }

    // Peaks of `unetrpp benchmark --train` in MiB (resident set, float32, CPU) for 1 channel, 3 classes, patch 48 × 64 × 48, stem 2.
    @Test(arguments: [(8, 2, 1607.0), (8, 4, 3084.0), (16, 2, 2274.0)])
    func `The rule of plans without a named memory is within 15 % of measured training processes`(
        featureSize: Int, batch: Int, measured: Double
    ) {
        let estimate = TrainingMemory(stem: [2, 2, 2], channels: 1, outputs: 3, featureSize: featureSize)
        #expect(abs(Double(estimate.bytes(patch: [48, 64, 48], batch: batch)) / 0x1p20 / measured - 1) < 0.15)
    }
}
