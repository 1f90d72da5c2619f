import Foundation
import Synchronization
public import UNETREngines
public import UNETRModels
package import UNETRPlanning
public import UNETRPreparation
public import UNETRVolumes

/// Segments scans with models of different plans, such as two resolutions, whose probabilities are averaged.
///
/// Each model goes its own way from the scan to probabilities on the scan's grid; their mean is decided there, and the mask is cleaned up, as
/// `nnUNetv2_ensemble` and `nnUNetv2_apply_postprocessing` do. Models of one plan are one member, whose outputs are averaged window by window.
public struct EnsembleSegmenter: ScanSegmenter {
    /// What is averaged; each counts alike.
    public let members: [Segmenter]

    private let postProcesses: Bool
    private let structures: [LabelDefinition]?

    private var plan: Plan { members[0].plan }

    /// - Parameters:
    ///   - groups: the bundles of each member, which have one plan.
    ///   - engines: the kinds of engines to choose from.
    ///   - settings: what is wanted of the engines.
    ///   - options: how it is done. The first member's plan says how masks are cleaned up.
    ///   - note: told why an engine that was wanted is not used, in a sentence.
    /// - Throws: `InferenceError.differentOutputs`; what making a `Segmenter` throws.
    public init(
        _ groups: [[ModelBundle]], engines: EngineRegistry, settings: EngineSettings = EngineSettings(), options: SegmenterOptions = SegmenterOptions(),
        note: (String) -> Void = { _ in }
    ) throws {
        for group in groups.dropFirst() where !group[0].plan.canBeAveraged(with: groups[0][0].plan) {
            throw InferenceError.differentOutputs(path: group[0].url.path, first: groups[0][0].url.path)
        }
        var own = options, notes: Set<String> = []
        // Those of the mean count.
        (own.structures, own.postProcesses) = (nil, false)
        // What holds for one member holds for all, and is said once.
        let members = try groups.map {
            try Segmenter(models: $0, engines: engines, settings: settings, options: own) { text in if notes.insert(text).inserted { note(text) } }
        }
        self.init(members, postProcesses: options.postProcesses, structures: options.structures)
    }

    /// An ensemble of segmenters that are there already and have the same channels and labels.
    /// - Parameters:
    ///   - members: what is averaged.
    ///   - postProcesses: whether masks are cleaned up as the first one's plan says.
    ///   - structures: those that are kept; nil: all.
    public init(_ members: [Segmenter], postProcesses: Bool = true, structures: [LabelDefinition]? = nil) {
        precondition(!members.isEmpty)
        // The mean is what a temperature is applied to.
        self.members = members.map { member in
            var options = member.options
            options.tempers = false
            return member.with(options)
        }
        self.postProcesses = postProcesses
        self.structures = structures
    }

    /// The data set of the first member.
    public var name: String { members[0].name }

    /// The structures.
    public var labels: LabelSet { members[0].labels }

    /// The channels of the models.
    public var channelNames: [String] { members[0].channelNames }

    /// What the members take, one after the other, and the sums of their probabilities on the scan's grid.
    public var memoryEstimate: any SegmentationMemoryEstimate {
        MemoryInTurn(parts: members.map(\.memory), writesProbabilities: true) { [outputs = labels.outputCount, channels = channelNames.count] scan in
            (scan, 4 * (outputs + channels) * scan.count)
        }
    }

    /// About how many patches the scan has for all members together.
    public func patchCount(of scan: Geometry) -> Int { members.reduce(0) { $0 + $1.patchCount(of: scan) } }

    private struct Content: Sendable {
        let scan: Scan
        let name: String
    }

    /// Checks a scan; it is prepared when its turn comes, for each member in its way.
    public func load(_ scan: Scan, name: String) throws -> LoadedScan {
        try members[0].check(scan, name: name)
        let whole = CropBox(lower: [0, 0, 0], upper: scan.geometry.size)
        return LoadedScan(geometry: scan.geometry, cropBox: whole, content: Content(scan: scan, name: name))
    }

    /// The mask of a loaded scan.
    public func segment(
        _ loaded: LoadedScan, probabilities: (@Sendable (RestoredPart) throws -> Void)? = nil, progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> Segmenter.Segmentation {
        guard let content = loaded.content as? Content else { preconditionFailure("a scan that another segmenter loaded") }
        let start = Date(), geometry = loaded.geometry, whole = CropBox(lower: [0, 0, 0], upper: geometry.size)
        let sums = ProbabilitySums(outputs: labels.outputCount, size: geometry.size)
        let add: @Sendable (RestoredPart) -> Void = { sums.add($0) }
        var distance: TrainingDistance?
        let networkSeconds = try members.segmentInTurn(content.scan, name: content.name, probabilities: add, progress: progress) { _, found, crop in
            distance = .farther(distance, found.trainingDistance)
            // Outside of what a member has looked at there is background for certain; regions have no output of their own for it.
            if !labels.hasRegions { sums.addBackground(outside: crop) }
        }
        let means = sums.means(of: members.count)
        if let probabilities {
            let part = RestoredPart(box: whole, values: means)
            try probabilities(plan.inference.temperature.map { part.tempered(by: $0, areRegions: labels.hasRegions) } ?? part)
        }
        var mask = LabelMap(geometry: geometry, voxels: [Int16](repeating: 0, count: geometry.count))
        mask.voxels.withUnsafeMutableBufferPointer { labels.decision.decide(means, to: $0, threads: members[0].options.threads) }
        if postProcesses { plan.postProcessing?.apply(to: &mask.voxels, size: geometry.size) }
        if let structures { mask.keep(only: structures) }
        return Segmenter.Segmentation(
            labels: mask, networkSeconds: networkSeconds, seconds: -start.timeIntervalSinceNow, trainingDistance: distance)
    }
}

/// Sums of probabilities on the grid of a scan, C-order [K, D, H, W]. Parts of one member come one after the other, and so do members.
final class ProbabilitySums: Sendable {
    private let size: Size3
    private let sums: Mutex<[Float]>

    init(outputs: Int, size: Size3) {
        self.size = size
        sums = Mutex([Float](repeating: 0, count: outputs * size.voxels))
    }

    func add(_ part: RestoredPart) {
        sums.withLock { sums in
            sums.withUnsafeMutableBufferPointer { sums in
                part.forEachRun(in: size) { values, position in
                    var index = 0
                    while index < values.count {
                        sums[position &+ index] += values[index]
                        index &+= 1
                    }
                }
            }
        }
    }

    func addBackground(outside box: CropBox) {
        guard box.size != size else { return }
        sums.withLock { sums in
            for d in 0..<size[0] {
                for h in 0..<size[1] {
                    let row = (d * size[1] + h) * size[2]
                    let isInside = (box.lower[0]..<box.upper[0]).contains(d) && (box.lower[1]..<box.upper[1]).contains(h)
                    for w in 0..<size[2] where !isInside || !(box.lower[2]..<box.upper[2]).contains(w) { sums[row + w] += 1 }
                }
            }
        }
    }

    /// The means, instead of the sums.
    func means(of count: Int) -> [Float] {
        sums.withLock { sums in
            let number = Float(count)
            sums.withUnsafeMutableBufferPointer { sums in
                for index in sums.indices { sums[index] /= number }
            }
            defer { sums = [] }
            return sums
        }
    }
}

extension Plan {
    /// Whether the outputs of two models mean the same and are decided on the grid of the scan, so that they can be averaged there.
    package func canBeAveraged(with other: Plan) -> Bool {
        hasOutputs(of: other) && channelNames.count == other.channelNames.count
            && [self, other].allSatisfy { !$0.inference.restored.decidesEarly && ($0.postProcessing?.grid ?? .scan) == .scan }
    }

    /// Whether outputs of the two can be averaged window by window.
    package func agrees(with other: Plan) -> Bool {
        var own = inference
        // Of several the first one's temperature counts, and none when windows are averaged.
        own.temperature = other.inference.temperature
        return preparationDigest == other.preparationDigest && patchSize == other.patchSize && own == other.inference && hasOutputs(of: other)
    }

    /// Whether the outputs mean the same, whatever their names.
    package func hasOutputs(of other: Plan) -> Bool {
        labels.definitions.map(\.values) == other.labels.definitions.map(\.values) && labels.regionOrder == other.labels.regionOrder
    }
}
