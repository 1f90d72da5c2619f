import ArgumentParser

struct PACSCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pacs",
        abstract: "Find, get and send studies of an archive (PACS) that speaks DICOMweb.",
        discussion: """
            `unetrpp pacs --help` shows find, get and send. They are a program of their own, unetrpp-pacs, so that nobody needs its networking who does not use
            it: `make service` builds it beside this one.
            """)

    @Argument(parsing: .captureForPassthrough, help: "find, get or send, with its arguments.") var words: [String] = []

    func run() throws { try CompanionProgram(name: "unetrpp-pacs", builtBy: "make service").take(over: words) }
}
