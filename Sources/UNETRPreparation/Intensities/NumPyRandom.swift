/// The random generator of NumPy's `RandomState`: a Mersenne Twister (MT19937) with NumPy's shuffling.
///
/// Published splits were drawn with it, so cross-validation draws with it too. It is not for anything else: see `CounterGenerator`.
/// Source: Matsumoto and Nishimura, ACM TOMACS 1998; seeding and bounded integers as in NumPy's legacy generator.
public struct NumPyRandom: Sendable {
    private var state = [UInt32](repeating: 0, count: 624)
    private var index = 624

    /// The generator of `numpy.random.RandomState(seed)`.
    public init(seed: UInt32) {
        state[0] = seed
        for index in 1..<624 {
            let previous = state[index - 1]
            state[index] = 1_812_433_253 &* (previous ^ (previous >> 30)) &+ UInt32(index)
        }
    }

    /// The next 32 random bits.
    public mutating func next() -> UInt32 {
        if index == 624 { refill() }
        var value = state[index]
        index += 1
        value ^= value >> 11
        value ^= (value << 7) & 0x9D2C_5680
        value ^= (value << 15) & 0xEFC6_0000
        return value ^ (value >> 18)
    }

    private mutating func refill() {
        state.withUnsafeMutableBufferPointer { state in
            for position in 0..<624 {
                let bits = (state[position] & 0x8000_0000) | (state[(position + 1) % 624] & 0x7FFF_FFFF)
                state[position] = state[(position + 397) % 624] ^ (bits >> 1) ^ (bits & 1 == 0 ? 0 : 0x9908_B0DF)
            }
        }
        index = 0
    }

    /// A number in 0...largest, every one as likely: bits are masked to the smallest sufficient power of two and drawn again if too large.
    public mutating func number(upTo largest: UInt32) -> UInt32 {
        guard largest > 0 else { return 0 }
        let mask = UInt32.max >> UInt32(largest.leadingZeroBitCount)
        while true {
            let value = next() & mask
            if value <= largest { return value }
        }
    }

    /// The numbers 0..<count in random order, as `RandomState.permutation(count)`.
    public mutating func permutation(_ count: Int) -> [Int32] {
        var values = (0..<Int32(count)).map { $0 }
        values.withUnsafeMutableBufferPointer { values in
            var last = count - 1
            while last > 0 {
                values.swapAt(last, Int(number(upTo: UInt32(last))))
                last -= 1
            }
        }
        return values
    }
}
