import Foundation
import Testing

/// The built `unetrpp`, run as a user would.
enum CommandLineTool {
    struct Result {
        var status: Int32
        var output: String
        var errors: String
    }

    /// The products' folder: that of the running test bundle.
    static let folder: URL = {
        #if os(macOS)
            return Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }!.bundleURL.deletingLastPathComponent()
        #else
            return URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        #endif
    }()

    static let executable = folder.appending(path: "unetrpp")

    /// What a launcher has the tests ignore (a shell's background job: SIGINT), the tool would ignore as well.
    private static let listensToSignals: Void = { for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) } }()

    /// - Parameters:
    ///   - largestFile: the size, in blocks of the shell, beyond which the system lets the tool write no file.
    ///   - input: whether standard input is a pipe; else there is nothing to read.
    ///   - environment: variables besides those of the tests. Compiled networks go to a folder for tests.
    ///   - executable: another copy of the tool.
    static func start(
        _ arguments: [String], executable: URL = executable, largestFile: Int? = nil, input: Bool = false, environment: [String: String] = [:]
    ) throws -> (process: Process, output: Pipe, errors: Pipe) {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        let cache = ["UNETRPP_CACHE": FileManager.default.temporaryDirectory.appending(path: "unetrpp-test-cache").path]
        process.environment = ProcessInfo.processInfo.environment.merging(cache) { $1 }.merging(environment) { $1 }
        if let largestFile {
            // Without the trap the tool would be killed instead of refused.
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", "trap '' XFSZ; ulimit -f \(largestFile); exec \"$0\" \"$@\"", executable.path] + arguments
        }
        _ = listensToSignals
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = input ? Pipe() : FileHandle.nullDevice
        try process.run()
        return (process, output, errors)
    }

    /// Runs the tool to its end.
    static func run(
        _ arguments: [String], executable: URL = executable, largestFile: Int? = nil, environment: [String: String] = [:]
    ) throws -> Result {
        let (process, output, errors) = try start(arguments, executable: executable, largestFile: largestFile, environment: environment)
        // Both pipes are drained while the tool runs, or it would stop when one is full.
        nonisolated(unsafe) var errorData = Data()
        let drained = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            errorData = errors.fileHandleForReading.readDataToEndOfFile()
            drained.signal()
        }
        let outputData = output.fileHandleForReading.readDataToEndOfFile()
        drained.wait()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus, output: String(decoding: outputData, as: UTF8.self),
            errors: String(decoding: errorData, as: UTF8.self))
    }

    /// Runs the tool, expecting success; returns its standard output.
    @discardableResult
    static func succeed(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let result = try run(arguments)
        #expect(result.status == 0, "\(arguments): \(result.errors)", sourceLocation: sourceLocation)
        return result.output
    }

    /// Runs the tool, expecting a refusal that holds `words`, in which nothing looks like a crash.
    static func fail(_ arguments: [String], saying words: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let result = try run(arguments)
        #expect(result.status != 0, "\(arguments) succeeded", sourceLocation: sourceLocation)
        #expect(result.status < 100, "\(arguments) crashed with status \(result.status)", sourceLocation: sourceLocation)
        for word in words { #expect(result.errors.contains(word), "'\(word)' is not in: \(result.errors)", sourceLocation: sourceLocation) }
        #expect(!result.errors.contains("Fatal error"), "\(result.errors)", sourceLocation: sourceLocation)
    }
}
