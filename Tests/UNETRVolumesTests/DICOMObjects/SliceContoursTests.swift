import Testing
import UNETRSupport

@testable import UNETRVolumes

@Suite struct SliceContoursTests {
    private func contours(_ rows: [String]) -> [[SliceContours.Point]] {
        SliceContours(rows.flatMap { $0.map { $0 == "#" } }, width: rows[0].count).contours
    }

    private func filled(_ contours: [[SliceContours.Point]], width: Int, height: Int) -> [Bool] {
        var filling = ContourFilling(width: width, height: height), inside = [Bool](repeating: false, count: width * height)
        for contour in contours { filling.add(contour.map { (Double($0.i) / 100, Double($0.j) / 100) }) }
        filling.forEachInside { inside[$0] = true }
        return inside
    }

    @Test func `A voxel alone is four points a little inside its edges`() {
        #expect(contours(["...", ".#.", "..."]) == [[(149, 51), (149, 149), (51, 149), (51, 51)].map { SliceContours.Point(i: $0.0, j: $0.1) }])
        let moved = SliceContours([true], width: 1, origin: (10, 20)).contours
        #expect(moved == [[(1049, 1951), (1049, 2049), (951, 2049), (951, 1951)].map { SliceContours.Point(i: $0.0, j: $0.1) }])
    }

    @Test func `Voxels that touch at a corner are apart, straight edges have no vertices between`() {
        #expect(contours(["#.", ".#"]).map(\.count) == [4, 4])
        #expect(contours(["###", "###"]).map(\.count) == [4])
        #expect(contours(["##", "#."]).map(\.count) == [6])
        #expect(contours([".."]).isEmpty)
    }

    @Test func `A hole is in the contour around it, an island in the hole is one of its own`() {
        #expect(contours(["###", "#.#", "###"]).map(\.count) == [4 + 4 + 3])
        #expect(contours(["#####", "#...#", "#.#.#", "#...#", "#####"]).map(\.count) == [11, 4])
        // Two holes in one row share the place where their channels begin.
        #expect(contours(["#####", "#.#.#", "#####"]).map(\.count) == [4 + 4 + 4 + 5])
    }

    @Test func `Whatever the mask, filling gives it back, each voxel by one contour`() {
        for seed in 0..<400 as Range<UInt64> {
            var generator = CounterGenerator(seed: seed)
            let width = 1 + Int(generator.next() % 24), height = 1 + Int(generator.next() % 24), share = generator.uniform()
            let mask = (0..<width * height).map { _ in generator.happens(share) }
            let found = SliceContours(mask, width: width).contours
            #expect(filled(found, width: width, height: height) == mask)
            var counts = [Int](repeating: 0, count: mask.count)
            for contour in found {
                #expect(contour.count >= 4)
                for (index, inside) in filled([contour], width: width, height: height).enumerated() where inside { counts[index] += 1 }
                // Vertices are never half-way between voxels: a reader that rounds them lands on voxels of the structure.
                for point in contour {
                    let (i, j) = (Int((Double(point.i) / 100).rounded()), Int((Double(point.j) / 100).rounded()))
                    #expect(abs(Int(point.i) - 100 * i) == 49 && abs(Int(point.j) - 100 * j) == 49)
                    #expect(mask[j * width + i])
                }
            }
            #expect(counts == mask.map { $0 ? 1 : 0 })
        }
    }
}
