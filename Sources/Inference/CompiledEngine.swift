public import Foundation
import Graphs
public import Layers
public import Networks
public import OpenVINO
import Support
public import Torch

/// A network compiled by OpenVINO from a graph of our own.
///
/// Compiling takes a second or more, so the result is kept in a cache folder: one file for each network, weights, precision, machine and
/// library. A file that does not fit is compiled anew, and a note says why.
public final class CompiledEngine: PatchEngine {
    private let model: CompiledModel
    private let library: OpenVINOLibrary.Loaded
    private let precision: CompiledModel.Precision
    /// True if the cache already held the compiled network.
    public let cameFromCache: Bool
    public let parameterCount: Int

    /// - Parameters:
    ///   - weights: read only if the cache does not hold the compiled network.
    ///   - weightsDigest: tells these weights from all others.
    ///   - cache: a folder, or nil to compile always.
    ///   - note: told what went wrong with the cache, in a sentence.
    /// - Throws: `OpenVINOError`, `ConfigurationError` for networks that cannot be written as a graph, `StateError`.
    public init(
        _ network: NetworkDescription, weights: () throws -> StateDictionary, weightsDigest: String, library: OpenVINOLibrary.Loaded,
        precision: CompiledModel.Precision, threads: Int, cache: URL?, note: (String) -> Void = { _ in }
    ) throws {
        self.library = library
        self.precision = precision
        parameterCount = try network.complexity().parameters
        let input = [1, network.inputChannels] + network.patchSize, output = [1, network.classes] + network.patchSize
        let file = try cache.map { try CompiledCache(folder: $0, network, weightsDigest, library, precision) }
        func cached() throws -> CompiledModel? {
            try file?.stored().map {
                try CompiledModel(exported: $0, precision: precision, threads: threads, inputShape: input, outputShape: output)
            }
        }
        do {
            if let found = try cached() {
                model = found
                cameFromCache = true
                return
            }
        } catch {
            note("\(error); the network is compiled anew")
        }
        cameFromCache = false
        let onnx = try network.graph(weights: weights(), form: .fast, batch: 1).onnx()
        let compiled = try CompiledModel(onnx: onnx, precision: precision, threads: threads, inputShape: input, outputShape: output)
        do {
            try file?.write(compiled)
            // What is read back may sum in another order; so that this start gives the same bits as the next, it is used already now.
            model = try cached() ?? compiled
        } catch {
            note("\(error); the next start compiles again")
            model = compiled
        }
    }

    public var summary: String { "OpenVINO \(library.version), \(precision == .bfloat16 ? "bfloat16" : "float32")" }

    public func logits(of patches: Tensor) throws -> Tensor {
        guard patches.shape.dropFirst() == model.inputShape.dropFirst() else {
            throw OpenVINOError.shape(found: patches.shape, expected: model.inputShape)
        }
        let samples = patches.shape[0]
        let input = try patches.to(.float32).contiguous()
        let output = try Tensor.empty([samples] + model.outputShape.dropFirst())
        try input.withUnsafeElements(of: Float.self) { source in
            try output.withUnsafeMutableElements(of: Float.self) { target in
                let (taken, given) = (source.count / samples, target.count / samples)
                for sample in 0..<samples {
                    try model.compute(
                        UnsafeBufferPointer(rebasing: source[sample * taken..<(sample + 1) * taken]),
                        into: UnsafeMutableBufferPointer(rebasing: target[sample * given..<(sample + 1) * given]))
                }
            }
        }
        return output
    }
}
