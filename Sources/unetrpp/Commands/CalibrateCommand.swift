import ArgumentParser
import Foundation
import UNETRModels
import UNETRPlanning
import UNETRSupport
import UNETRWorkflows

struct CalibrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate", abstract: "Fit a model's probabilities to what is the case, and measure what they say about a mask.",
        discussion: """
            PROBABILITIES are those of scans that the model was not trained on, as `unetrpp segment --validation-of RUN --probabilities` writes
            them, the folds of a cross-validation in one folder. The temperature that fits them best is stored in the plan of every --model;
            `segment --probabilities` and `--uncertainty` apply it. Masks stay the same.
            """)

    @Argument(help: "Folder of probabilities, one channel an output.", completion: .directory)
    var probabilities: String

    @Argument(help: "Folder of the experts' label maps, files of the same names.", completion: .directory)
    var references: String

    @Option(name: .shortAndLong, help: "Model bundle to store the temperature in; several, such as all folds, get the same.", completion: .directory)
    var model: [String]

    @Flag(help: "Show the temperature and store nothing.")
    var dryRun = false

    @Flag(help: "Print the result as JSON on standard output.")
    var json = false

    @OptionGroup var memory: MemoryOptions

    func validate() throws {
        guard !model.isEmpty else { throw ValidationError("--model is missing: the folder of the model that made the probabilities") }
    }

    func run() async throws {
        memory.apply()
        let bundles = try model.map { try ModelBundle(contentsOf: URL(fileURLWithPath: $0)) }
        let (labels, known) = (bundles[0].plan.labels, bundles[0].plan.inference.temperature)
        for bundle in bundles.dropFirst() {
            guard bundle.plan.labels == labels else {
                throw CommandError("\(bundle.url.path) has other labels than \(bundles[0].url.path); calibrate each by itself")
            }
            guard bundle.plan.inference.temperature == known else {
                throw CommandError("\(bundle.url.path) has another temperature than \(bundles[0].url.path); calibrate each by itself")
            }
        }
        if !dryRun { for bundle in bundles { try OutputOptions.checkWritable(bundle.url.resolvingSymlinksInPath().deletingLastPathComponent()) } }
        let calibration = FolderCalibration(
            probabilities: URL(fileURLWithPath: probabilities), references: URL(fileURLWithPath: references), of: labels, temperature: known)
        var bar: ProgressBar?
        for try await event in calibration.job().events() {
            switch event {
            case .read(let done, let count):
                bar = bar ?? ProgressBar("Calibrating", total: count)
                bar?.update(done)
            case .finished(let result):
                if !dryRun { for bundle in bundles { try bundle.store(temperature: result.temperature) } }
                try show(result)
            }
        }
    }

    private func show(_ result: FolderCalibration.Result) throws {
        if json { return print(try JSONLine.encode(result, pretty: true)) }
        func number(_ value: Double?, _ digits: Int = 4) -> String { value.map { String(format: "%.\(digits)f", $0) } ?? "–" }
        print(
            TextTable.render(
                head: ["\(result.cases) cases", "as they are", "temperature \(number(result.temperature, 3))"],
                rows: [("log-likelihood loss of uncertain voxels", result.loss)].map { [$0, number($1.before), number($1.after)] }
                    + (result.calibrationError.map { [["calibration error of the foreground", number($0.before), number($0.after)]] } ?? [])))
        print(
            TextTable.render(
                head: ["structure", "cases", "expected Dice", "true Dice", "mean difference", "correlation"],
                rows: result.structures.map {
                    [$0.name, "\($0.cases)", number($0.expectedDice), number($0.trueDice), number($0.difference), number($0.correlation, 2)]
                }))
        print(dryRun ? "Nothing was stored." : "Stored in \(model.joined(separator: ", ")).")
    }
}
