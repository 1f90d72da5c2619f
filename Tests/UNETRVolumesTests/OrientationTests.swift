import Testing
import UNETRSupport

@testable import UNETRVolumes

/// One of the 48 ways in which the axes of a file can run along those of the patient.
struct Orientation: Sendable, CustomTestStringConvertible {
    /// By axis of the file (i, j, k): the axis of the patient, 0 = x to 2 = z.
    let axes: [Int]
    /// By axis of the file: 1 toward R, A or S, else −1.
    let signs: [Double]

    static let all: [Orientation] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].flatMap { axes in
        (0..<8).map { bits in Orientation(axes: axes, signs: (0..<3).map { bits >> $0 & 1 == 0 ? 1.0 : -1 }) }
    }

    /// The letters, from the table of axes and signs.
    var text: String { String((0..<3).map { Array(signs[$0] > 0 ? "RAS" : "LPI")[axes[$0]] }) }
    var testDescription: String { text }

    /// A grid of `lengths` voxels along x, y, z with `spacing` mm there, whose first voxel in the patient's order is at `corner`.
    func grid(lengths: [Int], spacing: [Double], corner: [Double]) -> Geometry {
        var affine = [[Double]](repeating: [0, 0, 0, 0], count: 3) + [[0, 0, 0, 1]]
        for (file, axis) in axes.enumerated() { affine[axis][file] = signs[file] * spacing[axis] }
        for (file, axis) in axes.enumerated() { affine[axis][3] = corner[axis] + (signs[file] > 0 ? 0 : Double(lengths[axis] - 1) * spacing[axis]) }
        return Geometry(
            size: Size3(lengths[axes[2]], lengths[axes[1]], lengths[axes[0]]), affine: affine,
            spacing: [spacing[axes[2]], spacing[axes[1]], spacing[axes[0]]])
    }

    /// The file's voxel [i, j, k] of place [x, y, z] in the patient's order.
    func voxel(_ place: [Int], lengths: [Int]) -> [Int] {
        (0..<3).map { signs[$0] > 0 ? place[axes[$0]] : lengths[axes[$0]] - 1 - place[axes[$0]] }
    }
}

struct OrientationTests {
    private static let lengths = [2, 3, 4], spacing = [0.5, 1.5, 2.0], corner = [-10.0, 20, 3.5]

    private func grid(_ orientation: Orientation) -> Geometry {
        orientation.grid(lengths: Self.lengths, spacing: Self.spacing, corner: Self.corner)
    }

    @Test func `There are 48 orientations, and no other three letters are one`() {
        let letters = Array("RLAPSI")
        let every = letters.flatMap { a in letters.flatMap { b in letters.map { c in String([a, b, c]) } } }
        #expect(every.count == 216)
        #expect(Set(every.filter { AxisCodes($0) != nil }) == Set(Orientation.all.map(\.text)))
        #expect(Orientation.all.allSatisfy { AxisCodes($0.text)?.text == $0.text })
        for text in ["", "RA", "RASS", "ras", "R A S", "RAX", "RAS "] { #expect(AxisCodes(text) == nil, "\(text)") }
        #expect(AxisCodes.canonical.directions == [.right, .anterior, .superior])
    }

    @Test(arguments: Orientation.all) func `The letters of a grid say where its axes run, also where they are up to 40° off`(orientation: Orientation) {
        let plain = grid(orientation)
        #expect(plain.orientation == orientation.text && plain.problem == nil)
        #expect(plain.directions?.map(\.axis.index) == orientation.axes && plain.directions?.map(\.axis.sign) == orientation.signs)
        // Turned about the patient's z axis: (cos 40°, sin 40°) = (0.766, 0.643).
        var turned = plain
        for column in 0..<3 {
            let (x, y) = (plain.affine[0][column], plain.affine[1][column])
            (turned.affine[0][column], turned.affine[1][column]) = (0.766 * x - 0.643 * y, 0.643 * x + 0.766 * y)
        }
        #expect(turned.orientation == orientation.text)
        #expect(abs(turned.determinant / plain.determinant - 1) < 1e-3)
    }

    @Test(arguments: Orientation.all) func `A voxel has the same place in the patient in every orientation`(orientation: Orientation) throws {
        let file = grid(orientation)
        for x in 0..<2 {
            for y in 0..<3 {
                for z in 0..<4 {
                    let voxel = orientation.voxel([x, y, z], lengths: Self.lengths).map(Double.init)
                    let place = file.position(i: voxel[0], j: voxel[1], k: voxel[2])
                    // All terms are exact in binary.
                    #expect([place.x, place.y, place.z] == [-10 + 0.5 * Double(x), 20 + 1.5 * Double(y), 3.5 + 2 * Double(z)])
                    let back = try #require(file.index(x: place.x, y: place.y, z: place.z))
                    #expect(zip([back.i, back.j, back.k], voxel).allSatisfy { abs($0 - $1) < 1e-12 })
                }
            }
        }
        // 0.5 · 1.5 · 2 mm³, whatever the sign of the determinant.
        #expect(file.voxelMillilitres == 0.0015)
    }

    @Test(arguments: Orientation.all) func `A volume is put into any other orientation of its voxels, with all channels`(orientation: Orientation) throws {
        let canonical = grid(Orientation(axes: [0, 1, 2], signs: [1, 1, 1])), file = grid(orientation)
        // Channel c, place (x, y, z): 1000 c + 100 x + 10 y + z.
        func value(_ c: Int, _ x: Int, _ y: Int, _ z: Int) -> Int16 { Int16(1000 * c + 100 * x + 10 * y + z) }
        let volume = LabelMap(
            geometry: canonical, channels: 2, voxels: (0..<48).map { value($0 / 24, $0 % 2, $0 / 2 % 3, $0 / 6 % 4) })
        let placed = try volume.placed(on: file)
        #expect(placed.geometry == file && placed.channels == 2)
        for c in 0..<2 {
            for x in 0..<2 {
                for y in 0..<3 {
                    for z in 0..<4 {
                        let at = orientation.voxel([x, y, z], lengths: Self.lengths)
                        #expect(placed.voxels[placed.offset(channel: c, at[2], at[1], at[0])] == value(c, x, y, z))
                    }
                }
            }
        }
        #expect(try placed.placed(on: canonical).voxels == volume.voxels)
    }

    @Test(arguments: Orientation.all) func `A part of a volume keeps its places in every orientation`(orientation: Orientation) {
        let file = grid(orientation)
        let start = Size3(file.size[0] - 2, file.size[1] - 1, 0), part = file.region(start: start, size: [2, 1, 2])
        #expect(part.orientation == orientation.text && part.size == [2, 1, 2] && part.spacing == file.spacing)
        for k in 0..<2 {
            for i in 0..<2 {
                let (here, there) = (part.position(i: Double(i), j: 0, k: Double(k)), file.position(i: Double(i), j: Double(start[1]), k: Double(k + start[0])))
                #expect(here == there)
            }
        }
    }
}

struct LabelExtentTests {
    @Test(arguments: Orientation.all) func `Extents count voxels, sum places and box them, in the file's order`(orientation: Orientation) throws {
        let file = orientation.grid(lengths: [3, 4, 5], spacing: [1, 1, 1], corner: [0, 0, 0]), size = file.size
        // Values that depend on the place in the file alone: three labels and background.
        let map = LabelMap(geometry: file, voxels: (0..<60).map { Int16($0 * 7 % 11 % 4) - 1 })
        let extents = LabelExtents(map)
        #expect(extents.values == [-1, 1, 2])
        for values in [[1], [-1], [1, 2], [2, -1, 9], [70_000, 1]] {
            let voxels = map.voxels.indices.filter { values.contains(Int(map.voxels[$0])) }
            let places = voxels.map { [$0 % size[2], $0 / size[2] % size[1], $0 / (size[1] * size[2])] }
            let extent = try #require(extents.extent(of: values))
            #expect(extent.count == voxels.count)
            for axis in 0..<3 {
                let line = places.map { $0[axis] }
                #expect(extent.first[axis] == line.min() && extent.last[axis] == line.max())
                #expect(abs(extent.center[axis] - Double(line.reduce(0, +)) / Double(line.count)) < 1e-12)
            }
        }
        #expect(extents.extent(of: [3]) == nil && extents.extent(of: []) == nil && extents.extent(of: [70_000]) == nil)
    }
}
