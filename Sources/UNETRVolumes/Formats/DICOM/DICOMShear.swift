import Foundation

/// How the slices of a series that was taken with a tilted gantry move within their planes, so that they stand straight one above the other.
///
/// The straight slices are as large as it takes to lose nothing. What a slice has no pixel for gets the slice's smallest intensity, such as
/// that of air.
struct DICOMShear: Equatable, Sendable {
    /// Pixels of a slice as it is.
    var columns, rows: Int
    /// Pixels of a straight slice.
    private(set) var width, height: Int
    /// By slice, where its first pixel comes to lie, in pixels along a row and down a column of the straight slice.
    private(set) var offsets: [SIMD2<Double>]
    /// By how much the slices are pushed sideways.
    var degrees: Double
    /// How far the first pixel of the straight slices lies from that of the first slice, in pixels.
    private(set) var start: SIMD2<Double>

    /// The largest tilt that any gantry has, with room to spare.
    static let steepest = 45.0

    /// Nil where straight slices would be larger than any slice can be.
    ///
    /// - Parameters:
    ///   - columns: pixels of a row of a slice.
    ///   - rows: pixels of a column of a slice.
    ///   - degrees: by how much the slices are pushed sideways.
    ///   - pushes: by slice, how far it is pushed, in pixels; the first is zero.
    init?(columns: Int, rows: Int, degrees: Double, pushes: [SIMD2<Double>]) {
        self.columns = columns
        self.rows = rows
        self.degrees = degrees
        // A slice that moves by whole pixels keeps its intensities, whatever the rounding of its position.
        let pushes = pushes.map { push in SIMD2(Self.snapped(push.x), Self.snapped(push.y)) }
        func bound(_ rule: FloatingPointRoundingRule, _ choose: (Double, Double) -> Double) -> SIMD2<Double> {
            pushes.reduce(SIMD2(0, 0)) { SIMD2(choose($0.x, $1.x), choose($0.y, $1.y)) }.rounded(rule)
        }
        let (low, high) = (bound(.down, min), bound(.up, max))
        guard let wider = Int(clampingRounded: high.x - low.x), let higher = Int(clampingRounded: high.y - low.y), max(wider, higher) <= UInt16.max else {
            return nil
        }
        start = low
        offsets = pushes.map { $0 - low }
        width = columns + wider
        height = rows + higher
    }

    private static func snapped(_ value: Double) -> Double { abs(value - value.rounded()) < 1e-6 ? value.rounded() : value }

    /// Moves a slice to its place, with linear interpolation between pixels.
    func straighten<Value: BinaryFloatingPoint>(_ slice: UnsafeBufferPointer<Double>, at index: Int, into out: UnsafeMutablePointer<Value>) {
        let offset = offsets[index], air = Value(slice.min() ?? 0)
        let (left, top) = (Int(offset.x.rounded(.up)), Int(offset.y.rounded(.up)))
        let (right, down) = (Double(left) - offset.x, Double(top) - offset.y)  // weights of the neighbors
        for j in 0..<height {
            let from = j - top, next = down > 0 ? from + 1 : from
            for i in 0..<width {
                let column = i - left, neighbor = right > 0 ? column + 1 : column
                guard from >= 0, next < rows, column >= 0, neighbor < columns else {
                    out[j * width + i] = air
                    continue
                }
                let upper = slice[from * columns + column] * (1 - right) + slice[from * columns + neighbor] * right
                let lower = slice[next * columns + column] * (1 - right) + slice[next * columns + neighbor] * right
                out[j * width + i] = Value(upper * (1 - down) + lower * down)
            }
        }
    }

    /// The pixels of a slice as it is, each with the value of the nearest pixel of the straight slice.
    func tilted<Value>(_ slice: UnsafeBufferPointer<Value>, at index: Int, _ body: (Value) -> Void) {
        let left = Int(offsets[index].x.rounded()), top = Int(offsets[index].y.rounded())
        for j in 0..<rows {
            for i in 0..<columns { body(slice[(j + top) * width + i + left]) }
        }
    }
}

extension Volume {
    /// A volume on the grid of straight slices, in the pixels of the slices as they are; its affine means nothing.
    func tilted(by shear: DICOMShear) -> Volume {
        let depth = geometry.size[0], inPlane = geometry.size[1] * geometry.size[2]
        var result: [Scalar] = []
        result.reserveCapacity(channels * depth * shear.rows * shear.columns)
        voxels.withUnsafeBufferPointer { voxels in
            for part in 0..<channels * depth {
                let slice = UnsafeBufferPointer(rebasing: voxels[part * inPlane..<(part + 1) * inPlane])
                shear.tilted(slice, at: part % depth) { result.append($0) }
            }
        }
        var grid = geometry
        grid.size = [depth, shear.rows, shear.columns]
        return Volume(geometry: grid, channels: channels, voxels: result)
    }
}
