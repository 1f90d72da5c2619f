/// Why a command cannot do what was asked, though the command line itself is in order: without the usage text behind it.
struct CommandError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
