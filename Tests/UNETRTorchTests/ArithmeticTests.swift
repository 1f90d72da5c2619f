import Testing
import UNETRTorch

/// Results that can be followed by hand.
struct ArithmeticTests {
    private func tensor(_ values: [Float], _ shape: [Int]) throws -> Tensor { try Tensor(values, shape: shape) }

    @Test("Operators work element by element and broadcast")
    func operators() throws {
        let (a, b) = (try tensor([1, 2, 3, 4], [2, 2]), try tensor([10, 20], [2]))
        #expect(try (a + b).array(of: Float.self) == [11, 22, 13, 24])
        #expect(try (b - a).array(of: Float.self) == [9, 18, 7, 16])
        #expect(try (a * b).array(of: Float.self) == [10, 40, 30, 80])
        #expect(try (b / a).array(of: Float.self) == [10, 10, Float(10) / 3, 5])
        #expect(try (a + 0.5).array(of: Float.self) == [1.5, 2.5, 3.5, 4.5])
        #expect(try (a - 1).array(of: Float.self) == [0, 1, 2, 3])
        #expect(try (a * -2).array(of: Float.self) == [-2, -4, -6, -8])
        #expect(try (a / 4).array(of: Float.self) == [0.25, 0.5, 0.75, 1])
        #expect(try (-a).array(of: Float.self) == [-1, -2, -3, -4])
    }

    @Test("Functions of one number")
    func functions() throws {
        let x = try Tensor([0.25, 1, 4] as [Double], shape: [3])
        #expect(try x.sqrt().array(of: Double.self) == [0.5, 1, 2])
        #expect(try x.rsqrt().array(of: Double.self) == [2, 1, 0.5])
        #expect(try x.reciprocal().array(of: Double.self) == [4, 1, 0.25])
        #expect(try x.square().array(of: Double.self) == [0.0625, 1, 16])
        #expect(try x.power(1.5).array(of: Double.self) == [0.125, 1, 8])
        #expect(try x.log().exp().array(of: Double.self).map { ($0 * 1e12).rounded() / 1e12 } == [0.25, 1, 4])
        #expect(try (x - 1).abs().array(of: Double.self) == [0.75, 0, 3])
        #expect(try (x - 1).relu().array(of: Double.self) == [0, 0, 3])
        #expect(try (x - 1).leakyReLU(0.1).array(of: Double.self)[0] == -0.75 * 0.1)
        #expect(try x.clamped(0.5, 2).array(of: Double.self) == [0.5, 1, 2])
        #expect(try Tensor(0, dtype: .float64).sigmoid().item() == 0.5)
        #expect(try Tensor(0, dtype: .float64).tanh().item() == 0)
    }

    @Test("Comparisons give truth values, and choose between tensors")
    func comparisons() throws {
        let (a, b) = (try tensor([1, 5, 3], [3]), try tensor([2, 4, 3], [3]))
        #expect(try a.less(than: b).array(of: Bool.self) == [true, false, false])
        #expect(try a.greater(than: b).array(of: Bool.self) == [false, true, false])
        #expect(try a.equals(b).array(of: Bool.self) == [false, false, true])
        #expect(try a.less(than: 3).array(of: Bool.self) == [true, false, false])
        #expect(try a.greater(than: 3).array(of: Bool.self) == [false, true, false])
        #expect(try a.equals(3).array(of: Bool.self) == [false, false, true])
        #expect(try a.maximum(b).array(of: Float.self) == [2, 5, 3])
        #expect(try a.minimum(b).array(of: Float.self) == [1, 4, 3])
        #expect(try Tensor.choose(a.less(than: b), a, -b).array(of: Float.self) == [1, -4, -3])
        #expect(try a.filled(where: a.greater(than: 4), with: 9).array(of: Float.self) == [1, 9, 3])
        let odd = try tensor([1, .infinity, -.infinity, .nan], [4])
        #expect(try odd.isFinite().array(of: Bool.self) == [true, false, false, false])
    }

    @Test("Operations in place change the tensor and every view of it, and nothing else")
    func inPlace() throws {
        let a = try tensor([1, 2, 3, 4], [2, 2])
        let copy = try a.clone()
        let row = try a.selected(0, 1)
        try row.addInPlace(tensor([10, 20], [2]), factor: 2)
        #expect(try a.array(of: Float.self) == [1, 2, 23, 44])
        try a.multiplyInPlace(2)
        #expect(try a.array(of: Float.self) == [2, 4, 46, 88])
        try a.multiplyInPlace(tensor([1, -1], [2]))
        #expect(try row.array(of: Float.self) == [46, -88])
        try row.fillInPlace(7)
        #expect(try a.array(of: Float.self) == [2, -4, 7, 7])
        try a.copyInPlace(Tensor([5, 6] as [Int64], shape: [2]))
        #expect(try a.array(of: Float.self) == [5, 6, 5, 6], "converted and broadcast")
        #expect(try copy.array(of: Float.self) == [1, 2, 3, 4])
        let whole = try Tensor([1, 2] as [Int64], shape: [2])
        try whole.addInPlace(Tensor([1, 1] as [Int64], shape: [2]), factor: 3)
        try whole.multiplyInPlace(2)
        #expect(try whole.array(of: Int64.self) == [8, 10])
    }

    @Test("Reductions run over the axes given, or over all")
    func reductions() throws {
        let a = try Tensor([1, 2, 3, 4, 5, 9] as [Double], shape: [2, 3])
        #expect(try a.sum().item() == 24)
        #expect(try a.sum([0]).array(of: Double.self) == [5, 7, 12])
        #expect(try a.sum([1], keep: true).shape == [2, 1])
        #expect(try a.mean([1]).array(of: Double.self) == [2, 6])
        #expect(try a.mean().item() == 4)
        #expect(try a.variance([0]).array(of: Double.self) == [2.25, 2.25, 9], "divided by n")
        #expect(abs(try a.variance().item() - 40 / 6.0) < 1e-14, "(9 + 4 + 1 + 0 + 1 + 25) / 6")
        #expect(try a.max([1]).array(of: Double.self) == [3, 9])
        #expect(try a.min().item() == 1)
        #expect(try a.max([0, 1], keep: true).shape == [1, 1])
        #expect(try Tensor([3, 4] as [Double], shape: [2]).norm().item() == 5)
        #expect(try Tensor([3, 4, 6, 8] as [Double], shape: [2, 2]).norm([1]).array(of: Double.self) == [5, 10])
        #expect(try Tensor([true, true, false, true], shape: [4]).sum().item() == 3)
    }

    @Test("The index of the largest element is that of the first among equals")
    func argmax() throws {
        let a = try tensor([1, 3, 3, 7, 7, 2], [2, 3])
        #expect(try a.argmax(1).array(of: Int64.self) == [1, 0])
        #expect(try a.argmax(0).array(of: Int64.self) == [1, 1, 0])
    }

    @Test("Soft-max sums to 1 and does not overflow")
    func softmax() throws {
        let a = try Tensor([0, 1000, 1000, 0, 0, 0] as [Double], shape: [2, 3])
        let expected = [0, 0.5, 0.5, 1 / 3.0, 1 / 3.0, 1 / 3.0]
        for (found, wanted) in zip(try a.softmax(1).array(of: Double.self), expected) { #expect(abs(found - wanted) < 1e-15) }
        #expect(abs(try a.logSoftmax(1).array(of: Double.self)[0] + 1000.6931471805599453) < 1e-12, "−1000 − ln 2")
    }
}
