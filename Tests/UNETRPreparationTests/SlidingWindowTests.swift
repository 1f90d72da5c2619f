import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRPreparation
import UNETRSupport

/// Against numbers of the reference implementation.
@Suite struct SlidingWindowTests {
    private let reference: JSONValue
    init() throws {
        reference = try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: Fixtures.url("preparation/sliding/steps_and_gaussian.json")))
    }

    @Test(arguments: [0.25, 0.5, 0.9, 1])
    func `Patches of one slice visit each slice once, and count there like the middle of a volume`(step: Double) {
        let window = SlidingWindow(size: [7, 40, 33], patchSize: [1, 16, 24], stepFraction: step)
        #expect(window.starts[0] == Array(0..<7) && window.corners.count == 7 * window.starts[1].count * window.starts[2].count)
        #expect(SlidingWindow(size: [1, 40, 33], patchSize: [1, 16, 24], stepFraction: step).starts[0] == [0])
        let slice = SlidingWindow.importance(patchSize: [1, 16, 24]), volume = SlidingWindow.importance(patchSize: [2, 16, 24])
        // Of two slices the second has the peak.
        #expect(slice == Array(volume[(16 * 24)...]) && slice[8 * 24 + 12] == 1)
    }

    @Test func `Patches start where the reference's do`() {
        let cases = reference["steps"]!.array!
        #expect(cases.count > 20)
        for entry in cases {
            let size = { (name: String) in Size3(entry[name]!.array!.map { $0.int! })! }
            let window = SlidingWindow(size: size("image"), patchSize: size("patch"), stepFraction: entry["step"]!.double!)
            #expect(window.starts == entry["starts"]!.array!.map { $0.array!.map { $0.int! } })
            #expect(window.corners.count == window.starts.map(\.count).reduce(1, *))
        }
    }

    @Test func `The importance map is the reference's`() throws {
        let file = try SafetensorsFile(contentsOf: Fixtures.url("preparation/sliding/gaussian.safetensors"))
        for entry in reference["gaussians"]!.array! {
            let patch = Size3(entry["patch"]!.array!.map { $0.int! })!
            guard patch.voxels < 500_000 else { continue }  // the largest are left to the profile test: they say nothing new
            let map = SlidingWindow.importance(patchSize: patch), name = "gaussian.\(patch.text("x"))"
            let indices = try file.array("\(name).idx").ints(), expected = try file.array("\(name).val").floats()
            // float32 of a product of three exponentials; the reference multiplies in another order.
            #expect(zip(indices, expected).allSatisfy { abs(map[$0] - $1) <= 1e-5 * $1 + 1e-12 })
            let sum = map.reduce(0.0) { $0 + Double($1) }
            #expect(abs(sum / entry["sum"]!.double! - 1) < 1e-6)
        }
    }

    @Test func `The profile through the center is the reference's for every patch size`() {
        for entry in reference["gaussians"]!.array! {
            let patch = Size3(entry["patch"]!.array!.map { $0.int! })!
            for (axis, profile) in entry["axis_profiles"]!.array!.enumerated() {
                // With one voxel in the other axes the map is the profile itself.
                var line = Size3(1, 1, 1)
                line[axis] = patch[axis]
                let map = SlidingWindow.importance(patchSize: line)
                #expect(zip(map, profile.array!).allSatisfy { abs(Double($0) - $1.double!) <= 1e-6 * $1.double! })
                #expect(map.count == profile.array!.count)
            }
        }
    }

    @Test func `A volume smaller than the patch is padded, the smaller half in front`() {
        let window = SlidingWindow(size: [10, 7, 20], patchSize: [8, 10, 20])
        #expect(window.paddedSize == [10, 10, 20])
        #expect(window.paddingBefore == [0, 1, 0])
        #expect(window.corners == [[0, 0, 0], [2, 0, 0]])
    }
}
