import Foundation
import Testing
import UNETREngines
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

@testable import UNETRInference

/// What is averaged over windows and mirrorings: probabilities, or logits.
@Suite struct AggregationTests {
    private static let size = [5, 6, 7], patch = [4, 4, 4]
    private static let voxels = (0..<210).map { Float(($0 * 37) % 11) / 4 - 1 }

    private func plan(_ aggregation: InferenceSettings.Aggregation, regions: Bool = false) throws -> Plan {
        let labels =
            regions
            ? LabelSet(
                definitions: [.init(name: "background", value: 0)] + (1...3).map { .init(name: "r\($0)", values: Array($0...3)) }, regionOrder: [1, 2, 3])
            : LabelSet(definitions: (0..<3).map { .init(name: $0 == 0 ? "background" : "s\($0)", value: $0) })
        return try Plan(
            dataset: "Made", channelNames: ["MRI"], labels: labels, targetSpacing: [1, 1, 1], patchSize: [4, 4, 4],
            normalization: [.init(scheme: .noNorm)], inference: InferenceSettings(mirrorAxes: [0, 2], aggregation: aggregation))
    }

    /// The averages by the definition, one window and one mirroring after the other.
    private func means(_ activation: ([Double]) -> [Double]) -> [[Double]] {
        let (size, patch) = (Self.size, Self.patch)
        let window = SlidingWindow(size: [5, 6, 7], patchSize: [4, 4, 4]), importance = SlidingWindow.importance(patchSize: [4, 4, 4])
        var sums = [[Double]](repeating: [0, 0, 0], count: 210), weights = [Double](repeating: 0, count: 210)
        for corner in window.corners {
            for mirrored in [[], [0], [2], [0, 2]] {
                for place in 0..<64 {
                    let p = [place / 16, place / 4 % 4, place % 4]
                    // Where the voxel lies in the mirrored window is where the network sees it.
                    let seen = (0..<3).map { mirrored.contains($0) ? patch[$0] - 1 - p[$0] : p[$0] }
                    let voxel = ((corner[0] + p[0]) * size[1] + corner[1] + p[1]) * size[2] + corner[2] + p[2]
                    let logits = PlaceEngine.logits(Self.voxels[voxel], (seen[0] * 4 + seen[1]) * 4 + seen[2]).map(Double.init)
                    let weight = Double(importance[place])
                    for (output, value) in activation(logits).enumerated() { sums[voxel][output] += weight * value }
                    weights[voxel] += weight
                }
            }
        }
        return zip(sums, weights).map { sum, weight in sum.map { $0 / weight } }
    }

    private func softmax(_ logits: [Double]) -> [Double] {
        let values = logits.map { exp($0 - logits.max()!) }
        return values.map { $0 / values.reduce(0, +) }
    }

    private func segment(_ plan: Plan) throws -> (labels: [Int16], probabilities: [Float]) {
        let segmenter = Segmenter(engines: [PlaceEngine()], plan: plan, memory: EngineMemory(base: 0, pass: 0))
        let geometry = Geometry(size: [5, 6, 7], affine: (0..<4).map { row in (0..<4).map { row == $0 ? 1 : 0 } }, spacing: [1, 1, 1])
        let (image, properties) = try segmenter.prepare(Scan(geometry: geometry, voxels: Self.voxels), name: "S")
        let found = Found()
        let result = try segmenter.segment(image, of: properties, probabilities: { part in part.forEachRun(in: [5, 6, 7]) { found.put($0, at: $1) } })
        return (result.labels.voxels, found.values)
    }

    private final class Found: @unchecked Sendable {
        var values = [Float](repeating: 0, count: 3 * 210)
        func put(_ run: UnsafeBufferPointer<Float>, at place: Int) { for (index, value) in run.enumerated() { values[place + index] = value } }
    }

    private func label(of values: [Double]) -> Int16 { Int16(values.indices.max { values[$0] < values[$1] || (values[$0] == values[$1] && $0 > $1) }!) }

    @Test func `Logits are averaged first and become probabilities last`() throws {
        let logits = means { $0 }, probabilities = means(softmax)
        let (labels, found) = try segment(plan(.logits)), other = try segment(plan(.probabilities))
        #expect(labels == logits.map(label) && other.labels == probabilities.map(label))
        // The two rules differ here, so the test can tell them apart.
        #expect(labels != other.labels)
        for (voxel, values) in logits.enumerated() {
            for (output, value) in softmax(values).enumerated() {
                #expect(abs(Double(found[output * 210 + voxel]) - value) < 2e-6)
                #expect(abs(Double(other.probabilities[output * 210 + voxel]) - probabilities[voxel][output]) < 2e-6)
            }
        }
    }

    @Test func `Regions of averaged logits lie above zero, and their probabilities are sigmoids`() throws {
        let logits = means { $0 }
        let (labels, found) = try segment(plan(.logits, regions: true))
        let expected = logits.map { values in Int16(values.lastIndex { $0 > 0 }.map { $0 + 1 } ?? 0) }
        #expect(labels == expected)
        for (voxel, values) in logits.enumerated() {
            for (output, value) in values.enumerated() { #expect(abs(Double(found[output * 210 + voxel]) - 1 / (1 + exp(-value))) < 2e-6) }
        }
    }
}
