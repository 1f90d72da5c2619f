import Foundation
public import UNETRPlanning
public import UNETRSupport

/// Where the patches lie that together cover a volume, and how much each voxel of a patch counts.
///
/// Neighboring patches are at most `stepFraction` of the patch apart; `WindowRule` says how they are spread. A volume smaller than the patch
/// is padded, the smaller half before it.
public struct SlidingWindow: Equatable, Sendable {
    /// Voxels of a patch along [D, H, W].
    public let patchSize: Size3

    /// Voxels of the volume after padding to at least one patch.
    public let paddedSize: Size3

    /// Voxels of padding before the volume, along [D, H, W]. The rest of the padding is behind it.
    public let paddingBefore: Size3

    /// For each axis the first voxels of the patches, in the padded volume.
    public let starts: [[Int]]

    /// - Parameters:
    ///   - size: voxels of the volume along [D, H, W].
    ///   - stepFraction: largest distance of neighboring patches as a part of the patch, above 0 and at most 1.
    ///   - patchSize: voxels of a patch, [D, H, W].
    ///   - placement: how patches are spread.
    public init(size: Size3, patchSize: Size3, stepFraction: Double = 0.5, placement: WindowRule.Placement = .nnUNet) {
        precondition(size.allSatisfy { $0 > 0 } && patchSize.allSatisfy { $0 > 0 })
        precondition(stepFraction > 0 && stepFraction <= 1)
        self.patchSize = patchSize
        paddedSize = Size3 { max(size[$0], patchSize[$0]) }
        paddingBefore = Size3 { max(patchSize[$0] - size[$0], 0) / 2 }
        starts = zip(paddedSize, patchSize).map { size, patch in
            switch placement {
            case .nnUNet: Self.evenStarts(size: size, patch: patch, stepFraction: stepFraction)
            case .monai: Self.regularStarts(size: size, patch: patch, stepFraction: stepFraction)
            }
        }
    }

    /// The corners [D, H, W] of all patches in the padded volume, W fastest.
    public var corners: [Size3] {
        starts[0].flatMap { d in starts[1].flatMap { h in starts[2].map { w in Size3(d, h, w) } } }
    }

    /// Whole multiples of the step; the last patch ends with the volume.
    private static func regularStarts(size: Int, patch: Int, stepFraction: Double) -> [Int] {
        let last = size - patch, step = max(1, Int(rounding: Double(patch) * stepFraction, .towardZero) ?? 1)
        return Array(stride(from: 0, to: last, by: step)) + [last]
    }

    private static func evenStarts(size: Int, patch: Int, stepFraction: Double) -> [Int] {
        let last = size - patch
        // Never more patches than there are places for them, however small the step.
        let steps = Int(clampingRounded: Double(last) / (Double(patch) * stepFraction), .up) ?? 0
        let count = min(steps, last) + 1
        guard count > 1 else { return [0] }
        let step = Double(last) / Double(count - 1)
        return (0..<count).map { Int((step * Double($0)).rounded(.toNearestOrEven)) }
    }

    /// How much each voxel of a patch counts where patches overlap, [D, H, W]: a Gaussian with σ = patch/8, 1 at voxel patch/2.
    ///
    /// For even sizes it is not symmetric, because its peak lies on a voxel. It is cut off at 4σ like the reference's; voxels beyond
    /// get the smallest value there is, so that none counts for nothing.
    public static func importance(patchSize: Size3) -> [Float] { product(patchSize.map(profile)) }

    /// How much each voxel of a patch counts by a rule, [D, H, W].
    public static func importance(patchSize: Size3, _ rule: WindowRule) -> [Float] {
        switch rule.weight {
        case .nnUNet: return importance(patchSize: patchSize)
        case .constant: return [Float](repeating: 1, count: patchSize.voxels)
        case .gaussian:
            // The peak lies between voxels where a size is even. MONAI lets no weight be below 0.001.
            let map = product(
                patchSize.map { length in
                    let sigma = Double(length) * rule.sigmaScale
                    return (0..<length).map { index in
                        let distance = Double(index) - Double(length - 1) / 2
                        return exp(distance * distance / (-2 * sigma * sigma))
                    }
                })
            let smallest = max(map.min() ?? 0, 1e-3)
            return map.map { max($0, smallest) }
        }
    }

    /// The products of a profile along each axis; what rounds to nothing gets the smallest value there is.
    private static func product(_ profiles: [[Double]]) -> [Float] {
        let count = profiles.reduce(1) { $0 * $1.count }
        var map = [Float](unsafeUninitializedCapacity: count) { map, initialized in
            var target = map.baseAddress!
            for d in profiles[0] {
                for h in profiles[1] {
                    let plane = d * h
                    for w in profiles[2] {
                        target.initialize(to: Float(plane * w))
                        target += 1
                    }
                }
            }
            initialized = count
        }
        if map.contains(0) {
            let smallest = map.reduce(Float.infinity) { $1 > 0 ? min($0, $1) : $0 }
            for index in map.indices where map[index] == 0 { map[index] = smallest }
        }
        return map
    }

    private static func profile(_ length: Int) -> [Double] {
        let sigma = Double(length) / 8, reach = Int(4 * sigma + 0.5)
        return (0..<length).map { index in
            let distance = index - length / 2
            return abs(distance) <= reach ? exp(-0.5 * Double(distance * distance) / (sigma * sigma)) : 0
        }
    }
}
