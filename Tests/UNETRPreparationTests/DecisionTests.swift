import Testing
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

@testable import UNETRPreparation

/// From outputs to labels, from intensities to network input, and how windows weigh: by hand.
struct DecisionTests {
    private func decide(_ decision: LabelDecision, _ outputs: [Float], voxels: Int) -> [Int16] {
        var labels = [Int16](repeating: 99, count: voxels)
        labels.withUnsafeMutableBufferPointer { decision.decide(outputs, to: $0, threads: 2) }
        return labels
    }

    @Test func `The largest output decides, the first of equal ones; what is no number never wins`() {
        let outputs: [Float] = [0.2, 0.5, 0.1, -3, 0.5, 0.5, 0.3, -1, 0.3, 0.4, .nan, -2]
        #expect(decide(.largest(values: [0, 7, 3]), outputs, voxels: 4) == [7, 0, 7, 7])
        #expect(decide(.largest(values: [5]), [0, -1], voxels: 2) == [5, 5])
    }

    @Test func `Regions are written one over the other where they are above their threshold`() {
        let outputs: [Float] = [0.6, 0.5, 0.9, 0.4, 0.4, 0.51, 0.7, 0.5]
        #expect(decide(.regions(values: [1, 2]), outputs, voxels: 4) == [1, 2, 2, 0])
        #expect(decide(.regions(values: [1, 2], threshold: 0), [-1, 0, 0.1, 0.1, 1, -1], voxels: 3) == [2, 2, 1])
    }

    /// More voxels than one thread takes at once.
    @Test func `Many voxels are decided as few are`() {
        let count = 40_000, outputs = (0..<2 * count).map { Float(($0 * 7919) % 1000) }
        let expected = (0..<count).map { (voxel: Int) -> Int16 in outputs[voxel] >= outputs[count + voxel] ? 0 : 1 }
        #expect(decide(.largest(values: [0, 1]), outputs, voxels: count) == expected)
        let regions = decide(.regions(values: [3, 4], threshold: 500), outputs, voxels: count)
        let later = (0..<count).map { (voxel: Int) -> Int16 in
            if outputs[count + voxel] > 500 { return 4 }
            return outputs[voxel] > 500 ? 3 : 0
        }
        #expect(regions == later)
    }

    @Test func `A label set says how its outputs are decided`() {
        let background = LabelDefinition(name: "background", value: 0)
        let plain = LabelSet(definitions: [background, .init(name: "a", value: 3), .init(name: "b", value: 5)])
        #expect(plain.decision == .largest(values: [0, 3, 5]) && plain.decision(on: .logits) == plain.decision)
        let regions = LabelSet(definitions: [background, .init(name: "whole", values: [1, 2]), .init(name: "core", values: [2])], regionOrder: [1, 2])
        #expect(regions.decision == .regions(values: [1, 2], threshold: 0.5) && regions.decision(on: .logits) == .regions(values: [1, 2], threshold: 0))
    }

    // MARK: Intensities

    private func normalized(_ values: [Float], _ rule: IntensityNormalization, region: [Int16]? = nil) -> [Float] {
        var values = values
        values.withUnsafeMutableBufferPointer { rule.apply(to: $0, region: region, threads: 2) }
        return values
    }

    private static let statistics = IntensityStatistics(
        mean: 10, standardDeviation: 4, median: 9, minimum: -100, maximum: 200, percentile005: -10, percentile995: 50)

    @Test func `A CT is clipped to the training set's percentiles and takes its mean and deviation`() {
        let rule = IntensityNormalization(scheme: .ct, statistics: Self.statistics)
        #expect(normalized([-1000, -10, 10, 14, 50, 3000], rule) == [-5, -5, 0, 1, 10, 10])
    }

    /// NumPy: values strictly within -10 … 50 are 0, 20 and 40: mean 20, deviation 16.329932.
    @Test func `With mean and deviation of the scan, only voxels within the bounds count`() {
        let found = normalized([-1000, -10, 0, 20, 40, 50], IntensityNormalization(scheme: .ct2, statistics: Self.statistics))
        #expect(zip(found, [-1.8371173, -1.8371173, -1.2247449, 0, 1.2247449, 1.8371173] as [Float]).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    /// NumPy: (x - x.mean()) / x.std() of 1, 2, 3, 6, and of 2, 3, 6 alone.
    @Test func `A scan's own mean and deviation are those of the whole, or of what is not outside`() {
        let values: [Float] = [1, 2, 3, 6], whole: [Float] = [-1.0690450, -0.5345225, 0, 1.6035675], inner: [Float] = [0, -0.9805807, -0.3922323, 1.3728129]
        #expect(zip(normalized(values, .init(scheme: .zScore)), whole).allSatisfy { abs($0 - $1) < 1e-6 })
        let masked = normalized(values, .init(scheme: .zScore, useMask: true), region: [-1, 0, 2, 0])
        #expect(masked[0] == 0 && zip(masked, inner).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(
            normalized(values, .init(scheme: .zScore), region: [-1, 0, 2, 0]) == normalized(values, .init(scheme: .zScore)), "a region that is not asked for")
    }

    @Test func `Values are brought to 0 to 1, or from bytes, or left as they are`() {
        #expect(normalized([-5, 0, 15], .init(scheme: .rescaleTo01)) == [0, 0.25, 1] && normalized([3, 3], .init(scheme: .rescaleTo01)) == [0, 0])
        #expect(normalized([0, 51, 255], .init(scheme: .rgbTo01)) == [0, 0.2, 1])
        #expect(normalized([1, -2], .init(scheme: .noNorm, useMask: true), region: [0, -1]) == [1, -2])
    }

    @Test func `Steps follow one another`() {
        let range = IntensityStep.range(from: .init(-100, 300), to: .init(0, 1), clips: true)
        #expect(normalized([-500, 0, 100, 900], .init(steps: [range])) == [0, 0.25, 0.5, 1])
        #expect(normalized([-500, 100], .init(steps: [.range(from: .init(-100, 300), to: .init(0, 1), clips: false)])) == [-1, 0.5])
        // Ends the other way round: torch's clamp to 1 … 0 gives the upper end for all.
        #expect(normalized([-100, 300], .init(steps: [.range(from: .init(-100, 300), to: .init(1, 0), clips: true)])) == [0, 0])
        #expect(normalized([2, 4, 6], .init(steps: [.extremes(to: .init(-1, 1)), .range(from: .init(-1, 1), to: .init(0, 8), clips: false)])) == [0, 4, 8])
        #expect(
            normalized([7, 7], .init(steps: [.extremes(to: .init(2, 3))])) == [14, 14]
                && normalized([0, 0], .init(steps: [.standardize(onlyNonZero: true)])) == [0, 0])
        #expect(normalized([0, 4, 4], .init(steps: [.standardize(onlyNonZero: true)])) == [0, 0, 0], "a deviation of 0 divides by 1")
    }

    // MARK: Windows

    @Test func `Voxels of a window count by a Gaussian, all alike, or by one that is nowhere below a thousandth`() {
        // Of 1 voxel in the other axes the profile is 1.
        let line = SlidingWindow.importance(patchSize: [1, 1, 16])
        #expect(line[8] == 1 && line[0] == line.min() && line.allSatisfy { $0 > 0 })
        // σ = 2: voxel 0 is 8 before the peak, exp(−8), and voxel 15 is 7 behind it.
        #expect(abs(line[0] / 3.3546263e-4 - 1) < 1e-6 && abs(line[15] / 2.1874911e-3 - 1) < 1e-6)
        let constant = SlidingWindow.importance(patchSize: [2, 2, 2], .monai())
        #expect(constant == [Float](repeating: 1, count: 8))
        // MONAI's peak lies between the two voxels in the middle, and nothing is below 0.001.
        let gaussian = SlidingWindow.importance(patchSize: [1, 1, 8], .monai(.gaussian, sigmaScale: 0.05))
        #expect(gaussian[3] == gaussian[4] && gaussian.min() == 0.001 && abs(gaussian[3] - 0.45783336) < 1e-6)
        // exp(−115) in the corner is nothing in float32.
        #expect(SlidingWindow.importance(patchSize: [8, 8, 8], .monai(.gaussian, sigmaScale: 0.05)).min() == 0.001)
    }

    @Test func `Windows of a few voxels have no voxel that counts for nothing`() {
        for size in [Size3(2, 2, 2), [3, 3, 3], [5, 1, 2], [9, 9, 9], [255, 2, 2]] {
            let map = SlidingWindow.importance(patchSize: size)
            #expect(map.count == size.voxels && map.allSatisfy { $0 > 0 && $0 <= 1 } && map.max() == 1, "\(size)")
        }
    }

    @Test func `Windows of MONAI go step by step, the last one back to the end`() {
        let window = SlidingWindow(size: [10, 4, 21], patchSize: [4, 8, 8], stepFraction: 0.75, placement: .monai)
        #expect(window.starts == [[0, 3, 6], [0], [0, 6, 12, 13]] && window.paddedSize == [10, 8, 21] && window.paddingBefore == [0, 2, 0])
        #expect(SlidingWindow(size: [8, 8, 8], patchSize: [8, 8, 8], stepFraction: 1, placement: .monai).corners == [[0, 0, 0]])
    }
}
