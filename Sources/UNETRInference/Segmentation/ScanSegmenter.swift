import UNETREngines
import UNETRPlanning
public import UNETRPreparation
public import UNETRVolumes

/// What a `SegmentationJob` segments with: one model, or several averaged (`Segmenter`), or several that share the structures of a mask
/// among them (`TaskSegmenter`).
public protocol ScanSegmenter: Sendable {
    /// What its model is called.
    var name: String { get }

    /// The structures of its masks.
    var labels: LabelSet { get }

    /// What the channels of a scan are.
    var channelNames: [String] { get }

    /// What its scans take.
    var memoryEstimate: any SegmentationMemoryEstimate { get }

    /// About how many patches a scan has.
    func patchCount(of scan: Geometry) -> Int

    /// Brings a scan into the form that `segment` takes.
    /// - Throws: `PreparationError` or `InferenceError` for a scan the models cannot take.
    func load(_ scan: Scan, name: String) throws -> LoadedScan

    /// The mask of a loaded scan.
    ///
    /// - Parameters:
    ///   - loaded: what `load` returned.
    ///   - probabilities: gets the probabilities of all outputs, part by part, on another thread; a `TaskSegmenter` has none.
    ///   - progress: called after each patch with the number done and to do; throwing from it stops the work.
    func segment(
        _ loaded: LoadedScan, probabilities: (@Sendable (RestoredPart) throws -> Void)?, progress: (Int, Int) throws -> Void
    ) throws -> Segmenter.Segmentation
}

/// A scan as a `ScanSegmenter` takes it.
public struct LoadedScan: Sendable {
    /// The grid of the scan.
    public let geometry: Geometry

    /// The part of it that is looked at, [D, H, W].
    public let cropBox: CropBox

    let content: any Sendable
}

/// About how much memory scans take.
public protocol SegmentationMemoryEstimate: Sendable {
    /// Whether a scan has more voxels at the models' spacing than a prepared case can have.
    func isTooLarge(_ scan: Geometry) -> Bool

    /// Peak bytes when one scan after the other is done, for the largest of them.
    func alone(_ scans: [Geometry], writesProbabilities: Bool) -> Int

    /// Peak bytes when a scan is prepared and a mask is written while another scan is predicted.
    func overlapped(_ scans: [Geometry], writesProbabilities: Bool) -> Int
}

extension SegmentationMemory: SegmentationMemoryEstimate {}

extension Segmenter: ScanSegmenter {
    private struct Content: Sendable {
        let image: FloatArray
        let properties: CaseProperties
    }

    /// The data set of the plan.
    public var name: String { plan.dataset }

    /// The structures of the plan.
    public var labels: LabelSet { plan.labels }

    /// The channels of the plan.
    public var channelNames: [String] { plan.channelNames }

    /// The same as `memory`.
    public var memoryEstimate: any SegmentationMemoryEstimate { memory }

    /// Prepares a scan.
    public func load(_ scan: Scan, name: String) throws -> LoadedScan {
        let (image, properties) = try preparer.input(scan, name: name)
        return LoadedScan(geometry: properties.geometry, cropBox: properties.cropBox, content: Content(image: image, properties: properties))
    }

    /// Segments a scan that `load` prepared.
    public func segment(
        _ loaded: LoadedScan, probabilities: (@Sendable (RestoredPart) throws -> Void)?, progress: (Int, Int) throws -> Void
    ) throws -> Segmentation {
        guard let content = loaded.content as? Content else { preconditionFailure("a scan that another segmenter loaded") }
        return try segment(content.image, of: content.properties, probabilities: probabilities, progress: progress)
    }
}
