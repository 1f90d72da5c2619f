public import Foundation
import UNETRArchitectures
public import UNETREngines
import UNETRLayers
import UNETRNetworks
public import UNETROpenVINO
public import UNETRSupport
public import UNETRTorch

/// Makes the engine that is wanted, or libtorch's where it cannot be had.
public struct EngineMaker: Sendable {
    public var choice: EngineChoice
    public var device: Device
    public var mixedPrecision: DType?
    /// Whether a model that was calibrated for 8 bits (`Quantizer`) is computed so, where the processor can.
    public var usesEightBits = false
    /// A folder for compiled networks, nil to keep none.
    public var cache: URL?
    /// What the compiled engine is made for.
    public var processor = Processor.current
    /// Where OpenVINO must be; nil: where set-up or a launcher put it.
    public var openVINO: URL?

    public init(_ choice: EngineChoice = .auto, device: Device = .cpu, mixedPrecision: DType? = nil) {
        self.choice = choice
        self.device = device
        self.mixedPrecision = mixedPrecision
        cache = CompiledCache.standardFolder
        openVINO = Self.placeFromEnvironment
    }

    /// The engine for a model.
    ///
    /// - Parameter note: told, in a sentence, why the compiled engine was wanted and is not used, or why it had to be compiled anew.
    /// - Throws: what reading the model throws. That the compiled engine cannot be had is no error: libtorch's is made instead.
    public func engine(for bundle: ModelBundle, note: (String) -> Void = { _ in }) throws -> any PatchEngine {
        let engine = try makeEngine(for: bundle, note: note)
        if engine is TorchEngine, usesEightBits, bundle.isQuantized {
            note("\(bundle.url.path): 8 bits are for the compiled engine; \(engine.summary) computes it")
        }
        return engine
    }

    private func makeEngine(for bundle: ModelBundle, note: (String) -> Void) throws -> any PatchEngine {
        if choice == .torch || choice == .auto && device != .cpu { return try torchEngine(bundle) }
        guard var precision = compiledPrecision else {
            note("\(obstacle); the libtorch engine is used")
            return try torchEngine(bundle)
        }
        // What cannot be written as a graph is no reason for a note unless it was asked for.
        guard bundle.network.hasGraph else {
            if choice == .compiled { note("only unetr-plus-plus can be compiled, not \(bundle.network.architecture.rawValue); the libtorch engine is used") }
            return try torchEngine(bundle)
        }
        do {
            bundle.weights.begin()
            let library = try Self.loadOpenVINO(from: openVINO)
            if precision == .bfloat16, !processor.hasBFloat16 {
                note("\(processor.name) has no instructions for bfloat16 (AVX-512 BF16 or AMX); the compiled engine computes in float32")
                precision = .float32
            }
            return try CompiledEngine(
                bundle.network, weights: { try bundle.uncheckedState() }, weightsDigest: bundle.weights.claimed().text,
                verify: bundle.weights.check, library: library, precision: precision, eightBits: eightBits(of: bundle, precision, note),
                threads: Runtime.threads, cache: cache, note: note)
        } catch let error as OpenVINOError {
            note("\(error). The libtorch engine is used")
            return try torchEngine(bundle)
        }
    }

    private func torchEngine(_ bundle: ModelBundle) throws -> any PatchEngine {
        TorchEngine(try bundle.makeNetwork(device: device), device: device, mixedPrecision: mixedPrecision)
    }

    /// The ranges of a model that was calibrated for 8 bits; nil, with a note that says why, where they cannot be used.
    private func eightBits(of bundle: ModelBundle, _ precision: CompiledModel.Precision, _ note: (String) -> Void) -> Quantization.Ranges? {
        guard usesEightBits, bundle.isQuantized else { return nil }
        do {
            guard processor.hasEightBitProducts else { throw QuantizationError.processor }
            return try bundle.quantization()?.ranges
        } catch {
            note("\(error); \(precision == .bfloat16 ? "bfloat16" : "float32") is used")
            return nil
        }
    }

    /// Nil where the compiled engine does not compute what is wanted.
    private var compiledPrecision: CompiledModel.Precision? {
        guard device == .cpu else { return nil }
        switch mixedPrecision {
        case nil: return .float32
        case .bfloat16?: return .bfloat16
        default: return nil
        }
    }

    private var obstacle: String {
        device == .cpu
            ? "the compiled engine computes in float32 or bfloat16, not in \(mixedPrecision ?? .float32)"
            : "the compiled engine is for the CPU, not for \(device)"
    }

    /// Loads OpenVINO from where it must be, or from where set-up or a launcher put it.
    /// - Throws: `OpenVINOError`.
    @discardableResult
    public static func loadOpenVINO(from place: URL? = placeFromEnvironment) throws -> OpenVINOLibrary.Loaded {
        try OpenVINOLibrary.load(from: place, otherwise: places)
    }

    /// The place that the variable OPENVINO names.
    public static var placeFromEnvironment: URL? {
        ProcessInfo.processInfo.environment["OPENVINO"].flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0) }
    }

    /// Folders named `openvino`: beside libtorch's, where set-up puts it, and beside the program.
    static var places: [URL] {
        let torch = Runtime.libraryPath.map { URL(fileURLWithPath: $0).deletingLastPathComponent().deletingLastPathComponent() }
        let program = Bundle.main.executableURL?.deletingLastPathComponent()
        return [torch, program].compactMap { $0?.appending(path: "openvino") }
    }
}
