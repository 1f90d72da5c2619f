public import Foundation
public import Preparation
import Support
import Torch
public import Volumes

/// The segmentation of many scans with one model: while the network works on a scan, the next is read and prepared and the mask of the
/// one before is written. At most three scans are in memory.
///
/// A scan that cannot be done does not stop the others.
public struct SegmentationJob {
    /// A scan and where its results go.
    public struct Task: Sendable {
        public var scan: DatasetCase
        /// The mask's file, `.nii` or `.nii.gz`.
        public var mask: URL
        /// A file `.nii` for the probabilities, float32 [K, D, H, W] as the fourth axis of the file; nil: none.
        public var probabilities: URL?

        public init(scan: DatasetCase, mask: URL, probabilities: URL? = nil) {
            self.scan = scan
            self.mask = mask
            self.probabilities = probabilities
        }
    }

    /// What became of one scan.
    public struct Outcome: Sendable {
        public var name: String
        /// Why there is no mask; nil for success.
        public var problem: String?
        /// From the end of the scan before to the end of this one, and of these in the network.
        public var seconds = 0.0
        public var networkSeconds = 0.0
        /// Volume of each structure in ml.
        public var millilitres: [String: Double] = [:]
    }

    public enum Event: Sendable {
        /// A patch of a task is done, out of so many.
        case patch(task: Int, done: Int, total: Int)
        case finished(task: Int, Outcome)
    }

    public let segmenter: Segmenter
    public let tasks: [Task]

    /// What the job does with the memory it may take.
    public let memory: MemoryPlan

    /// About how many patches each task has: those of the uncropped scan.
    public let patches: [Int]

    /// - Parameter limit: bytes that may be taken; nil: no limit.
    public init(segmenter: Segmenter, tasks: [Task], memoryLimit limit: Int? = nil) {
        self.segmenter = segmenter
        self.tasks = tasks
        // A file that cannot be read says so when its turn comes.
        let geometries = tasks.map { task in (try? NIfTI.readHeader(task.scan.imageURLs[0]).geometry).flatMap { $0.isPlausible ? $0 : nil } }
        memory = MemoryPlan(segmenter.memory, tasks: tasks, geometries: geometries, limit: limit)
        patches = geometries.map { $0.map { segmenter.patchCount(of: $0) } ?? 1 }
    }

    /// Does all tasks in their order.
    /// - Parameter report: called on this thread.
    /// - Returns: one outcome for each task.
    public func run(_ report: (Event) -> Void) -> [Outcome] {
        var outcomes = tasks.map { Outcome(name: $0.scan.name) }
        var writing: (task: Int, end: Background<Void>)?
        var reading: Background<Loaded>?
        var start = Date()
        func settle() {
            guard let (task, end) = writing else { return }
            do { try end.take() } catch { outcomes[task].problem = "\(error)" }
            writing = nil
            if !memory.overlaps { outcomes[task].seconds = -start.timeIntervalSinceNow }
            report(.finished(task: task, outcomes[task]))
        }
        for index in tasks.indices {
            let current = reading ?? load(index)
            reading = nil
            if let problem = memory.problems[index] {
                outcomes[index].problem = problem
            } else {
                do {
                    let loaded = try current!.take()
                    reading = memory.overlaps && index + 1 < tasks.count ? load(index + 1) : nil
                    let result = try segment(index, loaded) { report(.patch(task: index, done: $0, total: $1)) }
                    settle()
                    outcomes[index].networkSeconds = result.networkSeconds
                    outcomes[index].millilitres = segmenter.plan.labels.millilitres(in: result.labels)
                    let mask = tasks[index].mask, header = loaded.header
                    writing = (index, Background { try NIfTI.write(labels: result.labels, like: header, to: mask) })
                } catch {
                    outcomes[index].problem = "\(error)"
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
        settle()
        return outcomes
    }

    /// A prepared scan and the header its mask gets.
    private struct Loaded: Sendable {
        var image: Tensor
        var properties: CaseProperties
        var header: NIfTIHeader
    }

    /// Begins to read and prepare a scan; nil for one that cannot be done anyway.
    private func load(_ index: Int) -> Background<Loaded>? {
        guard memory.problems[index] == nil else { return nil }
        let preparer = segmenter.preparer, scanCase = tasks[index].scan
        return Background {
            let header = try NIfTI.readHeader(scanCase.imageURLs[0])
            let (image, properties) = try preparer.input(
                scanCase.readScan(channelNames: preparer.plan.channelNames), name: scanCase.imageURLs[0].path)
            return Loaded(image: image, properties: properties, header: header)
        }
    }

    private func segment(_ index: Int, _ loaded: Loaded, progress: (Int, Int) -> Void) throws -> Segmenter.Segmentation {
        guard let url = tasks[index].probabilities else {
            return try segmenter.segment(loaded.image, of: loaded.properties, progress: progress)
        }
        let properties = loaded.properties, geometry = properties.geometry, labels = segmenter.plan.labels
        var result: Segmenter.Segmentation?
        try NIfTI.writeParts(channels: labels.outputCount, geometry: geometry, like: loaded.header, to: url) { file in
            // Outside the crop there is background for certain; regions have no output of their own for it.
            if properties.cropBox.size != geometry.size, !labels.hasRegions {
                let plane = [Float](repeating: 1, count: geometry.size[1] * geometry.size[2])
                for d in 0..<geometry.size[0] { try plane.withUnsafeBufferPointer { try file.write($0, at: d * plane.count) } }
            }
            result = try segmenter.segment(
                loaded.image, of: properties, probabilities: { part in try part.forEachRun(in: geometry.size) { try file.write($0, at: $1) } }, progress: progress)
        }
        return result!
    }
}

extension SegmentationJob {
    /// How a job keeps to the memory it may take.
    public struct MemoryPlan: Sendable {
        /// About how much it will take at its fullest moment, in bytes.
        public let predicted: Int

        /// Whether the next scan is read, and the last mask written, while the network works.
        public let overlaps: Bool

        /// For each task why it is not begun; nil where it is.
        let problems: [String?]

        init(_ memory: SegmentationMemory, tasks: [Task], geometries known: [Geometry?], limit: Int?) {
            var geometries: [Geometry] = []
            problems = zip(tasks, known).map { task, geometry in
                guard let geometry else { return nil }
                let needed = memory.alone([geometry], writesProbabilities: task.probabilities != nil)
                guard let limit, needed > limit else {
                    geometries.append(geometry)
                    return nil
                }
                return InferenceError.memory(scan: task.scan.imageURLs[0].path, needed: needed >> 20, allowed: limit >> 20).description
            }
            let writes = tasks.contains { $0.probabilities != nil }
            let overlapped = memory.overlapped(geometries, writesProbabilities: writes)
            overlaps = tasks.count > 1 && limit.map { overlapped <= $0 } ?? true
            predicted = overlaps ? overlapped : memory.alone(geometries, writesProbabilities: writes)
        }
    }
}

extension Segmenter {
    /// Patches of a scan that is not cropped.
    fileprivate func patchCount(of scan: Geometry) -> Int {
        let size = ResamplingGrid.size(plan.axisOrder.apply(scan.size), spacing: plan.axisOrder.apply(scan.spacing), target: plan.targetSpacing)
        let window = SlidingWindow(size: size, patchSize: plan.patchSize, stepFraction: predictor.settings.stepFraction)
        return window.starts.map(\.count).reduce(1, *)
    }
}

extension Geometry {
    /// Whether sizes can be computed from it at all; what is wrong otherwise is found when the scan is read.
    fileprivate var isPlausible: Bool {
        size.count == 3 && spacing.count == 3 && size.allSatisfy { (1..<(1 << 15)).contains($0) }
            && spacing.allSatisfy { $0.isFinite && (1e-3..<1e3).contains($0) }
    }
}

extension LabelSet {
    /// The volume of every structure in a label map, in ml, by name.
    public func millilitres(in labels: LabelMap) -> [String: Double] {
        let counts = labels.labelCounts
        return Dictionary(foreground.map { label in
            (label.name, label.values.reduce(0) { $0 + Double(counts[Int16(truncatingIfNeeded: $1)] ?? 0) } * labels.geometry.voxelMillilitres)
        }) { first, _ in first }
    }

    /// The structures of those names or numbers, whatever the case of the letters.
    /// - Throws: `InferenceError.unknownStructure`.
    public func structures(named names: [String]) throws -> [LabelDefinition] {
        try names.map { name in
            let found = foreground.first { $0.name == name } ?? foreground.first { $0.name.lowercased() == name.lowercased() }
                ?? foreground.first { label in Int(name).map { label.values == [$0] } ?? false }
            guard let found else {
                throw InferenceError.unknownStructure(name: name, known: foreground.map { "\($0.name) (\($0.values.map(String.init).joined(separator: ", ")))" })
            }
            return found
        }
    }
}
