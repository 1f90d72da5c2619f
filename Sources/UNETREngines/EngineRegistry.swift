import Foundation
import UNETRArchitectures
public import UNETRModels
import UNETRPlanning
import UNETRVolumes

/// The kinds of engines that a program has, the fastest first, and the choice among them.
public struct EngineRegistry: Sendable {
    /// The kinds of engines, the fastest first.
    public let providers: [any EngineProvider]

    /// A registry of these kinds of engines, the fastest first.
    public init(_ providers: [any EngineProvider]) { self.providers = providers }

    /// The engines that need no libtorch, one line each. Those of libtorch: `UNETRTorchEngine`.
    public static let withoutLibtorch = EngineRegistry([
        OpenVINOProvider()
    ])

    /// What can be chosen: `auto` and the names of the engines.
    public var choices: [EngineChoice] { [.auto] + providers.map(\.choice) }

    /// The engine for a model: the chosen one, or the fastest that can compute it; where that cannot be had, the next in the list.
    ///
    /// - Parameter note: told, in a sentence, why an engine that was wanted or could be expected is not used, and what else there is to say.
    /// - Parameter settings: what is wanted.
    /// - Parameter bundle: the model that is to be computed.
    /// - Throws: `EngineError` where no engine can compute the model; what reading the model throws.
    public func engine(for bundle: ModelBundle, _ settings: EngineSettings, note: (String) -> Void = { _ in }) throws -> any PatchEngine {
        try choose(for: bundle, settings, note).engine
    }

    /// Engines for models that are averaged, and what they take together.
    /// - Throws: as `engine(for:_:note:)`.
    public func engines(
        for bundles: [ModelBundle], _ settings: EngineSettings, note: (String) -> Void = { _ in }
    ) throws -> (engines: [any PatchEngine], memory: EngineMemory) {
        precondition(!bundles.isEmpty)
        let chosen = try bundles.map { try choose(for: $0, settings, note) }, engines = chosen.map(\.engine)
        // Engines of the kind that comes first in the list take the most.
        let provider = providers.first { provider in chosen.contains { $0.provider.choice == provider.choice } }!
        let memory = provider.memory(bundles[0].network, outputs: bundles[0].plan.labels.outputCount, engines: engines, settings)
        return (engines, memory)
    }

    private func choose(
        for bundle: ModelBundle, _ settings: EngineSettings, _ note: (String) -> Void
    ) throws -> (engine: any PatchEngine, provider: any EngineProvider) {
        var obstacles: [EngineObstacle] = []
        for provider in try candidates(settings.choice) {
            do {
                if let obstacle = provider.obstacle(to: bundle.network, settings) { throw obstacle }
                let engine = try provider.makeEngine(for: bundle, settings, note: note)
                for obstacle in obstacles where obstacle.isUnexpected || settings.choice != .auto {
                    // A reason that gives advice ends as a sentence of its own.
                    note(obstacle.reason.contains("; ") ? "\(obstacle). \(provider.title.capitalizedFirst) is used" : "\(obstacle); \(provider.title) is used")
                }
                if settings.usesEightBits, bundle.isQuantized, !provider.computesEightBits {
                    let others = providers.filter(\.computesEightBits).map(\.title).joined(separator: " and ")
                    note("\(bundle.url.path): 8 bits are for \(others.isEmpty ? "other engines" : others); \(engine.summary) computes it")
                }
                return (engine, provider)
            } catch let obstacle as EngineObstacle {
                obstacles.append(obstacle)
            }
        }
        throw EngineError.none(network: bundle.network.architecture.rawValue, reasons: obstacles.map(\.reason))
    }

    /// The engines to try, in this order. The last one in the list gives way to no other: it is chosen for what it is.
    private func candidates(_ choice: EngineChoice) throws -> ArraySlice<any EngineProvider> {
        if choice == .auto { return providers[...] }
        guard let index = providers.firstIndex(where: { $0.choice == choice }) else {
            throw EngineError.unknown(name: choice.rawValue, known: choices.map(\.rawValue))
        }
        return providers[index...]
    }
}

/// Why there is no engine.
public enum EngineError: Error, Equatable, CustomStringConvertible, Sendable {
    /// There is no engine of this name.
    case unknown(name: String, known: [String])
    /// No engine can compute the network; the reason of each.
    case none(network: String, reasons: [String])

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .unknown(let name, let known):
            "there is no engine '\(name)'; expected \(known.joined(separator: ", "))"
        case .none(let network, let reasons):
            "no engine here can compute \(network): \(reasons.joined(separator: ". "))"
        }
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
