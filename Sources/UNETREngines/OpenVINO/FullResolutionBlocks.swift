import CFullResolution
import Dispatch
import UNETRArchitectures
import UNETRArchives
import UNETRGraphs
import UNETROpenVINO

/// The blocks of UNETR++ at full resolution (encoder1, decoder2 and out1) in kernels of their own, for processors with AVX-512.
///
/// They take the input and what decoder3 gives, and give the logits. Not for several threads at once.
final class FullResolutionBlocks {
    private let handle: CFRHandle
    private let workers: Int
    private let configuration: UNETRPlusPlusConfiguration
    /// [D, H, W, 2f] of the coarse map.
    let coarseShape: [Int]

    /// Nil if this processor, or a network of these sizes, has no such kernels.
    /// - Parameter weights: read only if the processor and the channels are right.
    /// - Throws: `StateError` for missing or wrongly shaped weights.
    init?(
        _ network: NetworkDescription, weights: () throws -> StateDictionary, precision: CompiledModel.Precision, threads: Int
    ) throws {
        // With as many input channels as features the shortcut is no convolution.
        guard let configuration = network.configuration as? UNETRPlusPlusConfiguration, cfr_supports(precision.kernel) != 0,
            configuration.featureSize == CFR_FEATURES, configuration.inputChannels != CFR_FEATURES
        else { return nil }
        let weights = try weights().fullResolutionWeights(configuration)
        let (patch, stem) = (configuration.patchSize.map(Int32.init), configuration.stem.map(Int32.init))
        var sizes = CFRSizes(
            depth: patch[0], height: patch[1], width: patch[2], inputs: Int32(configuration.inputChannels), classes: Int32(configuration.classes),
            stem: (stem[0], stem[1], stem[2]), coarse: Int32(configuration.stageChannels[0]))
        guard let made = cfr_create(precision.kernel, &sizes, weights, Int32(threads)) else { return nil }
        handle = made
        self.configuration = configuration
        workers = threads
        coarseShape = configuration.grid(stage: 0) + [configuration.stageChannels[0]]
    }

    deinit { cfr_free(handle) }

    /// What OpenVINO computes of the network: the coarse map, for one sample.
    func coarseGraph(_ weights: StateDictionary) throws -> Graph { try configuration.coarseGraph(weights: weights, batch: 1) }

    /// - Parameters:
    ///   - input: [inputs, D, H, W].
    ///   - coarse: makes the coarse map [D, H, W, 2f], smaller by the stem; valid until this returns.
    ///   - logits: [classes, D, H, W].
    func compute(_ input: UnsafePointer<Float>, coarse: () throws -> UnsafePointer<Float>, logits: UnsafeMutablePointer<Float>) rethrows {
        cfr_begin(handle, input, logits)
        for pass in 0..<CFR_PASSES {
            if pass == CFR_PASSES_BEFORE_COARSE { cfr_set_coarse(handle, try coarse()) }
            run(pass)
        }
    }

    private func run(_ pass: Int) {
        // Workers write to places of their own and meet only in an atomic counter.
        nonisolated(unsafe) let handle = handle
        DispatchQueue.concurrentPerform(iterations: workers) { cfr_work(handle, Int32(pass), Int32($0)) }
        cfr_finish(handle, Int32(pass))
    }
}

extension StateDictionary {
    /// The weights of the blocks one behind the other, as `cfr_create` takes them.
    fileprivate func fullResolutionWeights(_ configuration: UNETRPlusPlusConfiguration) throws -> [Float] {
        let (features, inputs) = (configuration.featureSize, configuration.inputChannels)
        let cube = [3, 3, 3], square = [features, features] + cube
        return try [
            floats("encoder1.conv1.conv.weight", [features, inputs] + cube), floats("encoder1.conv2.conv.weight", square),
            floats("encoder1.conv3.conv.weight", [features, inputs, 1, 1, 1]),
            floats("decoder2.transp_conv.conv.weight", [configuration.stageChannels[0], features] + configuration.stem),
            floats("decoder2.decoder_block.0.conv1.conv.weight", square), floats("decoder2.decoder_block.0.conv2.conv.weight", square),
            floats("out1.conv.conv.weight", [configuration.classes, features, 1, 1, 1]), floats("out1.conv.conv.bias", [configuration.classes]),
        ].flatMap { $0 }
    }
}

extension CompiledModel.Precision {
    fileprivate var kernel: CFRPrecision { self == .bfloat16 ? CFR_BFLOAT16 : CFR_FLOAT32 }
}
