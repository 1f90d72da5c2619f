import Foundation
import Testing
import UNETRSupport
import UNETRVolumes

@testable import UNETREvaluation

/// What is said in the patient's directions must not depend on how a file stores its voxels.
struct PatientSideTests {
    /// All 48 ways to store a volume: by axis of the file, the patient's axis and the direction along it.
    private static let storages: [(axes: [Int], signs: [Int])] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].flatMap { axes in
        (0..<8).map { bits in (axes, (0..<3).map { bits >> $0 & 1 == 0 ? 1 : -1 }) }
    }

    private static let lengths = [3, 4, 5], spacing = [1.0, 2, 4]

    private func grid(_ axes: [Int], _ signs: [Int]) -> Geometry {
        var affine = [[Double]](repeating: [0, 0, 0, 0], count: 3) + [[0, 0, 0, 1]]
        for (file, axis) in axes.enumerated() {
            affine[axis][file] = Double(signs[file]) * Self.spacing[axis]
            affine[axis][3] = signs[file] > 0 ? 0 : Double(Self.lengths[axis] - 1) * Self.spacing[axis]
        }
        return Geometry(size: Size3 { Self.lengths[axes[2 - $0]] }, affine: affine, spacing: (0..<3).map { Self.spacing[axes[2 - $0]] })
    }

    @Test func `A view walks through the patient from right to left, back to front, feet to head`() {
        for (axes, signs) in Self.storages {
            let geometry = grid(axes, signs), view = PatientView(geometry)
            #expect(view.lengths == Self.lengths && view.spacing == Self.spacing && view.isOriented)
            for x in 0..<3 {
                for y in 0..<4 {
                    for z in 0..<5 {
                        let place = [x, y, z]
                        let voxel = (0..<3).map { signs[$0] > 0 ? place[axes[$0]] : Self.lengths[axes[$0]] - 1 - place[axes[$0]] }
                        #expect(view.offset(place) == (voxel[2] * geometry.size[1] + voxel[1]) * geometry.size[2] + voxel[0])
                    }
                }
            }
        }
    }

    @Test func `Where the axes fall together a view takes them as the file has them`() {
        let flat = Geometry(size: [2, 3, 4], affine: [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [3, 2, 1])
        let view = PatientView(flat)
        #expect(!view.isOriented && view.lengths == [4, 3, 2] && view.spacing == [1, 2, 3] && view.offset([1, 2, 1]) == 21)
    }

    @Test func `The planes are those of a radiologist`() {
        #expect(PatientView.Plane.allCases.map(\.name) == ["axial", "coronal", "sagittal"])
        #expect(PatientView.Plane.allCases.map { [$0.axes.column, $0.axes.row, $0.axes.across] } == [[0, 1, 2], [0, 2, 1], [1, 2, 0]])
    }

    /// A structure of the voxels (x, y, z) = (0…1, 2, 4) and (2, 2, 4): it reaches left, right and head.
    @Test func `Sides, centers and boxes are the same however the mask is stored`() throws {
        for (axes, signs) in Self.storages {
            let geometry = grid(axes, signs), view = PatientView(geometry)
            var voxels = [Int16](repeating: 0, count: 60)
            for x in 0..<3 { voxels[view.offset([x, 2, 4])] = 1 }
            voxels[view.offset([0, 1, 1])] = 2
            voxels[view.offset([1, 2, 2])] = 2
            voxels[view.offset([1, 3, 3])] = 2
            var case1 = CaseStatistics(name: "a", mask: URL(filePath: "/m"))
            try case1.measure(LabelMap(geometry: geometry, voxels: voxels))
            #expect(case1.structures.map(\.key) == ["1", "2"] && case1.structures.map(\.voxels) == [3, 3])
            let (first, second) = (case1.structures[0], case1.structures[1])
            // 3 voxels of 1 · 2 · 4 mm³.
            #expect(abs(first.milliliters - 0.024) < 1e-15 && first.border == "RLS" && first.components == 1 && first.largestComponent == 3)
            #expect(first.centroid == [1, 4, 16] && first.boundingBoxMillimeters == [[-0.5, 3, 14], [2.5, 5, 18]])
            // (1, 2, 2) touches (0, 1, 1) and (1, 3, 3) at a corner and at an edge.
            #expect(second.border == "LA" && second.components == 1 && second.largestComponent == 3)
            #expect(zip(second.centroid!, [2.0 / 3, 4, 8]).allSatisfy { abs($0 - $1) < 1e-12 })
            let box = try #require(second.boundingBox)
            let corners = [[0, 1, 1], [1, 3, 3]].map { place in
                (0..<3).map { signs[$0] > 0 ? place[axes[$0]] : Self.lengths[axes[$0]] - 1 - place[axes[$0]] }
            }
            #expect(box == [zip(corners[0], corners[1]).map(min), zip(corners[0], corners[1]).map(max)])
        }
    }

    @Test func `Labels go to the nearest voxel of a grid that is stored otherwise`() throws {
        let canonical = grid([0, 1, 2], [1, 1, 1])
        let map = LabelMap(geometry: canonical, voxels: (0..<60).map { Int16($0 + 1) })
        for (axes, signs) in Self.storages {
            let geometry = grid(axes, signs), view = PatientView(geometry)
            let found = try LabelResampling.nearest(map, to: geometry, case: "a")
            for at in 0..<60 { #expect(found.voxels[view.offset([at % 3, at / 3 % 4, at / 12])] == Int16(at + 1)) }
        }
    }

    // Twice as fine along x, shifted by half a voxel: each new voxel is looked up by hand.
    @Test func `Ties go to the voxel with the higher index, and outside is background`() throws {
        let map = labelMap([1, 1, 3], [5, 6, 7])
        func resampled(_ count: Int, step: Double, from start: Double) throws -> [Int16] {
            let grid = Geometry(
                size: Size3(1, 1, count), affine: [[step, 0, 0, start], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, abs(step)])
            return try LabelResampling.nearest(map, to: grid, case: "a").voxels
        }
        // Places −1, −0.5, 0, 0.5, 1, 1.5, 2, 2.5.
        #expect(try resampled(8, step: 0.5, from: -1) == [0, 5, 5, 6, 6, 7, 7, 0])
        #expect(try resampled(3, step: 1, from: 0.25) == [5, 6, 7])
        #expect(try resampled(2, step: 2, from: 0) == [5, 7])
        #expect(try resampled(4, step: -1, from: 2) == [7, 6, 5, 0])
    }
}
