/// A random generator without state to lose: value number `n` of a stream is a function of (seed, stream, n) alone.
///
/// Whoever needs random numbers takes a stream of their own (one a sample, say), so the numbers do not depend on which thread
/// draws first. The function is SplitMix64's finalizer over the counter, keyed by seed and stream.
public struct CounterGenerator: RandomNumberGenerator, Sendable, Codable, Equatable {
    private let key: UInt64
    private var counter: UInt64 = 0

    /// A generator. Streams of one seed are independent.
    public init(seed: UInt64, stream: UInt64 = 0) {
        key = Self.mix(Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15) ^ (stream &* 0xD1B5_4A32_D192_ED03 &+ 0x8CB9_2BA7_2F3D_8DD7))
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        counter &+= 1
        return Self.mix(key &+ counter &* 0x9E37_79B9_7F4A_7C15)
    }

    /// A number in [0, 1), with 53 random bits.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A number in [low, high).
    public mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * uniform() }

    /// True with the given probability.
    public mutating func happens(_ probability: Double) -> Bool { uniform() < probability }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
