import Foundation
public import UNETREngines
public import UNETRModels
import UNETRPlanning
public import UNETRPreparation
import UNETRSupport
public import UNETRVolumes

/// Segments scans with several models that share the structures of one mask; see `ModelTask`.
public struct TaskSegmenter: ScanSegmenter {
    /// The task.
    public let task: ModelTask

    /// A segmenter for each part of the task.
    public let parts: [Segmenter]

    private let structures: [LabelDefinition]?

    /// - Parameters:
    ///   - task: what the models make together.
    ///   - models: the bundles of its parts, in order.
    ///   - engines: the kinds of engines to choose from.
    ///   - settings: what is wanted of the engines.
    ///   - options: how it is done; without a step, with the step of the task. Structures are those of the task.
    ///   - note: told why an engine that was wanted is not used, in a sentence.
    /// - Throws: `EngineError` where no engine can compute a model; what reading the models throws.
    public init(
        _ task: ModelTask, models: [ModelBundle], engines: EngineRegistry, settings: EngineSettings = EngineSettings(),
        options: SegmenterOptions = SegmenterOptions(), note: (String) -> Void = { _ in }
    ) throws {
        var own = options, notes: Set<String> = []
        own.stepFraction = options.stepFraction ?? task.stepFraction
        own.structures = nil
        // What holds for one part holds for all, and is said once.
        let parts = try models.map {
            try Segmenter(model: $0, engines: engines, settings: settings, options: own) { text in if notes.insert(text).inserted { note(text) } }
        }
        self.init(task, parts: parts, structures: options.structures)
    }

    /// A segmenter with parts that are there already.
    /// - Parameters:
    ///   - task: what the models make together.
    ///   - parts: a segmenter for each part, in order.
    ///   - structures: of the task, that are kept; nil: all.
    public init(_ task: ModelTask, parts: [Segmenter], structures: [LabelDefinition]? = nil) {
        precondition(parts.count == task.parts.count, "\(parts.count) models for \(task.parts.count) parts")
        self.task = task
        self.parts = parts
        self.structures = structures
    }

    /// The name of the task.
    public var name: String { task.name }

    /// The structures of the task.
    public var labels: LabelSet { task.labels }

    /// The channels of the models.
    public var channelNames: [String] { parts[0].channelNames }

    /// What the parts take, one after the other.
    public var memoryEstimate: any SegmentationMemoryEstimate {
        MemoryInTurn(parts: parts.map(\.memory)) { [spacing = task.spacing] scan in
            guard let grid = (try? PatientGrid(of: scan, spacing: spacing, scan: ""))?.geometry else { return nil }
            // The scan on the task's grid, the mask there and on the scan's own.
            return (grid, 4 * grid.count + 2 * grid.count + 2 * scan.count)
        }
    }

    /// About how many patches the scan has for all parts together.
    public func patchCount(of scan: Geometry) -> Int {
        guard let grid = try? PatientGrid(of: scan, spacing: task.spacing, scan: "") else { return parts.count }
        return parts.reduce(0) { $0 + $1.patchCount(of: grid.geometry) }
    }

    private struct Content: Sendable {
        let scan: Scan
        let grid: PatientGrid
        let name: String
    }

    /// Brings a scan onto the grid of the task.
    public func load(_ scan: Scan, name: String) throws -> LoadedScan {
        let nonFinite = scan.nonFiniteCount
        guard nonFinite == 0 else { throw InferenceError.nonFinite(scan: name, count: nonFinite) }
        let grid = try PatientGrid(of: scan.geometry, spacing: task.spacing, scan: name)
        let whole = CropBox(lower: [0, 0, 0], upper: scan.geometry.size)
        return LoadedScan(
            geometry: scan.geometry, cropBox: whole, content: Content(scan: grid.scan(scan, threads: parts[0].options.threads), grid: grid, name: name))
    }

    /// The mask of a loaded scan: the parts' masks laid over each other in their order.
    /// - Throws: `InferenceError.noProbabilities` if they are wanted; what the parts throw.
    public func segment(
        _ loaded: LoadedScan, probabilities: (@Sendable (RestoredPart) throws -> Void)? = nil, progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> Segmenter.Segmentation {
        guard let content = loaded.content as? Content else { preconditionFailure("a scan that another segmenter loaded") }
        guard probabilities == nil else { throw InferenceError.noProbabilities(task: task.name) }
        let start = Date(), scan = content.scan
        var mask = LabelMap(geometry: scan.geometry, voxels: Array(repeating: 0, count: scan.geometry.count))
        let networkSeconds = try parts.segmentInTurn(scan, name: content.name, progress: progress) { index, found, _ in
            mask.lay(found.labels, values: task.parts[index].values)
        }
        var labels = content.grid.labels(mask, threads: parts[0].options.threads)
        if let structures { labels.keep(only: structures) }
        return Segmenter.Segmentation(labels: labels, networkSeconds: networkSeconds, seconds: -start.timeIntervalSinceNow)
    }
}

extension LabelMap {
    /// Writes another mask over this one, where it is not background.
    /// - Parameter values: what its labels become.
    fileprivate mutating func lay(_ other: LabelMap, values: [Int]) {
        let table = values.map { Int16(truncatingIfNeeded: $0) }
        voxels.withUnsafeMutableBufferPointer { voxels in
            other.voxels.withUnsafeBufferPointer { other in
                for index in voxels.indices {
                    let label = Int(other[index])
                    // Tasks have a value for each label of their models.
                    if label > 0, label < table.count, table[label] != 0 { voxels[index] = table[label] }
                }
            }
        }
    }
}
