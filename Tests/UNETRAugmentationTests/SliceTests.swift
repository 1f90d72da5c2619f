import Testing
import UNETRSupport

@testable import UNETRAugmentation

/// Patches of one slice, which networks with two dimensions take: nothing of them comes from another slice.
@Suite struct SliceTests {
    private static let size = Size3(5, 24, 20)

    /// A plan as it is for slices, with everything drawn every time.
    private static func plan(_ change: (inout AugmentationPlan) -> Void = { _ in }) -> AugmentationPlan {
        var plan = AugmentationPlan.published(inPlane: true)
        plan.mirrorAxes = [1, 2]
        (plan.rotationProbability, plan.scalingProbability, plan.noiseProbability, plan.blurProbability) = (1, 1, 1, 1)
        (plan.blurChannelProbability, plan.brightnessProbability, plan.contrastProbability) = (1, 1, 1)
        (plan.lowResolutionProbability, plan.lowResolutionChannelProbability, plan.gammaProbability) = (1, 1, 1)
        change(&plan)
        return plan
    }

    /// A case whose voxels are as `value` says of slice, row and column; labels are slices + 1.
    private static func source(_ value: (Int, Int, Int) -> Float) throws -> ArraySource {
        let places = (0..<size.depth).flatMap { d in (0..<size.height).flatMap { h in (0..<size.width).map { w in (d, h, w) } } }
        return try ArraySource(image: places.map(value), channels: 1, labels: places.map { Int16($0.0 + 1) }, size: size)
    }

    private func samples(_ plan: AugmentationPlan, _ source: ArraySource, slice: Int, patch: Size3, count: Int) throws -> [Sample] {
        let augmenter = try Augmenter(plan: plan, patch: patch)
        return try (0..<count).map { number in
            var generator = CounterGenerator(seed: 9, stream: UInt64(number))
            return try augmenter.augment(source, at: [slice, 0, 0], using: &generator)
        }
    }

    @Test func `The crop around a slice is a slice, wide enough for any angle`() throws {
        // Turned by 90° each edge takes the other's place: 30 / 0.85, cut to whole voxels.
        #expect(try Augmenter(plan: Self.plan(), patch: [1, 20, 30]).enlarged == [1, 35, 35])
        // 15°: (cos 15° · 32 + sin 15° · 52) / 0.85 = 52.2; the longer edge, of which the turn needs no more, 52 / 0.85 = 61.2.
        let little = Self.plan { $0.rotationDegrees[0] = -15...15 }
        #expect(try Augmenter(plan: little, patch: [1, 32, 52]).enlarged == [1, 52, 61])
    }

    @Test func `No voxel of another slice is read, whatever is drawn`() throws {
        let source = try Self.source { d, h, w in d == 2 ? Float((h * 7 + w * 3) % 11) : .nan }
        for sample in try samples(Self.plan(), source, slice: 2, patch: [1, 16, 12], count: 40) {
            #expect(sample.image.allSatisfy { $0.isFinite })
            #expect(Set(sample.labels).isSubset(of: [0, 3]) && sample.labels.contains(3))
        }
    }

    @Test func `A slice that is the same everywhere stays so when it is turned, scaled and mirrored`() throws {
        var plan = AugmentationPlan.none
        (plan.inPlane, plan.rotationProbability, plan.scalingProbability) = (true, 1, 1)
        plan.rotationDegrees[0] = -180...180
        (plan.mirrorProbability, plan.mirrorAxes) = (0.5, [1, 2])
        let source = try Self.source { d, _, _ in Float(d) + 1 }
        for slice in 0..<Self.size.depth {
            for sample in try samples(plan, source, slice: slice, patch: [1, 6, 6], count: 10) {
                // The middle of the patch lies far from the crop's border at every angle and scale.
                for index in [14, 15, 20, 21] {
                    #expect(abs(sample.image[index] - Float(slice + 1)) < 0.3 && sample.labels[index] == Int16(slice + 1))
                }
            }
        }
    }

    @Test func `Mirroring turns rows and columns over, each by itself`() throws {
        var plan = AugmentationPlan.none
        (plan.mirrorProbability, plan.mirrorAxes) = (0.5, [1, 2])
        let source = try Self.source { d, h, w in Float(d * 1000 + h * 30 + w) }
        let patch: Size3 = [1, 4, 3]
        func turned(_ rows: Bool, _ columns: Bool) -> [Float] {
            (0..<12).map { index in
                let h = rows ? 3 - index / 3 : index / 3, w = columns ? 2 - index % 3 : index % 3
                return Float(3000 + h * 30 + w)
            }
        }
        let expected = [turned(false, false), turned(true, false), turned(false, true), turned(true, true)]
        let found = try samples(plan, source, slice: 3, patch: patch, count: 60).map(\.image)
        for image in found { #expect(expected.contains(image)) }
        // Each of the four comes up; that one does not in 60 draws has a chance of 1 in 8 million.
        #expect(Set(found).count == 4)
    }

    @Test func `A lower resolution is simulated within the slice`() throws {
        var plan = AugmentationPlan.none
        (plan.inPlane, plan.lowResolutionProbability, plan.lowResolutionChannelProbability) = (true, 1, 1)
        plan.lowResolutionZoom = 0.5...0.5
        let source = try Self.source { d, h, w in Float(h.isMultiple(of: 2) == w.isMultiple(of: 2) ? d : -d) }
        let sample = try #require(try samples(plan, source, slice: 2, patch: [1, 8, 8], count: 1).first)
        // A chessboard of 2 and −2 is lost at half its resolution: every second voxel is left, all of one color.
        let spread = (sample.image.max() ?? 0) - (sample.image.min() ?? 0)
        #expect(spread < 4 && sample.labels.allSatisfy { $0 == 3 })
    }
}
