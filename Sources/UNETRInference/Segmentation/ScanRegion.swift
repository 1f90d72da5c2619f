import UNETREngines
import UNETRPlanning
public import UNETRPreparation
import UNETRSupport
public import UNETRVolumes

/// How many of a scan's windows a network has looked at.
public struct WindowShare: Equatable, Sendable, Codable {
    /// Windows that were computed.
    public var computed: Int
    /// Windows of the whole scan.
    public var all: Int

    /// A share.
    public init(computed: Int, all: Int) { (self.computed, self.all) = (computed, all) }
}

extension LabelMap {
    /// The box of voxels that belong to one of the structures, enlarged by a margin within the scan; nil if there is none.
    ///
    /// - Parameter margin: in mm.
    func box(of structures: [LabelDefinition], margin: Double) -> CropBox? {
        guard let extent = LabelExtents(self).extent(of: structures.flatMap(\.values)) else { return nil }
        // Places are [i, j, k].
        let first = Array(extent.first.reversed()), last = Array(extent.last.reversed())
        // No margin is larger than the scan.
        let more = Size3 { min(geometry.size[$0], Int(clampingRounded: margin / geometry.spacing[$0], .up) ?? 0) }
        return CropBox(
            lower: Size3 { max(0, first[$0] - more[$0]) },
            upper: Size3 { min(geometry.size[$0], last[$0] + 1 + more[$0]) })
    }

    /// Makes every voxel outside of a box background.
    mutating func clear(outside box: CropBox) {
        let size = geometry.size
        for d in 0..<size[0] {
            for h in 0..<size[1] {
                let row = (d * size[1] + h) * size[2]
                let isInside = (box.lower[0]..<box.upper[0]).contains(d) && (box.lower[1]..<box.upper[1]).contains(h)
                for w in 0..<size[2] where !isInside || !(box.lower[2]..<box.upper[2]).contains(w) { voxels[row + w] = 0 }
            }
        }
    }
}

extension CaseProperties {
    /// The voxels of the prepared volume on which those of a box of the scan depend, within the prepared volume; nil where the box lies outside the crop.
    func prepared(_ box: CropBox) -> CropBox? {
        var lower = [0, 0, 0], upper = [0, 0, 0]
        for axis in 0..<3 {
            let own = axisOrder.axes[axis], length = cropBox.size[own]
            var first = max(box.lower[own], cropBox.lower[own]) - cropBox.lower[own], end = min(box.upper[own], cropBox.upper[own]) - cropBox.lower[own]
            guard first < end else { return nil }
            if flippedAxes.contains(axis) { (first, end) = (length - end, length - first) }
            // Whether the outer edges of both grids lie at one place or their first voxels: within a voxel of each other at the first, and the ratios differ
            // by less than a voxel over the whole.
            let ratios = [Double(size[axis]) / Double(length), geometry.spacing[own] / spacing[axis]]
            let low = ratios.map { Double(first) * $0 }.min() ?? 0, high = ratios.map { Double(end) * $0 }.max() ?? 0
            lower[axis] = max(0, (Int(clampingRounded: low, .down) ?? 0) - Self.reach)
            upper[axis] = min(size[axis], (Int(clampingRounded: high, .up) ?? 0) + Self.reach)
        }
        return CropBox(lower: Size3(lower[0], lower[1], lower[2]), upper: Size3(upper[0], upper[1], upper[2]))
    }

    /// Voxels to either side that interpolation looks at, and one for rounding.
    private static let reach = 3
}

extension CropBox {
    /// Whether a window at a corner of the padded volume has a voxel in this box of the volume.
    func meets(_ corner: Size3, of window: SlidingWindow) -> Bool {
        (0..<3).allSatisfy { axis in
            let first = corner[axis] - window.paddingBefore[axis]
            return first < upper[axis] && first + window.patchSize[axis] > lower[axis]
        }
    }
}

/// Makes the outputs outside of a box of the prepared volume those of background, slab by slab.
struct RegionBlank {
    let box: CropBox
    /// What each output is there.
    let values: [Float]
    private var slice = 0

    /// - Parameters:
    ///   - isLogits: whether the outputs are logits and not probabilities.
    ///   - areRegions: whether there is no output for the background.
    init(_ box: CropBox, outputs: Int, isLogits: Bool, areRegions: Bool) {
        self.box = box
        // A logit so low is a probability of 0.
        let none: Float = isLogits ? -1e4 : 0, some: Float = isLogits ? 0 : 1
        values = (0..<outputs).map { !areRegions && $0 == 0 ? some : none }
    }

    /// The next slices, [K, n, H, W], with background outside of the box.
    mutating func apply(to slab: FloatArray) -> FloatArray {
        let (count, height, width) = (slab.shape[1], slab.shape[2], slab.shape[3])
        var result = slab.values
        for (output, value) in values.enumerated() {
            for d in 0..<count {
                for h in 0..<height {
                    let row = ((output * count + d) * height + h) * width
                    let isInside = (box.lower[0]..<box.upper[0]).contains(slice + d) && (box.lower[1]..<box.upper[1]).contains(h)
                    for w in 0..<(isInside ? box.lower[2] : width) { result[row + w] = value }
                    if isInside { for w in box.upper[2]..<width { result[row + w] = value } }
                }
            }
        }
        slice += count
        return FloatArray(result, shape: slab.shape)
    }
}
