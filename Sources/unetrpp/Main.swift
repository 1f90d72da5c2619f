import ArgumentParser

@main
struct UNETRPP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unetrpp",
        abstract: "3-D medical image segmentation with UNETR++: prepare data, train, segment, evaluate.",
        version: "0.1.0",
        subcommands: [BenchmarkCommand.self])
}
