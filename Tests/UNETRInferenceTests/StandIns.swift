import Foundation
import UNETREngines
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// A model of three classes in plain arithmetic: dark voxels are background, those above 10 the first structure, those above 20 the second.
final class ThresholdEngine: PatchEngine, @unchecked Sendable {
    private let lock = NSLock()
    private var calls = 0
    private let levels: [Float]
    var summary: String { "thresholds" }
    var parameterCount: Int { 2 }

    /// - Parameter levels: the intensity of each class; a logit is the distance to it, below 0.
    init(levels: [Float] = [0, 15, 25]) { self.levels = levels }

    /// How many passes there have been.
    var passes: Int { lock.withLock { calls } }

    func withLogits(of patches: FloatView, _ body: (FloatView) throws -> Void) throws {
        lock.withLock { calls += 1 }
        var logits: [Float] = []
        for sample in 0..<patches.shape[0] {
            for level in levels { logits += patches[sample].values.map { -abs($0 - level) } }
        }
        try logits.withUnsafeBufferPointer { try body(FloatView($0, shape: [patches.shape[0], levels.count] + patches.shape.dropFirst(2))) }
    }

    /// A plan of patches of 8³ at 1 mm, without normalization.
    static func plan(postProcessing: PostProcessing? = nil) throws -> Plan {
        var plan = try Plan(
            dataset: "Blocks", channelNames: ["MRI"],
            labels: LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "shell", value: 1), .init(name: "core", value: 4)]),
            targetSpacing: [1, 1, 1], patchSize: [8, 8, 8], normalization: [.init(scheme: .noNorm)])
        plan.postProcessing = postProcessing
        return plan
    }

    static let memory = EngineMemory(base: 100 << 20, pass: 10 << 20)

    /// A block of 4 × 4 × 4 in the middle of a scan, with a core of 2 × 2 × 2 and a lone voxel of the shell in a corner.
    static let scan: Scan = {
        let size = Size3(12, 10, 9)
        let geometry = Geometry(size: size, affine: [[-1, 0, 0, 9], [0, 1, 0, -8], [0, 0, 1, 7], [0, 0, 0, 1]], spacing: [1, 1, 1])
        return Scan(geometry: geometry, voxels: mask.map { $0 == 4 ? 25 : $0 == 1 ? 15 : 0 })
    }()

    static let mask: [Int16] = {
        var mask = [Int16](repeating: 0, count: 12 * 10 * 9)
        for d in 4..<8 {
            for h in 3..<7 {
                for w in 3..<7 {
                    mask[(d * 10 + h) * 9 + w] = (5..<7).contains(d) && (4..<6).contains(h) && (4..<6).contains(w) ? 4 : 1
                }
            }
        }
        mask[0] = 1
        return mask
    }()
}

/// Logits that depend on where a voxel lies in its window, so that overlapping windows disagree.
final class PlaceEngine: PatchEngine {
    var summary: String { "places" }
    var parameterCount: Int { 0 }

    static func logits(_ value: Float, _ place: Int) -> [Float] {
        [Float(place % 7) - 2, value * Float(place % 5), 3 * sin(Float(place))]
    }

    func withLogits(of patches: FloatView, _ body: (FloatView) throws -> Void) throws {
        let count = patches.shape[2...].reduce(1, *)
        var logits: [Float] = []
        for sample in 0..<patches.shape[0] {
            let values = patches[sample].values
            for output in 0..<3 { logits += (0..<count).map { Self.logits(values[$0], $0)[output] } }
        }
        try logits.withUnsafeBufferPointer { try body(FloatView($0, shape: [patches.shape[0], 3] + patches.shape.dropFirst(2))) }
    }
}
