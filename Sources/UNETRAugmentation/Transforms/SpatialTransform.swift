import Foundation
import UNETRSupport

/// A rotation and scaling of the grid that a patch is read on.
///
/// Output voxel i reads input position  M · (i − (patch − 1)/2) + center  with M = factor · (Rx Ry Rz)ᵀ. In-plane, the D-axis is read
/// as it is and the other two are turned by the first angle.
public struct SpatialTransform: Equatable, Sendable {
    /// Angles about axes D, H, W in radians.
    public var angles: SIMD3<Double>
    /// Above 1 the content shrinks.
    public var factor: Double
    /// Whether the slowest axis stays as it is.
    public var inPlane: Bool

    /// A rotation and scaling around the center.
    public init(angles: SIMD3<Double> = .zero, factor: Double = 1, inPlane: Bool = false) {
        self.angles = angles
        self.factor = factor
        self.inPlane = inPlane
    }

    /// Draws a transform by the plan's probabilities; nil when neither rotation nor scaling was drawn.
    static func draw(_ plan: AugmentationPlan, using generator: inout CounterGenerator) -> SpatialTransform? {
        var transform = SpatialTransform(inPlane: plan.inPlane)
        var drawn = false
        if generator.happens(plan.rotationProbability) {
            for axis in 0..<(plan.inPlane ? 1 : 3) {
                transform.angles[axis] = generator.uniform(plan.rotationDegrees[axis]) / 360 * 2 * Double.pi
            }
            drawn = true
        }
        if generator.happens(plan.scalingProbability) {
            transform.factor = generator.factor(in: plan.scaling)
            drawn = true
        }
        return drawn ? transform : nil
    }

    /// The columns of M: how the input position changes with a step along each output axis.
    var steps: [SIMD3<Double>] {
        let (c, s) = (angles.map(cos), angles.map(sin))
        if inPlane {
            return [SIMD3(1, 0, 0), factor * SIMD3(0, c[0], -s[0]), factor * SIMD3(0, s[0], c[0])]
        }
        // The rows of R = Rx Ry Rz are the columns of Rᵀ.
        let rows = [
            SIMD3(c[1] * c[2], -c[1] * s[2], s[1]),
            SIMD3(s[0] * s[1] * c[2] + c[0] * s[2], -s[0] * s[1] * s[2] + c[0] * c[2], -s[0] * c[1]),
            SIMD3(-c[0] * s[1] * c[2] + s[0] * s[2], c[0] * s[1] * s[2] + s[0] * c[2], c[0] * c[1]),
        ]
        return rows.map { factor * $0 }
    }
}

extension SIMD3<Double> {
    fileprivate func map(_ function: (Double) -> Double) -> SIMD3<Double> {
        SIMD3(function(x), function(y), function(z))
    }
}

/// The input positions of a patch, row by row.
struct SamplingGrid {
    let patch: Size3
    private let steps: [SIMD3<Double>]
    private let corner: SIMD3<Double>

    /// - Parameters:
    ///   - patch: the size that is written.
    ///   - input: the size of the crop that is read.
    init(_ transform: SpatialTransform, patch: Size3, input: Size3, rule: AugmentationRule) {
        self.patch = patch
        steps = transform.steps
        var corner = SIMD3<Double>(rule.center(of: input.depth), rule.center(of: input.height), rule.center(of: input.width))
        for axis in 0..<3 { corner -= steps[axis] * (Double(patch[axis] - 1) / 2) }
        // In-plane, the D-axis is not transformed: plane i reads plane i of a crop as deep as the patch.
        if transform.inPlane { corner[0] = 0 }
        self.corner = corner
    }

    /// The change of position per voxel of a row.
    var step: SIMD3<Double> { steps[2] }

    /// The position that the first voxel of a row reads.
    func start(plane: Int, row: Int) -> SIMD3<Double> {
        corner + steps[0] * Double(plane) + steps[1] * Double(row)
    }

    /// The smallest box that holds all positions.
    var bounds: (low: SIMD3<Double>, high: SIMD3<Double>) {
        var low = corner
        var high = corner
        for axis in 0..<3 {
            let span = steps[axis] * Double(patch[axis] - 1)
            low += pointwiseMin(span, .zero)
            high += pointwiseMax(span, .zero)
        }
        return (low, high)
    }

    /// The voxels of a row whose positions lie in a closed box.
    func voxels(from start: SIMD3<Double>, within low: SIMD3<Double>, _ high: SIMD3<Double>) -> Range<Int> {
        var range = (0, patch.width)
        narrow(&range, start.x, step.x, low.x, high.x)
        narrow(&range, start.y, step.y, low.y, high.y)
        narrow(&range, start.z, step.z, low.z, high.z)
        return range.0 < range.1 ? range.0..<range.1 : 0..<0
    }

    /// Takes away the voxels whose position along one axis is outside of low…high.
    @inline(__always)
    private func narrow(_ range: inout (Int, Int), _ position: Double, _ change: Double, _ low: Double, _ high: Double) {
        func isInside(_ index: Int) -> Bool {
            let value = position + Double(index) * change
            return value >= low && value <= high
        }
        // Positions change monotonically: where both ends are inside, all are.
        if range.0 >= range.1 || isInside(range.0) && isInside(range.1 - 1) { return }
        guard abs(change) > 1e-12 else {
            range.1 = range.0
            return
        }
        // One voxel too wide, then narrowed by the test that counts, so that rounding of the division does not matter.
        let (entry, exit) = change > 0 ? (low, high) : (high, low)
        let limit = Double(patch.width)
        range.0 = max(range.0, Int(min(max((entry - position) / change - 1, 0), limit)))
        range.1 = min(range.1, Int(min(max((exit - position) / change + 2, 0), limit)))
        while range.0 < range.1, !isInside(range.0) { range.0 += 1 }
        while range.1 > range.0, !isInside(range.1 - 1) { range.1 -= 1 }
    }
}
