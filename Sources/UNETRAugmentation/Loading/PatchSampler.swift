public import UNETRSupport

/// Where training crops are taken: nnU-Net v1's rule for three-dimensional patches.
public struct PatchSampler: Sendable {
    /// The size that the network sees.
    public let patch: Size3
    /// The size that is sampled, with room for rotation and scaling around the patch.
    public let enlarged: Size3
    /// The share of a batch that is centered on foreground.
    public let foregroundShare: Double

    /// A sampler of patches.
    public init(patch: Size3, enlarged: Size3, foregroundShare: Double = 0.33) {
        self.patch = patch
        self.enlarged = enlarged
        self.foregroundShare = foregroundShare
    }

    /// Whether sample `index` of a batch of `count` is centered on a foreground voxel: the last third, rounded (half to even).
    ///
    /// So batches of 1 never are; of 2, the second is; of 4, the last.
    public func isForeground(_ index: Int, of count: Int) -> Bool {
        Double(index) >= (Double(count) * (1 - foregroundShare)).rounded(.toNearestOrEven)
    }

    /// The first voxel of the enlarged crop, which may lie outside the case on either side.
    ///
    /// With `foreground`, the crop is centered on a random voxel of a random present class, but begins no earlier than any other crop
    /// may; so the voxel is always inside the patch. Without, or where a case has no foreground, every position that lets the inner
    /// patch lie within the case (or the case within the patch) is equally likely.
    public func origin(in source: any SampleSource, foreground: Bool, using generator: inout CounterGenerator) -> SIMD3<Int> {
        let size = source.size
        var center: SIMD3<Int>?
        if foreground {
            let classes = source.foreground
            let present = classes.indices.filter { !classes[$0].voxels.isEmpty }
            if !present.isEmpty {
                let chosen = present[generator.index(below: present.count)]
                let voxel = Int(classes[chosen].voxels[generator.index(below: classes[chosen].voxels.count)])
                center = SIMD3(voxel / (size.height * size.width), voxel / size.width % size.height, voxel % size.width)
            }
        }
        var origin = SIMD3<Int>()
        for axis in 0..<3 {
            let (low, high) = bounds(size: size[axis], axis: axis)
            if let center {
                origin[axis] = max(low, center[axis] - enlarged[axis] / 2)
            } else {
                origin[axis] = low + generator.index(below: high - low + 1)
            }
        }
        return origin
    }

    /// The first and last start of a crop along an axis.
    ///
    /// The reference also carries the padding that a small case needed over to all later cases, by accident; this does not.
    func bounds(size: Int, axis: Int) -> (low: Int, high: Int) {
        let padding = max(enlarged[axis] - patch[axis], enlarged[axis] - size)
        let low = -((padding + 1) / 2)
        return (low, size + (padding + 1) / 2 - enlarged[axis])
    }
}

extension CounterGenerator {
    /// A number from 0 to `count − 1`, each equally likely (to within 2⁻⁶⁴ · count).
    mutating func index(below count: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(count)).high)
    }

    /// A number from a range around 1 as the reference draws it: below and above 1 with equal probability, whatever their widths.
    mutating func factor(in range: ClosedRange<Double>) -> Double {
        if range.upperBound <= 1 || range.lowerBound >= 1 { return uniform(range) }
        return happens(0.5) ? uniform(range.lowerBound, 1) : uniform(1, range.upperBound)
    }

    mutating func uniform(_ range: ClosedRange<Double>) -> Double { uniform(range.lowerBound, range.upperBound) }
}
