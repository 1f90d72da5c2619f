public import Foundation
public import Logging
public import UNETREngines
public import UNETRInference
public import UNETRModels
import UNETRPlanning
import UNETRPreparation
public import UNETRSupport
public import UNETRTorch
import UNETRTorchEngine
import UNETRTraining
public import UNETRVolumes

/// The segmentation of scans, named by files and folders, with one model or the mean of several.
///
///     var options = CohortSegmentation.Options(scans: [folder], output: masks, models: [model])
///     for try await event in CohortSegmentation(options, logger: logger).job().events() { … }
///
/// Each mask has the geometry of its scan. A scan that cannot be read does not stop the others; its outcome says why. A cohort that was
/// stopped keeps the masks that are done.
public struct CohortSegmentation: Sendable {
    /// What is segmented with what, and how.
    public struct Options: Sendable {
        /// Files and folders; see `ScanCollection`. A BIDS data set stands alone; its masks are a data set of derivatives.
        public var scans: [URL]

        /// Of a BIDS data set, the suffixes of the files that are the model's channels; empty: those that the channels are named after, or the only one.
        public var suffixes: [String] = []

        /// Of DICOM studies, the series that are the model's channels, by UID or number; empty: the only one that fits.
        public var series: [String] = []

        /// Whether the slices of a DICOM series that a tilted gantry pushed sideways are made straight; otherwise such a series is refused.
        public var correctsTilt = false

        /// The mask of one scan (a name that `VolumeName(output:)` knows), or a folder for the masks.
        public var output: URL

        /// The forms in which masks are written; empty: as the output's name says, else like the scan (`MaskFile(like:named:in:)`).
        public var forms: [MaskForm] = []

        /// With a seed, equal masks make equal DICOM objects; nil: every object has new identifiers.
        public var seed: UInt64?

        /// The version of the program, which DICOM objects tell.
        public var version = "0"

        /// Model bundles, or other tools' models (see `ModelOpener`); the results of several are averaged, of different plans as `EnsembleSegmenter` does. None: the model of `validationOf`.
        public var models: [URL]

        /// Which networks of other tools' models are taken.
        public var choice = ModelChoice()

        /// A training run: only the scans it kept for validation are segmented.
        public var validationOf: URL?

        /// Only these cases of the scans; nil: all.
        public var cases: CaseList?

        /// Only this part of the cases, which are ordered by name; nil: all. The output is a folder then, which all parts may share.
        public var shard: Shard?

        /// Whether cases are left out whose masks are in the output folder already, made of the same scan by the same model with the same options.
        public var resumes = false

        /// Names or numbers of the structures to keep; all others become background. Nil: all are kept.
        public var structures: [String]?

        /// Whether the probabilities are written too; DICOM segmentations are then fractional.
        public var writesProbabilities = false

        /// Whether the uncertainty of each voxel is written too, and outcomes tell the Dice to expect.
        public var writesUncertainty = false

        /// Whether what is there already is replaced.
        public var replaces = false

        /// Whether masks are cleaned up as the plan says, and averaged over mirrored copies as it says.
        public var postProcesses = true
        /// Whether mirrored versions are averaged.
        public var mirroring = true

        /// Distance of neighboring patches as a part of the patch, within `InferenceSettings.stepRange`; nil: as the plan says.
        public var stepFraction: Double?

        /// Whether windows of one value throughout are computed only once.
        public var reusesConstantWindows = false

        /// A coarse model that finds where to look (`LocatedSegmenter`); nil: the whole scan is segmented.
        public var locator: URL?

        /// The names or numbers of its structures that make the region; nil: all.
        public var locatorStructures: [String]?

        /// Distance from these to the faces of the region, in mm (`LocatedSegmenter.marginRange`).
        public var locatorMargin = 20.0

        /// Which engine is wanted.
        public var engine = EngineChoice.auto

        /// Whether a model that was made for 8 bits is computed so where that is possible.
        public var eightBits = true

        /// Where it computes.
        public var device = Device.cpu
        /// How many bytes a scan and its sums may take in the memory of a GPU; nil: as many as it gives.
        public var deviceMemory: Int?
        /// What products and convolutions are computed in.
        public var precision = Precision.automatic

        /// Options with the usual settings.
        public init(scans: [URL], output: URL, models: [URL]) {
            self.scans = scans
            self.output = output
            self.models = models
        }
    }

    /// What happens; the last event is `task(.ended(…))`.
    public enum Event: Sendable {
        /// The work begins.
        case begins(Outline)
        /// Something happened in the job.
        case task(SegmentationJob.Event)
    }

    /// What the job is going to do.
    public struct Outline: Sendable {
        /// The scans, with where their masks go.
        public let tasks: [SegmentationJob.Task]

        /// The cases that are done already.
        public let done: [CaseRecord]

        /// About how many patches each task has.
        public let patches: [Int]

        /// Bytes that the job will take at most, as is predicted.
        public let memory: Int

        /// Whether the next scan is read while the network works.
        public let overlaps: Bool
    }

    /// What is segmented.
    public let options: Options

    /// Gets notes about engines that cannot be used.
    let logger: Logger

    /// A workflow with these options; notes go to `logger`.
    public init(_ options: Options, logger: Logger) {
        self.options = options
        self.logger = logger
    }

    /// The workflow as a job.
    ///
    /// - Throws: before the first scan: `OutputError`, `WorkflowError`, `ScanCollectionError`, and what reading the models throws.
    public func job() -> LongJob<Event> { LongJob { try run($0) } }

    private func run(_ report: @escaping LongJob<Event>.Report) throws {
        let run = options.validationOf.map { TrainingRun(folder: $0) }
        _ = try run?.readDescription()  // before its model: a folder that is no run has none either
        let urls = options.models.isEmpty ? run.map { [$0.model] } ?? [] : options.models
        guard !urls.isEmpty else { throw WorkflowError.noModel }
        let models = try urls.map { try open($0) }, bundles = models.flatMap(\.bundles), task = models.lazy.compactMap(\.task).first
        if let task, models.count > 1 { throw WorkflowError.taskAmongModels(task: task.name) }
        if let task, options.writesProbabilities || options.writesUncertainty { throw InferenceError.noProbabilities(task: task.name) }
        let groups = groups(of: models), labels = task?.labels ?? bundles[0].plan.labels
        let locator = try locatorModels(groups, task)
        let derivatives = try derivatives(of: urls[0], SHA256Digest(ofModels: groups, task: task), labels), keeper = try keeper(groups, task, locator)
        let (tasks, done) = try tasks(cases(for: bundles[0].plan, of: run, derivatives?.source), keeper, derivatives)
        let structures = try options.structures.map { try labels.structures(named: $0) }
        var settings = EngineSettings(
            options.engine, device: options.device, mixedPrecision: options.precision.mixed(on: options.device), usesEightBits: options.eightBits)
        settings.deviceMemory = options.deviceMemory
        settings.remark = { [logger] in logger.notice("\($0)") }
        let how = SegmenterOptions(
            mirroring: options.mirroring, stepFraction: options.stepFraction, structures: structures, postProcesses: options.postProcesses,
            reusesConstantWindows: options.reusesConstantWindows)
        let segmenter = try located(segmenter(groups, task, settings, how), by: locator, settings)
        let job = SegmentationJob(segmenter: segmenter, tasks: tasks, writer: try writer(segmenter, bundles, tasks))
        try report(.begins(Outline(tasks: tasks, done: done, patches: job.patches, memory: job.memory.predicted, overlaps: job.memory.overlaps)))
        if !tasks.isEmpty { try derivatives?.begin() }
        for record in done { try keeper?.skip(record) }
        try job.job().run { event in
            try derivatives?.note(event, tasks)
            try keeper?.note(event, tasks)
            try report(.task(event))
        }
    }

    /// Where the masks of a BIDS data set go; nil for other scans.
    private func derivatives(of model: URL, _ digest: SHA256Digest, _ labels: LabelSet) throws -> BIDSDerivatives? {
        guard options.scans.count == 1, let source = try BIDSFolder(options.scans[0]) else { return nil }
        if isMask { throw BIDSError.outputForm(what: options.output.lastPathComponent) }
        if let form = options.forms.first(where: { $0 != .nifti }) { throw BIDSError.outputForm(what: form.rawValue) }
        let name = ["unetrpp", "zip"].contains(model.pathExtension) ? model.deletingPathExtension().lastPathComponent : model.lastPathComponent
        let algorithm = DICOMAlgorithm(name: name, version: options.version, digest: digest.text)
        let derivatives = BIDSDerivatives(source, output: options.output, algorithm: algorithm, labels: labels)
        try derivatives.check()
        return derivatives
    }

    /// Notes what becomes of the cases of a cohort that is done in parts or goes on later; nil for any other.
    private func keeper(_ groups: [[ModelBundle]], _ task: ModelTask?, _ locator: [ModelBundle]?) throws -> RecordKeeper? {
        guard options.shard != nil || options.resumes else { return nil }
        guard !isMask else { throw WorkflowError.noFolderForRecords(path: options.output.path) }
        try OutputRule().check(folder: options.output)
        let key = RecordKeeper.Key(
            structures: options.structures, series: options.series, correctsTilt: options.correctsTilt, forms: options.forms.map(\.rawValue),
            probabilities: options.writesProbabilities, uncertainty: options.writesUncertainty ? true : nil, seed: options.seed, mirroring: options.mirroring,
            step: options.stepFraction, postProcesses: options.postProcesses, engine: options.engine.rawValue, precision: options.precision.rawValue,
            eightBits: options.eightBits, locator: try locator.map { try SHA256Digest(ofModels: [$0], task: nil).text },
            locatorStructures: options.locatorStructures, locatorMargin: locator.map { _ in options.locatorMargin })
        return try RecordKeeper(
            masks: options.output, shard: options.shard, models: groups, task: task, options: key, version: options.version,
            device: "\(options.device)")
    }

    /// The bundles in the groups that are averaged window by window. Models that are given one by one are averaged as those of one training are, if their
    /// plans allow it.
    private func groups(of models: [ModelOpener.Opened]) -> [[ModelBundle]] {
        models.reduce(into: []) { groups, opened in
            let known = opened.groups.count == 1 ? groups.firstIndex { $0[0].plan.agrees(with: opened.groups[0][0].plan) } : nil
            if let known { groups[known] += opened.groups[0] } else { groups += opened.groups }
        }
    }

    /// What the models make together: the parts of a task, networks that are averaged window by window, or several such groups.
    private func segmenter(
        _ groups: [[ModelBundle]], _ task: ModelTask?, _ settings: EngineSettings, _ how: SegmenterOptions
    ) throws -> any ScanSegmenter {
        let note = { (text: String) in logger.notice("\(text)") }
        if let task { return try TaskSegmenter(task, models: groups.flatMap { $0 }, engines: .all, settings: settings, options: how, note: note) }
        if groups.count == 1 { return try Segmenter(models: groups[0], engines: .all, settings: settings, options: how, note: note) }
        logger.notice("\(groups.count) models of different plans: their probabilities are averaged on the grid of the scan")
        return try EnsembleSegmenter(groups, engines: .all, settings: settings, options: how, note: note)
    }

    /// The networks of the locator, which are averaged window by window; nil without one.
    private func locatorModels(_ groups: [[ModelBundle]], _ task: ModelTask?) throws -> [ModelBundle]? {
        guard let url = options.locator else { return nil }
        guard task == nil, groups.count == 1 else { throw WorkflowError.locatorForSeveral(locator: url.path) }
        let opened = try ModelOpener().open(url)
        guard opened.task == nil, opened.groups.count == 1 else { throw WorkflowError.severalLocators(path: url.path) }
        return opened.groups[0]
    }

    /// The segmenter, within the region that the locator finds.
    private func located(_ segmenter: any ScanSegmenter, by models: [ModelBundle]?, _ settings: EngineSettings) throws -> any ScanSegmenter {
        guard let models, let fine = segmenter as? Segmenter else { return segmenter }
        let how = SegmenterOptions(mirroring: false, reusesConstantWindows: options.reusesConstantWindows)
        let locator = try Segmenter(models: models, engines: .all, settings: settings, options: how, note: { logger.notice("the locator: \($0)") })
        return try LocatedSegmenter(
            locator: locator, segmenter: fine, structures: options.locatorStructures.map { try locator.labels.structures(named: $0) },
            margin: options.locatorMargin)
    }

    /// Tells DICOM objects which model made them; several are told together.
    private func writer(_ segmenter: any ScanSegmenter, _ bundles: [ModelBundle], _ tasks: [SegmentationJob.Task]) throws -> MaskWriter {
        var algorithm = DICOMAlgorithm(name: segmenter.name, version: options.version)
        if tasks.contains(where: { $0.files.contains { $0.object != nil } }) {
            let digests = try bundles.map { try $0.weightsDigest().text }
            algorithm.digest = digests.count == 1 ? digests[0] : SHA256Digest(of: Data(digests.joined(separator: "\n").utf8)).text
        }
        var writer = MaskWriter(labels: segmenter.labels, algorithm: algorithm, seed: options.seed)
        writer.structures = try options.structures.map { try segmenter.labels.structures(named: $0) }
        return writer
    }

    private func open(_ url: URL) throws -> ModelOpener.Opened {
        let opened = try ModelOpener().open(url, options.choice)
        if let imported = opened.imported {
            logger.notice("\(imported.title), \(imported.members.joined(separator: ", "))")
            for note in imported.notes { logger.info("\(note)") }
        }
        return opened
    }

    /// The scans that were named; of a run's data only those it did not train on.
    private func cases(for plan: Plan, of run: TrainingRun?, _ dataset: BIDSFolder?) throws -> [DatasetCase] {
        if dataset == nil, !options.suffixes.isEmpty { throw WorkflowError.noBIDSFolder(paths: options.scans.map(\.path)) }
        var cases =
            try dataset.map { try ScanCollection.cases(in: $0, channels: plan.channelNames, suffixes: options.suffixes) }
            ?? ScanCollection.cases(
                in: options.scans, channels: plan.channelNames.count, names: plan.channelNames, series: options.series, correctsTilt: options.correctsTilt)
        if let run {
            let validation = Set(try run.readDescription().fold.validation)
            let missing = validation.subtracting(cases.map(\.name)).sorted()
            guard missing.isEmpty else {
                throw WorkflowError.missingScans(run: run.folder.path, missing: missing, places: options.scans.map(\.path))
            }
            cases = cases.filter { validation.contains($0.name) }
        }
        if let list = options.cases { cases = try list.chosen(of: cases) { dataset == nil ? [$0.name] : BIDSDerivatives.names(of: $0) } }
        if options.correctsTilt { for scanCase in cases { note(tiltOf: scanCase) } }
        return options.shard?.part(of: cases) ?? cases
    }

    /// Tells which scans are made straight.
    private func note(tiltOf scanCase: DatasetCase) {
        // What is wrong with a scan is said when its turn comes.
        let headers = scanCase.imageURLs.lazy.compactMap { try? VolumeFile.readHeader($0) as? DICOMHeader }
        if let note = headers.compactMap(\.tiltNote).first { logger.notice("\(scanCase.imageURLs[0].path): \(note)") }
    }

    /// What is to be done, and what is done already.
    private func tasks(
        _ cases: [DatasetCase], _ keeper: RecordKeeper?, _ derivatives: BIDSDerivatives?
    ) throws -> (tasks: [SegmentationJob.Task], done: [CaseRecord]) {
        var done: [CaseRecord] = []
        let tasks = try cases.compactMap { scanCase -> SegmentationJob.Task? in
            let task = try derivatives?.task(for: scanCase, options) ?? task(for: scanCase, among: cases.count)
            let files = task.files
            var rule = OutputRule(replaces: options.replaces)
            switch options.resumes ? try keeper?.find(task, replaces: options.replaces) : nil {
            case .done(let record)?:
                done.append(record)
                return nil
            case .unfinished?: rule.replaces = true
            case .unknown?, nil: break
            }
            for file in files.map(\.url) + [task.probabilities, task.uncertainty].compactMap({ $0 }) { try rule.check(file: file) }
            if files.contains(where: { $0.object != nil }) { try checkSeries(scanCase) }
            return task
        }
        // Of a BIDS data set names are told apart by more than a mask's name keeps.
        for (mask, same) in Dictionary(grouping: tasks, by: \.mask) where same.count > 1 {
            throw ScanCollectionError.sameName(name: mask.lastPathComponent, first: same[0].scan.imageURLs[0].path, second: same[1].scan.imageURLs[0].path)
        }
        return (tasks, done)
    }

    /// A scan with where its mask goes, and its probabilities.
    private func task(for scanCase: DatasetCase, among count: Int) throws -> SegmentationJob.Task {
        let files = try targets(of: scanCase, among: count)
        var task = SegmentationJob.Task(scan: scanCase, files: files)
        if options.writesProbabilities { task.probabilities = companion("probabilities", of: files[0].url) }
        if options.writesUncertainty { task.uncertainty = companion("uncertainty", of: files[0].url) }
        return task
    }

    /// A DICOM object is about a DICOM series.
    private func checkSeries(_ scanCase: DatasetCase) throws {
        guard try VolumeFile.format(of: scanCase.imageURLs[0]) is DICOMFormat else {
            throw DICOMObjectError(path: scanCase.imageURLs[0].path, problem: .noSeries)
        }
    }

    /// Beside a mask that was named, else in a folder of their own, so that a folder of masks holds nothing but masks.
    private func companion(_ kind: String, of mask: URL) -> URL {
        let name = mask.lastPathComponent
        let stem = MaskForm.stem(of: name) ?? name
        let folder = mask.deletingLastPathComponent()
        return isMask ? folder.appending(path: "\(stem)_\(kind).nii") : folder.appending(path: "\(kind)/\(stem).nii")
    }

    /// Whether the output is the name of a mask and not of a folder.
    private var isMask: Bool {
        let name = options.output.lastPathComponent
        return MaskForm.stem(of: name) != nil || options.forms.contains { $0.fits(name) }
    }

    /// The mask's files: for one scan and a name of a mask that name, where it fits a form; else files of the scan's name in the output folder.
    private func targets(of scanCase: DatasetCase, among count: Int) throws -> [MaskFile] {
        let output = options.output, name = output.lastPathComponent
        if isMask, count > 1 { throw WorkflowError.oneMaskForScans(path: output.path, scans: count) }
        let folder = isMask ? output.deletingLastPathComponent() : output
        let stem = isMask ? MaskForm.stem(of: name) ?? output.deletingPathExtension().lastPathComponent : scanCase.name
        let fitting = isMask ? options.forms.filter { $0.fits(name) } : []
        var files = options.forms.map { form in
            fitting == [form] ? MaskFile(output, form: form) : MaskFile(folder.appending(path: stem + form.ending), form: form)
        }
        if files.isEmpty { files = [isMask ? MaskFile(output) : MaskFile(like: scanCase.imageURLs[0], named: stem, in: folder)] }
        let paths = scanCase.imageURLs.map { $0.resolvingSymlinksInPath().standardizedFileURL.path }
        for file in files where paths.contains(file.url.resolvingSymlinksInPath().standardizedFileURL.path) {
            throw WorkflowError.maskOverScan(path: file.url.path)
        }
        return files
    }
}
