import TestSupport
import Testing
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

@testable import UNETRPreparation

/// Boxes, holes and parts on volumes small enough to be drawn.
struct RegionTests {
    /// Voxels from rows of digits, one slice after the other.
    private func voxels<Value: BinaryInteger>(_ rows: String...) -> [Value] { rows.flatMap { $0.compactMap { $0.wholeNumberValue.map { Value($0) } } } }

    @Test func `The box is the smallest around what is not 0 in any channel, not a number included`() throws {
        let size: Size3 = [3, 4, 5]
        func box(_ places: [(channel: Int, at: [Int], value: Float)]) -> CropBox? {
            var values = [Float](repeating: 0, count: 120)
            for place in places { values[place.channel * 60 + (place.at[0] * 4 + place.at[1]) * 5 + place.at[2]] = place.value }
            return NonZeroRegion(values, channels: 2, size: size, needsMask: false, threads: 2)?.box
        }
        #expect(box([]) == nil)
        #expect(box([(0, [1, 2, 3], 1)]) == CropBox(lower: [1, 2, 3], upper: [2, 3, 4]))
        #expect(box([(0, [0, 3, 4], -1), (1, [2, 1, 0], 1e-30)]) == CropBox(lower: [0, 1, 0], upper: [3, 4, 5]))
        #expect(box([(1, [2, 0, 1], .nan), (1, [2, 2, 1], .infinity)]) == CropBox(lower: [2, 0, 1], upper: [3, 3, 2]))
        #expect(box([(0, [0, 0, 0], -0.0)]) == nil, "the negative zero is a zero")
    }

    @Test func `A hole is filled unless a path along faces leads out of it`() throws {
        func filled(_ rows: String..., size: Size3) -> [UInt8] {
            var mask: [UInt8] = rows.flatMap { $0.compactMap { $0.wholeNumberValue.map { UInt8($0) } } }
            NonZeroRegion.fillHoles(&mask, size: size)
            return mask
        }
        // A plane is closed by itself only if it is the whole volume: each of its voxels lies on the border.
        #expect(filled("111", "101", "111", size: [1, 3, 3]) == voxels("111", "101", "111"))
        let shell = ["111", "111", "111"]
        #expect(filled("111111111", "111101111", "111111111", size: [3, 3, 3]) == [UInt8](repeating: 1, count: 27))
        // One side open: the middle of the first slice.
        #expect(filled("111101111", "111101111", "111111111", size: [3, 3, 3]) == voxels("111101111", "111101111", "111111111"))
        // A corner open: no path along faces.
        #expect(filled("011111111", "111101111", "111111111", size: [3, 3, 3]) == voxels("011111111", "111111111", "111111111"))
        #expect(filled(shell.joined(), size: [1, 3, 3]) == [UInt8](repeating: 1, count: 9))
        #expect(filled("000", size: [1, 1, 3]) == [0, 0, 0])
    }

    @Test func `The mask of a region is that of all channels, with its holes filled`() throws {
        // A shell of two halves: rows of the first channel, rows of the second, around one voxel that is 0 in both.
        var values = [Float](repeating: 0, count: 54)
        for at in 0..<27 where at != 13 { values[at % 2 * 27 + at] = 1 }
        let region = try #require(NonZeroRegion(values, channels: 2, size: [3, 3, 3], needsMask: true, threads: 1))
        #expect(region.mask == [UInt8](repeating: 1, count: 27) && region.box == CropBox(lower: [0, 0, 0], upper: [3, 3, 3]))
    }

    @Test func `A box cuts the same part out of every channel`() {
        let box = CropBox(lower: [1, 0, 2], upper: [3, 2, 4])
        // Channel c, voxel (d, h, w): 1000 c + 100 d + 10 h + w, of 3 × 2 × 5.
        let values = (0..<60).map { 1000 * ($0 / 30) + 100 * ($0 / 10 % 3) + 10 * ($0 / 5 % 2) + $0 % 5 }
        #expect(box.size == [2, 2, 2])
        #expect(
            box.cut(values, channels: 2, from: [3, 2, 5])
                == [102, 103, 112, 113, 202, 203, 212, 213, 1102, 1103, 1112, 1113, 1202, 1203, 1212, 1213])
        #expect(CropBox(lower: [0, 0, 0], upper: [3, 2, 5]).cut(values, channels: 2, from: [3, 2, 5]) == values)
    }

    @Test func `Small parts go, unless they are at least as large as is asked for`() {
        let row: [Int16] = voxels("1110110102220")
        func kept(_ minimum: Double?, volume: Double = 1, of values: [Int] = [1]) -> ([Int16], ConnectedComponents.Outcome) {
            var labels = row
            let outcome = ConnectedComponents.keepLargest(of: values, in: &labels, size: [1, 1, 13], minimumSize: minimum, voxelVolume: volume)
            return (labels, outcome)
        }
        #expect(kept(nil) == (voxels("1110000002220"), .init(largestRemoved: 2, kept: 3)))
        #expect(kept(2) == (voxels("1110110002220"), .init(largestRemoved: 1, kept: 3)))
        #expect(kept(1) == (row, .init(largestRemoved: nil, kept: 3)))
        // Volumes of half a cubic millimeter each: 1 mm³ are two voxels.
        #expect(kept(1, volume: 0.5) == (voxels("1110110002220"), .init(largestRemoved: 0.5, kept: 1.5)))
        // Together the two structures have two parts of the same size.
        #expect(kept(nil, of: [1, 2]) == (voxels("1110000002220"), .init(largestRemoved: 2, kept: 3)))
        #expect(kept(nil, of: [5]) == (row, .init()))
    }

    @Test func `What touches is a matter of the connectivity that is asked for`() {
        // Three voxels, each at an edge of the next, and a fourth at the corner of the third.
        var places = [Int16](repeating: 0, count: 64)
        for (d, h, w) in [(0, 0, 0), (0, 1, 1), (0, 2, 2), (1, 3, 3)] { places[(d * 4 + h) * 4 + w] = 1 }
        func left(_ connectivity: Connectivity) -> Int {
            var labels = places
            ConnectedComponents.keepLargest(of: [1], in: &labels, size: [4, 4, 4], connectivity: connectivity)
            return labels.count { $0 == 1 }
        }
        #expect(left(.faces) == 4, "four parts of one voxel are all the largest")
        #expect(left(.edges) == 3 && left(.corners) == 4)
    }

    private typealias Pair = PostProcessingDecision.Pair

    private func decision(_ pairs: [(prediction: String, reference: String)]) -> PostProcessingDecision {
        let pairs = pairs.map { pair in
            Pair(size: Size3(1, 1, pair.prediction.count), prediction: voxels(pair.prediction), reference: voxels(pair.reference))
        }
        return PostProcessingDecision(values: [1, 2], cases: pairs.count) { pairs[$0] }
    }

    @Test func `A structure that gains by itself is cleaned by itself`() {
        // A stray voxel of 1; the 2 lies apart, so that cleaning both as one would lose it.
        let found = decision([("1110100022", "1110000022")])
        #expect(found.rawDice == [1: 6.0 / 7, 2: 1] && found.jointDice == [1: 1, 2: 0] && found.singleDice == [1: 1, 2: 1])
        #expect(found.postProcessing.keepLargest == [[1]])
    }

    @Test func `Structures that touch are cleaned as one where none loses`() {
        let found = decision([("1112200010", "1112200000")])
        #expect(found.rawDice == [1: 6.0 / 7, 2: 1] && found.jointDice == [1: 1, 2: 1])
        #expect(found.postProcessing.keepLargest == [[1, 2]])
        // Within what that keeps, the second parts of both are still cleaned by themselves: 1 from 6/8 to 6/7, 2 from 4/5 to 1.
        let both = decision([("2211121001", "2211110000")])
        #expect(both.postProcessing.keepLargest == [[1, 2], [1], [2]])
    }

    @Test func `Where nothing is gained nothing is removed, and a case without a structure does not count for it`() {
        #expect(decision([("1100110", "1100110")]).postProcessing.keepLargest == [])
        let found = decision([("1101000", "1100000"), ("0000000", "0000000"), ("0000000", "1000000")])
        // 0.8 and 0 over two cases; structure 2 occurs nowhere.
        #expect(found.rawDice == [1: 0.4] && found.jointDice == [1: 0.5] && found.rawDice[2] == nil)
        #expect(found.postProcessing.keepLargest == [[1, 2]])
    }
}
