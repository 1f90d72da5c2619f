import Testing
import UNETRTorch

/// The generator belongs to the whole process, and other tests draw from it at the same time: a check is repeated until it passes
/// undisturbed, which it never would if it were false.
struct RandomTests {
    private func undisturbed(_ check: () throws -> Bool) rethrows -> Bool {
        for _ in 0..<200 where try check() { return true }
        return false
    }

    @Test("The same seed gives the same bits, of every distribution")
    func seeding() throws {
        func draw(_ seed: UInt64) throws -> [[UInt8]] {
            try Runtime.seed(seed)
            let uniform = try Tensor.empty([37])
            try uniform.fillUniformInPlace(-2, 3)
            let normal = try Tensor.empty([37])
            try normal.fillNormalInPlace(mean: 1, deviation: 2)
            return try [
                Tensor.rand([33]).bytes(), Tensor.randn([33], .float64).bytes(), uniform.bytes(), normal.bytes(),
                Tensor.ones([64]).dropout(0.5).bytes(), Tensor.ones([4, 16, 1, 1, 1]).channelDropout(0.5).bytes(),
            ]
        }
        #expect(try undisturbed { try draw(7) == draw(7) })
        let (seven, eight) = (try draw(7), try draw(8))
        for (a, b) in zip(seven, eight) { #expect(a != b) }
    }

    @Test("A stored state continues with the same bits")
    func state() throws {
        try Runtime.seed(3)
        #expect(
            try undisturbed {
                _ = try Tensor.randn([5])  // an odd count: the state holds half a pair of normal numbers
                let state = try Runtime.randomState()
                let first = try Tensor.randn([20]).bytes()
                try Runtime.setRandomState(state)
                return try Tensor.randn([20]).bytes() == first
            })
    }

    @Test("A state of the wrong size is refused")
    func brokenState() throws {
        #expect(throws: TorchError.self) { try Runtime.setRandomState(Tensor.zeros([3], .uint8)) }
    }

    // Means of n draws deviate by σ/√n; five of these are met by chance once in two million runs.
    @Test("Uniform and normal numbers have their mean and range")
    func distributions() throws {
        let uniform = try Tensor.empty([10000], .float64)
        try uniform.fillUniformInPlace(-2, 3)
        let uniformDeviation = 5 / 12.0.squareRoot()
        #expect(abs(try uniform.mean().item() - 0.5) < 5 * uniformDeviation / 100)
        #expect(try uniform.min().item() >= -2 && uniform.max().item() < 3)
        let normal = try Tensor.empty([10000], .float64)
        try normal.fillNormalInPlace(mean: 1, deviation: 2)
        let (mean, deviation) = (try normal.mean().item(), try normal.variance().item().squareRoot())
        #expect(abs(mean - 1) < 5 * 2 / 100)
        #expect(abs(deviation - 2) < 5 * 0.0142, "2 / √20000 = 0.0142")
    }

    @Test("Dropout zeroes elements, or whole channels, and keeps the mean")
    func dropout() throws {
        let kept = try Tensor.ones([10000]).dropout(0.25).array(of: Float.self)
        #expect(Set(kept) == [0, Float(4) / 3])
        let zeros = kept.filter { $0 == 0 }.count
        #expect(abs(zeros - 2500) < 217, "five times √(10000 · 0.25 · 0.75)")
        let channels = try Tensor.ones([8, 64, 2, 2, 2]).channelDropout(0.5)
        let values = try channels.array(of: Float.self)
        #expect(Set(values) == [0, 2])
        for start in stride(from: 0, to: values.count, by: 8) { #expect(Set(values[start..<start + 8]).count == 1) }
    }
}
