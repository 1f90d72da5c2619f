import Foundation
import UNETREngines
public import UNETRPreparation
import UNETRSupport
public import UNETRVolumes

/// Segments only where a coarse model, the locator, finds what is wanted.
///
/// The locator segments the whole scan; the box of its structures, enlarged by a margin, is the region. The windows of the other model lie where they
/// always do, and those that do not meet the region are left out. So the mask within the region is, before it is cleaned up, that of the whole scan voxel
/// by voxel; outside there is background. Where the locator finds nothing, the whole scan is segmented.
public struct LocatedSegmenter: ScanSegmenter {
    /// What finds the region.
    public let locator: Segmenter
    /// What segments it.
    public let segmenter: Segmenter
    private let structures: [LabelDefinition]
    private let margin: Double

    /// Margins that are possible, in mm.
    public static let marginRange = 0.0...1000

    /// - Parameters:
    ///   - locator: takes the same channels.
    ///   - segmenter: what segments the region.
    ///   - structures: those of the locator that make the region; nil: all.
    ///   - margin: in mm.
    /// - Throws: `InferenceError.locatorChannels`.
    public init(locator: Segmenter, segmenter: Segmenter, structures: [LabelDefinition]? = nil, margin: Double) throws {
        guard locator.channelNames.count == segmenter.channelNames.count else {
            throw InferenceError.locatorChannels(found: locator.channelNames.count, expected: segmenter.channelNames.count)
        }
        precondition(Self.marginRange.contains(margin))
        (self.locator, self.segmenter, self.margin) = (locator, segmenter, margin)
        self.structures = structures ?? locator.labels.foreground
    }

    /// The data set of the model that segments.
    public var name: String { segmenter.name }

    /// Its structures.
    public var labels: LabelSet { segmenter.labels }

    /// Its channels.
    public var channelNames: [String] { segmenter.channelNames }

    /// What the two take, one after the other, beside the scan and its prepared form.
    public var memoryEstimate: any SegmentationMemoryEstimate {
        MemoryInTurn(parts: [locator.memory, segmenter.memory], writesProbabilities: true) { [channels = channelNames.count] scan in
            (scan, 4 * channels * scan.count)
        }
    }

    /// About how many patches the scan has for both, if nothing is left out.
    public func patchCount(of scan: Geometry) -> Int { locator.patchCount(of: scan) + segmenter.patchCount(of: scan) }

    private struct Content: Sendable {
        let scan: Scan
        let name: String
        let image: FloatArray
        let properties: CaseProperties
    }

    /// Prepares a scan for the model that segments; for the locator it is prepared when its turn comes.
    public func load(_ scan: Scan, name: String) throws -> LoadedScan {
        try segmenter.check(scan, name: name)
        let (image, properties) = try segmenter.prepare(scan, name: name)
        return LoadedScan(
            geometry: scan.geometry, cropBox: properties.cropBox, content: Content(scan: scan, name: name, image: image, properties: properties))
    }

    /// The mask of a loaded scan.
    public func segment(
        _ loaded: LoadedScan, probabilities: (@Sendable (RestoredPart) throws -> Void)? = nil, progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> Segmenter.Segmentation {
        guard let content = loaded.content as? Content else { preconditionFailure("a scan that another segmenter loaded") }
        let start = Date(), fine = segmenter.patchCount(of: content.properties.geometry)
        var coarse = 0
        let (image, properties) = try locator.prepare(content.scan, name: content.name)
        let found = try locator.segment(
            image, of: properties,
            progress: { done, all in
                coarse = all
                try progress(done, all + fine)
            })
        let region = found.labels.box(of: structures, margin: margin)
        var result = try segmenter.segment(
            content.image, of: content.properties, within: region, probabilities: probabilities,
            progress: { try progress(coarse + $0, coarse + $1) })
        result.networkSeconds += found.networkSeconds
        result.seconds = -start.timeIntervalSinceNow
        return result
    }
}
