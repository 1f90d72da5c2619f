import Foundation

/// Facts about the machine, and what a container leaves of it.
enum Machine {
    /// Cores this process may run on.
    static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// Cores' worth of time the container grants, nil without a limit.
    static var coreLimit: Double? {
        guard let words = words(of: "/sys/fs/cgroup/cpu.max"), words.count == 2,
            let quota = Double(words[0]), let period = Double(words[1]), period > 0
        else { return nil }
        return quota / period
    }

    /// Memory in bytes: the machine's, or the container's limit if that is less.
    static var memory: UInt64 {
        let machine = ProcessInfo.processInfo.physicalMemory
        guard let limit = words(of: "/sys/fs/cgroup/memory.max")?.first.flatMap({ UInt64($0) }) else { return machine }
        return min(machine, limit)
    }

    /// Bytes a program could take without the machine swapping; nil where the system does not say.
    static var availableMemory: UInt64? {
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
            let kibibytes = UInt64(line.split(separator: " ")[1])
        else { return nil }
        return min(kibibytes * 1024, memory)
    }

    /// True if the system has a driver of an NVIDIA GPU.
    static var hasNVIDIADriver: Bool { FileManager.default.fileExists(atPath: "/dev/nvidiactl") }

    private static func words(of path: String) -> [Substring]? {
        (try? String(contentsOfFile: path, encoding: .utf8))?.split { $0 == " " || $0 == "\n" }
    }
}
