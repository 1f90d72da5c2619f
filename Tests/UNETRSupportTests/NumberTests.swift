import Foundation
import Testing
import UNETRSupport

struct NumberTests {
    @Test func `Counts that are compared with a limit stop at the largest number instead of overflowing`() {
        #expect([3, 4, 5].saturatingProduct() == 60 && [Int]().saturatingProduct() == 1)
        #expect(
            [Int.max, 2].saturatingProduct() == .max && [1 << 32, 1 << 31].saturatingProduct() == .max && [1 << 31, 1 << 31].saturatingProduct() == 1 << 62)
        #expect([Int.max, 2, 0].saturatingProduct() == 0, "nothing of something beyond all bounds is nothing")
        #expect([1, 2, 3].saturatingSum() == 6 && [Int]().saturatingSum() == 0 && [Int.max, 1, 1].saturatingSum() == .max)
        #expect([UInt8(16), 16].saturatingProduct() == 255 && [UInt8(200), 55].saturatingSum() == 255 && [UInt8(200), 56].checkedSum() == nil)
    }

    @Test func `Rounding to an integer goes by the rule that is asked for, up to the type's last number`() {
        #expect([2.5, -2.5, 0.49].map { Int(rounding: $0) } == [3, -3, 0])
        #expect([2.5, -2.5].map { Int(rounding: $0, .toNearestOrEven) } == [2, -2])
        #expect(Int(rounding: 2.1, .up) == 3 && Int(rounding: -2.9, .up) == -2 && Int(rounding: -2.1, .down) == -3)
        // The last double below 2⁶³ is 2⁶³ − 1024.
        #expect(Int(rounding: 0x1p63.nextDown) == Int.max - 1023 && Int(clampingRounded: 0x1p63) == .max && Int(clampingRounded: -0x1p63) == .min)
        #expect(Int16(rounding: Float(32767.4)) == 32767 && Int16(rounding: Float(32767.5)) == nil && Int16(rounding: -32768.4) == -32768)
        #expect(Int16(clampingRounded: -1e9) == -32768 && UInt64(rounding: 0x1p64) == nil && UInt64(clampingRounded: Double.infinity) == .max)
    }

    @Test func `Sizes are divided, multiplied and rounded up axis by axis`() {
        let size = Size3(7, 16, 33)
        #expect(size.divided(by: [2, 4, 8]) == [3, 4, 4] && size.multiplied(by: [2, 1, 3]) == [14, 16, 99])
        #expect(size.roundedUp(to: [2, 4, 8]) == [8, 16, 40] && size.roundedUp(to: [7, 16, 33]) == size && size.roundedUp(to: [1, 1, 1]) == size)
        #expect(size.max() == 33 && size.map { $0 - 7 } == [0, 9, 26] && size.reduce(1, *) == size.voxels)
    }

    /// Values that Python computed by the documented rule: SplitMix64's finalizer over a counter, keyed by seed and stream.
    @Test func `A generator's numbers are a function of seed, stream and place, the same on every machine`() {
        func first(_ seed: UInt64, _ stream: UInt64, _ count: Int) -> [UInt64] {
            var generator = CounterGenerator(seed: seed, stream: stream)
            return (0..<count).map { _ in generator.next() }
        }
        #expect(first(0, 0, 3) == [0xCECE747DA0D67723, 0xE718876F5511EF23, 0x3F8BD23BBC29C6EF])
        #expect(first(42, 7, 3) == [0xFCA4635EA3F0964B, 0x658B441465A34F67, 0x077515948FF7CC5F])
        #expect(first(.max, .max, 2) == [0x81A2DD3421F4B64A, 0x9E0BFA961807184E])
        var generator = CounterGenerator(seed: 42, stream: 7)
        #expect(generator.uniform() == 0.9868833643012656 && generator.uniform(-2, 3) == -0.01671860227707933)
        #expect((0..<20).allSatisfy { _ in generator.happens(1) && !generator.happens(0) })
    }

    @Test func `A generator that was stored goes on where it was`() throws {
        var one = CounterGenerator(seed: 5, stream: 6)
        for _ in 0..<17 { _ = one.next() }
        var other = try JSONDecoder().decode(CounterGenerator.self, from: JSONEncoder().encode(one))
        #expect(other == one && (0..<5).map { _ in one.next() } == (0..<5).map { _ in other.next() })
        #expect(CounterGenerator(seed: 5, stream: 6) != CounterGenerator(seed: 5, stream: 7) && one != CounterGenerator(seed: 5, stream: 6))
    }

    @Test func `Even draws fill every part of the range, and events happen as often as they should`() {
        var generator = CounterGenerator(seed: 9)
        var counts = [Int](repeating: 0, count: 10), events = 0
        for _ in 0..<10_000 {
            counts[Int(generator.uniform() * 10)] += 1
            if generator.happens(0.3) { events += 1 }
        }
        // Four standard deviations of a count: 4 · √(10⁴ · 0.1 · 0.9) = 120, and 183. The seed is fixed, so this passes always or never.
        #expect(counts.allSatisfy { abs($0 - 1000) < 120 } && abs(events - 3000) < 183)
    }

    @Test func `The peak of a process's memory does not fall, and a page that is touched is in it`() {
        let before = ProcessUsage.peakMemory
        let bytes = 64 << 20
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 4096)
        for place in stride(from: 0, to: bytes, by: 4096) { block[place] = 1 }
        let after = ProcessUsage.peakMemory
        block.deallocate()
        #expect(before > 1 << 20 && after >= before && after >= bytes && ProcessUsage.peakMemory >= after)
    }
}
