import Dispatch

/// The rule by which the reference's weights and inputs are made: a number for a name and an index, the same on every machine.
public struct ParityRule: Sendable {
    private let hash: UInt64

    public init(_ name: String) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        self.hash = hash
    }

    /// Value number `index` in [0, 1), a multiple of 2⁻²⁴.
    public func unit(_ index: Int) -> Double {
        var z = hash &+ UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return Double(z >> 40) * 0x1p-24
    }

    /// Value number `index` in [−1, 1).
    public func signed(_ index: Int) -> Double { 2 * unit(index) - 1 }

    /// `count` values `offset + scale · r`, or of u where `unit` says so, rounded to float32.
    public func values(_ count: Int, offset: Double = 0, scale: Double, unit fromUnit: Bool = false) -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            nonisolated(unsafe) let out = buffer
            let block = 1 << 16
            DispatchQueue.concurrentPerform(iterations: (count + block - 1) / block) { number in
                for index in (number * block)..<min(count, (number + 1) * block) {
                    out[index] = Float(offset + scale * (fromUnit ? unit(index) : signed(index)))
                }
            }
            initialized = count
        }
    }

    /// The values of a parameter or buffer by the last component of its key.
    /// - Parameter smallPositions: whether tables of positions have values within 0.1, or those of any weight.
    public static func parameter(_ key: String, shape: [Int], smallPositions: Bool = true) -> [Float] {
        let rule = ParityRule(key)
        let count = shape.reduce(1, *)
        switch key.split(separator: ".").last.map(String.init) ?? key {
        case "running_var": return rule.values(count, offset: 1, scale: 0.5, unit: true)
        case "pos_embed", "position_embeddings", "relative_position_bias_table":
            if smallPositions { return rule.values(count, scale: 0.1) }
            return rule.values(count, scale: (3 / Double(shape.dropFirst().reduce(1, *))).squareRoot())
        case "running_mean", "bias": return rule.values(count, scale: 0.1)
        case "num_batches_tracked": return [Float](repeating: 0, count: count)
        case "temperature", "temperature2": return rule.values(count, offset: 1, scale: 0.25)
        case "gamma": return rule.values(count, offset: 0.5, scale: 0.25)
        default:
            if shape.count == 1 { return rule.values(count, offset: 1, scale: 0.2) }
            return rule.values(count, scale: (3 / Double(shape.dropFirst().reduce(1, *))).squareRoot())
        }
    }
}
