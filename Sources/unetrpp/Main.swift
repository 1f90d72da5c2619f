import ArgumentParser
import Foundation
import UNETRSupport
import UNETRTorch

@main
struct UNETRPP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unetrpp",
        abstract: "3-D medical image segmentation with UNETR++: prepare data, train, segment, evaluate.",
        version: "0.1.0",
        subcommands: [
            ScanCommand.self,
            DatasetCommand.self,
            PlanCommand.self,
            PrepareCommand.self,
            TrainCommand.self,
            FinetuneCommand.self,
            TraceCommand.self,
            SegmentCommand.self,
            CohortCommand.self,
            RestoreCommand.self,
            PostprocessCommand.self,
            CalibrateCommand.self,
            ChooseCommand.self,
            EvaluateCommand.self,
            CompareCommand.self,
            DemoCommand.self,
            ConvertCommand.self,
            ExportCommand.self,
            QuantizeCommand.self,
            ModelCommand.self,
            ForwardCommand.self,
            SummaryCommand.self,
            BenchmarkCommand.self,
            PACSCommand.self,
            ServeCommand.self,
            WorkerCommand.self,
            DoctorCommand.self,
        ])

    static func main() async {
        // Before there are other threads. Where no network runs, kept blocks would only cost memory.
        if !withoutNetwork.contains(CommandLine.arguments.dropFirst().first ?? "") { Runtime.keepLargeBlocks() }
        Interruption.listen(as: "unetrpp")
        do {
            try await Cancellation.$current.withValue(Interruption.cancellation) { try await runCommand() }
        } catch is CancellationError {
            exit(withError: Interruption.exitStatus.map { ExitCode($0) } ?? .failure)
        } catch {
            guard let status = ExitStatus.of(error) else { exit(withError: Advice.added(to: error)) }
            FileHandle.standardError.write(Data("Error: \(Advice.added(to: error))\n".utf8))
            exit(withError: status)
        }
    }

    private static func runCommand() async throws {
        var command = try parseAsRoot()
        Interruption.begin(stoppable: command is any StoppableCommand)
        guard var asynchronous = command as? any AsyncParsableCommand else { return try command.run() }
        try await asynchronous.run()
    }

    private static let withoutNetwork = Set(
        ([
            ScanCommand.self, DatasetCommand.self, PlanCommand.self, PrepareCommand.self, RestoreCommand.self, PostprocessCommand.self, ModelCommand.self,
            CohortCommand.self, PACSCommand.self, ServeCommand.self,
        ]
            as [any ParsableCommand.Type])
            .compactMap { $0.configuration.commandName })
}
