import ArgumentParser
import Foundation
import UNETRInference
import UNETRPreparation
import UNETRTorch
import UNETRTraining
import UNETRVolumes

struct SegmentCommand: StoppableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment", abstract: "Segment scans with a trained model.",
        discussion: """
            SCANS are files (\(VolumeFormats.endings.joined(separator: ", "))) or folders of files.
            A model with several channels takes CASE_0000, CASE_0001, … as one scan. Each mask has the geometry of its scan. One scan that cannot be read does not stop the others; the exit code says so.
            While the network works on a scan, the next one is read and the last mask is written, where memory allows. Stopped by a signal,
            the command keeps the masks that are done and leaves no half of one.
            """)

    @Argument(help: "Scans, or folders of scans.", completion: .file())
    var scans: [String]

    @Option(name: .shortAndLong, help: "Mask to write for one scan (\(VolumeFormats.outputEndings.joined(separator: ", "))), or a folder.", completion: .file())
    var output: String

    @Option(name: .shortAndLong, help: "Model bundle; several are averaged.", completion: .directory)
    var model: [String] = []

    @Option(help: "Training run: only the scans it kept for validation; its model, unless --model names another.", completion: .directory)
    var validationOf: String?

    @Option(help: "Structures to keep, by name or number, separated by commas; all others become background.")
    var roi: String?

    @Flag(help: "Write the probabilities too: probabilities/CASE.nii in the output folder, or MASK_probabilities.nii; float32, one volume an output.")
    var probabilities = false

    @Flag(inversion: .prefixedNo, help: "Average over mirrored copies, as the model's plan says.")
    var mirroring = true

    @Flag(inversion: .prefixedNo, help: "Clean masks up where the model's plan says so (unetrpp postprocess).")
    var postprocessing = true

    @Option(help: "Distance of neighboring patches as a part of the patch.")
    var step: Double?

    @Flag(help: "Compute windows of one value throughout, such as air, only once; the result is the same.")
    var skipEmpty = false

    @OptionGroup var outputs: OutputOptions
    @OptionGroup var memory: MemoryOptions
    @OptionGroup var engine: EngineOptions
    @OptionGroup var runtime: RuntimeOptions

    func validate() throws {
        guard !model.isEmpty || validationOf != nil else {
            throw ValidationError("--model is missing: the folder of a model, such as Models/hippocampus.unetrpp")
        }
        if let step, !InferenceSettings.stepRange.contains(step) {
            throw ValidationError("--step is \(step); expected \(InferenceSettings.stepRange.lowerBound) to \(InferenceSettings.stepRange.upperBound)")
        }
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
        memory.apply()
        let run = validationOf.map { TrainingRun(folder: URL(fileURLWithPath: $0)) }
        _ = try run?.readDescription()  // before its model: a folder that is no run has none either
        let urls = model.isEmpty ? [run!.model] : model.map { URL(fileURLWithPath: $0) }
        let bundles = try urls.map { try ModelBundle(contentsOf: $0) }
        let tasks = try tasks(cases(for: bundles[0].plan, of: run))
        let segmenter = try Segmenter(
            models: bundles, engine: engine.engine, device: device,
            mixedPrecision: runtime.mixedPrecision(on: device), eightBits: runtime.allowsEightBits, mirroring: mirroring, stepFraction: step,
            note: EngineOptions.note)
        segmenter.predictor.reusesConstantWindows = skipEmpty
        segmenter.postProcesses = postprocessing
        segmenter.structures = try roi.map {
            try segmenter.plan.labels.structures(named: $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
        }
        let job = SegmentationJob(segmenter: segmenter, tasks: tasks)
        let outcomes = show(job)
        if runtime.json { print(try JSONLine.encode(zip(tasks, outcomes).map(row), pretty: true)) }
        if outcomes.contains(where: \.wasCancelled) { throw CancellationError() }
        if outcomes.contains(where: { $0.problem != nil }) { throw ExitCode.failure }
    }

    /// Runs the job with a progress bar over the patches of all scans.
    private func show(_ job: SegmentationJob) -> [SegmentationJob.Outcome] {
        let bar = ProgressBar("Segmenting", total: job.patches.reduce(0, +))
        bar.say(
            "Predicted peak memory \(job.memory.predicted >> 20) MB" + (memory.memory.map { " of \($0)" } ?? "")
                + (job.tasks.count > 1 ? job.memory.overlaps ? ", one scan read ahead" : ", one scan after the other" : ""))
        let outcomes = job.run { event in
            switch event {
            case .patch(let task, let done, let total):
                let before = job.patches[..<task].reduce(0, +)
                bar.update(before + job.patches[task] * done / total, job.tasks[task].scan.name)
            case .finished(_, let outcome):
                if let problem = outcome.problem { bar.say("unetrpp: \(problem)") }
            }
        }
        let failed = outcomes.filter { $0.problem != nil && !$0.wasCancelled }
        if outcomes.contains(where: \.wasCancelled) {
            bar.say("unetrpp: stopped; \(outcomes.filter { $0.problem == nil }.count) of \(outcomes.count) scans are done")
        }
        if !failed.isEmpty, outcomes.count > 1 {
            bar.say("\(failed.count) of \(outcomes.count) scans failed: \(failed.map(\.name).joined(separator: ", "))")
        }
        return outcomes
    }

    private func row(_ task: SegmentationJob.Task, _ outcome: SegmentationJob.Outcome) -> Row {
        if let problem = outcome.problem { return Row(case: outcome.name, error: problem) }
        return Row(
            case: outcome.name, output: task.mask.path, seconds: outcome.seconds, networkSeconds: outcome.networkSeconds,
            millilitres: outcome.millilitres)
    }

    /// The scans that were named; of a run's data only those it did not train on.
    private func cases(for plan: Plan, of run: TrainingRun?) throws -> [DatasetCase] {
        let cases = try ScanCollection.cases(in: scans.map { URL(fileURLWithPath: $0) }, channels: plan.channelNames.count)
        guard let run else { return cases }
        let validation = Set(try run.readDescription().fold.validation)
        let chosen = cases.filter { validation.contains($0.name) }
        let missing = validation.subtracting(chosen.map(\.name)).sorted()
        guard missing.isEmpty else {
            throw CommandError(
                "\(missing.count) scans that \(run.folder.path) kept for validation are not in \(scans.joined(separator: ", ")): "
                    + missing.prefix(5).joined(separator: ", ") + (missing.count > 5 ? ", …" : ""))
        }
        return chosen
    }

    private func tasks(_ cases: [DatasetCase]) throws -> [SegmentationJob.Task] {
        try cases.map { scanCase in
            let mask = try target(of: scanCase, among: cases.count), values = probabilities ? probabilitiesFile(mask) : nil
            for file in [mask] + (values.map { [$0] } ?? []) { try outputs.check(file: file) }
            return SegmentationJob.Task(scan: scanCase, mask: mask, probabilities: values)
        }
    }

    /// Beside a mask that was named, else in a folder of their own, so that a folder of masks holds nothing but masks.
    private func probabilitiesFile(_ mask: URL) -> URL {
        let name = mask.lastPathComponent
        let stem = VolumeName(output: name)?.stem ?? name
        let folder = mask.deletingLastPathComponent()
        return isMask ? folder.appending(path: "\(stem)_probabilities.nii") : folder.appending(path: "probabilities/\(stem).nii")
    }

    /// Whether the output is the name of a mask and not of a folder.
    private var isMask: Bool { VolumeName(output: URL(fileURLWithPath: output).lastPathComponent) != nil }

    /// The mask's file: the output itself for one scan and a name of a mask, else a file of the scan's name in the output folder.
    private func target(of scanCase: DatasetCase, among count: Int) throws -> URL {
        let output = URL(fileURLWithPath: output)
        if isMask, count > 1 { throw ValidationError("--output \(output.path) is one file, but there are \(count) scans; name a folder") }
        let target = isMask ? output : output.appending(path: scanCase.name + VolumeFile.maskEnding(for: scanCase.imageURLs[0]))
        let paths = scanCase.imageURLs.map { $0.resolvingSymlinksInPath().standardizedFileURL.path }
        guard !paths.contains(target.resolvingSymlinksInPath().standardizedFileURL.path) else {
            throw ValidationError("the mask would overwrite the scan \(target.path); choose another --output")
        }
        return target
    }
}
