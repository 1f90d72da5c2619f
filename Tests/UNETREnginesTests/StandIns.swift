import UNETREngines

/// An engine of two classes in plain arithmetic, that likes so many patches at a time and remembers how many it got:
/// logits x + ramp and 1 − 2x + ramp / 2, where the ramp tells a window from its mirror image.
final class PlainEngine: PatchEngine, @unchecked Sendable {
    let preferredBatch: Int
    private(set) var batches: [Int] = []
    var summary: String { "plain arithmetic" }
    var parameterCount: Int { 4 }

    init(preferredBatch: Int = 1) { self.preferredBatch = preferredBatch }

    func withLogits(of patches: FloatView, _ body: (FloatView) throws -> Void) throws {
        let count = patches.shape.dropFirst(2).reduce(1, *), channels = patches.shape[1]
        batches.append(patches.shape[0])
        var logits: [Float] = []
        for sample in 0..<patches.shape[0] {
            let values = patches[sample].values[..<count]
            precondition(patches[sample].values.count == channels * count)
            logits += values.enumerated().map { $1 + Float($0) / Float(count) }
            logits += values.enumerated().map { 1 - 2 * $1 + Float($0) / Float(2 * count) }
        }
        try logits.withUnsafeBufferPointer { try body(FloatView($0, shape: [patches.shape[0], 2] + patches.shape.dropFirst(2))) }
    }
}
