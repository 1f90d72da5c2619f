import Testing
import UNETRSupport
import UNETRVolumes

@testable import UNETREvaluation

/// Areas that geometry gives: octahedra, rectangles and boxes with chamfered edges.
struct MarchingCubesTests {
    private static let spacings: [[Double]] = [[1, 1, 1], [2, 3, 5], [0.5, 0.5, 4]]

    /// The code of a cell whose corners [d, h, w] are inside.
    private func code(_ corners: [[Int]]) -> Int { corners.reduce(0) { $0 | 1 << (7 - (4 * $1[0] + 2 * $1[1] + $1[2])) } }

    @Test func `A cell all inside or all outside has no surface, and any other some`() {
        let table = MarchingCubesArea.table(spacing: [1, 1, 1])
        #expect(table.count == 256 && table[0] == 0 && table[255] == 0)
        #expect((1..<255).allSatisfy { table[$0] > 0 })
    }

    @Test(arguments: spacings) func `A cell and its complement have the same area`(spacing: [Double]) {
        let table = MarchingCubesArea.table(spacing: spacing)
        #expect((0..<256).allSatisfy { table[$0] == table[255 - $0] })
    }

    /// An eighth of the octahedron with half axes a/2, b/2, c/2: the triangle between the middles of three edges.
    @Test(arguments: spacings) func `One corner is cut off by a triangle`(spacing: [Double]) {
        let (a, b, c) = (spacing[0], spacing[1], spacing[2])
        let expected = (a * a * b * b + b * b * c * c + c * c * a * a).squareRoot() / 8
        let table = MarchingCubesArea.table(spacing: spacing)
        for bit in 0..<8 { #expect(abs(table[1 << bit] - expected) < 1e-12 * expected) }
        // Opposite corners, and corners across a face, are cut off each by itself.
        #expect(abs(table[code([[0, 0, 0], [1, 1, 1]])] - 2 * expected) < 1e-12 * expected)
        #expect(abs(table[code([[0, 0, 0], [0, 1, 1]])] - 2 * expected) < 1e-12 * expected)
        #expect(abs(table[code([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])] - 4 * expected) < 4e-12 * expected)
    }

    @Test(arguments: spacings) func `An edge is cut off by a rectangle, a face by the plane between`(spacing: [Double]) {
        let (a, b, c) = (spacing[0], spacing[1], spacing[2])
        let table = MarchingCubesArea.table(spacing: spacing)
        // Edges along w, h and d; faces across d, h and w.
        #expect(abs(table[code([[0, 0, 0], [0, 0, 1]])] - c * (a * a + b * b).squareRoot() / 2) < 1e-12 * c * (a + b))
        #expect(abs(table[code([[0, 0, 1], [0, 1, 1]])] - b * (a * a + c * c).squareRoot() / 2) < 1e-12 * b * (a + c))
        #expect(abs(table[code([[0, 1, 0], [1, 1, 0]])] - a * (b * b + c * c).squareRoot() / 2) < 1e-12 * a * (b + c))
        #expect(abs(table[code([[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1]])] - b * c) < 1e-12 * b * c)
        #expect(abs(table[code([[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 1]])] - a * c) < 1e-12 * a * c)
        #expect(abs(table[code([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])] - a * b) < 1e-12 * a * b)
    }

    @Test func `The 48 turns and reflections of a cubic cell keep its area`() {
        let table = MarchingCubesArea.table(spacing: [1, 1, 1])
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
        for flips in 0..<8 {
            for order in orders {
                for whole in 0..<256 {
                    var turned = 0
                    for corner in 0..<8 where whole >> (7 - corner) & 1 == 1 {
                        let place = [corner >> 2, corner >> 1 & 1, corner & 1]
                        let moved = order.map { place[$0] ^ (flips >> $0 & 1) }
                        turned |= 1 << (7 - (4 * moved[0] + 2 * moved[1] + moved[2]))
                    }
                    #expect(abs(table[whole] - table[turned]) < 1e-12, "\(whole) as \(turned)")
                }
            }
        }
    }

    private func areas(_ size: Size3, spacing: [Double], _ isInside: (Int, Int, Int) -> Bool) -> (prediction: Double, reference: Double) {
        let map = labelMap(size, spacing: spacing) { isInside($0, $1, $2) ? 1 : 0 }
        let empty = labelMap(size, spacing: spacing) { _, _, _ in 0 }
        let masks = MaskPair(map, empty, labels: [1], box: Box(lower: [0, 0, 0], upper: size), ignoring: nil)
        return SurfaceElements(masks, spacing: spacing).totalAreas
    }

    /// Flat parts between the outermost voxel centers, a strip along each of the twelve edges, a triangle at each of the eight corners.
    @Test(arguments: [[1, 1, 1], [2, 3, 4], [1, 5, 2]] as [Size3])
    func `A box of voxels has the area of a box with its edges cut off`(size: Size3) {
        for spacing in Self.spacings {
            let (a, b, c) = (spacing[0], spacing[1], spacing[2])
            let (x, y, z) = (Double(size[0] - 1) * a, Double(size[1] - 1) * b, Double(size[2] - 1) * c)
            let flat = 2 * (x * y + y * z + z * x)
            let strips = 2 * (x * (b * b + c * c).squareRoot() + y * (a * a + c * c).squareRoot() + z * (a * a + b * b).squareRoot())
            let corners = (a * a * b * b + b * b * c * c + c * c * a * a).squareRoot()
            let found = areas(size, spacing: spacing) { _, _, _ in true }
            #expect(abs(found.prediction - (flat + strips + corners)) < 1e-9 && found.reference == 0, "\(size) \(spacing)")
        }
    }

    @Test func `Two voxels that touch nowhere have twice the area of one, and so have two that share a corner`() {
        for second in [[3, 0, 0], [0, 0, 3], [1, 1, 1]] {
            let found = areas([4, 4, 4], spacing: [1, 1, 1]) { d, h, w in [d, h, w] == [0, 0, 0] || [d, h, w] == second }
            #expect(abs(found.prediction - 2 * 3.0.squareRoot()) < 1e-12, "\(second)")
        }
    }

    /// A voxel beside its copy two steps away: the cells of either are 1 or 2 mm from the nearest of the other.
    @Test func `The surface Dice and the percentile weigh elements by their area`() throws {
        var definition = MetricDefinition.surfaceDistance
        definition.unit = .millimeters
        let reference = labelMap([1, 1, 6]) { _, _, w in w == 1 ? 1 : 0 }, prediction = labelMap([1, 1, 6]) { _, _, w in w == 3 ? 1 : 0 }
        let surface = try #require(
            try Evaluator(definition: definition, tolerances: [0, 1, 1.5, 2]).evaluate(prediction, against: reference, case: "a").classes["1"]?.surface)
        // Cells lie between voxel centers: those of the reference at w 0 and 1, those of the prediction at 2 and 3; four of each, of equal area.
        #expect(surface.hd == 2 && surface.hd95 == 2 && agrees(surface.assd, 1.5, within: 1e-12))
        for (found, expected) in zip(surface.nsd, [0, 0.5, 0.5, 1]) { #expect(agrees(found.value, expected, within: 1e-12)) }
    }
}
