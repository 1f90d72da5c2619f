import ArgumentParser
import Foundation
import UNETREngines
import UNETRInference
import UNETRModels
import UNETROpenVINO
import UNETRPlanning
import UNETRQuantization
import UNETRSupport
import UNETRTorch
import UNETRTorchEngine

struct QuantizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize", abstract: "Convert a model to 8 bits for the compiled engine.",
        discussion: """
            The ranges of what goes into the convolutions over neighboring voxels (3×3×3 in most networks) are measured on real scans. Then every scan is segmented in float32 and in \
            8 bits, both without mirroring, and the masks are compared: Dice and HD95 of each structure. The agreement is the mean Dice \
            over all structures of all scans, without structures that neither mask has; under \(Quantizer.requiredAgreement) nothing is \
            saved, unless --accept-disagreement. The new model is the old one with its ranges beside the weights: the compiled engine takes 8 bits \
            unless --precision says otherwise, everything else uses it as before.
            """)

    @Argument(help: "Model bundle.", completion: .directory) var model: String

    @Option(
        parsing: .upToNextOption, help: "Scans like those the model will segment, or folders of scans; about ten are enough.",
        completion: .file())
    var calibration: [String]

    @Option(name: .shortAndLong, help: "Model to write (default: the model's name with -int8).", completion: .directory) var output: String?

    @Option(help: "Total number of patches to measure ranges on; at least one per scan.") var patches = 64

    @Option(help: "Threads (default: all cores).") var threads: Int?

    @Flag(help: "Save the model even if its masks disagree with those of float32.") var acceptDisagreement = false

    @OptionGroup var outputs: OutputOptions

    @Flag(help: "Print the result as JSON on standard output.") var json = false

    func validate() throws {
        if !(1...100_000).contains(patches) { throw ValidationError("--patches is \(patches); expected 1 to 100000") }
        if let threads, threads < 1 { throw ValidationError("--threads is \(threads); at least 1 is expected") }
    }

    private struct Result: Encodable {
        /// The model; nil if it was not saved.
        var output: String?
        var report: QuantizationReport
        var patches: Int
        var scans: [String]
    }

    func run() async throws {
        try Runtime.setThreads(threads ?? ProcessInfo.processInfo.activeProcessorCount)
        let source = URL(fileURLWithPath: model)
        let target =
            output.map { URL(fileURLWithPath: $0) }
            ?? source.deletingLastPathComponent().appending(path: source.deletingPathExtension().lastPathComponent + "-int8.unetrpp")
        try outputs.check(bundle: target)
        let bundle = try ModelBundle(contentsOf: source)
        let scans = try ScanCollection.cases(in: calibration.map { URL(fileURLWithPath: $0) }, channels: bundle.plan.channelNames.count)
        let quantizer = try Quantizer(
            bundle, scans: scans, provider: .besideLibtorch, settings: EngineSettings(.compiled, device: .cpu), patchLimit: patches)

        let calibrating = ProgressBar("Calibrating", total: scans.count), comparing = ProgressBar("Comparing", total: scans.count)
        for try await event in quantizer.job().events() {
            switch event {
            case .calibrated(let scan, let done, _): calibrating.update(done, scan)
            case .compared(let scan, let done, _): comparing.update(done, scan)
            case .finished(let quantization): try conclude(quantizer, quantization, target)
            }
        }
    }

    private func conclude(_ quantizer: Quantizer, _ quantization: Quantization, _ target: URL) throws {
        guard let report = quantization.report else { return }
        let saved = Swift.Result { try quantizer.save(quantization, to: target, evenIf: acceptDisagreement, replacing: outputs.force) }
        if json {
            let path = try? saved.get().url.path
            print(try JSONLine.encode(Result(output: path, report: report, patches: quantization.patches, scans: quantization.scans), pretty: true))
        } else {
            show(report)
        }
        let bundleWritten = try saved.get()
        if !json { print(bundleWritten.url.path) }
    }

    private func show(_ report: QuantizationReport) {
        func text(_ value: Double?, _ format: String) -> String { value.map { String(format: format, $0) } ?? "–" }
        print(
            TextTable.render(
                head: ["8 bits against float32", "scans", "Dice, mean", "lowest", "HD95 mm, mean", "largest"],
                rows: report.structures.map {
                    [
                        $0.name, "\($0.scans)", text($0.meanDice, "%.4f"), text($0.lowestDice, "%.4f"), text($0.meanHD95, "%.2f"),
                        text($0.largestHD95, "%.2f"),
                    ]
                }))
        print(
            "agreement \(text(report.agreement, "%.4f")), "
                + String(format: "%.1f ms a patch in float32, %.1f ms in 8 bits", 1000 * report.secondsInFloat32, 1000 * report.secondsInEightBits))
    }
}
