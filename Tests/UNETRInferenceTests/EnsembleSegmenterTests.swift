import Foundation
import TestSupport
import Testing
import UNETREngines
import UNETRInference
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

/// Two models of other patches, each an engine in plain arithmetic, whose logits do not depend on the window.
struct EnsembleSegmenterTests {
    private static let levels: [[Float]] = [[0, 15, 25], [3, 16.5, 15.5]]

    private static func ensemble(_ change: (inout Plan) -> Void = { _ in }, postProcesses: Bool = true, structures: [LabelDefinition]? = nil) throws
        -> EnsembleSegmenter
    {
        let members = try zip(levels, [Size3(8, 8, 8), Size3(6, 10, 9)]).map { levels, patch in
            var plan = try ThresholdEngine.plan(postProcessing: PostProcessing(keepLargest: [[1, 4]]))
            plan.patchSize = patch
            plan.inference.aggregation = .logits
            change(&plan)
            return Segmenter(
                engines: [ThresholdEngine(levels: levels)], plan: plan, memory: EngineMemory(base: 300 << 20, pass: 10 << 20),
                options: SegmenterOptions(mirroring: false, postProcesses: false))
        }
        return EnsembleSegmenter(members, postProcesses: postProcesses, structures: structures)
    }

    /// The mean of the two soft-maxes.
    private static func mean(_ value: Float) -> [Double] {
        let each = levels.map { levels in
            let terms = levels.map { exp(-abs(Double(value) - Double($0))) }
            return terms.map { $0 / terms.reduce(0, +) }
        }
        return (0..<3).map { (each[0][$0] + each[1][$0]) / 2 }
    }

    private final class Parts: @unchecked Sendable { var values: [Float] = [] }

    @Test func `Probabilities are averaged on the scan's grid, outside of the crop background, and decided there`() throws {
        // The scan's foreground begins behind its first slices and columns.
        var scan = ThresholdEngine.scan
        scan.voxels[0] = 0
        let ensemble = try Self.ensemble(), parts = Parts()
        let result = try ensemble.segment(ensemble.load(scan, name: "blocks"), probabilities: { parts.values += $0.values })
        let box = CropBox(lower: [4, 3, 3], upper: [8, 7, 7]), size = scan.geometry.size
        #expect(parts.values.count == 3 * scan.voxels.count)
        for index in scan.voxels.indices {
            let place = [index / (size[1] * size[2]), index / size[2] % size[1], index % size[2]]
            let isInside = (0..<3).allSatisfy { (box.lower[$0]..<box.upper[$0]).contains(place[$0]) }
            let expected = isInside ? Self.mean(scan.voxels[index]) : [1, 0, 0], found = (0..<3).map { parts.values[$0 * scan.voxels.count + index] }
            for output in 0..<3 { #expect(abs(Double(found[output]) - expected[output]) < 1e-6) }
            let largest = expected.indices.max { expected[$0] < expected[$1] }!
            #expect(result.labels.voxels[index] == [0, 1, 4][largest])
        }
        #expect(result.labels.geometry == scan.geometry && Set(result.labels.voxels) == [0, 1, 4])
    }

    @Test func `The mean is cleaned up, not each member's mask; structures are chosen at the end`() throws {
        let scan = ThresholdEngine.scan
        func mask(_ ensemble: EnsembleSegmenter) throws -> [Int16] { try ensemble.segment(ensemble.load(scan, name: "blocks")).labels.voxels }
        let raw = try mask(Self.ensemble(postProcesses: false)), clean = try mask(Self.ensemble())
        #expect(raw[0] == 1 && clean[0] == 0 && raw.dropFirst() == clean.dropFirst() && clean.contains(4))
        #expect(try mask(Self.ensemble(structures: [.init(name: "core", value: 4)])) == clean.map { $0 == 4 ? 4 : 0 })
    }

    @Test func `Progress runs through all members, and memory counts their engines and the sums`() throws {
        let ensemble = try Self.ensemble(), scan = ThresholdEngine.scan
        var seen: [[Int]] = []
        _ = try ensemble.segment(ensemble.load(scan, name: "blocks"), progress: { seen.append([$0, $1]) })
        let all = try #require(seen.last?[1])
        #expect(seen.map { $0[0] } == Array(1...all) && seen.last == [all, all])
        #expect(ensemble.patchCount(of: scan.geometry) == ensemble.members.reduce(0) { $0 + $1.patchCount(of: scan.geometry) })
        let memory = ensemble.memoryEstimate.alone([scan.geometry], writesProbabilities: false), one = ensemble.members[0].memory
        #expect(memory >= one.alone([scan.geometry]) + one.engine.base - EngineMemory.program + 4 * 4 * scan.geometry.count)
    }

    @Test func `A scan of another number of channels, or with values that are no numbers, is refused`() throws {
        var scan = ThresholdEngine.scan
        scan.voxels[3] = .nan
        #expect(throws: InferenceError.nonFinite(scan: "s", count: 1)) { try Self.ensemble().load(scan, name: "s") }
        let two = Scan(geometry: scan.geometry, channels: 2, voxels: ThresholdEngine.scan.voxels + ThresholdEngine.scan.voxels)
        #expect(throws: InferenceError.self) { try Self.ensemble().load(two, name: "s") }
    }
}
