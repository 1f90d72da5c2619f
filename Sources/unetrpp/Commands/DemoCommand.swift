import ArgumentParser
import Foundation
import UNETREngines
import UNETREvaluation
import UNETRInference
import UNETRModels
import UNETRPictures
import UNETRPreparation
import UNETRTorch
import UNETRTorchEngine
import UNETRVolumes

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Segment the shipped MRI scans with the shipped model and compare with the expert.")

    @Option(help: "Folder with the shipped scans (images/ and labels/).", completion: .directory)
    var data = "Examples/hippocampus"

    @Option(help: "The shipped model.", completion: .directory)
    var model = "Models/hippocampus.unetrpp"

    @Option(name: .shortAndLong, help: "Folder for masks and pictures.", completion: .directory)
    var output = "demo-output"

    @OptionGroup var outputs: OutputOptions
    @OptionGroup var engine: EngineOptions
    @OptionGroup var runtime: RuntimeOptions

    private struct Row: Encodable {
        var `case`: String
        var dice: [String: Double?]
        var millilitres: [String: Double]
        var expertMillilitres: [String: Double]
        var seconds: Double
        var mask: String
        var picture: String
    }

    func run() throws {
        let device = try runtime.apply()
        let dataset = try Dataset(contentsOf: URL(fileURLWithPath: data))
        for scanCase in dataset.cases {
            for ending in ["nii.gz", "png"] { try outputs.check(file: URL(fileURLWithPath: output).appending(path: "\(scanCase.name).\(ending)")) }
        }
        let bundle = try ModelBundle(contentsOf: URL(fileURLWithPath: model))
        let segmenter = try Segmenter(
            model: bundle, engines: .all,
            settings: EngineSettings(
                engine.engine, device: device, mixedPrecision: runtime.mixedPrecision(on: device), usesEightBits: runtime.allowsEightBits),
            note: EngineOptions.note)
        let structures = segmenter.plan.labels.foreground
        let evaluator = Evaluator(classes: structures, surfaces: false)
        var rows: [Row] = []
        for scanCase in dataset.cases {
            rows.append(try process(scanCase, segmenter, evaluator, structures))
        }
        if runtime.json {
            print(try JSONLine.encode(rows, pretty: true))
        } else {
            show(rows, structures.map(\.name))
        }
    }

    private func process(
        _ scanCase: DatasetCase, _ segmenter: Segmenter, _ evaluator: Evaluator, _ structures: [LabelDefinition]
    ) throws -> Row {
        let scan = try scanCase.readScan(channelNames: segmenter.plan.channelNames)
        guard let expert = try scanCase.readLabels(on: scan.geometry) else {
            throw ValidationError("the shipped scan \(scanCase.name) has no labels in \(data)")
        }
        let result = try segmenter.segment(scan, name: scanCase.name)
        let metrics = try evaluator.evaluate(result.labels, against: expert, case: scanCase.name)
        let folder = URL(fileURLWithPath: output)
        let mask = folder.appending(path: scanCase.name + VolumeFile.maskEnding(for: scanCase.imageURLs[0]))
        let picture = folder.appending(path: "\(scanCase.name).png")
        try VolumeFile.write(labels: result.labels, like: VolumeFile.readHeader(scanCase.imageURLs[0]), to: mask)

        func byName<Value>(_ value: (LabelDefinition) -> Value) -> [String: Value] {
            Dictionary(structures.map { ($0.name, value($0)) }) { first, _ in first }
        }
        let dice = byName { label in metrics.classes[label.key]?.dice }
        let found = byName { label in label.values.reduce(0) { $0 + result.labels.millilitres(of: Int16($1)) } }
        let drawn = structures.enumerated().map { index, label in
            OverlayLabel(
                value: Int16(label.values[0]), name: label.name, color: label.color.flatMap(Color.init(hex:)) ?? .distinct(index),
                note: String(format: "%.2f ml, Dice %.3f", found[label.name] ?? 0, (dice[label.name] ?? nil) ?? .nan))
        }
        var overlay = Overlay(title: scanCase.name, subtitle: "UNETR++ in color, expert as outline", labels: drawn)
        overlay.referenceName = "expert (outline)"
        let input = OverlayInput(
            size: scan.geometry.size, spacing: scan.geometry.spacing, orientation: scan.geometry.orientation, intensities: scan.voxels,
            labels: result.labels.voxels, reference: expert.voxels)
        try overlay.render(input).writePNG(to: picture)
        return Row(
            case: scanCase.name, dice: dice, millilitres: found,
            expertMillilitres: byName { label in label.values.reduce(0) { $0 + expert.millilitres(of: Int16($1)) } },
            seconds: result.seconds, mask: mask.path, picture: picture.path)
    }

    private func show(_ rows: [Row], _ names: [String]) {
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
