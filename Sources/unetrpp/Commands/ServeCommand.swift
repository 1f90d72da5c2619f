import ArgumentParser

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve models to browsers, 3D Slicer and OHIF.",
        discussion: """
            `unetrpp serve --help` shows the options. The server is a program of its own, unetrpp-serve, so that nobody needs its networking who does not use
            it: `make service` builds it beside this one.
            """)

    @Argument(parsing: .captureForPassthrough, help: "Its options.") var words: [String] = []

    func run() throws { try CompanionProgram(name: "unetrpp-serve", builtBy: "make service").take(over: words) }
}
