import ArgumentParser
import Foundation
import UNETRInference
import UNETRSupport
import UNETRWorkflows

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Segment the shipped MRI scans with the shipped model and compare the result with the expert's labels.")

    @Option(help: "Folder with the shipped scans (images/ and labels/).", completion: .directory)
    var data = "Examples/hippocampus"

    @Option(help: "The shipped model.", completion: .directory)
    var model = "Models/hippocampus.unetrpp"

    @Option(name: .shortAndLong, help: "Folder for masks and pictures.", completion: .directory)
    var output = "demo-output"

    @OptionGroup var outputs: OutputOptions
    @OptionGroup var engine: EngineOptions
    @OptionGroup var runtime: RuntimeOptions

    func run() async throws {
        func url(_ path: String) -> URL { URL(fileURLWithPath: path) }
        var options = Demonstration.Options(data: url(data), model: url(model), output: url(output))
        options.device = try runtime.apply()
        options.precision = runtime.chosenPrecision
        options.replaces = outputs.force
        options.engine = engine.engine
        options.eightBits = runtime.allowsEightBits
        for try await event in Demonstration(options, logger: .talk).job().events() {
            guard case .finished(let outcomes, let structures) = event else { continue }
            if runtime.json { print(try JSONLine.encode(outcomes, pretty: true)) } else { show(outcomes, structures) }
        }
    }

    private func show(_ rows: [Demonstration.Outcome], _ names: [String]) {
        func column(_ text: String, _ width: Int) -> String { text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0) }
        let width = (rows.map(\.case.count).max() ?? 4) + 2
        print(column("scan", width) + column("structure", 12) + column("Dice", 8) + column("ml", 8) + column("expert ml", 11) + "seconds")
        for row in rows {
            for (index, name) in names.enumerated() {
                let dice = (row.dice[name] ?? nil).map { String(format: "%.3f", $0) } ?? "–"
                print(
                    column(index == 0 ? row.case : "", width) + column(name, 12) + column(dice, 8)
                        + column(String(format: "%.2f", row.millilitres[name] ?? 0), 8)
                        + column(String(format: "%.2f", row.expertMillilitres[name] ?? 0), 11)
                        + (index == 0 ? String(format: "%.1f", row.seconds) : ""))
            }
        }
        let values = rows.flatMap { row in names.compactMap { row.dice[$0] ?? nil } }
        print(String(format: "mean Dice %.3f, peak memory %d MB", values.reduce(0, +) / Double(max(1, values.count)), ProcessUsage.peakMemory >> 20))
        for row in rows { print("picture: \(row.picture)") }
    }
}
