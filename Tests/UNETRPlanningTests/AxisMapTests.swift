import Testing
import UNETRSupport
import UNETRVolumes

@testable import UNETRPlanning

/// How a scan's axes become those of the prepared array, against the places of voxels in the patient.
struct AxisMapTests {
    private static let letters = "RLAPSI"

    /// All 48 codes, by trying every three letters.
    private static let codes: [AxisCodes] = letters.flatMap { a in letters.flatMap { b in letters.compactMap { c in AxisCodes(String([a, b, c])) } } }

    /// A scan of 2, 3 and 4 voxels along i, j and k, with 1, 2 and 4 mm along x, y and z.
    private func scan(_ codes: AxisCodes) -> Geometry {
        var affine = [[Double]](repeating: [0, 0, 0, 5], count: 3) + [[0, 0, 0, 1]]
        for (file, direction) in codes.directions.enumerated() { affine[direction.axis.index][file] = direction.axis.sign * spacing(direction) }
        return Geometry(size: [4, 3, 2], affine: affine, spacing: codes.directions.reversed().map(spacing))
    }

    private func spacing(_ direction: AnatomicalDirection) -> Double { [1, 2, 4][direction.axis.index] }

    private func place(_ offset: Int, in scan: Geometry) -> [Double] {
        let (i, j, k) = (offset % 2, offset / 2 % 3, offset / 6)
        let place = scan.position(i: Double(i), j: Double(j), k: Double(k))
        return [place.x, place.y, place.z]
    }

    @Test(arguments: [[0, 1, 2], [2, 0, 1], [1, 0, 2]]) func `Prepared axes run in the directions that are asked for, whichever way the scan is stored`(
        axes: [Int]
    ) throws {
        #expect(Self.codes.count == 48)
        let order = try AxisOrder(axes)
        for own in Self.codes {
            let scan = scan(own)
            for wanted in Self.codes {
                let map = AxisMap(of: scan, to: wanted, order: order), (first, strides) = map.places(of: scan.size)
                let size = map.order.apply(scan.size), start = place(first, in: scan)
                for axis in 0..<3 {
                    // Axis a of an array is axis 2 − a of a file.
                    let direction = wanted.directions[2 - axes[axis]]
                    var expected = start
                    expected[direction.axis.index] += direction.axis.sign * spacing(direction) * Double(size[axis] - 1)
                    #expect(place(first + strides[axis] * (size[axis] - 1), in: scan) == expected, "\(own.text) to \(wanted.text), axis \(axis)")
                }
            }
            // Without wanted directions the axes are only put in order.
            let plain = AxisMap(of: scan, to: nil, order: order)
            #expect(plain.flipped == [] && plain.order == order && plain.places(of: scan.size).first == 0)
            #expect(AxisMap(of: scan, to: own, order: .identity).isIdentity)
        }
    }

    @Test func `Every voxel is visited once, in a part of a larger array too`() {
        let scan = scan(AxisCodes("SLP")!), map = AxisMap(of: scan, to: .canonical, order: .identity)
        func visited(_ whole: Size3?) -> [Int] {
            let (first, strides) = map.places(of: scan.size, in: whole), size = map.order.apply(scan.size)
            return (0..<size[0]).flatMap { d in
                (0..<size[1]).flatMap { h in (0..<size[2]).map { w in first + d * strides[0] + h * strides[1] + w * strides[2] } }
            }
        }
        #expect(visited(nil).sorted() == Array(0..<24))
        // The first 4 × 3 × 2 voxels of an array of 5 × 6 × 7.
        let part = (0..<24).map { ($0 / 6 * 6 + $0 / 2 % 3) * 7 + $0 % 2 }
        #expect(visited([5, 6, 7]).sorted() == part.sorted())
        // Prepared [z, y, x] from i up, j left and k back: z along i, y against k, x against j.
        #expect(map.order.axes == [2, 0, 1] && map.flipped == [1, 2])
        #expect(visited(nil).first == 3 * 6 + 2 * 2 && visited(nil)[1] == 3 * 6 + 1 * 2)
    }

    @Test func `A scan that does not say where its axes run is left as it is`() {
        let flat = Geometry(size: [4, 3, 2], affine: [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
        #expect(AxisMap(of: flat, to: .canonical, order: .identity).isIdentity)
    }

    @Test func `An order of axes has an inverse, and holds each axis once`() throws {
        for axes in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let order = try AxisOrder(axes)
            #expect(order.inverse.apply(order.apply(["d", "h", "w"])) == ["d", "h", "w"] && order.isIdentity == (axes == [0, 1, 2]))
            #expect(order.apply(Size3(7, 8, 9)) == Size3 { [7, 8, 9][axes[$0]] })
        }
        for axes in [[], [0, 1], [0, 1, 1], [1, 2, 3], [-1, 0, 1], [0, 1, 2, 2]] {
            let error = #expect(throws: PlanError.self) { try AxisOrder(axes) }
            #expect(error == .invalid(field: "axisOrder", value: "\(axes)", rule: "must hold each of 0, 1, 2 once"))
        }
    }
}

/// Sizes and spacings of resampled scans, by hand.
struct ResamplingGridTests {
    @Test(
        arguments: [
            ([10, 20, 30], [1, 1, 1], [2, 4, 5], [5, 5, 6]), ([5, 5, 5], [3, 1, 1], [2, 2, 1], [8, 2, 5]),  // 7.5 and 2.5 to the even number
            ([3, 3, 3], [1, 1, 1], [100, 2, 6], [1, 2, 1]), ([4, 4, 4], [0.7, 0.7, 0.7], [0.7, 0.7, 0.7], [4, 4, 4]),
        ] as [(Size3, [Double], [Double], Size3)])
    func `An axis keeps its length, in whole voxels, at least one`(size: Size3, spacing: [Double], target: [Double], expected: Size3) {
        #expect(ResamplingGrid.size(size, spacing: spacing, target: target) == expected)
    }

    @Test func `Sizes beyond what a prepared scan may have are cut, and known as too large`() {
        #expect(ResamplingGrid.size([100, 100, 100], spacing: [1e3, 1, 1], target: [1e-4, 1, 1e-300]) == [65536, 100, 65536])
        #expect(ResamplingGrid.isTooLarge([65536, 1, 1]) && !ResamplingGrid.isTooLarge([65535, 1, 1]))
        #expect(ResamplingGrid.isTooLarge([2048, 1024, 1024]) && !ResamplingGrid.isTooLarge([2047, 1024, 1024]))
        let error = GridTooLarge(scan: "a", size: [65536, 100, 2], spacing: [9, 1, 1], target: [1e-3, 1, 1])
        #expect(
            "\(error)" == "a would have 65536 × 100 × 2 voxels after resampling from [9.0, 1.0, 1.0] to [0.001, 1.0, 1.0] mm, but a prepared "
                + "scan has less than 2³¹ voxels, and less than 65536 along an axis; check its spacing and the plan's targetSpacing")
    }

    @Test(
        arguments: [
            ([1, 1, 1], [1, 1, 1], nil), ([3, 1, 1], [1, 1, 1], nil), ([3.1, 1, 1], [1, 1, 1], 0), ([1, 1, 1], [1, 1, 4], 2), ([1, 9, 2], [5, 1, 1], 1),
            ([4, 4, 1], [5, 1, 1], nil),  // two coarse axes: none is treated apart, and the target is not asked
        ] as [([Double], [Double], Int?)])
    func `One axis more than three times as coarse as the finest is treated apart`(own: [Double], target: [Double], expected: Int?) {
        #expect(ResamplingGrid.coarseAxis(own, else: target) == expected)
        let grid = ResamplingGrid(from: [10, 10, 10], spacing: own, to: target)
        #expect(grid.coarseAxis == expected && grid.isIdentity == (own == target))
    }

    /// The size by MONAI's rule along one axis: (n − 1) · own / target + 1.
    private func rule(_ size: Size3, _ spacing: [Double], target: [Double], turnedBy degrees: Double = 0, flipped: [Int] = []) -> SpacingRule {
        let (c, s) = degrees == 30 ? (0.75.squareRoot(), 0.5) : (1, 0)
        let columns = [[c * spacing[2], s * spacing[2], 0], [-s * spacing[1], c * spacing[1], 0], [0, 0, spacing[0]]]
        let affine = (0..<3).map { row in columns.map { $0[row] } + [Double(row) * 7] } + [[0, 0, 0, 1]]
        return SpacingRule(Geometry(size: size, affine: affine, spacing: spacing), AxisMap(order: .identity, flipped: flipped), target: target)
    }

    @Test(arguments: [0.0, 30]) func `By MONAI's rule the first and the last voxel of a scan stay in it, however it is turned`(degrees: Double) {
        for flipped in [[], [0], [1, 2], [0, 1, 2]] {
            let found = rule([10, 12, 20], [1, 2, 0.5], target: [3, 2, 1.3], turnedBy: degrees, flipped: flipped)
            // 9 / 3 + 1 = 4; unchanged; 9.5 / 1.3 + 1 = 8.3.
            #expect(found.size([10, 12, 20]) == [4, 12, 8] && !found.isUnchanged([10, 12, 20]))
            let grid = found.grid(from: [10, 12, 20])
            #expect(grid.inputSize == [10, 12, 20] && grid.outputSize == [4, 12, 8] && grid.coarseAxis == nil)
            #expect(zip(grid.steps!, [3, 1, 2.6]).allSatisfy { abs($0 - $1) < 1e-9 })
            let back = found.inverse(to: [10, 12, 20])
            #expect(back.inputSize == [4, 12, 8] && back.outputSize == [10, 12, 20])
            #expect(zip(back.steps!, [1.0 / 3, 1, 1 / 2.6]).allSatisfy { abs($0 - $1) < 1e-9 })
            #expect(found.shear([10, 12, 20]) < 1e-9)
        }
    }

    @Test func `A spacing within a thousandth of the wanted one is left as it is`() {
        let close = rule([10, 10, 10], [1.0009, 2, 0.9991], target: [1, 2, 1])
        #expect(close.spacing.map { ($0 * 1e4).rounded() / 1e4 } == [1.0009, 2, 0.9991] && close.isUnchanged([10, 10, 10]))
        #expect(close.grid(from: [10, 10, 10]) == ResamplingGrid(from: [10, 10, 10], to: [10, 10, 10]))
        let apart = rule([10, 10, 10], [1.002, 2, 1], target: [1, 2, 1])
        #expect(apart.spacing[0] == 1 && apart.own[0] == 1.002)
    }

    @Test func `A sheared scan says by how many voxels its axes lean`() {
        // Axis j leans on i by 0.1 of its length: over 9 voxels of 1 mm, 0.9 voxels of i.
        let affine = [[1, 0.1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
        let leaning = SpacingRule(Geometry(size: [4, 10, 6], affine: affine, spacing: [1, 1, 1]), AxisMap(order: .identity), target: [1, 1, 1])
        #expect(abs(leaning.shear([4, 10, 6]) - 0.9) < 1e-9)
    }
}
