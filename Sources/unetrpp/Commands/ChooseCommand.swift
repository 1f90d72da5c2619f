import ArgumentParser
import Foundation
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRWorkflows

struct ChooseCommand: AsyncParsableCommand, StoppableCommand {
    static let configuration = CommandConfiguration(
        commandName: "choose", abstract: "Choose the best configuration, or ensemble of two, on cross-validation results.",
        discussion: """
            Each of CONFIGURATIONS is a training run, or a folder with the runs of its folds. Every validation case is segmented by the network
            that has not seen it; the score is the mean Dice of the structures over all cases of all folds. Pairs are scored by the mean of
            their probabilities. Then it is decided, as `unetrpp postprocess` does, of which structures only the largest part is kept. The
            result is a small file that names the models, and a model itself: `unetrpp segment SCANS -o MASKS --model choice.json`.
            """)

    @Argument(help: "Training runs, or folders with the runs of the folds; each is a configuration.", completion: .directory)
    var configurations: [String]

    @Option(name: .shortAndLong, help: "File to write, such as choice.json.", completion: .file())
    var output: String

    @Flag(inversion: .prefixedNo, help: "Try pairs of configurations too.")
    var ensembles = true

    @Flag(inversion: .prefixedNo, help: "Average over mirrored versions of each patch, as the plans say.")
    var mirroring = true

    @OptionGroup var outputs: OutputOptions
    @OptionGroup var memory: MemoryOptions
    @OptionGroup var engine: EngineOptions
    @OptionGroup var runtime: RuntimeOptions

    func validate() throws {
        guard output.hasSuffix(".json") else { throw ValidationError("--output is \(output); expected a name that ends in .json, such as choice.json") }
    }

    func run() async throws {
        var options = ConfigurationSearch.Options(
            configurations: configurations.map { URL(fileURLWithPath: $0) }, output: URL(fileURLWithPath: output))
        options.device = try runtime.apply()
        memory.apply()
        (options.precision, options.engine, options.replaces) = (runtime.chosenPrecision, engine.engine, outputs.force)
        (options.ensembles, options.mirroring) = (ensembles, mirroring)
        options.usage = "unetrpp segment SCANS -o MASKS --model \(options.output.lastPathComponent)"
        var bar: ProgressBar?
        for try await event in ConfigurationSearch(options, logger: .talk).job().events() {
            switch event {
            case .segmented(let done, let count):
                bar = bar ?? ProgressBar("Segmenting", total: count)
                bar?.update(done)
            case .finished(let choice, let decision): try show(choice, decision)
            }
        }
    }

    private func show(_ choice: ConfigurationChoice, _ decision: PostProcessingDecision) throws {
        if runtime.json { return print(try JSONLine.encode(choice, pretty: true)) }
        let chosen = choice.chosen.map(\.name)
        func number(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "–" }
        let names = Set(choice.candidates.flatMap { $0.structures.keys }).sorted()
        let rows = choice.candidates.map { candidate in
            [candidate.members.joined(separator: " and "), number(candidate.dice)] + names.map { number(candidate.structures[$0]) }
                + [candidate.members == chosen ? "best" : ""]
        }
        print(TextTable.render(head: ["Mean Dice of \(choice.cases) cases", "all"] + names + [""], rows: rows))
        print(
            decision.postProcessing.keepLargest.isEmpty
                ? "Masks are not cleaned up." : "The largest part is kept of the label values \(decision.postProcessing.keepLargest).")
        print("unetrpp segment SCANS -o MASKS --model \(output)")
    }
}
