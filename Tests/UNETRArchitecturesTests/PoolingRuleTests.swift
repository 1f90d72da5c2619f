import Testing
import UNETRSupport

@testable import UNETRArchitectures

/// The rule of nnU-Net v1 (planner v2.1, `get_pool_and_conv_props` with a smallest edge of 4), followed by hand.
struct PoolingRuleTests {
    @Test func `An even grid is halved along all axes until an edge would be under 4`() {
        // 18 → 9 → 5, 16 → 8 → 4, 17 → 9 → 5; 5 and 4 are less than 8.
        let rule = PoolingRule(spacing: [1, 1, 1], patchSize: [18, 16, 17])
        #expect(rule.poolsPerAxis == [2, 2, 2] && rule.divisor == [4, 4, 4] && rule.paddedPatch == [20, 16, 20])
        #expect(rule.poolingKernels == [[2, 2, 2], [2, 2, 2]] && rule.convolutionKernels == [[3, 3, 3], [3, 3, 3], [3, 3, 3]])
    }

    @Test func `A coarse axis waits until the others are within a factor of two`() {
        // 5 × 1 × 1 mm: halved in the plane to 5 × 2 × 2 and 5 × 4 × 4 (5 / 4 < 2), then together.
        let rule = PoolingRule(spacing: [5, 1, 1], patchSize: [16, 64, 64])
        #expect(rule.poolingKernels == [[1, 2, 2], [1, 2, 2], [2, 2, 2], [2, 2, 2]])
        #expect(rule.convolutionKernels == [[1, 3, 3], [1, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]])
        #expect(rule.poolsPerAxis == [2, 4, 4] && rule.divisor == [4, 16, 16] && rule.paddedPatch == [16, 64, 64])
    }

    @Test func `Exactly a factor of two is too coarse, a little less is not`() {
        let rule = PoolingRule(spacing: [2, 1, 1], patchSize: [8, 8, 8])
        #expect(rule.poolingKernels == [[1, 2, 2], [2, 1, 1]] && rule.convolutionKernels == [[1, 3, 3], [3, 3, 3], [3, 3, 3]])
        #expect(PoolingRule(spacing: [1.99, 1, 1], patchSize: [8, 8, 8]).poolingKernels == [[2, 2, 2]])
    }

    @Test func `A short axis stays as it is, and a patch too small for any halving has one resolution`() {
        // The third axis has 7 voxels: 3 × 3 × 3 all the same, as its spacing is like the others'.
        let rule = PoolingRule(spacing: [1, 1, 1], patchSize: [16, 8, 7])
        #expect(rule.poolingKernels == [[2, 2, 1]] && rule.convolutionKernels == [[3, 3, 3], [3, 3, 3]])
        #expect(rule.poolsPerAxis == [1, 1, 0] && rule.paddedPatch == [16, 8, 7])
        let none = PoolingRule(spacing: [1, 1, 1], patchSize: [7, 7, 7])
        #expect(none.poolingKernels == [] && none.convolutionKernels == [[3, 3, 3]] && none.divisor == [1, 1, 1] && none.paddedPatch == [7, 7, 7])
    }

    @Test func `A fine axis is halved alone until it is as coarse as the others`() {
        // 1 × 4 × 4 mm: the first axis from 16 to 8 to 4 voxels and 4 mm; then it is too short, and the others go on.
        let rule = PoolingRule(spacing: [1, 4, 4], patchSize: [16, 16, 16])
        #expect(rule.poolingKernels == [[2, 1, 1], [2, 1, 1], [1, 2, 2]] && rule.poolsPerAxis == [2, 1, 1])
        // The others are the larger group of like spacing, until all are alike.
        #expect(rule.convolutionKernels == [[1, 3, 3], [1, 3, 3], [3, 3, 3], [3, 3, 3]])
    }

    @Test func `The values of the feature maps are those of every stage's convolutions`() {
        var rule = PoolingRule(spacing: [1, 1, 1], patchSize: [16, 16, 16])
        #expect(rule.poolingKernels.count == 2)
        // 16³ with 32, 64 and at most 100 channels: 4096 · (5 · 32 + 1 + 3) + 5 · 512 · 64 + 2 · 64 · 100.
        #expect(rule.featureMapValues(channels: 1, classes: 3, maximumFeatures: 100) == 671_744 + 163_840 + 12_800)
        #expect(rule.featureMapValues(channels: 2, classes: 3, maximumFeatures: 100) == 671_744 + 163_840 + 12_800 + 4096)
        rule = PoolingRule(spacing: [1, 1, 1], patchSize: [8, 8, 7])
        // Padded to 8 × 8 × 7: 448 · (5 · 10 + 2) + 2 · (4 · 4 · 7) · 20.
        #expect(rule.featureMapValues(channels: 1, classes: 1, baseFeatures: 10) == 448 * 52 + 2 * 112 * 20)
    }
}
