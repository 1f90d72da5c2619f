import UNETRPlanning
import UNETRSupport
public import UNETRVolumes

/// The grid of a scan turned to the patient's axes (RAS+: to the right, to the front, upwards) at a given spacing, and the way there and back.
///
/// Turning is as nibabel's `as_closest_canonical`: axes are exchanged and reversed, nothing is interpolated. The first and the last voxel of
/// an axis stay where they are, as in SciPy's `ndimage.zoom`, whose arithmetic is followed.
public struct PatientGrid: Sendable {
    /// The scan's own grid.
    public let original: Geometry

    /// The grid [D, H, W] = [z, y, x].
    public let geometry: Geometry

    /// Where axis 0, 1 or 2 of the turned volume [D, H, W] comes from among the scan's [D, H, W], and whether it runs backwards.
    private let axes: [(source: Int, isReversed: Bool)]

    /// The turned scan before resampling.
    private let turnedSize: Size3

    private let isResampled: Bool

    /// - `original`: the scan's grid.
    /// - `spacing`: along the patient's axes x, y, z, in mm.
    /// - Throws: `PreparationError.singularAffine` if the affine does not say where the axes run; `GridTooLarge`.
    public init(of original: Geometry, spacing: [Double], scan name: String) throws {
        guard let directions = original.directions else { throw PreparationError.singularAffine(scan: name) }
        self.original = original
        // File axes (i, j, k) are [D, H, W] backwards, and so are x, y, z.
        axes = (0..<3).map { axis in
            let file = directions.firstIndex { $0.axis.index == 2 - axis }!
            return (source: 2 - file, isReversed: directions[file].axis.sign < 0)
        }
        let sources = axes.map(\.source), reversed = axes.map(\.isReversed), size = original.size
        turnedSize = Size3 { size[sources[$0]] }
        var affine = original.affine
        for axis in 0..<3 {
            let (file, turned) = (2 - sources[axis], 2 - axis), sign = reversed[axis] ? -1.0 : 1
            for row in 0..<3 {
                affine[row][turned] = sign * original.affine[row][file]
                if reversed[axis] { affine[row][3] += original.affine[row][file] * Double(size[sources[axis]] - 1) }
            }
        }
        // Headers hold spacings as float32.
        let turnedSpacing = (0..<3).map { (axis: Int) -> Double in
            let column = affine[..<3].map { $0[2 - axis] }
            return Double(Float(column.reduce(0) { $0 + $1 * $1 }.squareRoot()))
        }
        let wanted = Array(spacing.reversed())
        let isOther = turnedSpacing != wanted
        isResampled = isOther
        let zoom = (0..<3).map { isOther ? turnedSpacing[$0] / wanted[$0] : 1 }
        let turned = turnedSize, sizes = (0..<3).map { Int(clampingRounded: Double(turned[$0]) * zoom[$0], .toNearestOrEven) ?? 0 }
        let resampled = Size3 { max(1, sizes[$0]) }
        if ResamplingGrid.isTooLarge(resampled) {
            throw GridTooLarge(scan: name, size: resampled, spacing: original.spacing, target: spacing)
        }
        for axis in 0..<3 { for row in 0..<3 { affine[row][2 - axis] /= zoom[axis] } }
        geometry = Geometry(size: resampled, affine: affine, spacing: isOther ? wanted : turnedSpacing)
    }

    /// A scan on this grid, interpolated linearly and cut to whole numbers.
    ///
    /// - `scan`: on the original grid.
    public func scan(_ scan: Scan, threads: Int? = nil) -> Scan {
        precondition(scan.geometry.size == original.size, "a scan of \(scan.geometry.size) for a grid of \(original.size)")
        let turned = (0..<scan.channels).flatMap { turn(scan.voxels, from: $0 * original.count) }
        guard isResampled else { return Scan(geometry: geometry, channels: scan.channels, voxels: turned) }
        let lines = (0..<3).map { Line(from: turnedSize[$0], to: geometry.size[$0]) }
        let size = geometry.size, count = geometry.count, source = turnedSize
        let voxels = [Float](unsafeUninitializedCapacity: scan.channels * count) { output, initialized in
            turned.withUnsafeBufferPointer { input in
                let (input, output) = (SharedPointer(input), SharedPointer(output))
                Parallel.forEach(scan.channels * size[0], threads: threads) { plane in
                    let (channel, d) = (plane / size[0], plane % size[0])
                    let volume = input + channel * source.voxels, target = output + plane * size[1] * size[2]
                    Self.interpolate(volume, source, lines, d: d, size: size, into: target)
                }
            }
            initialized = scan.channels * count
        }
        return Scan(geometry: geometry, channels: scan.channels, voxels: voxels)
    }

    /// A mask of this grid on the scan's own, by the nearest voxel.
    public func labels(_ labels: LabelMap, threads: Int? = nil) -> LabelMap {
        precondition(labels.geometry.size == geometry.size, "a mask of \(labels.geometry.size) for a grid of \(geometry.size)")
        let nearest = (0..<3).map { Self.nearest(from: geometry.size[$0], to: turnedSize[$0], isResampled) }
        // For each axis of the scan the steps in the mask that belong to its voxels.
        var steps: [[Int]] = [[], [], []]
        let strides = [geometry.size[1] * geometry.size[2], geometry.size[2], 1]
        for (axis, origin) in axes.enumerated() {
            let offsets = nearest[axis].map { $0 * strides[axis] }
            steps[origin.source] = origin.isReversed ? offsets.reversed() : offsets
        }
        let size = original.size, found = steps
        let voxels = [Int16](unsafeUninitializedCapacity: original.count) { output, initialized in
            labels.voxels.withUnsafeBufferPointer { input in
                let (input, output) = (SharedPointer(input), SharedPointer(output))
                Parallel.forEach(size[0], threads: threads) { d in
                    var target = output + d * size[1] * size[2]
                    for h in 0..<size[1] {
                        let base = input + (found[0][d] + found[1][h])
                        found[2].withUnsafeBufferPointer { offsets in
                            for w in 0..<offsets.count { (target + w).initialize(to: base[offsets[w]]) }
                        }
                        target += size[2]
                    }
                }
            }
            initialized = original.count
        }
        return LabelMap(geometry: original, voxels: voxels)
    }

    /// One channel of the scan with its axes turned.
    private func turn(_ voxels: [Float], from start: Int) -> [Float] {
        let strides = [original.size[1] * original.size[2], original.size[2], 1]
        let steps = axes.map { $0.isReversed ? -strides[$0.source] : strides[$0.source] }
        let first = start + axes.reduce(0) { $1.isReversed ? $0 + strides[$1.source] * (original.size[$1.source] - 1) : $0 }
        return [Float](unsafeUninitializedCapacity: turnedSize.voxels) { output, initialized in
            voxels.withUnsafeBufferPointer { input in
                var index = 0
                for d in 0..<turnedSize[0] {
                    for h in 0..<turnedSize[1] {
                        var place = first + d * steps[0] + h * steps[1]
                        for _ in 0..<turnedSize[2] {
                            (output.baseAddress! + index).initialize(to: input[place])
                            place += steps[2]
                            index += 1
                        }
                    }
                }
            }
            initialized = turnedSize.voxels
        }
    }

    /// Along one axis the two voxels that a new one lies between, and their weights.
    private struct Line: Sendable {
        var lower: [Int]
        var upper: [Int]
        var weights: [(Double, Double)]

        init(from source: Int, to target: Int) {
            let zoom = PatientGrid.step(from: source, to: target)
            let places = (0..<target).map { min(Double($0) * zoom, Double(source - 1)) }
            lower = places.map { Int($0) }
            upper = lower.map { min($0 + 1, source - 1) }
            weights = zip(places, lower).map { place, lower in
                let first = 1 - (place - Double(lower))
                return (first, 1 - first)  // as SciPy has it, which is not always place − lower
            }
        }
    }

    /// One slice; the eight products are made and added in SciPy's order, x first, because the sum is cut to a whole number.
    private static func interpolate(
        _ volume: UnsafeMutablePointer<Float>, _ source: Size3, _ lines: [Line], d: Int, size: Size3, into target: UnsafeMutablePointer<Float>
    ) {
        let plane = source[1] * source[2]
        let slices = (volume + lines[0].lower[d] * plane, volume + lines[0].upper[d] * plane), z = lines[0].weights[d]
        for h in 0..<size[1] {
            let (lower, upper) = (lines[1].lower[h] * source[2], lines[1].upper[h] * source[2]), y = lines[1].weights[h]
            for w in 0..<size[2] {
                let (left, right) = (lines[2].lower[w], lines[2].upper[w]), x = lines[2].weights[w]
                var sum = 0.0
                for (column, weight) in [(left, x.0), (right, x.1)] {
                    sum += Double(slices.0[lower + column]) * weight * y.0 * z.0
                    sum += Double(slices.1[lower + column]) * weight * y.0 * z.1
                    sum += Double(slices.0[upper + column]) * weight * y.1 * z.0
                    sum += Double(slices.1[upper + column]) * weight * y.1 * z.1
                }
                (target + h * size[2] + w).initialize(to: Float(sum.rounded(.towardZero) + 0))
            }
        }
    }

    /// The distance of two new voxels in old ones.
    private static func step(from source: Int, to target: Int) -> Double { target > 1 ? Double(source - 1) / Double(target - 1) : 1 }

    private static func nearest(from source: Int, to target: Int, _ isResampled: Bool) -> [Int] {
        guard isResampled else { return Array(0..<target) }
        let zoom = step(from: source, to: target)
        return (0..<target).map { min(Int((min(Double($0) * zoom, Double(source - 1)) + 0.5).rounded(.down)), source - 1) }
    }
}
