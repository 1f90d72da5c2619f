public import UNETRPlanning
import UNETRSupport

/// Resampling of intensities with cubic interpolation, as nnU-Net does it: no overshoot beyond the values that were there.
public enum ImageResampling {
    /// Resamples every channel of `voxels` [C, D, H, W] to `grid.outputSize`.
    ///
    /// Interpolated values are clipped to the range of the channel, or of the slice where slices are interpolated one by one.
    /// - Parameter threads: as many threads as cores when nil; the result does not depend on it.
    /// - Parameter grid: the sizes before and after.
    /// - Parameter voxels: [channels, D, H, W] on the input's grid.
    /// - Parameter compatibility: the arithmetic of resampling.
    /// - Parameter channels: number of channels.
    public static func resample(
        _ voxels: [Float], channels: Int, grid: ResamplingGrid, compatibility: Compatibility, threads: Int? = nil
    ) -> [Float] {
        precondition(voxels.count == channels * grid.inputCount, "\(voxels.count) voxels for \(channels) × \(grid.inputSize)")
        if grid.isIdentity { return voxels }
        let stages = Stage.plan(grid, compatibility: compatibility)
        return [Float](unsafeUninitializedCapacity: channels * grid.outputCount) { output, initialized in
            voxels.withUnsafeBufferPointer { input in
                for channel in 0..<channels {
                    run(
                        stages, SharedPointer(SharedPointer(input) + channel * grid.inputCount),
                        to: SharedPointer(SharedPointer(output) + channel * grid.outputCount), grid: grid, threads: threads)
                }
            }
            initialized = channels * grid.outputCount
        }
    }

    /// One step: a matrix along one axis, matrices along both axes of every plane, or the clipping after the interpolating ones.
    private enum Stage {
        case filter(axis: Int, LineFilter)
        case planes(first: Int, LineFilter, LineFilter)
        case clip

        var isClip: Bool { if case .clip = self { true } else { false } }

        static func plan(_ grid: ResamplingGrid, compatibility: Compatibility) -> [Stage] {
            let filter = compatibility.filter(grid)
            var axes = (0..<3).filter { !grid.isIdentity(along: $0) && $0 != grid.coarseAxis }
            // The matrices of different axes commute: shrinking ones go first, because they leave less work to the others.
            axes.sort { ratio(grid, $0) < ratio(grid, $1) }
            let filters = axes.map(filter)
            var stages = zip(axes, filters).map { Stage.filter(axis: $0, $1) }
            // Both axes of a plane at once: what lies between them stays in the cache and is never a whole volume.
            let pair = axes.indices.filter { axes[$0] != 0 }
            if pair.count == 2 {
                let planes = Stage.planes(first: axes[pair[0]], filters[pair[0]], filters[pair[1]])
                stages =
                    axes.count == 2 ? [planes] : ratio(grid, 0) < 1 ? [stages[axes.firstIndex(of: 0)!], planes] : [planes, stages[axes.firstIndex(of: 0)!]]
            }
            if !axes.isEmpty { stages.append(.clip) }
            if let axis = grid.coarseAxis, grid.inputSize[axis] != grid.outputSize[axis] {
                let pick = Stage.filter(axis: axis, .nearest(from: grid.inputSize[axis], to: grid.outputSize[axis]))
                if ratio(grid, axis) < 1 { stages.insert(pick, at: 0) } else { stages.append(pick) }
            }
            return stages
        }

        private static func ratio(_ grid: ResamplingGrid, _ axis: Int) -> Double {
            Double(grid.outputSize[axis]) / Double(grid.inputSize[axis])
        }
    }

    private static func run(
        _ stages: [Stage], _ input: SharedPointer<Float>, to output: SharedPointer<Float>, grid: ResamplingGrid, threads: Int?
    ) {
        let last = stages.lastIndex { !$0.isClip }!
        var size = grid.inputSize, current = input
        var held: Scratch?  // keeps what `current` points into alive
        var limits: Limits?
        /// The limits of the values that interpolation starts from; slices already picked count as those they came from.
        func findLimits() {
            if limits == nil { limits = Limits(current, size: size, sliceAxis: grid.coarseAxis, threads: threads) }
        }
        func step(_ number: Int, to newSize: Size3, _ body: (SharedPointer<Float>) -> Void) {
            let scratch = number == last ? nil : Scratch(newSize.voxels)
            let target = scratch.map { SharedPointer($0.base) } ?? output
            body(target)
            (held, current, size) = (scratch, target, newSize)
        }
        for (number, stage) in stages.enumerated() {
            switch stage {
            case .filter(let axis, let filter):
                if axis != grid.coarseAxis { findLimits() }
                var newSize = size
                newSize[axis] = filter.outputCount
                step(number, to: newSize) { target in
                    filter.apply(
                        current, to: target, outer: size[..<axis].reduce(1, *), inner: size[(axis + 1)...].reduce(1, *), threads: threads)
                }
            case .planes(let first, let one, let other):
                findLimits()
                let (height, width) = first == 1 ? (one.outputCount, other.outputCount) : (other.outputCount, one.outputCount)
                let newSize = Size3(size[0], height, width)
                step(number, to: newSize) { planes(first, one, other, current, size, to: $0, threads: threads) }
            case .clip:
                limits?.clip(current, size: size, threads: threads)
            }
        }
        withExtendedLifetime(held) {}
    }

    /// Every plane of a volume of the given size along axis `first` (1 or 2), then along the other.
    private static func planes(
        _ first: Int, _ one: LineFilter, _ other: LineFilter, _ input: SharedPointer<Float>, _ size: Size3, to output: SharedPointer<Float>,
        threads: Int?
    ) {
        let (height, width) = (size[1], size[2])
        let between = first == 1 ? one.outputCount * width : height * one.outputCount
        let plane = one.outputCount * other.outputCount
        Parallel.forEach(size[0], threads: threads) { d in
            let scratch = Scratch(between)
            let source = SharedPointer(input + d * height * width), middle = SharedPointer(scratch.base), target = SharedPointer(output + d * plane)
            if first == 1 {
                one.apply(source, to: middle, outer: 1, inner: width, threads: 1)
                other.apply(middle, to: target, outer: one.outputCount, inner: 1, threads: 1)
            } else {
                one.apply(source, to: middle, outer: height, inner: 1, threads: 1)
                other.apply(middle, to: target, outer: 1, inner: one.outputCount, threads: 1)
            }
        }
    }
}

extension Compatibility {
    /// The interpolation for the axes of a grid that are interpolated.
    fileprivate func filter(_ grid: ResamplingGrid) -> (_ axis: Int) -> LineFilter {
        let isPlanar = grid.coarseAxis != nil || grid.inputSize[2] == grid.outputSize[2]
        let (from, to) = (grid.inputSize, grid.outputSize)
        switch interpolation {
        case .planarCubicConvolution where isPlanar: return { .cubicConvolution(from: from[$0], to: to[$0]) }
        case .planarCubicConvolution, .cubicSpline: return { .cubicSpline(from: from[$0], to: to[$0]) }
        case .linear: return { .linear(from: from[$0], to: to[$0], step: grid.steps?[$0]) }
        }
    }
}

/// The smallest and largest value of a volume, or of each of its slices.
private struct Limits: Sendable {
    let sliceAxis: Int?
    let ranges: [ClosedRange<Float>]

    init(_ values: SharedPointer<Float>, size: Size3, sliceAxis: Int?, threads: Int?) {
        self.sliceAxis = sliceAxis
        let (outer, count, inner) = Self.split(size, sliceAxis)
        var lows = [Float](repeating: .infinity, count: outer * count), highs = [Float](repeating: -.infinity, count: outer * count)
        lows.withUnsafeMutableBufferPointer { low in
            highs.withUnsafeMutableBufferPointer { high in
                let low = SharedPointer(low), high = SharedPointer(high)
                Parallel.forEach(outer * count, threads: threads) { row in
                    let line = values + row * inner
                    var smallest = Float.infinity, largest = -Float.infinity
                    var index = 0
                    while index < inner {
                        let value = line[index]
                        smallest = value < smallest ? value : smallest
                        largest = value > largest ? value : largest
                        index &+= 1
                    }
                    (low[row], high[row]) = (smallest, largest)
                }
            }
        }
        let slices = sliceAxis == nil ? 1 : count
        ranges = (0..<slices).map { slice in
            let rows = stride(from: slice, to: outer * count, by: slices)
            let smallest = rows.map { lows[$0] }.min() ?? 0, largest = rows.map { highs[$0] }.max() ?? 0
            return smallest <= largest ? smallest...largest : 0...0
        }
    }

    func clip(_ values: SharedPointer<Float>, size: Size3, threads: Int?) {
        let (outer, count, inner) = Self.split(size, sliceAxis)
        Parallel.forEach(outer * count, threads: threads) { row in
            let line = values + row * inner
            let range = ranges[sliceAxis == nil ? 0 : row % count]
            let low = range.lowerBound, high = range.upperBound
            var index = 0
            while index < inner {
                let value = line[index]
                line[index] = value < low ? low : (value > high ? high : value)
                index &+= 1
            }
        }
    }

    /// A volume as [outer, slices, inner] around the slice axis; rows of the first axis where there are no slices to tell apart.
    private static func split(_ size: Size3, _ axis: Int?) -> (outer: Int, count: Int, inner: Int) {
        guard let axis else { return (1, size[0], size[1] * size[2]) }
        return (size[..<axis].reduce(1, *), size[axis], size[(axis + 1)...].reduce(1, *))
    }
}
