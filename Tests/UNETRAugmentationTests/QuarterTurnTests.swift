import Testing
import UNETRSupport

@testable import UNETRAugmentation

/// Turns by right angles and whole factors, after which every voxel is one of the case's own: no interpolation hides a mistake.
struct QuarterTurnTests {
    /// Eight voxels along each axis, the patch its middle four.
    private static let whole = Size3(8, 8, 8), patch = Size3(4, 4, 4)

    /// A number of its own for each voxel, exact in single precision.
    private static func value(_ d: Int, _ h: Int, _ w: Int) -> Float { Float((d * 8 + h) * 8 + w) / 256 - 1 }

    private func turned(
        _ transform: SpatialTransform, patch: Size3 = Self.patch, size: Size3 = Self.whole, rule: AugmentationRule = .modern
    ) throws -> (image: [Float], labels: [Int16]) {
        let image = (0..<size.voxels).map { Self.value($0 / (size.height * size.width), $0 / size.width % size.height, $0 % size.width) }
        let source = try ArraySource(image: image, channels: 1, labels: image.map { Int16(($0 + 1) * 256) }, size: size)
        let grid = SamplingGrid(transform, patch: patch, input: size, rule: rule), crop = CropView(origin: .zero, extent: size, size: size)
        var (found, labels) = ([Float](repeating: 9, count: patch.voxels), [Int16](repeating: 9, count: patch.voxels))
        try source.withImage { SplineResampling(grid, crop: crop, inPlane: transform.inPlane).apply($0.baseAddress!, to: &found, Scratch()) }
        try source.withLabels { LabelResampling(grid, crop: crop, rule: rule).apply($0.baseAddress!, to: &labels, Scratch()) }
        return (found, labels)
    }

    /// Expects each voxel [d, h, w] of the patch to be the case's at the place that `source` says.
    private func expect(
        _ transform: SpatialTransform, patch: Size3 = Self.patch, size: Size3 = Self.whole, rule: AugmentationRule = .modern,
        sourceLocation: SourceLocation = #_sourceLocation, _ source: (_ d: Int, _ h: Int, _ w: Int) -> (Int, Int, Int)
    ) throws {
        let found = try turned(transform, patch: patch, size: size, rule: rule)
        for at in 0..<patch.voxels {
            let (d, h, w) = source(at / (patch.height * patch.width), at / patch.width % patch.height, at % patch.width)
            // Splines are float throughout: a few of its 1.2e-7 of coefficients up to 5.
            #expect(abs(found.image[at] - Self.value(d, h, w)) < 4e-6, sourceLocation: sourceLocation)
            #expect(found.labels[at] == Int16((Self.value(d, h, w) + 1) * 256), sourceLocation: sourceLocation)
        }
    }

    private static let right = Double.pi / 2

    @Test func `A right angle about an axis exchanges the two others, and turns one of them round`() throws {
        // The middle four of eight begin at 2, and end at 5.
        try expect(SpatialTransform()) { ($0 + 2, $1 + 2, $2 + 2) }
        try expect(SpatialTransform(angles: [Self.right, 0, 0])) { ($0 + 2, $2 + 2, 5 - $1) }
        try expect(SpatialTransform(angles: [0, Self.right, 0])) { (5 - $2, $1 + 2, $0 + 2) }
        try expect(SpatialTransform(angles: [0, 0, Self.right])) { ($1 + 2, 5 - $0, $2 + 2) }
        // The other way round, and half a turn.
        try expect(SpatialTransform(angles: [-Self.right, 0, 0])) { ($0 + 2, 5 - $2, $1 + 2) }
        try expect(SpatialTransform(angles: [0, 2 * Self.right, 0])) { (5 - $0, $1 + 2, 5 - $2) }
    }

    @Test func `Turns about several axes follow one another`() throws {
        // From the middle: about H (−w, h, d), and of that about W (h, w, d).
        try expect(SpatialTransform(angles: [0, Self.right, Self.right])) { ($1 + 2, $2 + 2, $0 + 2) }
        // About D (d, w, −h), and of that about H (h, w, d).
        try expect(SpatialTransform(angles: [Self.right, Self.right, 0])) { ($1 + 2, $2 + 2, $0 + 2) }
    }

    @Test func `A factor is the distance of neighbors in the case`() throws {
        // Nine voxels, the middle one is 4: places 2, 4 and 6.
        try expect(SpatialTransform(factor: 2), patch: [3, 3, 3], size: [9, 9, 9]) { (2 * $0 + 2, 2 * $1 + 2, 2 * $2 + 2) }
    }

    @Test func `Within the plane only rows and columns turn`() throws {
        let transform = SpatialTransform(angles: [Self.right, 0, 0], inPlane: true)
        try expect(transform, patch: [8, 4, 4]) { ($0, $2 + 2, 5 - $1) }
    }

    /// The older release takes the middle of an even axis half a voxel further on.
    @Test func `By the older rule the middle of eight voxels is the fifth`() throws {
        try expect(SpatialTransform(), patch: [3, 3, 3], rule: .unetrPlusPlus) { ($0 + 3, $1 + 3, $2 + 3) }
        try expect(SpatialTransform(angles: [Self.right, 0, 0]), patch: [3, 3, 3], rule: .unetrPlusPlus) { ($0 + 3, $2 + 3, 5 - $1) }
    }
}
