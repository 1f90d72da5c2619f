import Foundation

/// The memory that work on one scan may take: what the machine has less a margin, unless the user says otherwise.
///
/// A header of a few bytes can claim any number of voxels, and a plan any spacing: whoever is about to take memory for them compares what
/// is needed with `MemoryLimit.current` first, and refuses in a sentence instead of driving the machine into swapping.
public struct MemoryLimit: Equatable, Sendable {
    /// Bytes that may be taken.
    public var bytes: Int

    /// Where the limit comes from, for sentences: "the machine's 16384 MB less a margin".
    public var reason: String

    /// A limit that somebody gave.
    public init(bytes: Int, reason: String = "the limit that was given") {
        self.bytes = bytes
        self.reason = reason
    }

    /// The limit that follows from the memory there is. A tenth of it, at most 4 GiB, is left to the system and to the estimate's error.
    public init(_ memory: SystemMemory) {
        bytes = memory.bytes - min(memory.bytes / 10, 4 << 30)
        let owner =
            switch memory.source {
            case .machine: "the machine's"
            case .controlGroup: "the control group's (container's)"
            }
        reason = "\(owner) \(memory.bytes >> 20) MB less a margin"
    }

    /// What holds in this process: the machine's, or what was put here.
    public static var current: MemoryLimit {
        get { shared.lock.withLock { shared.value } }
        set { shared.lock.withLock { shared.value = newValue } }
    }

    /// Refuses what needs more.
    ///
    /// - Parameters:
    ///   - needed: bytes; nil for a number beyond all bounds.
    ///   - path: what needs them, named in the error.
    /// - Throws: `MemoryError`.
    public func check(_ needed: Int?, for path: String) throws {
        guard let needed, needed <= bytes else { throw MemoryError(path: path, needed: needed, limit: self) }
    }

    private static let shared = Shared()

    private final class Shared: @unchecked Sendable {
        let lock = NSLock()
        var value = MemoryLimit(.current)
    }
}

/// Something that needs more memory than may be taken.
public struct MemoryError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The scan, or what else needs it.
    public var path: String
    /// Bytes; nil for a number beyond all bounds.
    public var needed: Int?
    /// The limit that was in force.
    public var limit: MemoryLimit

    /// An error about the file at `path`; `needed` is nil where it cannot be counted.
    public init(path: String, needed: Int?, limit: MemoryLimit = .current) {
        self.path = path
        self.needed = needed
        self.limit = limit
    }

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        let amount = needed.map { "about \($0 >> 20) MB" } ?? "more than can be counted"
        return """
            \(path) needs \(amount) of memory, allowed are \(limit.bytes >> 20) MB (\(limit.reason)); check the size and spacing in its \
            header, use a plan with a coarser spacing or a smaller patch, or allow more
            """
    }
}
