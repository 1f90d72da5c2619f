import Testing
import UNETRSupport

@testable import UNETRAugmentation

/// Where crops are taken.
@Suite struct PatchSamplerTests {
    @Test("The last third of a batch is centered on foreground, rounded half to even")
    func foregroundShare() {
        let sampler = PatchSampler(patch: Size3(4, 4, 4), enlarged: Size3(4, 4, 4))
        let flags = (1...6).map { count in (0..<count).map { sampler.isForeground($0, of: count) ? 1 : 0 } }
        #expect(flags == [[0], [0, 1], [0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1, 1], [0, 0, 0, 0, 1, 1]])
    }

    @Test("The crop is enlarged as nnU-Net does it")
    func enlargement() {
        // 128³: 128 (cos 30° + sin 30°) / 0.85 = 205.7, as nnU-Net prints it for this patch.
        #expect(AugmentationPlan.published().enlargedExtent(of: Size3(128, 128, 128)) == Size3(205, 205, 205))
        // About the D-axis 64 reaches 64 cos + 48 sin = 79.43, about W 48 reaches 48 cos + 64 sin = 73.57,
        // about H 48 reaches 48 cos + 48 sin = 65.57; over 0.85 and cut.
        #expect(AugmentationPlan.published().enlargedExtent(of: Size3(48, 64, 48)) == Size3(86, 93, 77))
        // In-plane, up to 90° count: each side reaches the other.
        #expect(AugmentationPlan.published(inPlane: true).enlargedExtent(of: Size3(16, 160, 128)) == Size3(16, 188, 188))
        #expect(AugmentationPlan.none.enlargedExtent(of: Size3(48, 64, 48)) == Size3(48, 64, 48))
    }

    @Test("Positions keep the patch inside a large case, and a small case inside the patch")
    func bounds() {
        let sampler = PatchSampler(patch: Size3(10, 10, 10), enlarged: Size3(17, 17, 17))
        // The patch begins ⌊(17 − 10)/2⌋ = 3 behind the crop; with starts −4…17 it begins at −1…20 in a case of 30.
        #expect(sampler.bounds(size: 30, axis: 0) == (-4, 17))
        // A case of 6 needs 11 voxels of padding: the case stands at one of two middles.
        #expect(sampler.bounds(size: 6, axis: 0) == (-6, -5))
        #expect(PatchSampler(patch: Size3(4, 4, 4), enlarged: Size3(4, 4, 4)).bounds(size: 9, axis: 2) == (0, 5))
    }

    @Test("A foreground sample holds its voxel in the patch, wherever it lies in the case")
    func foregroundIsInside() throws {
        let size = Size3(30, 12, 20)
        let patch = Size3(10, 16, 12)
        let plan = AugmentationPlan.published()
        let sampler = PatchSampler(patch: patch, enlarged: plan.enlargedExtent(of: patch))
        // Corners and edges are the hard places.
        for voxel in [SIMD3(0, 0, 0), SIMD3(29, 11, 19), SIMD3(0, 11, 7), SIMD3(15, 5, 19), SIMD3(29, 0, 0)] {
            let index = (voxel.x * size.height + voxel.y) * size.width + voxel.z
            var labels = [Int16](repeating: 0, count: size.voxels)
            labels[index] = 2
            let source = try ArraySource(image: [Float](repeating: 1, count: size.voxels), channels: 1, labels: labels, size: size)
            var generator = CounterGenerator(seed: 1)
            let origin = sampler.origin(in: source, foreground: true, using: &generator)
            var plain = AugmentationPlan.published()
            plain.rotationProbability = 0.001  // the crop stays enlarged
            plain.scalingProbability = 0
            plain.mirrorProbability = 0
            let sample = try Augmenter(plan: plain, patch: patch).augment(source, at: origin, using: &generator)
            #expect(sample.labels.contains(2), "voxel \(voxel)")
        }
    }

    @Test("Classes are drawn equally often, however many voxels they have, and so are the voxels of a class")
    func classesAreBalanced() throws {
        let size = Size3(1, 1, 100)
        var labels = [Int16](repeating: 1, count: 100)
        labels[40] = 2
        labels[60] = 2
        let foreground = ForegroundClass.all(in: labels) + [ForegroundClass(label: 3, voxels: [])]
        let source = try ArraySource(
            image: [Float](repeating: 0, count: 100), channels: 1, labels: labels, size: size, foreground: foreground)
        let sampler = PatchSampler(patch: Size3(1, 1, 1), enlarged: Size3(1, 1, 1))
        var counts = [Int: Int]()
        var generator = CounterGenerator(seed: 3)
        for _ in 0..<4000 { counts[sampler.origin(in: source, foreground: true, using: &generator).z, default: 0] += 1 }
        // 4 standard deviations: class 2 in half of the draws ±126, each of its voxels in a quarter ±110.
        #expect(abs(counts[40]! + counts[60]! - 2000) < 126)
        #expect(abs(counts[40]! - 1000) < 110)
        #expect(counts.count > 95)
    }

    @Test("A case without foreground is sampled anywhere, every position equally often")
    func fallsBackToRandom() throws {
        let size = Size3(1, 1, 9)
        let source = try ArraySource(
            image: [Float](repeating: 0, count: 9), channels: 1, labels: [Int16](repeating: 0, count: 9), size: size)
        let sampler = PatchSampler(patch: Size3(1, 1, 4), enlarged: Size3(1, 1, 4))
        for foreground in [true, false] {
            var counts = [Int](repeating: 0, count: 6)
            var generator = CounterGenerator(seed: 9)
            for _ in 0..<6000 { counts[sampler.origin(in: source, foreground: foreground, using: &generator).z] += 1 }
            // 4 standard deviations of a binomial count around 1000: 115.
            #expect(counts.allSatisfy { abs($0 - 1000) < 115 })
        }
    }
}
