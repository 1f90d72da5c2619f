import Support

/// Resampling of intensities with cubic interpolation, as nnU-Net does it: no overshoot beyond the values that were there.
public enum ImageResampling {
    /// Resamples every channel of `voxels` [C, D, H, W] to `grid.outputSize`.
    ///
    /// Interpolated values are clipped to the range of the channel, or of the slice where slices are interpolated one by one.
    /// - Parameter threads: as many threads as cores when nil; the result does not depend on it.
    public static func resample(
        _ voxels: [Float], channels: Int, grid: ResamplingGrid, compatibility: Compatibility, threads: Int? = nil
    ) -> [Float] {
        precondition(voxels.count == channels * grid.inputCount, "\(voxels.count) voxels for \(channels) × \(grid.inputSize)")
        if grid.isIdentity { return voxels }
        let stages = Stage.plan(grid, compatibility: compatibility)
        return [Float](unsafeUninitializedCapacity: channels * grid.outputCount) { output, initialised in
            voxels.withUnsafeBufferPointer { input in
                for channel in 0..<channels {
                    run(
                        stages, SharedPointer(SharedPointer(input) + channel * grid.inputCount),
                        to: SharedPointer(SharedPointer(output) + channel * grid.outputCount), grid: grid, threads: threads)
                }
            }
            initialised = channels * grid.outputCount
        }
    }

    /// One step: a matrix along one axis, or the clipping after the interpolating ones.
    private enum Stage {
        case filter(axis: Int, LineFilter)
        case clip

        static func plan(_ grid: ResamplingGrid, compatibility: Compatibility) -> [Stage] {
            let cubic = compatibility.filter(grid)
            var axes = (0..<3).filter { grid.inputSize[$0] != grid.outputSize[$0] && $0 != grid.coarseAxis }
            // The matrices of different axes commute: shrinking ones go first, because they leave less work to the others.
            axes.sort { ratio(grid, $0) < ratio(grid, $1) }
            var stages = axes.map { Stage.filter(axis: $0, cubic(grid.inputSize[$0], grid.outputSize[$0])) }
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
        let last = stages.lastIndex { if case .filter = $0 { true } else { false } }!
        var size = grid.inputSize, current = input
        var held: Scratch?  // keeps what `current` points into alive
        var limits: Limits?
        for (number, stage) in stages.enumerated() {
            switch stage {
            case .filter(let axis, let filter):
                // The limits of the values that interpolation starts from; slices already picked count as those they came from.
                if limits == nil, axis != grid.coarseAxis {
                    limits = Limits(current, size: size, sliceAxis: grid.coarseAxis, threads: threads)
                }
                var newSize = size
                newSize[axis] = filter.outputCount
                let scratch = number == last ? nil : Scratch(newSize.reduce(1, *))
                let target = scratch.map { SharedPointer($0.base) } ?? output
                filter.apply(
                    current, to: target, outer: size[..<axis].reduce(1, *), inner: size[(axis + 1)...].reduce(1, *), threads: threads)
                (held, current, size) = (scratch, target, newSize)
            case .clip:
                limits?.clip(current, size: size, threads: threads)
            }
        }
        withExtendedLifetime(held) {}
    }
}

extension Compatibility {
    /// The interpolation for the axes of a grid that are interpolated.
    fileprivate func filter(_ grid: ResamplingGrid) -> (_ from: Int, _ to: Int) -> LineFilter {
        let isPlanar = grid.coarseAxis != nil || grid.inputSize[2] == grid.outputSize[2]
        switch planarCubic {
        case .cubicConvolution where isPlanar: return { .cubicConvolution(from: $0, to: $1) }
        default: return { .cubicSpline(from: $0, to: $1) }
        }
    }
}

/// The smallest and largest value of a volume, or of each of its slices.
private struct Limits: Sendable {
    let sliceAxis: Int?
    let ranges: [ClosedRange<Float>]

    init(_ values: SharedPointer<Float>, size: [Int], sliceAxis: Int?, threads: Int?) {
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

    func clip(_ values: SharedPointer<Float>, size: [Int], threads: Int?) {
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
    private static func split(_ size: [Int], _ axis: Int?) -> (outer: Int, count: Int, inner: Int) {
        guard let axis else { return (1, size[0], size[1] * size[2]) }
        return (size[..<axis].reduce(1, *), size[axis], size[(axis + 1)...].reduce(1, *))
    }
}
