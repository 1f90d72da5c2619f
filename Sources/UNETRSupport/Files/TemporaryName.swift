package import Foundation

/// Names of the files that are being written: they say which process writes them, so that what a killed one left can be told from what is
/// still being written.
///
/// `.NAME.MACHINE-PROCESS-START-NUMBER.partial`, or `.old` for what a new folder is about to take the place of.
package enum TemporaryName {
    /// What the name of a temporary file says.
    struct Parts {
        var destination: String
        var machine: String?
        var process: Int32
        var start: String?
        var ending: String
    }

    /// Tells processes of one number apart: in a container every start of the program has the same.
    private static let start = String(UInt32.random(in: .min ... .max), radix: 16)
    private static let lock = NSLock()
    nonisolated(unsafe) private static var given = 0

    /// A name that no other writer has, in this process or another.
    package static func next(for destination: URL, ending: String = "partial") -> URL {
        let number = lock.withLock {
            given += 1
            return given
        }
        // A file's name has at most 255 bytes.
        var name = destination.lastPathComponent
        while name.utf8.count > 180 { name.removeLast() }
        return destination.deletingLastPathComponent()
            .appendingPathComponent(".\(name).\(machine)-\(getpid())-\(start)-\(number).\(ending)")
    }

    static func parts(of name: String) -> Parts? {
        guard name.hasPrefix("."), let ending = ["partial", "old"].first(where: { name.hasSuffix(".\($0)") }) else { return nil }
        let stem = name.dropFirst().dropLast(ending.count + 1)
        guard let dot = stem.lastIndex(of: "."), dot > stem.startIndex else { return nil }
        let marks = stem[stem.index(after: dot)...].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        func parts(_ process: String, _ machine: String?, _ start: String?) -> Parts? {
            Int32(process).flatMap { $0 > 0 ? Parts(destination: String(stem[..<dot]), machine: machine, process: $0, start: start, ending: ending) : nil }
        }
        if marks.count == 1, ending == "partial" { return parts(marks[0], nil, nil) }  // written before names said more
        return marks.count == 4 && Int(marks[3]) != nil ? parts(marks[1], marks[0], marks[2]) : nil
    }

    /// True if the process that wrote under this name has ended.
    ///
    /// That of another machine (or container) cannot be asked; its file counts as left when nothing was written to it for a day.
    static func isAbandoned(_ parts: Parts, changed: Date) -> Bool {
        guard parts.machine ?? machine == machine else { return -changed.timeIntervalSinceNow > 86_400 }
        if parts.process == getpid() { return parts.start != start }
        return kill(parts.process, 0) != 0 && errno == ESRCH
    }

    /// The machine since it was started, and the processes that can see each other on it.
    private static let machine: String = {
        var digest = ContentDigest()
        digest.add(ProcessInfo.processInfo.hostName)
        #if !canImport(Darwin)
            digest.add((try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? "")
            digest.add((try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? "")
        #endif
        return String(digest.text.prefix(8))
    }()
}
