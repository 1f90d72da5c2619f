import Foundation
import Logging
import Synchronization
import UNETRSupport
import UNETRWork

/// A program that computes, told what to do by lines on its standard input. When this process ends, in whatever way, so does its input, and it with that.
final class WorkerProcess: @unchecked Sendable {
    /// What it says, until it ends.
    let events: AsyncStream<WorkerEvent>
    private let process: Process
    private let input: FileHandle
    private let writing = Mutex(())

    var number: Int32 { process.processIdentifier }

    /// Starts a program.
    ///
    /// - Parameter onExit: called when it has ended and its last event was handed over.
    /// - Throws: what the system says where it cannot be started.
    static func start(program: URL, arguments: [String], logger: Logger, onExit: @escaping @Sendable () -> Void) throws -> WorkerProcess {
        let (process, input, output) = try start(program, arguments), (events, continuation) = AsyncStream.makeStream(of: WorkerEvent.self)
        listen(output, of: process, continuation, logger, onExit)
        return WorkerProcess(process, input, events)
    }

    private init(_ process: Process, _ input: FileHandle, _ events: AsyncStream<WorkerEvent>) {
        (self.process, self.input, self.events) = (process, input, events)
    }

    @inline(never)
    private static func start(_ program: URL, _ arguments: [String]) throws -> (process: Process, input: FileHandle, output: FileHandle) {
        let (input, output) = (Pipe(), Pipe()), process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        do { try process.start() } catch {
            // It may be the number of open files that kept it from starting.
            for pipe in [input, output] {
                try? pipe.fileHandleForReading.close()
                try? pipe.fileHandleForWriting.close()
            }
            throw error
        }
        return (process, input.fileHandleForWriting, output.fileHandleForReading)
    }

    @inline(never)
    private static func listen(
        _ output: FileHandle, of process: Process, _ continuation: AsyncStream<WorkerEvent>.Continuation, _ logger: Logger,
        _ onExit: @escaping @Sendable () -> Void
    ) {
        let thread = Thread {
            forEachLine(of: output) { line in
                do { continuation.yield(try WorkerLine.decode(from: line)) } catch { logger.error("a worker said something that is no event: \(error)") }
            }
            process.waitUntilExit()
            continuation.finish()
            onExit()
        }
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// - Throws: what the system says where it reads no more.
    func send(_ request: WorkerRequest) throws {
        let line = try WorkerLine.encode(request)
        try writing.withLock { _ in try input.write(contentsOf: line) }
    }

    /// Lets it end by itself.
    func closeInput() { writing.withLock { _ in try? input.close() } }

    /// Ends it at once.
    func kill() { if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) } }

    /// How it ended, in words.
    var ending: String {
        process.terminationReason == .uncaughtSignal ? "signal \(process.terminationStatus)" : "exit status \(process.terminationStatus)"
    }

    private static func forEachLine(of file: FileHandle, _ body: (Data) -> Void) {
        var buffer = Data(), part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            // A file handle would wait until its buffer is full.
            let count = read(file.fileDescriptor, &part, part.count)
            if count < 0, errno == EINTR { continue }
            // What is longer than any event is none.
            guard count > 0, buffer.count <= WorkerLine.mostBytes else { return }
            buffer += part.prefix(count)
            while let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                body(Data(buffer[..<end]))
                buffer = Data(buffer[buffer.index(after: end)...])
            }
        }
    }
}
