import ArgumentParser
import Foundation
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRSupport
import UNETRVolumes
import UNETRWorkflows

struct SegmentCommand: AsyncParsableCommand, StoppableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment", abstract: "Segment scans with a trained model.",
        discussion: """
            SCANS are files (\(VolumeFormats.endings.joined(separator: ", "))), folders of files, or DICOM studies: a folder as it comes from the
            scanner, its zip archive, or a file of many frames. `unetrpp scan info` lists the series of a study.
            A BIDS data set (dataset_description.json, sub-01/anat/sub-01_T1w.nii.gz, …) stands alone; its masks are a data set of derivatives.
            A model with several channels takes CASE_0000, CASE_0001, … as one scan. Each mask has the geometry of its scan and, unless its name or --output-format says otherwise, its format: a DICOM series gets a DICOM segmentation. One scan that cannot be read does not stop the others; the exit code says so.
            A scan unlike those that the model was trained on gets a warning, where the model has a training profile (see unetrpp model profile).
            While the network works on a scan, the next one is read and the last mask is written, where memory allows. Stopped by a signal,
            the command keeps the masks that are done and leaves no half of one.
            """)

    @Argument(help: "Scans, or folders of scans.", completion: .file())
    var scans: [String]

    @Option(
        name: .shortAndLong,
        help: "Mask to write for one scan (\(VolumeFormats.outputEndings.joined(separator: ", ")); of DICOM scans also .seg.dcm, .rtstruct.dcm), or a folder.",
        completion: .file())
    var output: String

    @OptionGroup var forms: MaskFormOptions

    @Option(
        name: .shortAndLong,
        help: "Model bundle, a choice.json of unetrpp choose, or a model of nnU-Net or MONAI (folder or zip); repeat the option to average several models.",
        completion: .file())
    var model: [String] = []

    @Option(help: "DICOM series to segment, by number or UID; for a model of several channels one for each, separated by commas.")
    var series: String?

    @Flag(help: "Move slices of a DICOM series straight that a tilted gantry pushed sideways; without it, such a series is refused.")
    var correctTilt = false

    @Option(help: "Segment only the validation scans of this training run, with its model unless --model names another.", completion: .directory)
    var validationOf: String?

    @OptionGroup var cohort: CohortOptions

    @Option(help: "Structures to keep, by name or number, separated by commas; everything else becomes background.")
    var structures: String?

    @Option(help: .hidden)  // the earlier name of --structures
    var roi: String?

    @Flag(
        help:
            "Also write probabilities (float32, one volume per output) to probabilities/CASE.nii in the output folder, or to MASK_probabilities.nii. A DICOM segmentation is then fractional."
    )
    var probabilities = false

    @Flag(
        help:
            "Also write how uncertain each voxel is, from 0 to 1 (float32), to uncertainty/CASE.nii in the output folder, or to MASK_uncertainty.nii, and tell the Dice that may be expected."
    )
    var uncertainty = false

    @Flag(inversion: .prefixedNo, help: "Average over mirrored versions of each patch, as the model's plan says.")
    var mirroring = true

    @Flag(inversion: .prefixedNo, help: "Post-process masks if the model's plan says so (see unetrpp postprocess).")
    var postprocessing = true

    @Option(help: "Distance between neighboring patches as a fraction of the patch size.")
    var step: Double?

    @Flag(help: "Compute patches with a single value, such as air, only once. The result is the same.")
    var skipEmpty = false

    @Option(
        help: """
            Of a GPU's memory, what a scan and the sums of its predictions may take, such as 8G; larger sums stay on the host (default: what the \
            GPU gives).
            """)
    var deviceMemory: String?

    @OptionGroup var region: RegionOptions
    @OptionGroup var models: ModelOptions
    @OptionGroup var outputs: OutputOptions
    @OptionGroup var memory: MemoryOptions
    @OptionGroup var engine: EngineOptions
    @OptionGroup var runtime: RuntimeOptions

    func validate() throws {
        guard !model.isEmpty || validationOf != nil else {
            throw ValidationError("--model is missing: the folder of a model, such as Models/hippocampus.unetrpp")
        }
        if structures != nil, roi != nil { throw ValidationError("--roi is the earlier name of --structures; give --structures only") }
        if let deviceMemory, ByteCount.parse(deviceMemory) == nil {
            throw ValidationError("--device-memory is '\(deviceMemory)'; expected a size such as 8G or 900M")
        }
        if let step, !InferenceSettings.stepRange.contains(step) {
            throw ValidationError("--step is \(step); expected \(InferenceSettings.stepRange.lowerBound) to \(InferenceSettings.stepRange.upperBound)")
        }
    }

    /// A line of the `--json` result.
    private struct Row: Encodable {
        var `case`: String
        var output: String?
        /// All files of the mask where there are several.
        var outputs: [String]?
        /// DICOM objects of an empty mask, which were not written.
        var unwritten: [String]?
        var error: String?
        /// Whether the mask was there already; only where it was.
        var skipped: Bool?
        var seconds: Double?
        var networkSeconds: Double?
        /// Windows that were computed, where some were left out.
        var windows: WindowShare?
        /// Volume of each structure in ml.
        var millilitres: [String: Double]?
        /// The Dice that may be expected of each structure.
        var expectedDice: [String: Double]?
        /// How far the scan lies from those that the model was trained on, where the model knows.
        var trainingDistance: TrainingDistance?
    }

    func run() async throws {
        let workflow = CohortSegmentation(try workflowOptions(), logger: .talk)
        let display = SegmentationDisplay(memory: memory.memory)
        var tasks: [SegmentationJob.Task] = [], done: [CaseRecord] = []
        for try await event in workflow.job().events() {
            display.show(event)
            switch event {
            case .begins(let outline): (tasks, done) = (outline.tasks, outline.done)
            case .task(.ended(let outcomes)): try conclude(tasks, outcomes, done)
            case .task: break
            }
        }
    }

    private func workflowOptions() throws -> CohortSegmentation.Options {
        func url(_ path: String) -> URL { URL(fileURLWithPath: path) }
        var options = CohortSegmentation.Options(scans: scans.map(url), output: url(output), models: model.map(url))
        options.choice = models.choice
        options.device = try runtime.apply()
        memory.apply()
        options.deviceMemory = deviceMemory.flatMap(ByteCount.parse)
        options.precision = runtime.chosenPrecision
        options.engine = engine.engine
        options.eightBits = runtime.allowsEightBits
        options.validationOf = validationOf.map(url)
        (options.cases, options.shard, options.resumes) = try (cohort.list, cohort.part, cohort.resume)
        options.suffixes = cohort.suffixes
        options.series = series?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } ?? []
        options.correctsTilt = correctTilt
        options.structures = (structures ?? roi)?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        (options.writesProbabilities, options.writesUncertainty) = (probabilities, uncertainty)
        options.replaces = outputs.force
        (options.forms, options.seed, options.version) = (forms.forms, forms.seed, UNETRPP.configuration.version)
        (options.mirroring, options.postProcesses) = (mirroring, postprocessing)
        (options.stepFraction, options.reusesConstantWindows) = (step, skipEmpty)
        options.locator = region.regionFrom.map(url)
        options.locatorStructures = region.structures
        options.locatorMargin = region.margin
        return options
    }

    private func conclude(_ tasks: [SegmentationJob.Task], _ outcomes: [SegmentationJob.Outcome], _ done: [CaseRecord]) throws {
        if runtime.json {
            let rows = zip(tasks, outcomes).map(row) + done.map(row)
            print(try JSONLine.encode(rows.sorted { $0.case < $1.case }, pretty: true))
        }
        if outcomes.contains(where: \.wasCancelled) { throw CancellationError() }
        // Another try does what failed and may not fail again; what else is wrong is told then.
        if outcomes.contains(where: \.mayPass) { throw ExitStatus.temporary }
        if outcomes.contains(where: { $0.problem != nil }) { throw ExitStatus.badData }
    }

    private func row(_ record: CaseRecord) -> Row {
        let files = record.masks.filter { !$0.value.isEmpty }.keys.sorted().map { URL(fileURLWithPath: output).appending(path: $0).path }
        return Row(
            case: record.name, output: files.first, outputs: files.count > 1 ? files : nil, skipped: true, seconds: record.seconds,
            networkSeconds: record.networkSeconds, millilitres: record.millilitres, expectedDice: record.expectedDice,
            trainingDistance: record.trainingDistance)
    }

    private func row(_ task: SegmentationJob.Task, _ outcome: SegmentationJob.Outcome) -> Row {
        if let problem = Advice.sentence(for: outcome) { return Row(case: outcome.name, error: problem) }
        return Row(
            case: outcome.name, output: outcome.unwritten.contains(task.mask) ? nil : task.mask.path,
            outputs: task.files.count > 1 ? task.files.map(\.url).filter { !outcome.unwritten.contains($0) }.map(\.path) : nil,
            unwritten: outcome.unwritten.isEmpty ? nil : outcome.unwritten.map(\.path), seconds: outcome.seconds, networkSeconds: outcome.networkSeconds,
            windows: outcome.windows, millilitres: outcome.millilitres, expectedDice: outcome.expectedDice,
            trainingDistance: outcome.trainingDistance)
    }
}
