public import UNETRArchitectures
public import UNETRModels

/// A kind of engine: what it can compute, what it takes, and how one is made. `EngineRegistry` lists them.
public protocol EngineProvider: Sendable {
    /// The name it is chosen by.
    var choice: EngineChoice { get }

    /// What it is called in sentences: "the libtorch engine".
    var title: String { get }

    /// Whether it computes models that were calibrated for 8 bits in 8 bits.
    var computesEightBits: Bool { get }

    /// Why it cannot compute a network as wanted; nil if it can, as far as that is known before anything is loaded.
    func obstacle(to network: NetworkDescription, _ settings: EngineSettings) -> EngineObstacle?

    /// An engine with the weights of a bundle.
    ///
    /// - Parameter note: told, in a sentence, what the user may want to know, such as that a network had to be compiled anew.
    /// - Parameter settings: what is wanted.
    /// - Parameter bundle: the model that is to be computed.
    /// - Throws: `EngineObstacle` where the engine cannot be had, so that another is taken; other errors where the model itself is to blame.
    func makeEngine(for bundle: ModelBundle, _ settings: EngineSettings, note: (String) -> Void) throws -> any PatchEngine

    /// What engines of networks that are alike take on the host.
    /// - Parameters:
    ///   - outputs: channels of the logits.
    ///   - engines: all whose predictions are averaged; some may be of another kind.
    ///   - settings: what is wanted.
    ///   - network: what the engines compute.
    func memory(_ network: NetworkDescription, outputs: Int, engines: [any PatchEngine], _ settings: EngineSettings) -> EngineMemory
}

extension EngineProvider {
    /// Whether its engines compute models that were calibrated for 8 bits.
    public var computesEightBits: Bool { false }
}

/// Why an engine does not compute something, although nothing is wrong with the model.
public struct EngineObstacle: Error, Equatable, CustomStringConvertible, Sendable {
    /// What is in the way, and what can be done about it, without a full stop.
    public let reason: String

    /// Whether somebody who leaves the choice to the program may have expected this engine, so that he is told.
    public let isUnexpected: Bool

    /// An obstacle with its reason; unexpected ones are told even if nobody asked for the engine.
    public init(_ reason: String, isUnexpected: Bool = true) {
        self.reason = reason
        self.isUnexpected = isUnexpected
    }

    /// A short text for people.
    public var description: String { reason }
}

/// What an engine takes of the host's memory, in bytes: about, to plan with.
public struct EngineMemory: Equatable, Sendable {
    /// Program, libraries, weights, and what the engine keeps between passes.
    public var base: Int

    /// What only a forward pass takes.
    public var pass: Int

    /// The most that the program takes while the engine is made; 0 where that is less than any work with it.
    public var making: Int

    /// Bytes, by when they are taken.
    public init(base: Int, pass: Int, making: Int = 0) {
        self.base = base
        self.pass = pass
        self.making = making
    }

    /// The program with its libraries loaded; OpenVINO and libtorch differ by less than is uncertain here.
    public static let program = 200 << 20
}
