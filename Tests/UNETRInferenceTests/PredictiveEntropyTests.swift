import Foundation
import Testing
import UNETRInference
import UNETRPreparation
import UNETRSupport

struct PredictiveEntropyTests {
    /// A part of voxels side by side, each with its probabilities.
    private func part(_ voxels: [[Float]]) -> RestoredPart {
        let outputs = voxels[0].count
        return RestoredPart(
            box: CropBox(lower: [0, 0, 0], upper: [1, 1, voxels.count]), values: (0..<outputs).flatMap { output in voxels.map { $0[output] } })
    }

    @Test func `The mean is over voxels that may be foreground, from 0 for certain to 1 for no idea`() {
        let entropy = PredictiveEntropy(areRegions: false)
        #expect(entropy.mean == 0)
        entropy.add(part([[0.95, 0.05, 0], [1, 0, 0]]))
        #expect(entropy.mean == 0)
        let third = Float(1) / 3
        entropy.add(part([[third, third, third]]))
        #expect(abs(entropy.mean - 1) < 1e-6)
        entropy.add(part([[0, 1, 0], [0.5, 0.5, 0]]))
        // Of 1, 0 and ln 2 / ln 3.
        #expect(abs(entropy.mean - (1 + log(2) / log(3)) / 3) < 1e-6)
    }

    @Test func `Regions are uncertain each for itself`() {
        let entropy = PredictiveEntropy(areRegions: true)
        entropy.add(part([[0.5, 1], [0.05, 0.09], [0.5, 0.5]]))
        #expect(abs(entropy.mean - 0.75) < 1e-6)
    }
}
