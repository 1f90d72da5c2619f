import Testing
import UNETRPlanning
import UNETRSupport

@testable import UNETRPreparation

/// NumPy 2.4.6: `numpy.random.seed(s)`, then `permutation(n)` or raw numbers; MT19937's first and ten thousandth number stand in the C++ standard too.
struct NumPyRandomTests {
    @Test func `The generator is the Mersenne Twister, beyond its first filling too`() {
        var random = NumPyRandom(seed: 5489)
        let numbers = (0..<10_000).map { _ in random.next() }
        #expect(numbers.prefix(5) == [3_499_211_612, 581_869_302, 3_890_346_734, 3_586_334_585, 545_404_204])
        #expect(numbers[9_999] == 4_123_659_995)
    }

    @Test(arguments: [(0, [2, 8, 4, 9, 1, 6, 7, 3, 0, 5]), (42, [8, 1, 5, 0, 7, 2, 9, 4, 3, 6])] as [(UInt32, [Int32])])
    func `A permutation is NumPy's`(seed: UInt32, expected: [Int32]) {
        var random = NumPyRandom(seed: seed)
        #expect(random.permutation(10) == expected)
    }

    @Test func `Permutations follow one another as NumPy draws them, and of none or one nothing is drawn`() {
        var random = NumPyRandom(seed: 1234), other = NumPyRandom(seed: 1234)
        #expect(random.permutation(0) == [] && random.permutation(1) == [0] && random.number(upTo: 0) == 0)
        #expect(random.next() == other.next(), "nothing was drawn")
        for count in [2, 17, 300] { #expect(random.permutation(count).sorted() == (0..<Int32(count)).map { $0 }) }
    }

    /// A number below a power of two is the lowest bits of the next; for others those beyond are thrown away.
    @Test func `Numbers up to a largest one are the lowest bits, drawn again where they are beyond`() {
        for largest in [1, 2, 3, 9, 255, 1000, UInt32.max] as [UInt32] {
            var random = NumPyRandom(seed: 7), raw = NumPyRandom(seed: 7)
            var bits: UInt64 = 1
            while bits <= UInt64(largest) { bits *= 2 }
            for _ in 0..<50 {
                var expected = UInt64(raw.next()) % bits
                while expected > UInt64(largest) { expected = UInt64(raw.next()) % bits }
                #expect(UInt64(random.number(upTo: largest)) == expected)
            }
        }
    }
}

/// Means and deviations of few values, by hand, and of more than a thread takes at once.
struct MomentsTests {
    private func moments(_ values: [Float], where isCounted: @Sendable (Float, Int) -> Bool) -> Moments {
        var values = values
        return values.withUnsafeMutableBufferPointer { Moments($0, threads: 2, where: isCounted) }
    }

    @Test func `Moments are those of the values that count, with n in the denominator`() {
        let all = moments([2, 4, 4, 4, 5, 5, 7, 9]) { _, _ in true }
        #expect(all.count == 8 && all.mean == 5 && all.standardDeviation == 2)
        let some = moments([2, 4, 4, 4, 5, 5, 7, 9]) { value, index in value > 4 && index != 7 }
        // 5, 5, 7: mean 17/3, variance (2 · (2/3)² + (4/3)²) / 3 = 8/9.
        #expect(some.count == 3 && abs(some.mean - 17.0 / 3) < 1e-15 && abs(some.standardDeviation - (8.0 / 9).squareRoot()) < 1e-15)
        let none = moments([1, 2]) { _, _ in false }
        #expect(none.count == 0 && none.mean == 0 && none.standardDeviation == 0)
        #expect(moments([]) { _, _ in true }.count == 0)
    }

    @Test func `Moments of more values than a thread takes at once are whole`() {
        // 0, 1, 2, 3, 0, 1, …: mean 1.5, variance 1.25, exact in binary.
        let count = 3 * Moments.block + 4, found = moments((0..<count).map { Float($0 % 4) }) { _, _ in true }
        #expect(found.count == count && found.mean == 1.5 && found.standardDeviation == 1.25.squareRoot())
        let late = moments((0..<count).map { $0 < count - 2 ? 100 : 1 }) { _, index in index >= count - 2 }
        #expect(late.count == 2 && late.mean == 1 && late.standardDeviation == 0)
    }
}
