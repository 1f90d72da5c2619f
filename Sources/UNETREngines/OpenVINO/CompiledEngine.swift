public import Foundation
public import UNETRArchitectures
public import UNETRArchives
import UNETRGraphs
public import UNETRModels
public import UNETROpenVINO
import UNETRSupport

/// A network compiled by OpenVINO from a graph of our own.
///
/// Where the processor has AVX-512, OpenVINO gets what is below full resolution, and the blocks at full resolution run in kernels of their
/// own (`FullResolutionBlocks`): the same function, and no pass over a full-resolution map that only normalizes, adds or moves.
///
/// Compiling takes a second or more, so the result is kept in a cache folder: one file for each network, weights, precision, machine and
/// library. A file that does not fit is compiled anew, and a note says why. A folder or file that others can write is not used.
///
/// Unchecked: a lock guards what changes.
public final class CompiledEngine: PatchEngine, @unchecked Sendable {
    private let network: NetworkDescription
    private let model: CompiledModel
    /// Nil where OpenVINO has the whole network.
    private let blocks: FullResolutionBlocks?
    /// Whether the full-resolution blocks run in kernels of their own.
    public var usesKernels: Bool { blocks != nil }
    private let library: OpenVINOLibrary.Loaded
    private let precision: CompiledModel.Precision
    private let isEightBit: Bool
    /// True if the cache already held the compiled network.
    public let cameFromCache: Bool
    /// Number of parameters of the network.
    public let parameterCount: Int
    /// One pass at a time: the model, the blocks and what follows are one set of memory.
    private let lock = NSLock()
    /// What OpenVINO gives to the blocks, kept between calls.
    private var coarse: [Float]
    private var logits: [Float] = []

    /// - Parameters:
    ///   - weights: of a network that is in the cache only those of the full-resolution blocks are read.
    ///   - weightsDigest: tells these weights from all others: the SHA-256 of their file.
    ///   - verify: called before anything that was made of the weights is kept or handed out; throws if they are not those of the digest.
    ///   - precision: that of everything, or of what is not computed in 8 bits.
    ///   - eightBits: the ranges with which convolutions are computed in 8 bits; nil: none is.
    ///   - usesKernels: whether the full-resolution blocks run in kernels of their own where the processor can.
    ///   - cache: a folder, or nil to compile always.
    ///   - note: told what went wrong with the cache, in a sentence.
    ///   - network: what is compiled; it must have a graph.
    ///   - library: OpenVINO as it was loaded.
    ///   - threads: threads to use; nil: all processors.
    /// - Throws: `OpenVINOError`, `GraphError` for missing ranges, `ConfigurationError` for networks that cannot be written as a graph, `StateError`.
    public init(
        _ network: NetworkDescription, weights: () throws -> StateDictionary, weightsDigest: String, verify: () throws -> Void = {},
        library: OpenVINOLibrary.Loaded, precision: CompiledModel.Precision, eightBits: Quantization.Ranges? = nil, threads: Int, usesKernels: Bool = true,
        cache: URL?, note: (String) -> Void = { _ in }
    ) throws {
        self.network = network
        self.library = library
        self.precision = precision
        isEightBit = eightBits != nil
        parameterCount = try network.complexity().parameters
        blocks = try usesKernels ? FullResolutionBlocks(network, weights: weights, precision: precision, threads: threads) : nil
        coarse = Array(repeating: 0, count: blocks?.coarseShape.reduce(1, *) ?? 0)
        let input = [1, network.inputChannels] + network.patchSize
        let output = [1] + (blocks?.coarseShape ?? [network.classes] + network.patchSize)
        let isWhole = blocks == nil
        var file = try cache.map {
            try CompiledCache(folder: $0, network, isWhole: isWhole, weightsDigest, library, precision, eightBits: eightBits)
        }
        func cached() throws -> CompiledModel? {
            try file?.stored().map {
                try CompiledModel(exported: $0, precision: precision, threads: threads, inputShape: input, outputShape: output)
            }
        }
        do {
            if let found = try cached() {
                try verify()
                model = found
                cameFromCache = true
                return
            }
        } catch let error as CompiledCacheError {
            note(error.isAboutFolder ? "\(error); the network is compiled without the cache" : "\(error); the network is compiled anew")
            if error.isAboutFolder { file = nil }
        } catch let error as OpenVINOError {
            note("\(error); the network is compiled anew")
        }
        try verify()
        cameFromCache = false
        let graph = try blocks.map { try $0.coarseGraph(weights()) } ?? network.graph(weights: weights(), form: .fast, batch: 1)
        let onnx = try (eightBits.map(graph.inEightBits) ?? graph).onnx()
        let compiled = try CompiledModel(onnx: onnx, precision: precision, threads: threads, inputShape: input, outputShape: output)
        do {
            try file?.write(compiled)
            // What is read back may sum in another order; so that this start gives the same bits as the next, it is used already now.
            model = try cached() ?? compiled
        } catch {
            file?.remove()
            note("\(error); the next start compiles again")
            model = compiled
        }
    }

    /// Library, version and precision, for people.
    public var summary: String {
        "OpenVINO \(library.version), \(isEightBit ? "8 bits and " : "")\(precision == .bfloat16 ? "bfloat16" : "float32")"
    }

    /// Lends the logits of patches [N, C, D, H, W] to `body`.
    public func withLogits(of patches: FloatView, _ body: (FloatView) throws -> Void) throws {
        guard patches.shape.dropFirst() == model.inputShape.dropFirst() else {
            throw OpenVINOError.shape(found: patches.shape, expected: model.inputShape)
        }
        try lock.withLock {
            let samples = patches.shape[0], shape = [samples, network.classes] + network.patchSize, count = shape.reduce(1, *)
            if logits.count < count { logits = Array(repeating: 0, count: count) }
            try logits.withUnsafeMutableBufferPointer { logits in
                let given = count / samples
                for sample in 0..<samples {
                    try compute(patches[sample].values, into: UnsafeMutableBufferPointer(rebasing: logits[sample * given..<(sample + 1) * given]))
                }
                try body(FloatView(UnsafeBufferPointer(rebasing: logits[..<count]), shape: shape))
            }
        }
    }

    private func compute(_ input: UnsafeBufferPointer<Float>, into logits: UnsafeMutableBufferPointer<Float>) throws {
        guard let blocks else { return try model.compute(input, into: logits) }
        try coarse.withUnsafeMutableBufferPointer { coarse in
            try blocks.compute(
                input.baseAddress!,
                coarse: {
                    try model.compute(input, into: coarse)
                    return UnsafePointer(coarse.baseAddress!)
                }, logits: logits.baseAddress!)
        }
    }
}
