import Foundation
import TestSupport
import Testing

/// `unetrpp pacs` is a program of its own, which is started in the place of `unetrpp`.
struct PACSCommandTests {
    /// A folder with a program of that name, which says what it was given and then ends as `script` says.
    private func withProgram(_ script: String, _ body: (URL) throws -> Void) throws {
        try Fixtures.withTemporaryFolder { folder in
            let program = folder.appending(path: "unetrpp-pacs")
            try Data("#!/bin/sh\n\(script)\n".utf8).write(to: program)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
            try body(folder)
        }
    }

    /// A program that lies beside the tested one would be taken first.
    private static let isAlone = !FileManager.default.fileExists(atPath: CommandLineTool.folder.appending(path: "unetrpp-pacs").path)

    @Test(.enabled(if: isAlone)) func `The program on PATH gets all arguments, and its exit status is the command's`() throws {
        try withProgram(#"for word in "$@"; do echo "<$word>"; done; exit 75"#) { folder in
            let words = ["find", "https://h/x", "--json", "--help", "--", "a b", "--force"]
            let result = try CommandLineTool.run(["pacs"] + words, environment: ["PATH": "\(folder.path):/usr/bin:/bin"])
            #expect(result.output == words.map { "<\($0)>\n" }.joined())
            #expect(result.status == 75 && result.errors.isEmpty)
        }
    }

    @Test(.enabled(if: isAlone)) func `Signals reach the program`() throws {
        try withProgram(#"trap 'echo stopped; exit 3' TERM; echo ready; while :; do sleep 0.05; done"#) { folder in
            let (process, output, _) = try CommandLineTool.start(["pacs", "get"], environment: ["PATH": "\(folder.path):/usr/bin:/bin"])
            #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) == "ready\n")
            process.terminate()
            process.waitUntilExit()
            #expect(process.terminationStatus == 3)
            #expect(String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) == "stopped\n")
        }
    }

    @Test(.enabled(if: isAlone)) func `Without the program, one sentence says how to build it`() throws {
        let result = try CommandLineTool.run(["pacs", "find", "https://h/x"], environment: ["PATH": "/nowhere"])
        #expect(result.status == 1 && result.output.isEmpty)
        #expect(result.errors == "Error: unetrpp-pacs is neither beside unetrpp nor on PATH; `make service` in the project's folder builds it\n")
    }

    @Test func `The server is started in the same way`() throws {
        let result = try CommandLineTool.run(["serve", "--models", "x"], environment: ["PATH": "/nowhere"])
        guard !FileManager.default.fileExists(atPath: CommandLineTool.folder.appending(path: "unetrpp-serve").path) else { return }
        #expect(result.status == 1 && result.output.isEmpty)
        #expect(result.errors == "Error: unetrpp-serve is neither beside unetrpp nor on PATH; `make service` in the project's folder builds it\n")
    }
}
