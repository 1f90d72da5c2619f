public import Foundation
import UNETREngines
public import UNETRModels
import UNETRPlanning
public import UNETRPreparation
public import UNETRSupport
public import UNETRVolumes

/// The segmentation of many scans with one model: while the network works on a scan, the next is read and prepared and the mask of the
/// one before is written. At most three scans are in memory.
///
/// A scan that cannot be done does not stop the others. The job stops between two computations of the network when the task it runs in, or
/// the `Cancellation` it runs under, is canceled; the scans that are done then keep their masks, the others have none.
public struct SegmentationJob: Sendable {
    /// A scan and where its results go.
    public struct Task: Sendable {
        /// The scan's files, one for each channel.
        public var scan: DatasetCase
        /// The mask's files; a name's ending chooses the format (`VolumeFormats.outputEndings`, or that of a DICOM object).
        public var files: [MaskFile]
        /// The first of them.
        public var mask: URL {
            get { files[0].url }
            set { files[0] = MaskFile(newValue) }
        }
        /// A file `.nii` for the probabilities, float32 [K, D, H, W] as the fourth axis of the file; nil: none. With it, a DICOM segmentation among
        /// `files` is fractional.
        public var probabilities: URL?

        /// A file `.nii` for how uncertain each voxel is (`VoxelEntropy`), float32 [D, H, W]; nil: none.
        public var uncertainty: URL?
        /// Whether probabilities are made on the scan's grid.
        var wantsProbabilities: Bool { probabilities != nil || uncertainty != nil }

        /// A scan, where its mask goes, and where its probabilities go.
        public init(scan: DatasetCase, mask: URL, probabilities: URL? = nil) {
            self.init(scan: scan, files: [MaskFile(mask)], probabilities: probabilities)
        }

        /// A scan whose mask goes to several files, at least one; DICOM objects only for scans that are DICOM series.
        public init(scan: DatasetCase, files: [MaskFile], probabilities: URL? = nil) {
            precondition(!files.isEmpty, "a mask goes somewhere")
            self.scan = scan
            self.files = files
            self.probabilities = probabilities
        }
    }

    /// What became of one scan.
    public struct Outcome: Sendable {
        /// The case.
        public var name: String
        /// Why there is no mask; nil for success.
        public var problem: String?
        /// The error that says so, where it was one.
        public var error: (any Error)?
        /// Files of an empty mask that were not written, because their form cannot be empty.
        public var unwritten: [URL] = []
        /// Whether the problem may pass, such as a disk that is full: the scan could be read, and its results not be written.
        public var mayPass = false
        /// True if the job was stopped before this scan was done.
        public var wasCancelled = false
        /// From the end of the scan before to the end of this one, and of these in the network.
        public var seconds = 0.0
        /// Seconds in the network.
        public var networkSeconds = 0.0
        /// How many windows were computed where some were left out; nil where none was.
        public var windows: WindowShare?
        /// Volume of each structure in ml.
        public var millilitres: [String: Double] = [:]
        /// The Dice that may be expected of each structure (`ExpectedDice`); nil where uncertainty was not asked for.
        public var expectedDice: [String: Double]?
        /// How far the scan lies from those that the model was trained on; nil for a model that does not know.
        public var trainingDistance: TrainingDistance?

        fileprivate mutating func fail(_ error: any Error, mayPass: Bool) {
            (problem, self.error, self.mayPass) = ("\(error)", error, mayPass)
        }
    }

    /// What happens during a job.
    public enum Event: Sendable {
        /// A patch of a task is done, out of so many.
        case patch(task: Int, done: Int, total: Int)
        /// A task is done.
        case finished(task: Int, Outcome)
        /// The last event of `job()`: one outcome for each task.
        case ended([Outcome])
    }

    /// What segments.
    public let segmenter: any ScanSegmenter
    /// The scans, in order.
    public let tasks: [Task]
    /// Writes the masks.
    public let writer: MaskWriter

    /// What the job does with the memory it may take.
    public let memory: MemoryPlan

    /// About how many patches each task has: those of the uncropped scan.
    public let patches: [Int]

    /// - Parameter limit: what may be taken; a scan that needs more is not begun.
    /// - Parameter segmenter: what segments.
    /// - Parameter tasks: the scans, in order.
    /// - Parameter writer: writes the masks; nil: with the segmenter's labels.
    public init(segmenter: any ScanSegmenter, tasks: [Task], writer: MaskWriter? = nil, memoryLimit limit: MemoryLimit = .current) {
        self.segmenter = segmenter
        self.tasks = tasks
        self.writer = writer ?? MaskWriter(labels: segmenter.labels, algorithm: DICOMAlgorithm(name: segmenter.name, version: "0"))
        // A file that cannot be read says so when its turn comes.
        let geometries = tasks.map { task in (try? VolumeFile.readHeader(task.scan.imageURLs[0]).geometry).flatMap { $0.isPlausible ? $0 : nil } }
        memory = MemoryPlan(segmenter.memoryEstimate, tasks: tasks, geometries: geometries, limit: limit)
        patches = zip(geometries, memory.problems).map { geometry, problem in
            problem == nil ? geometry.map { segmenter.patchCount(of: $0) } ?? 1 : 1
        }
    }

    /// Does all tasks in their order.
    /// - Parameter report: called on this thread.
    /// - Returns: one outcome for each task.
    public func run(_ report: (Event) -> Void) -> [Outcome] {
        var outcomes = tasks.map { Outcome(name: $0.scan.name) }
        var writing: (task: Int, end: Background<[MaskFile]>)?
        var reading: Background<Loaded>?
        var start = Date()
        func settle() {
            guard let (task, end) = writing else { return }
            writing = nil
            do { outcomes[task].unwritten = try end.take().map(\.url) } catch {
                outcomes[task].fail(error, mayPass: Self.mayPass(error))
            }
            if !memory.overlaps { outcomes[task].seconds = -start.timeIntervalSinceNow }
            report(.finished(task: task, outcomes[task]))
        }
        for index in tasks.indices {
            let current = reading ?? load(index)
            reading = nil
            if let problem = memory.problems[index] {
                outcomes[index].problem = problem
            } else {
                var isRead = false
                do {
                    let loaded = try current!.take()
                    isRead = true
                    reading = memory.overlaps && index + 1 < tasks.count ? load(index + 1) : nil
                    let (result, expected) = try segment(index, loaded) { report(.patch(task: index, done: $0, total: $1)) }
                    settle()
                    (outcomes[index].networkSeconds, outcomes[index].windows) = (result.networkSeconds, result.windows)
                    outcomes[index].trainingDistance = result.trainingDistance
                    outcomes[index].millilitres = segmenter.labels.millilitres(in: result.labels)
                    outcomes[index].expectedDice = expected
                    writing = (
                        index,
                        // The scan itself is not kept.
                        Background { [writer = writer, header = loaded.header, reference = loaded.reference, task = tasks[index]] in
                            try writer.write(result.labels, like: header, reference: reference, probabilities: task.probabilities, to: task.files)
                        }
                    )
                } catch is CancellationError {
                    stop(&outcomes, from: index)
                    break
                } catch {
                    outcomes[index].fail(error, mayPass: isRead && Self.mayPass(error))
                }
            }
            outcomes[index].seconds = -start.timeIntervalSinceNow
            if outcomes[index].problem != nil {
                settle()
                report(.finished(task: index, outcomes[index]))
            } else if !memory.overlaps {
                settle()
            }
            start = Date()
        }
        reading?.end()
        settle()
        return outcomes
    }

    /// Whether an error says that a file cannot be written.
    private static func mayPass(_ error: any Error) -> Bool {
        if case VolumeError.cannotWrite = error { return true }
        return error is FileError
    }

    private func stop(_ outcomes: inout [Outcome], from first: Int) {
        for index in first..<outcomes.count {
            outcomes[index].problem = "\(outcomes[index].name): the work was stopped before it was done"
            outcomes[index].wasCancelled = true
        }
    }

    /// A scan ready for the network, and the header its mask gets.
    private struct Loaded: Sendable {
        var scan: LoadedScan
        var header: any VolumeHeader
        var reference: DICOMReference?
    }

    /// Begins to read and prepare a scan; nil for one that cannot be done anyway.
    private func load(_ index: Int) -> Background<Loaded>? {
        guard memory.problems[index] == nil else { return nil }
        let segmenter = segmenter, scanCase = tasks[index].scan, needsSeries = tasks[index].files.contains { $0.object != nil }
        return Background {
            try Cancellation.check()
            let header = try VolumeFile.readHeader(scanCase.imageURLs[0])
            // What keeps an object from being made is said before the work.
            let reference = needsSeries ? try DICOMReference(scan: scanCase.imageURLs[0]) : nil
            let scan = try segmenter.load(scanCase.readScan(channelNames: segmenter.channelNames), name: scanCase.imageURLs[0].path)
            return Loaded(scan: scan, header: header, reference: reference)
        }
    }

    /// The mask of a scan, with the Dice to expect where uncertainty is asked for. Probabilities and uncertainty are written on the way.
    private func segment(
        _ index: Int, _ loaded: Loaded, progress: (Int, Int) -> Void
    ) throws -> (result: Segmenter.Segmentation, expectedDice: [String: Double]?) {
        let task = tasks[index], scan = loaded.scan, labels = segmenter.labels
        guard task.wantsProbabilities else { return (try segmenter.segment(scan, probabilities: nil, progress: progress), nil) }
        let expected = task.uncertainty.map { _ in ExpectedDice(labels) }
        var result: Segmenter.Segmentation?
        try write(labels.outputCount, outside: labels.hasRegions ? 0 : 1, of: loaded, to: task.probabilities) { probabilities in
            // Outside the crop there is background for certain.
            try write(1, outside: 0, of: loaded, to: task.uncertainty) { entropies in
                let entropy = VoxelEntropy(labels)
                result = try segmenter.segment(
                    scan,
                    probabilities: { part in
                        try probabilities?(part)
                        try entropies?(entropy.map(part))
                        expected?.add(part)
                    }, progress: progress)
            }
        }
        return (result!, expected?.values)
    }

    /// Lets `body` write parts of a volume of so many channels on the scan's grid, whose first channel has the value `outside` outside the crop.
    /// - Parameter url: the file; nil: there is none, and nothing to write to.
    private func write(
        _ channels: Int, outside: Float, of loaded: Loaded, to url: URL?, _ body: ((@Sendable (RestoredPart) throws -> Void)?) throws -> Void
    ) throws {
        guard let url else { return try body(nil) }
        let scan = loaded.scan, geometry = scan.geometry
        try VolumeFile.writeParts(channels: channels, geometry: geometry, like: loaded.header, to: url) { file in
            if scan.cropBox.size != geometry.size, outside != 0 {
                let plane = [Float](repeating: outside, count: geometry.size[1] * geometry.size[2])
                for d in 0..<geometry.size[0] { try plane.withUnsafeBufferPointer { try file.write($0, at: d * plane.count) } }
            }
            try body { part in try part.forEachRun(in: geometry.size) { try file.write($0, at: $1) } }
        }
    }
}

extension LabelSet {
    /// The volume of every structure in a label map, in ml, by name.
    public func millilitres(in labels: LabelMap) -> [String: Double] {
        let counts = labels.labelCounts
        return Dictionary(
            foreground.map { label in
                (label.name, label.values.reduce(0) { $0 + Double(counts[Int16(truncatingIfNeeded: $1)] ?? 0) } * labels.geometry.voxelMillilitres)
            }
        ) { first, _ in first }
    }

    /// The structures of those names or numbers, whatever the case of the letters.
    /// - Throws: `InferenceError.unknownStructure`.
    public func structures(named names: [String]) throws -> [LabelDefinition] {
        try names.map { name in
            let found =
                foreground.first { $0.name == name } ?? foreground.first { $0.name.lowercased() == name.lowercased() }
                ?? foreground.first { label in Int(name).map { label.values == [$0] } ?? false }
            guard let found else {
                throw InferenceError.unknownStructure(
                    name: name, known: foreground.map { "\($0.name) (\($0.values.map(String.init).joined(separator: ", ")))" })
            }
            return found
        }
    }
}
