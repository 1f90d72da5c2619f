import ArgumentParser
import Foundation
import UNETREvaluation
import UNETRSupport
import UNETRVolumes
import UNETRWorkflows

struct EvaluateCommand: AsyncParsableCommand, StoppableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Compare segmentations with reference label maps.",
        discussion: """
            PREDICTIONS and REFERENCES are two label maps, or two folders whose files belong together by name; DICOM segmentations and
            structure sets, too. With --output a
            folder gets evaluation.json, summary.json (nnU-Net v2's layout), metrics.csv and report.html, which needs no other file.
            """)

    @Argument(help: "Predicted label map, or a folder of them.", completion: .file())
    var predictions: String

    @Argument(help: "Reference label map, or a folder of them.", completion: .file())
    var references: String

    @Option(name: .shortAndLong, help: "Folder for evaluation.json, summary.json, metrics.csv and report.html.", completion: .directory)
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Show the published results of a benchmark for comparison: \(PublishedTable.all.map(\.name).joined(separator: ", ")).", valueName: "name"))
    var benchmark: String?

    @Option(help: "Probabilities with one channel per label: a folder of CASE.nii.gz, or one file. Adds calibration.", completion: .file())
    var probabilities: String?

    @Option(help: "Folder of the scans, for the pictures in the report; it also has the grid where both sides are DICOM objects.", completion: .directory)
    var images: String?

    @Option(help: "Number of worst cases shown as pictures in the report.")
    var worst = 5

    @OptionGroup var outputs: OutputOptions
    @OptionGroup var memory: MemoryOptions
    @OptionGroup var scoring: ScoringOptions

    func validate() throws {
        if let benchmark, PublishedTable.named(benchmark) == nil {
            throw ValidationError("--benchmark is '\(benchmark)'; expected one of \(PublishedTable.all.map(\.name).joined(separator: ", "))")
        }
        guard worst >= 0 else { throw ValidationError("--worst is \(worst); expected a number of cases") }
    }

    func run() async throws {
        memory.apply()
        func url(_ path: String) -> URL { URL(fileURLWithPath: path) }
        var options = FolderEvaluation.Options(predictions: url(predictions), references: url(references))
        options.scoring = try scoring.request
        options.benchmark = benchmark.flatMap(PublishedTable.named)
        options.probabilities = probabilities.map(url)
        (options.output, options.replaces) = (output.map(url), outputs.force)
        (options.images, options.worst) = (images.map(url), worst)
        options.bootstrap = Bootstrap(seed: scoring.seed)
        var bar: ProgressBar?
        for try await event in FolderEvaluation(options).job().events() {
            switch event {
            case .scored(let done, let count):
                bar = bar ?? ProgressBar("Scoring", total: count)
                bar?.update(done)
            case .finished(let result):
                print(scoring.json ? String(decoding: try result.json(), as: UTF8.self) : text(result, options.benchmark))
            }
        }
    }

    /// The result for a terminal: cases, then classes, then what the figures mean.
    private func text(_ result: EvaluationResult, _ table: PublishedTable?) -> String {
        var parts = [cases(result), classes(result)]
        if let mean = result.meanDice { parts.append("Mean Dice over classes: \(Self.number(mean, 4))") }
        let errors = result.calibrations.map(\.expectedCalibrationError)
        if !errors.isEmpty {
            let briers = result.calibrations.map(\.brierScore)
            parts.append(
                "Expected calibration error \(Self.number(errors.reduce(0, +) / Double(errors.count), 4)), "
                    + "Brier score \(Self.number(briers.reduce(0, +) / Double(briers.count), 4)) (means over cases)")
        }
        if let table {
            parts.append(
                "\(table.title)\n" + TextTable.render(head: table.head, rows: table.lines(with: result)) + "\n"
                    + table.remarks(for: result).map { "- \($0)" }.joined(separator: "\n"))
        }
        parts.append(
            "Definition \(result.definition.name):\n"
                + (result.definition.sentences + [result.definition.empty.sentence]).map { "- \($0)" }.joined(separator: "\n"))
        return parts.joined(separator: "\n\n")
    }

    private func cases(_ result: EvaluationResult) -> String {
        // A terminal has no room for many classes; the files have them all.
        let shown = result.classes.count <= 8 ? result.classes : []
        let rows = result.cases.map { metrics in
            [metrics.name] + shown.map { Self.number(metrics.classes[$0.key]?.dice, 4) } + [Self.number(metrics.meanDice, 4)]
        }
        return TextTable.render(head: ["Dice by case"] + shown.map(\.name) + ["mean"], rows: rows)
    }

    private func classes(_ result: EvaluationResult) -> String {
        let unit = result.definition.unit.rawValue
        let tolerances = result.tolerances
        let distances: [(String, Figure, Int)] = tolerances.isEmpty ? [] : [("HD95 \(unit)", .hd95, 2), ("ASSD \(unit)", .assd, 3)]
        let surfaceDice = tolerances.map { ("NSD \($0)", Figure.nsd($0), 4) }
        let lesions: [(String, Figure, Int)] = result.hasLesions ? [("lesion F1", .lesionF1, 4)] : []
        let figures = distances + surfaceDice + lesions + [("volume diff. ml", .volumeDifference, 3)]
        let rows = result.classes.map { structure -> [String] in
            let dice = Distribution(result.values(.dice, of: structure.key))
            let interval = dice?.interval.map { "\(Self.number($0.lowerBound, 4)) to \(Self.number($0.upperBound, 4))" } ?? "–"
            return [structure.name, Self.number(dice?.mean, 4), Self.number(dice?.standardDeviation, 4), Self.number(dice?.median, 4), interval]
                + figures.map { Self.number(Distribution(result.values($0.1, of: structure.key), bootstrap: nil)?.mean, $0.2) }
                + ["\(dice?.leftOut ?? result.cases.count)"]
        }
        return TextTable.render(
            head: ["Means by class", "Dice", "SD", "median", "95 % interval"] + figures.map(\.0) + ["Dice left out"], rows: rows)
    }

    private static func number(_ value: Double?, _ decimals: Int) -> String {
        guard let value else { return "–" }
        return value.isFinite ? String(format: "%.\(decimals)f", value) : "inf"
    }
}
