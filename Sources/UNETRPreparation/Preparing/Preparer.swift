public import UNETRPlanning
import UNETRSupport
public import UNETRVolumes

/// Turns scans into network input the way a plan says: crop to the data, order axes, resample, normalize.
public struct Preparer: Sendable {
    /// The plan that is followed.
    public let plan: Plan

    /// Threads used inside one case; all cores when nil. Results do not depend on it.
    public var threads: Int?

    /// A preparer; without `threads` it uses all processors.
    public init(plan: Plan, threads: Int? = nil) {
        self.plan = plan
        self.threads = threads
    }

    /// Prepares a scan and, for training, its labels.
    ///
    /// - Parameters:
    ///   - scan: intensities with all channels of the plan, [C, D, H, W].
    ///   - labels: expert labels on the same grid, [D, H, W].
    ///   - name: what errors and the result call the case.
    /// - Throws: `PreparationError` when the scan or the labels do not fit the plan or hold nothing to work on.
    public func prepare(_ scan: Scan, labels: consuming LabelMap? = nil, name: String) throws -> PreparedCase {
        try check(scan, labels, name)
        let size = scan.geometry.size
        let usesMask = plan.normalization.contains { $0.useMask && $0.scheme != .noNorm }
        let hasLabels = labels != nil, needsMask = hasLabels || usesMask
        guard let region = NonZeroRegion(scan.voxels, channels: scan.channels, size: size, needsMask: needsMask, threads: threads) else {
            throw PreparationError.emptyScan(scan: name)
        }
        let crops = plan.compatibility.cropsToData, box = crops ? region.box : CropBox(lower: [0, 0, 0], upper: size)
        let prepared = plan.preparedGrid(of: scan.geometry, box: box.size), axes = prepared.axes, grid = prepared.resampling
        try check(
            grid, channels: scan.channels, spacing: scan.geometry.spacing, scanCount: scan.voxels.count, hasLabels: hasLabels, name)
        let marked = needsMask ? axes.apply(toVoxels: mark(labels, region, size, in: box), channels: 1, size: box.size, threads: threads) : nil
        // What is done with the labels comes before the image, so that the two do not take memory together.
        _ = consume labels
        let resampled = marked.map { LabelResampling.resample($0, grid: grid, compatibility: plan.compatibility, threads: threads) }
        let foreground = hasLabels ? ForegroundLocations(of: plan.labels.foregroundValues, in: resampled!) : .init()
        let properties = CaseProperties(
            name: name, geometry: scan.geometry, channels: scan.channels, cropBox: box, axisOrder: axes.order, flippedAxes: axes.flipped,
            size: grid.outputSize, spacing: prepared.spacing, compatibility: plan.compatibility, planDigest: plan.preparationDigest)
        return PreparedCase(
            properties: properties, image: image(scan, box, prepared, plan.compatibility.normalizesFirst ? marked : resampled),
            labels: hasLabels ? resampled : nil, foreground: foreground)
    }

    /// The cropped labels, with −1 where the scan holds nothing and the expert marked nothing.
    func mark(_ labels: LabelMap?, _ region: NonZeroRegion, _ size: Size3, in box: CropBox? = nil) -> [Int16] {
        let box = box ?? region.box
        let inside = box.cut(region.mask!, channels: 1, from: size)
        guard let labels else { return inside.map { $0 == 0 ? -1 : 0 } }
        var marked = box.cut(labels.voxels, channels: 1, from: size)
        marked.withUnsafeMutableBufferPointer { marked in
            inside.withUnsafeBufferPointer { inside in
                for index in marked.indices {
                    if inside[index] == 0, marked[index] == 0 { marked[index] = -1 }
                    if marked[index] < -1 { marked[index] = 0 }
                }
            }
        }
        return marked
    }

    /// The scan as the network takes it.
    ///
    /// - Parameter region: below 0 outside the scanned region, on the grid that intensities are normalized on.
    private func image(_ scan: Scan, _ box: CropBox, _ prepared: PreparedGrid, _ region: [Int16]?) -> [Float] {
        var image = prepared.axes.apply(
            toVoxels: box.cut(scan.voxels, channels: scan.channels, from: scan.geometry.size), channels: scan.channels, size: box.size,
            threads: threads)
        if plan.compatibility.normalizesFirst { normalize(&image, region) }
        image = ImageResampling.resample(image, channels: scan.channels, grid: prepared.resampling, compatibility: plan.compatibility, threads: threads)
        if !plan.compatibility.normalizesFirst { normalize(&image, region) }
        return image
    }

    private func normalize(_ image: inout [Float], _ region: [Int16]?) {
        let count = image.count / plan.normalization.count
        image.withUnsafeMutableBufferPointer { image in
            for (channel, normalization) in plan.normalization.enumerated() {
                let part = image[(channel * count)..<((channel + 1) * count)]
                normalization.apply(to: UnsafeMutableBufferPointer(rebasing: part), region: region, threads: threads)
            }
        }
    }
}

extension Preparer {
    /// The label map of a prediction, in the geometry of the scan.
    ///
    /// - Parameter outputs: the network's probabilities (or logits) for the prepared case, C-order [K, D, H, W] with
    ///   K = `plan.labels.outputCount`; probabilities where the plan has regions.
    /// - Parameter properties: geometry and crop of the case.
    /// - Throws: `PreparationError.wrongProbabilityCount`.
    public func restore(_ outputs: [Float], of properties: CaseProperties) throws -> LabelMap {
        try Restoration(of: properties, threads: threads).labels(from: outputs, decision: plan.labels.decision)
    }
}
