import ArgumentParser
import Foundation
import Inference
import Preparation
import Torch
import Volumes

struct SegmentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment", abstract: "Segment scans with a trained model.",
        discussion: """
            SCANS are files (.nii, .nii.gz, .hdr) or folders of files. A model with several channels takes CASE_0000, CASE_0001, … as one
            scan. Each mask has the geometry of its scan. One scan that cannot be read does not stop the others; the exit code says so.
            """)

    @Argument(help: "Scans, or folders of scans.", completion: .file())
    var scans: [String]

    @Option(name: .shortAndLong, help: "Mask to write (.nii or .nii.gz) for one scan, or a folder.", completion: .file())
    var output: String

    @Option(name: .shortAndLong, help: "Model bundle; several are averaged.", completion: .directory)
    var model: [String]

    @Flag(inversion: .prefixedNo, help: "Average over mirrored copies, as the model's plan says.")
    var mirroring = true

    @Option(help: "Distance of neighbouring patches as a part of the patch.")
    var step: Double?

    @OptionGroup var runtime: RuntimeOptions

    func validate() throws {
        guard !model.isEmpty else { throw ValidationError("--model is missing: the folder of a model, such as Models/hippocampus.unetrpp") }
        if let step, !(step > 0 && step <= 1) { throw ValidationError("--step is \(step); above 0 and at most 1 is expected") }
    }

    /// A line of the `--json` result.
    private struct Row: Encodable {
        var `case`: String
        var output: String?
        var error: String?
        var seconds: Double?
        var networkSeconds: Double?
        /// Volume of each structure in ml.
        var millilitres: [String: Double]?
    }

    func run() throws {
        let device = try runtime.apply()
        let segmenter = try Segmenter(
            models: model.map { try ModelBundle(contentsOf: URL(fileURLWithPath: $0)) }, device: device,
            mixedPrecision: runtime.mixedPrecision(on: device), mirroring: mirroring, stepFraction: step)
        let cases = try ScanCollection.cases(in: scans.map { URL(fileURLWithPath: $0) }, channels: segmenter.plan.channelNames.count)
        let targets = try cases.map { try target(of: $0, among: cases.count) }
        let bar = ProgressBar("Segmenting", total: cases.count)
        let rows = zip(cases, targets).enumerated().map { index, pair in
            let row = segment(pair.0, to: pair.1, segmenter)
            if let error = row.error { bar.say("unetrpp: \(error)") }
            bar.update(index + 1, pair.0.name)
            return row
        }
        if runtime.json { print(try JSONLine.encode(rows, pretty: true)) }
        let failed = rows.filter { $0.error != nil }
        guard failed.isEmpty else {
            if rows.count > 1 {
                bar.say("\(failed.count) of \(rows.count) scans failed: \(failed.map(\.case).joined(separator: ", "))")
            }
            throw ExitCode.failure
        }
    }

    private func segment(_ scanCase: DatasetCase, to target: URL, _ segmenter: Segmenter) -> Row {
        do {
            let scan = try scanCase.readScan(channelNames: segmenter.plan.channelNames)
            let result = try segmenter.segment(scan, name: scanCase.imageURLs[0].path)
            try NIfTI.write(labels: result.labels, like: NIfTI.readHeader(scanCase.imageURLs[0]), to: target)
            let volumes = segmenter.plan.labels.foreground.map { label in
                (label.name, label.values.reduce(0) { $0 + result.labels.millilitres(of: Int16($1)) })
            }
            return Row(
                case: scanCase.name, output: target.path, seconds: result.seconds, networkSeconds: result.networkSeconds,
                millilitres: Dictionary(volumes) { first, _ in first })
        } catch {
            return Row(case: scanCase.name, error: "\(error)")
        }
    }

    /// The mask's file: the output itself for one scan and a name of a mask, else a file of the scan's name in the output folder.
    private func target(of scanCase: DatasetCase, among count: Int) throws -> URL {
        let output = URL(fileURLWithPath: output)
        let isMask = [".nii", ".nii.gz"].contains { output.lastPathComponent.lowercased().hasSuffix($0) }
        if isMask, count > 1 { throw ValidationError("--output \(output.path) is one file, but there are \(count) scans; name a folder") }
        let target = isMask ? output : output.appending(path: "\(scanCase.name).nii.gz")
        let paths = scanCase.imageURLs.map { $0.resolvingSymlinksInPath().standardizedFileURL.path }
        guard !paths.contains(target.resolvingSymlinksInPath().standardizedFileURL.path) else {
            throw ValidationError("the mask would overwrite the scan \(target.path); choose another --output")
        }
        return target
    }
}
