import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRSupport
import UNETRTorchEngine
import UNETRVolumes

/// One scan, stored in every way: a mask depends on what is in the scan, not on which way its file's axes run.
struct OrientationTests {
    /// The scan's file axes in another order and direction.
    private struct Storage {
        /// File axis n of the stored scan is file axis `axes[n]` of the original, backwards where `flips[n]`.
        let axes: [Int]
        let flips: [Bool]

        static let all = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].flatMap { axes in
            (0..<8).map { bits in Storage(axes: axes, flips: (0..<3).map { bits >> $0 & 1 == 1 }) }
        }

        func geometry(_ original: Geometry) -> Geometry {
            let size = [original.size[2], original.size[1], original.size[0]]
            let affine = (0..<3).map { row in
                axes.indices.map { (flips[$0] ? -1 : 1) * original.affine[row][axes[$0]] }
                    + [axes.indices.reduce(original.affine[row][3]) { $0 + (flips[$1] ? original.affine[row][axes[$1]] * Double(size[axes[$1]] - 1) : 0) }]
            }
            return Geometry(
                size: Size3(size[axes[2]], size[axes[1]], size[axes[0]]), affine: affine + [[0, 0, 0, 1]],
                spacing: (0..<3).map { original.spacing[2 - axes[2 - $0]] })
        }

        /// Values in the original's order, put in the stored one.
        func store<Value>(_ values: [Value], _ original: Size3) -> [Value] {
            let size = [original[2], original[1], original[0]]
            var stored: [Value] = []
            for k in 0..<size[axes[2]] {
                for j in 0..<size[axes[1]] {
                    for i in 0..<size[axes[0]] {
                        var index = [0, 0, 0]
                        for (axis, place) in [i, j, k].enumerated() { index[axes[axis]] = flips[axis] ? size[axes[axis]] - 1 - place : place }
                        stored.append(values[(index[2] * size[1] + index[1]) * size[0] + index[0]])
                    }
                }
            }
            return stored
        }
    }

    private static let original: Scan = {
        let ball = TinyModel.ball(1).scan
        // An oblique patient on anisotropic voxels, so that the scan is turned, resampled and cropped.
        let affine = [[-1.2, 0.1, 0, 9], [0.1, 1, 0.1, -8], [0, -0.1, 1.6, 7], [0, 0, 0, 1.0]]
        return Scan(geometry: Geometry(size: ball.geometry.size, affine: affine, spacing: [1.6, 1, 1.2]), voxels: ball.voxels)
    }()

    @Test func `The mask of a scan stored in any of 48 orientations is the same mask, stored the same way`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var plan = try TinyModel.plan()
            plan.orientation = .canonical
            let original = Self.original
            let bundle = try TinyModel.bundle(plan, findingAllIn: original, in: folder)
            let segmenter = try Segmenter(model: bundle, options: SegmenterOptions(mirroring: false))
            let expected = try segmenter.segment(original, name: "original").labels.voxels
            #expect(Set(expected).count == 2 && Storage.all.count == 48)
            for storage in Storage.all {
                let geometry = storage.geometry(original.geometry)
                let stored = Scan(geometry: geometry, voxels: storage.store(original.voxels, original.geometry.size))
                let mask = try segmenter.segment(stored, name: "stored").labels
                #expect(mask.geometry == geometry)
                #expect(mask.voxels == storage.store(expected, original.geometry.size), "\(geometry.orientation ?? "")")
            }
            #expect(Set(Storage.all.compactMap { $0.geometry(original.geometry).orientation }).count == 48)
        }
    }

    /// What the plans of other programs ask for.
    @Test func `Without an orientation in the plan, a scan goes to the network as it is stored`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let original = Self.original
            let bundle = try TinyModel.bundle(TinyModel.plan(), findingAllIn: original, in: folder)
            let segmenter = try Segmenter(model: bundle, options: SegmenterOptions(mirroring: false))
            let expected = try segmenter.segment(original, name: "original").labels.voxels
            let storage = Storage(axes: [2, 0, 1], flips: [true, false, true])
            let stored = Scan(
                geometry: storage.geometry(original.geometry), voxels: storage.store(original.voxels, original.geometry.size))
            #expect(try segmenter.segment(stored, name: "stored").labels.voxels != storage.store(expected, original.geometry.size))
        }
    }
}
