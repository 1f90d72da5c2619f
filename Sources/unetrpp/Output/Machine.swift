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

    /// True if the system has a driver of an NVIDIA GPU.
    static var hasNVIDIADriver: Bool { FileManager.default.fileExists(atPath: "/dev/nvidiactl") }

    private static func words(of path: String) -> [Substring]? {
        (try? String(contentsOfFile: path, encoding: .utf8))?.split { $0 == " " || $0 == "\n" }
    }
}
