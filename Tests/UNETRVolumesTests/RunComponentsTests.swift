import TestSupport
import Testing
import UNETRSupport
import UNETRVolumes

struct RunComponentsTests {
    /// Labels every voxel by flooding from each in turn: slow, and plainly right.
    private static func flood(_ mask: [UInt8], _ size: Size3, _ connectivity: Connectivity) -> [Int] {
        let reach = [6: 1, 18: 2, 26: 3][connectivity.rawValue]!
        var parts = [Int](repeating: -1, count: mask.count), count = 0
        for start in mask.indices where mask[start] != 0 && parts[start] < 0 {
            var stack = [start]
            parts[start] = count
            while let voxel = stack.popLast() {
                let (d, h, w) = (voxel / (size[1] * size[2]), voxel / size[2] % size[1], voxel % size[2])
                for z in max(0, d - 1)..<min(size[0], d + 2) {
                    for y in max(0, h - 1)..<min(size[1], h + 2) {
                        for x in max(0, w - 1)..<min(size[2], w + 2) where abs(z - d) + abs(y - h) + abs(x - w) <= reach {
                            let neighbor = (z * size[1] + y) * size[2] + x
                            if mask[neighbor] != 0, parts[neighbor] < 0 {
                                parts[neighbor] = count
                                stack.append(neighbor)
                            }
                        }
                    }
                }
            }
            count += 1
        }
        return parts
    }

    @Test(arguments: Connectivity.allCases) func `Components are those of a plain flood fill, numbered by their first voxel`(
        connectivity: Connectivity
    ) {
        var state: UInt64 = 1
        for (size, share) in [([5, 6, 7], 30), ([5, 6, 7], 55), ([1, 9, 9], 45), ([4, 1, 12], 40), ([8, 8, 1], 40), ([3, 3, 3], 100), ([2, 2, 2], 0)]
            as [(Size3, Int)]
        {
            let mask = (0..<size.voxels).map { _ -> UInt8 in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return state >> 33 % 100 < share ? 1 : 0
            }
            let expected = Self.flood(mask, size, connectivity)
            var found = [Int](repeating: -1, count: mask.count)
            let components = mask.withUnsafeBufferPointer { RunComponents($0.baseAddress!, size: size, connectivity: connectivity) }
            components.forEachRun { row, run, component in
                for x in run.start..<run.end { found[row * size[2] + Int(x)] = component }
            }
            #expect(found == expected, "\(size) \(share) %")
            #expect(components.count == (expected.max() ?? -1) + 1)
            #expect(components.voxelCounts == (0..<components.count).map { part in expected.count { $0 == part } })
        }
    }

    /// Two voxels that share a corner, an edge, a face.
    @Test func `What touches depends on the connectivity`() {
        func count(_ mask: [UInt8], _ connectivity: Connectivity) -> Int {
            mask.withUnsafeBufferPointer { RunComponents($0.baseAddress!, size: [2, 2, 2], connectivity: connectivity).count }
        }
        let (corner, edge, face): ([UInt8], [UInt8], [UInt8]) = ([1, 0, 0, 0, 0, 0, 0, 1], [1, 0, 0, 0, 0, 0, 1, 0], [1, 0, 0, 0, 1, 0, 0, 0])
        #expect(Connectivity.allCases.map { count(corner, $0) } == [2, 2, 1])
        #expect(Connectivity.allCases.map { count(edge, $0) } == [2, 1, 1])
        #expect(Connectivity.allCases.map { count(face, $0) } == [1, 1, 1])
    }

    @Test func `Only the bits that are asked for count, and the border is known`() {
        let mask: [UInt8] = [1, 0, 0, 0, 0] + [0, 2, 3, 0, 0] + [0, 0, 0, 0, 1]
        mask.withUnsafeBufferPointer { mask in
            let second = RunComponents(mask.baseAddress!, bits: 2, size: [1, 3, 5])
            #expect(second.voxelCounts == [2])
            let first = RunComponents(mask.baseAddress!, bits: 1, size: [1, 3, 5])
            #expect(first.voxelCounts == [1, 1, 1])
        }
        let inner: [UInt8] = (0..<27).map { $0 == 13 ? 1 : 0 }, outer: [UInt8] = (0..<27).map { $0 == 4 ? 1 : 0 }
        for (mask, touches) in [(inner, false), (outer, true)] {
            mask.withUnsafeBufferPointer { #expect(RunComponents($0.baseAddress!, size: [3, 3, 3]).touchesBorder == [touches]) }
        }
    }
}
