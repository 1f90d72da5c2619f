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

/// Means, deviations and normalizations of few values, by hand.
struct NormalizationRuleTests {
    private func normalized(_ values: [Float], _ normalization: IntensityNormalization, region: [Int16]? = nil) -> [Float] {
        var values = values
        values.withUnsafeMutableBufferPointer { normalization.apply(to: $0, region: region, threads: 2) }
        return values
    }

    private func moments(_ values: [Float], where isCounted: @Sendable (Float, Int) -> Bool) -> Moments {
        var values = values
        return values.withUnsafeMutableBufferPointer { Moments($0, threads: 2, where: isCounted) }
    }

    private static let statistics = IntensityStatistics(
        mean: 10, standardDeviation: 4, median: 9, minimum: -50, maximum: 90, percentile005: -2, percentile995: 22)

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

    @Test func `CT is clipped to the data set's percentiles, and its mean and deviation are the data set's`() {
        let ct = IntensityNormalization(scheme: .ct, statistics: Self.statistics)
        #expect(normalized([-1000, -2, 10, 14, 22, 3000], ct) == [-3, -3, 0, 1, 3, 3])
        #expect(normalized([7, 8], IntensityNormalization(scheme: .ct)) == [7, 8], "without statistics there is nothing to go by")
    }

    @Test func `The second rule for CT takes mean and deviation from the scan, between the percentiles and without them`() {
        let ct = IntensityNormalization(scheme: .ct2, statistics: Self.statistics)
        // Counted are 0 and 4: mean 2, deviation 2; −1000 becomes −2, 3000 becomes 22.
        #expect(normalized([-1000, -2, 0, 4, 22, 3000], ct) == [-2, -2, -1, 1, 10, 10])
    }

    @Test func `Others are shifted and scaled by their own mean and deviation, within the mask where one is used`() {
        // Mean 5, deviation 2 (+ 1e-8, which float32 does not hold).
        let plain = IntensityNormalization(scheme: .zScore)
        #expect(normalized([2, 4, 4, 4, 5, 5, 7, 9], plain) == [-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2])
        let masked = IntensityNormalization(scheme: .zScore, useMask: true)
        let region: [Int16] = [-1, 0, 1, 0, 2, 0, 0, 0, 0, -1]
        #expect(normalized([1e4, 2, 4, 4, 4, 5, 5, 7, 9, -1e4], masked, region: region) == [0, -1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2, 0])
        // Without a mask in the plan the region is not looked at.
        #expect(normalized([2, 4, 4, 4, 5, 5, 7, 9], plain, region: [-1, 0, 0, 0, 0, 0, 0, 0]) == [-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2])
        #expect(normalized([3, 3, 3], plain) == [0, 0, 0], "a scan of one value")
    }

    @Test func `A scan is brought to 0 to 1, a picture of bytes by 255, and some stay as they are`() {
        #expect(normalized([-2, 0, 6], IntensityNormalization(scheme: .rescaleTo01)) == [0, 0.25, 1])
        #expect(normalized([5, 5], IntensityNormalization(scheme: .rescaleTo01)) == [0, 0])
        #expect(normalized([0, 51, 255], IntensityNormalization(scheme: .rgbTo01)) == [0, 0.2, 1])
        #expect(normalized([-7, 3.5], IntensityNormalization(scheme: .noNorm)) == [-7, 3.5])
        // Outside of the mask all become 0, whatever the scheme.
        #expect(normalized([-7, 3.5], IntensityNormalization(scheme: .rescaleTo01, useMask: true), region: [0, -1]) == [0, 0])
        #expect(normalized([-7, 3.5], IntensityNormalization(scheme: .noNorm, useMask: true), region: [0, -1]) == [-7, 3.5], "but that of none")
    }
}
