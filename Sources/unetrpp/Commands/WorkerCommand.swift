import ArgumentParser
import Foundation
import UNETRSupport
import UNETRWork
import UNETRWorkflows

/// What `unetrpp serve` starts, one for each device.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Segment scans for unetrpp serve: requests on standard input, events on standard output, a line of JSON each.",
        shouldDisplay: false)

    @Option(help: "Folder of models.", completion: .directory) var models: String
    @Option(help: "Device: auto, cpu, cuda, cuda:N or mps.") var device = "auto"
    @Option(help: "Threads on the CPU (default: all cores).") var threads: Int?
    @OptionGroup var memory: MemoryOptions
    @OptionGroup var engine: EngineOptions

    func validate() throws { try RuntimeOptions.check(threads: threads) }

    func run() throws {
        // Whoever started this ends it by closing its input, also when a signal goes to both.
        for number in [SIGINT, SIGTERM] { signal(number, SIG_IGN) }
        let output = try EventOutput()
        memory.apply()
        var settings = Worker.Settings(models: URL(fileURLWithPath: models), version: UNETRPP.configuration.version)
        settings.device = try RuntimeOptions.apply(device: device, threads: threads)
        settings.engine = engine.engine
        settings.memory = .current
        let worker = try Worker(settings, note: EngineOptions.note, report: output.write)
        try worker.run {
            try readLine().map { line in
                do { return try WorkerLine.decode(from: Data(line.utf8)) } catch { throw CommandError("standard input: a line is no request: \(error)") }
            }
        }
        // A thread that is still compiling a model must not keep the process.
        PartialFiles.removeAll()
        _exit(0)
    }
}

/// Standard output for events alone: what a library prints goes to standard error.
private final class EventOutput: Sendable {
    private let lock = NSLock()
    private let file: FileHandle

    init() throws {
        let descriptor = dup(1)
        guard descriptor >= 0, dup2(2, 1) >= 0 else { throw CommandError("standard output cannot be used: \(String(cString: strerror(errno)))") }
        // A reader that is gone ends the process by the end of its input.
        signal(SIGPIPE, SIG_IGN)
        file = FileHandle(fileDescriptor: descriptor)
    }

    @Sendable func write(_ event: WorkerEvent) {
        guard let line = try? WorkerLine.encode(event) else { return }
        lock.withLock { try? file.write(contentsOf: line) }
    }
}
