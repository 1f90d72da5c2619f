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

    /// From the scan to the turned volume.
    private let axes: AxisMap

    /// The turned scan before resampling.
    private let turnedSize: Size3

    private let isResampled: Bool

    /// - Parameters:
    ///   - original: the scan's grid.
    ///   - spacing: along the patient's axes x, y, z, in mm.
    ///   - name: what errors call the scan.
    /// - Throws: `PreparationError.singularAffine` if the affine does not say where the axes run; `GridTooLarge`.
    public init(of original: Geometry, spacing: [Double], scan name: String) throws {
        guard original.directions != nil else { throw PreparationError.singularAffine(scan: name) }
        self.original = original
        let axes = AxisMap(of: original, to: AxisCodes("RAS"), order: .identity), sources = axes.order.axes
        self.axes = axes
        turnedSize = axes.order.apply(original.size)
        var affine = original.affine
        for axis in 0..<3 {
            // File axes (i, j, k) are [D, H, W] backwards, and so are x, y, z.
            let (file, turned) = (2 - sources[axis], 2 - axis), isReversed = axes.flipped.contains(axis), sign = isReversed ? -1.0 : 1
            for row in 0..<3 {
                affine[row][turned] = sign * original.affine[row][file]
                if isReversed { affine[row][3] += original.affine[row][file] * Double(original.size[sources[axis]] - 1) }
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
    /// - Parameters:
    ///   - scan: on the original grid.
    ///   - threads: threads to use; nil: all processors. The result does not depend on it.
    public func scan(_ scan: Scan, threads: Int? = nil) -> Scan {
        precondition(scan.geometry.size == original.size, "a scan of \(scan.geometry.size) for a grid of \(original.size)")
        let turned = axes.apply(toVoxels: scan.voxels, channels: scan.channels, size: original.size, threads: threads)
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
        for (axis, source) in axes.order.axes.enumerated() {
            let offsets = nearest[axis].map { $0 * strides[axis] }
            steps[source] = axes.flipped.contains(axis) ? offsets.reversed() : offsets
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
