public import Foundation
public import UNETRArchitectures
public import UNETRModels
public import UNETROpenVINO
import UNETRSupport

extension EngineChoice {
    /// The network compiled by OpenVINO; on the CPU only.
    public static let compiled = EngineChoice(rawValue: "compiled")
}

/// Networks compiled by OpenVINO (`CompiledEngine`), on the CPU.
public struct OpenVINOProvider: EngineProvider {
    /// Folders that may hold a folder `openvino`, beside that of the program.
    private let places: [URL]

    /// A provider that looks for OpenVINO at these places first.
    public init(places: [URL] = []) { self.places = places }

    /// `compiled`.
    public var choice: EngineChoice { .compiled }
    /// "the compiled engine".
    public var title: String { "the compiled engine" }
    /// True.
    public var computesEightBits: Bool { true }

    /// Why OpenVINO cannot compute the network with these settings; nil if it can.
    public func obstacle(to network: NetworkDescription, _ settings: EngineSettings) -> EngineObstacle? {
        guard settings.device == .cpu else {
            return EngineObstacle("the compiled engine is for the CPU, not for \(settings.device)", isUnexpected: false)
        }
        guard settings.precision != .float16 else {
            return EngineObstacle("the compiled engine computes in float32 or bfloat16, not in \(settings.precision.rawValue)")
        }
        guard network.hasGraph else {
            return EngineObstacle("the compiled engine does not take \(network.architecture.rawValue)")
        }
        return nil
    }

    /// Compiles the model, or takes it from the cache.
    ///
    /// - Throws: `EngineObstacle` where OpenVINO is absent or refuses.
    public func makeEngine(for bundle: ModelBundle, _ settings: EngineSettings, note: (String) -> Void) throws -> any PatchEngine {
        do {
            bundle.weights.begin()
            let library = try loadOpenVINO(from: settings.openVINO)
            var precision: CompiledModel.Precision = settings.precision == .bfloat16 ? .bfloat16 : .float32
            if precision == .bfloat16, !settings.processor.hasBFloat16 {
                note("\(settings.processor.name) has no instructions for bfloat16 (AVX-512 BF16 or AMX); the compiled engine computes in float32")
                precision = .float32
            }
            return try CompiledEngine(
                bundle.network, weights: { try bundle.uncheckedState() }, weightsDigest: bundle.weights.claimed().text,
                verify: bundle.weights.check, library: library, precision: precision, eightBits: eightBits(of: bundle, precision, settings, note),
                threads: settings.threads, cache: settings.cache, note: note)
        } catch let error as OpenVINOError {
            throw EngineObstacle("\(error)")
        }
    }

    /// The ranges of a model that was calibrated for 8 bits; nil, with a note that says why, where they cannot be used.
    private func eightBits(
        of bundle: ModelBundle, _ precision: CompiledModel.Precision, _ settings: EngineSettings, _ note: (String) -> Void
    ) -> Quantization.Ranges? {
        guard settings.usesEightBits, bundle.isQuantized else { return nil }
        do {
            guard settings.processor.hasEightBitProducts else { throw QuantizationError.processor }
            return try bundle.quantization()?.ranges
        } catch {
            note("\(error); \(precision == .bfloat16 ? "bfloat16" : "float32") is used")
            return nil
        }
    }

    /// What compiled engines take.
    public func memory(_ network: NetworkDescription, outputs: Int, engines: [any PatchEngine], _ settings: EngineSettings) -> EngineMemory {
        let compiled = engines.compactMap { $0 as? CompiledEngine }
        return Self.memory(
            network, outputs: outputs, parameters: engines.reduce(0) { $0 + $1.parameterCount }, count: compiled.count,
            anew: compiled.contains { !$0.cameFromCache }, isHalf: settings.precision != .float32 && settings.processor.hasBFloat16)
    }

    /// What compiled networks take, each with inner tensors of its own.
    ///
    /// - Parameters:
    ///   - parameters: trained values of all networks together.
    ///   - anew: whether one had to be compiled in this process, instead of coming from the cache.
    ///   - isHalf: whether they compute in a type of two bytes.
    ///   - count: number of networks.
    ///   - network: what one engine computes; the others are like it.
    ///   - outputs: channels of the logits.
    public static func memory(
        _ network: NetworkDescription, outputs: Int, parameters: Int, count: Int, anew: Bool, isHalf: Bool
    ) -> EngineMemory {
        let weights = 4 * parameters, logits = 4 * network.patchSize.voxels * outputs
        // Weights as they lie in the cache's file, and packed for the instructions. While a network is compiled: its weights as read, as the
        // graph's constants, as ONNX, as OpenVINO's, packed, and written.
        return EngineMemory(
            base: EngineMemory.program + 2 * weights + count * network.configuration.activationBytes / (isHalf ? 2 : 1) + logits, pass: 0,
            making: anew ? EngineMemory.program + 72 * weights / 10 / count + 2 * weights * (count - 1) / count : 0)
    }

    /// Loads OpenVINO from where it must be, or from where set-up or a launcher put it.
    /// - Throws: `OpenVINOError`.
    @discardableResult
    public func loadOpenVINO(from place: URL? = placeFromEnvironment) throws -> OpenVINOLibrary.Loaded {
        let program = Bundle.main.executableURL?.deletingLastPathComponent()
        return try OpenVINOLibrary.load(from: place, otherwise: (places + [program].compactMap { $0 }).map { $0.appending(path: "openvino") })
    }

    /// The place that the variable OPENVINO names.
    public static var placeFromEnvironment: URL? {
        ProcessInfo.processInfo.environment["OPENVINO"].flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0) }
    }
}
