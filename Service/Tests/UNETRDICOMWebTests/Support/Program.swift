import ArchiveTestSupport
import Foundation
import UNETRSupport

/// The built `unetrpp-pacs`, run as a user would.
enum Program {
    struct Result: Sendable {
        var status: Int32
        var output: String
        var errors: String
        var all: String { output + errors }
    }

    /// It lies where the test bundle does.
    private static let executable: URL = {
        #if os(macOS)
            let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }!.bundleURL
            return bundle.deletingLastPathComponent().appending(path: "unetrpp-pacs")
        #else
            return URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "unetrpp-pacs")
        #endif
    }()

    /// Starts it, with its output in files of a folder.
    static func start(_ arguments: [String], environment: [String: String] = [:], in folder: URL) throws -> Process {
        for name in ["output", "errors"] { _ = FileManager.default.createFile(atPath: folder.appending(path: name).path, contents: nil) }
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = try FileHandle(forWritingTo: folder.appending(path: "output"))
        process.standardError = try FileHandle(forWritingTo: folder.appending(path: "errors"))
        process.standardInput = FileHandle.nullDevice
        try process.start()
        return process
    }

    static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Result {
        try await withTemporaryFolder { folder in
            let process = try start(arguments, environment: environment, in: folder)
            while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
            func text(_ name: String) throws -> String { try String(contentsOf: folder.appending(path: name), encoding: .utf8) }
            return Result(status: process.terminationStatus, output: try text("output"), errors: try text("errors"))
        }
    }
}
