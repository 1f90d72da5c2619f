import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

struct PreparedCopiesTests {
    @Test func `Copies of a scan are found among prepared cases, however they are labeled`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let plan = try Plan(
                dataset: "d", channelNames: ["MRI"], labels: LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "x", value: 1)]),
                targetSpacing: [1, 1, 1], patchSize: [8, 8, 8], normalization: [.init(scheme: .zScore)])
            let geometry = Geometry(size: [9, 10, 11], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
            // One voxel in 990 differs between a and b, at a place that is not looked at first.
            for (name, seed, changed) in [("a", 1, nil), ("b", 1, 1), ("c", 1, nil), ("d", 2, nil), ("e", 2, nil), ("f", 1, nil)] as [(String, Int, Int?)] {
                var voxels = (0..<geometry.count).map { Float(1 + ($0 * 7919 * seed) % 101) }
                if let changed { (voxels[changed], voxels[changed + 4]) = (voxels[changed + 4], voxels[changed]) }
                let labels = LabelMap(geometry: geometry, voxels: (0..<geometry.count).map { name == "c" ? 1 : Int16($0 % 2) })
                try Preparer(plan: plan).prepare(Scan(geometry: geometry, channels: 1, voxels: voxels), labels: labels, name: name).write(to: folder)
            }
            #expect(try PreparedCopies.find(among: ["f", "e", "d", "c", "b", "a"], in: folder) == [["a", "c", "f"], ["d", "e"]])
            #expect(try PreparedCopies.find(among: ["a", "b", "d"], in: folder) == [])
        }
    }
}
