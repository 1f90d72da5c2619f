import Testing
import UNETRSupport

@testable import UNETRVolumes

/// Whether two images of one case lie on one grid, and what is said where they do not.
@Suite struct GridAgreementTests {
    private let one = Geometry(size: [4, 5, 6], affine: [[-2, 0, 0, 10], [0, 2, 0, 20], [0, 0, 3, 30], [0, 0, 0, 1]], spacing: [3, 2, 2])

    private func difference(_ change: (inout Geometry) -> Void) -> String? {
        var other = one
        change(&other)
        let found = GridAgreement.difference(one, other)
        #expect((found == nil) == (GridAgreement.difference(other, one) == nil), "whichever is first")
        return found
    }

    @Test func `Noise of headers is no difference`() {
        #expect(difference { _ in } == nil)
        // A thousandth of the spacing, of a direction's cosine, and a tenth of the smallest spacing of shift, less a little.
        #expect(difference { $0.spacing[0] = 3.0029 } == nil)
        #expect(difference { $0.affine[1][0] = 0.0019 } == nil)
        #expect(difference { $0.affine[0][3] += 0.199 } == nil)
        // Directions count, not lengths: spacing has a rule of its own.
        #expect(difference { for row in 0..<3 { $0.affine[row][2] *= 1.5 } } == nil)
    }

    @Test func `What differs is said with both values`() {
        #expect(difference { $0.size[2] = 7 } == "their sizes [D, H, W] are [4, 5, 6] and [4, 5, 7]")
        #expect(difference { $0.spacing[0] = 3.01 } == "their spacings [D, H, W] are [3.0, 2.0, 2.0] and [3.01, 2.0, 2.0] mm")
        #expect(difference { $0.affine[1][0] = 0.02 } == "the directions of their axis i are [-1.0, 0.0, 0.0] and [-1.0, 0.01, 0.0]")
        #expect(difference { $0.affine[1][1] = -2 } == "the directions of their axis j are [0.0, 1.0, 0.0] and [0.0, -1.0, 0.0]")
        #expect(difference { ($0.affine[2][2], $0.affine[0][2]) = (0, 3) } == "the directions of their axis k are [0.0, 0.0, 1.0] and [1.0, 0.0, 0.0]")
        // √(0.2² + 0.1²) is 0.2236, more than a tenth of 2 mm.
        #expect(difference { ($0.affine[0][3], $0.affine[2][3]) = (10.2, 30.1) } == "their origins are 0.224 mm apart")
    }

    @Test func `A volume takes the order of a grid of the same voxels, whatever the order and direction of its axes`() throws {
        // Voxel (k, j, i) holds 100 k + 10 j + i.
        func value(_ k: Int, _ j: Int, _ i: Int) -> Int16 { Int16(100 * k + 10 * j + i) }
        let volume = Volume<Int16>(geometry: one, voxels: (0..<120).map { index -> Int16 in value(index / 30, index / 6 % 5, index % 6) })
        // i runs against j of the volume, j along k, k against i.
        let corner = one.position(i: 5, j: 4, k: 0)
        let grid = Geometry(
            size: [6, 4, 5], affine: [[0, 0, 2, corner.x], [-2, 0, 0, corner.y], [0, 3, 0, corner.z], [0, 0, 0, 1]], spacing: [2, 3, 2])
        let placed = try volume.placed(on: grid)
        #expect(placed.geometry == grid)
        for k in 0..<6 {
            for j in 0..<4 {
                for i in 0..<5 { #expect(placed.voxels[placed.offset(k, j, i)] == value(j, 4 - i, 5 - k)) }
            }
        }
        let back = try placed.placed(on: one)
        #expect(back.geometry == one && back.voxels == volume.voxels)
        #expect(try volume.placed(on: one).voxels == volume.voxels)
    }

    @Test func `A volume of other voxels is not placed, and the reason is said`() {
        let volume = Volume<Int16>(geometry: one, voxels: [Int16](repeating: 0, count: 120))
        func reason(_ change: (inout Geometry) -> Void) -> String? {
            var grid = one
            change(&grid)
            do { _ = try volume.placed(on: grid) } catch { return error.difference }
            return nil
        }
        #expect(reason { $0.affine[0][3] += 0.09 } == nil, "0.045 of a voxel")
        #expect(reason { $0.affine[0][3] += 0.12 } == "their voxels lie up to 0.06 voxels apart", "less than what counts as another grid, more than rounding")
        #expect(reason { $0.affine[0][3] += 2 } == "their origins are 2.0 mm apart")
        #expect(reason { ($0.affine[0][0], $0.spacing[2]) = (-4, 4) } == "their spacings [D, H, W] are [3.0, 2.0, 2.0] and [3.0, 2.0, 4.0] mm")
        #expect(reason { $0.size[0] = 3 } == "its size [D, H, W] is [4, 5, 6], that of the series [3, 5, 6]")
        #expect(
            reason { ($0.affine[0][0], $0.affine[1][0]) = (-1.41, 1.41) } == "the directions of their axis i are [-1.0, 0.0, 0.0] and [-0.7071, 0.7071, 0.0]")
        let flat = Volume<Int16>(
            geometry: Geometry(size: one.size, affine: [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1]),
            voxels: [Int16](repeating: 0, count: 120))
        #expect(throws: PlacementProblem(difference: "its axes span no volume")) { try flat.placed(on: one) }
    }
}
