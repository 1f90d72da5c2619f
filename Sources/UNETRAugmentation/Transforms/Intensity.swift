import Foundation
import UNETRSupport

/// The intensity augmentations of one channel, in place, with their parameters given.
enum Intensity {
    /// Adds Gaussian noise of the given standard deviation.
    static func addNoise(
        _ values: UnsafeMutablePointer<Float>, _ count: Int, deviation: Float, using generator: inout CounterGenerator
    ) {
        var index = 0
        while index < count {
            // Box and Muller's pair of normal numbers from 64 random bits.
            let bits = generator.next()
            let radius = (-2 * log(Float(UInt32(truncatingIfNeeded: bits >> 32)) * 0x1p-32 + 0x1p-33)).squareRoot() * deviation
            let angle = Float(UInt32(truncatingIfNeeded: bits) >> 8) * (0x1p-24 * 2 * Float.pi)
            values[index] += radius * cos(angle)
            if index + 1 < count { values[index + 1] += radius * sin(angle) }
            index += 2
        }
    }

    static func scale(_ values: UnsafeMutablePointer<Float>, _ count: Int, by factor: Float) {
        for index in 0..<count { values[index] *= factor }
    }

    /// Stretches about the mean, clipped to the old range.
    static func contrast(_ values: UnsafeMutablePointer<Float>, _ count: Int, factor: Float) {
        let mean = Float(Statistics.mean(values, count))
        let (low, high) = Statistics.range(values, count)
        for index in 0..<count {
            let value = (values[index] - mean) * factor + mean
            values[index] = value < low ? low : value > high ? high : value
        }
    }

    /// Bends the intensities within their range by a power, then restores mean and deviation.
    ///
    /// - Parameters:
    ///   - inverted: apply it to the negated image.
    ///   - keepsStatistics: false leaves the bent values as they are.
    static func gamma(
        _ values: UnsafeMutablePointer<Float>, _ count: Int, exponent: Float, inverted: Bool, rule: AugmentationRule,
        keepsStatistics: Bool = true
    ) {
        if inverted { scale(values, count, by: -1) }
        let oldMean = Statistics.mean(values, count)
        let oldDeviation = Statistics.deviation(values, count, mean: oldMean)
        let (low, high) = Statistics.range(values, count)
        let span = (high - low) + 1e-7
        for index in 0..<count { values[index] = pow((values[index] - low) / span, exponent) * span + low }
        if keepsStatistics {
            let mean = Statistics.mean(values, count)
            let factor = oldDeviation / (Statistics.deviation(values, count, mean: mean) + 1e-8)
            // value → (value − mean) · factor + old mean, or, in the older release, (value − mean + old mean) · factor.
            let scale = Float(factor)
            let shift = Float(oldMean * (rule.gammaKeepsMean ? 1 : factor) - mean * factor)
            for index in 0..<count { values[index] = values[index] * scale + shift }
        }
        if inverted { scale(values, count, by: -1) }
    }

    /// Blurs by a Gaussian of `deviation` voxels.
    static func blur(_ values: UnsafeMutablePointer<Float>, _ size: Size3, deviation: Double, _ scratch: Scratch) {
        guard deviation > 0 else { return }
        let filters = (0..<3).map { AxisFilter.gaussian(deviation: deviation, size: size[$0]) }
        // A copy, because the filter reads a little past the end of its source.
        let copy = scratch.floats(Slot.second, size.voxels)
        copy.update(from: values, count: size.voxels)
        filter(copy, by: filters, to: values, capacity: size.voxels, scratch)
    }

    /// Reduces the resolution by `zoom` (nearest sample) and restores the size by a cubic spline, clipped to the reduced range.
    ///
    /// The reference's older image library takes another cubic where rounding happens to keep the last axis alone at its size (zooms
    /// within a percent or so of 1); that chance is not copied.
    ///
    /// - Parameter keepsDepth: leave the D-axis alone, as in-plane mode does.
    static func lowResolution(
        _ values: UnsafeMutablePointer<Float>, _ size: Size3, zoom: Double, keepsDepth: Bool, _ scratch: Scratch
    ) {
        let reduced = Self.reduced(size, zoom: zoom, keepsDepth: keepsDepth)
        guard reduced != size else { return }
        let small = scratch.floats(Slot.second, reduced.voxels)
        NearestReduction(from: size, to: reduced).apply(values, to: small)
        let (low, high) = Statistics.range(small, reduced.voxels)
        let filters = (0..<3).map { AxisFilter.cubicResize(from: reduced[$0], to: size[$0]) }
        filter(small, by: filters, to: values, capacity: size.voxels, scratch)
        for index in 0..<size.voxels {
            let value = values[index]
            values[index] = value < low ? low : value > high ? high : value
        }
    }

    /// The size at the lowered resolution: rounded half to even, at least one voxel.
    static func reduced(_ size: Size3, zoom: Double, keepsDepth: Bool) -> Size3 {
        Size3 { axis in
            keepsDepth && axis == 0 ? size.depth : max(1, Int((Double(size[axis]) * zoom).rounded(.toNearestOrEven)))
        }
    }

    /// Filters `source`, which is the second scratch buffer, along W, H, D in turn.
    private static func filter(
        _ source: UnsafeMutablePointer<Float>, by filters: [AxisFilter], to target: UnsafeMutablePointer<Float>, capacity: Int,
        _ scratch: Scratch
    ) {
        let first = scratch.floats(Slot.first, capacity)
        let second = scratch.floats(Slot.coefficients, capacity)
        let (depth, height, width) = (filters[0], filters[1], filters[2])
        width.apply(source, first, outer: depth.inputs * height.inputs, inner: 1)
        height.apply(first, second, outer: depth.inputs, inner: width.outputs)
        depth.apply(second, target, outer: 1, inner: height.outputs * width.outputs)
    }
}
