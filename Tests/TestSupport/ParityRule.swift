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
}
