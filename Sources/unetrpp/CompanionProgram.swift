import Foundation

/// A program that does a part of `unetrpp`'s work, and lies beside it or on PATH.
struct CompanionProgram {
    var name: String
    /// What builds it in a checkout.
    var builtBy: String

    /// Puts the program in the place of this process, so that signals and the exit status are its own.
    ///
    /// - Throws: `CommandError` where it is not there, or cannot be started. Otherwise this does not return.
    func take(over words: [String]) throws -> Never {
        guard let path else {
            throw CommandError("\(name) is neither beside unetrpp nor on PATH; `\(builtBy)` in the project's folder builds it")
        }
        // Threads of the runtime block signals, and a new program would inherit that.
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        let arguments = ([path] + words).map { strdup($0) } + [nil]
        execv(path, arguments)
        throw CommandError("\(path) cannot be started: \(String(cString: strerror(errno)))")
    }

    private var path: String? {
        let beside = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent().path
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return ([beside].compactMap(\.self) + folders).lazy.map { "\($0)/\(name)" }.first(where: FileManager.default.isExecutableFile)
    }
}
