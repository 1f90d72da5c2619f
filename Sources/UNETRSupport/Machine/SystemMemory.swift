import Foundation

/// How much memory the machine has for this process, and what says so.
public struct SystemMemory: Equatable, Sendable {
    /// What sets the bound.
    public enum Source: Equatable, Sendable {
        /// What is built into the machine.
        case machine
        /// The control group of the process, such as a container's.
        case controlGroup
    }

    /// Bytes the process may at most have.
    public var bytes: Int
    /// What sets the limit.
    public var source: Source

    /// An amount of memory.
    public init(bytes: Int, source: Source) {
        self.bytes = bytes
        self.source = source
    }

    /// This machine's.
    public static let current = SystemMemory(
        root: URL(fileURLWithPath: "/"), physical: Int(clamping: ProcessInfo.processInfo.physicalMemory))

    /// - Parameters:
    ///   - root: where `proc` and `sys` lie.
    ///   - physical: what is built in, in bytes.
    init(root: URL, physical: Int) {
        let limit = Self.groupLimit(root)
        self =
            limit.flatMap { $0 < physical ? SystemMemory(bytes: $0, source: .controlGroup) : nil }
            ?? SystemMemory(bytes: physical, source: .machine)
    }

    /// Bytes a program could take now without others being pushed out; nil where the system does not say.
    public static var available: Int? {
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
            let words = Optional(line.split(separator: " ")), words.count > 1, let kibibytes = Int(words[1])
        else { return nil }
        return min(kibibytes.multiplied(checked: 1024) ?? .max, current.bytes)
    }

    /// The least limit of the control groups around this process; nil without one.
    ///
    /// `/proc/self/cgroup` has lines `0::/path` (version 2) and `4:memory:/path` (version 1). Each group on the path has a limit of its
    /// own, and the least of them holds. In a container the path may be the host's, which is not there; then the top is the container's.
    private static func groupLimit(_ root: URL) -> Int? {
        let lines = (text(root.appending(path: "proc/self/cgroup")) ?? "").split(separator: "\n")
        let limits = lines.flatMap { line -> [Int] in
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 3 else { return [] }
            if fields[0] == "0", fields[1].isEmpty {
                return Self.limits(root.appending(path: "sys/fs/cgroup"), fields[2], "memory.max")
                    + Self.limits(root.appending(path: "sys/fs/cgroup/unified"), fields[2], "memory.max")
            }
            guard fields[1].split(separator: ",").contains("memory") else { return [] }
            return Self.limits(root.appending(path: "sys/fs/cgroup/memory"), fields[2], "memory.limit_in_bytes")
        }
        return limits.min()
    }

    /// The numbers in the files of that name, from the group down the path up to the top.
    private static func limits(_ top: URL, _ path: String, _ name: String) -> [Int] {
        let parts = path.split(separator: "/").filter { $0 != ".." }
        return (0...parts.count).compactMap { count in
            let folder = parts.prefix(count).reduce(top) { $0.appending(path: $1) }
            // "max" means none, and so does version 1's largest number, which the built-in memory is less than.
            return text(folder.appending(path: name)).flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        }
    }

    private static func text(_ file: URL) -> String? {
        (try? String(contentsOf: file, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
