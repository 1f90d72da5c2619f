import Foundation
import UNETRSupport
public import UNETRWork

/// A worker as a program: requests on standard input, events on standard output, a line of JSON each.
public enum WorkerProgram {
    /// Works until standard input ends, and ends the process.
    ///
    /// - Parameters:
    ///   - settings: what it serves, and with what.
    ///   - note: gets sentences for people.
    /// - Throws: `FileError` where the models or standard output cannot be used; `WorkerProgramError` for a line that is no request.
    public static func run(_ settings: Worker.Settings, note: @escaping @Sendable (String) -> Void) throws -> Never {
        // Whoever started this ends it by closing its input, also when a signal goes to both.
        for number in [SIGINT, SIGTERM] { signal(number, SIG_IGN) }
        let output = try EventOutput()
        let worker = try Worker(settings, note: note, report: output.write)
        try worker.run {
            try readLine().map { line in
                do { return try WorkerLine.decode(from: Data(line.utf8)) } catch { throw WorkerProgramError(problem: "\(error)") }
            }
        }
        // A thread that is still compiling a model must not keep the process.
        PartialFiles.removeAll()
        _exit(0)
    }
}

/// A line that is no request.
public struct WorkerProgramError: Error, CustomStringConvertible, Sendable {
    var problem: String

    /// One sentence.
    public var description: String { "standard input: a line is no request: \(problem)" }
}

/// Standard output for events alone: what a library prints goes to standard error.
private final class EventOutput: Sendable {
    private let lock = NSLock()
    private let file: FileHandle

    init() throws {
        let descriptor = dup(1)
        guard descriptor >= 0, dup2(2, 1) >= 0 else {
            throw FileError(path: "standard output", problem: "cannot be used: \(String(cString: strerror(errno)))")
        }
        // A reader that is gone ends the process by the end of its input.
        signal(SIGPIPE, SIG_IGN)
        file = FileHandle(fileDescriptor: descriptor)
    }

    @Sendable func write(_ event: WorkerEvent) {
        guard let line = try? WorkerLine.encode(event) else { return }
        lock.withLock { try? file.write(contentsOf: line) }
    }
}
