import Testing
import UNETRTorch

struct DTypeTests {
    private static let pairs = DType.allCases.flatMap { from in DType.allCases.map { (from, $0) } }

    @Test("Small whole numbers pass unchanged between all ten types", arguments: pairs)
    func smallNumbers(from: DType, to: DType) throws {
        let values: [Double] = from == .bool || to == .bool ? [0, 1, 1, 0] : [0, 1, 2, 100]
        let tensor = try Tensor(values, shape: [4]).to(from)
        #expect(tensor.dtype == from)
        let converted = try tensor.to(to)
        #expect(converted.dtype == to)
        #expect(try converted.array(of: Double.self) == values)
        #expect(try converted.bytes().count == 4 * to.size)
    }

    @Test("Negative numbers pass between the signed types")
    func negativeNumbers() throws {
        for dtype in DType.allCases where ![.uint8, .bool].contains(dtype) {
            #expect(try Tensor([-3, -100] as [Double], shape: [2]).to(dtype).array(of: Double.self) == [-3, -100])
        }
    }

    @Test("Fractions are cut off towards zero, and any number but 0 is true")
    func fractions() throws {
        let tensor = try Tensor([-2.7, -0.5, 0, 0.5, 2.7], shape: [5])
        #expect(try tensor.array(of: Int32.self) == [-2, 0, 0, 0, 2])
        #expect(try tensor.array(of: Bool.self) == [true, true, false, true, true])
    }

    // float16 has 10 bits behind the point: neighbors of 1 are 2⁻¹⁰ apart. Largest 65504, smallest normal 2⁻¹⁴, smallest 2⁻²⁴.
    @Test(
        "float16 rounds to the nearest, ties to even, up to its largest number and down to its smallest",
        arguments: [
            (1 + 0x1p-11, 1), (1 + 0x1.8p-11, 1 + 0x1p-10), (1 + 0x1.8p-10, 1 + 0x1p-9), (0.1, 0.0999755859375), (65504, 65504),
            (65519, 65504), (65520, Double.infinity), (-70000, -Double.infinity), (0x1p-24, 0x1p-24), (0x1p-25, 0), (0x1.8p-25, 0x1p-24),
        ] as [(Double, Double)])
    func float16Rounding(value: Double, rounded: Double) throws {
        // Through float32, where all these numbers are exact but 0.1, whose error of 1e-9 is far from a tie.
        #expect(try Tensor([Float(value)], shape: [1]).to(.float16).item() == rounded)
    }

    // bfloat16 has 7 bits behind the point and the exponents of float32: neighbors of 1 are 2⁻⁷ apart, the largest is (2 − 2⁻⁷) · 2¹²⁷.
    @Test(
        "bfloat16 rounds to the nearest, ties to even, with the range of float32",
        arguments: [
            (1 + 0x1p-8, 1), (1 + 0x1.8p-8, 1 + 0x1p-7), (1 + 0x1.8p-7, 1 + 0x1p-6), (0.1, 0.10009765625), (65520, 65536),
            (0x1.fep127, 0x1.fep127), (0x1.fffffep127, Double.infinity), (0x1p-126, 0x1p-126),
        ] as [(Double, Double)])
    func bfloat16Rounding(value: Double, rounded: Double) throws {
        #expect(try Tensor([Float(value)], shape: [1]).to(.bfloat16).item() == rounded)
    }

    @Test("Bytes are little-endian elements in C-order, of views too")
    func bytes() throws {
        let tensor = try Tensor([1, 2, 3, 4] as [Int16], shape: [2, 2])
        #expect(try tensor.bytes() == [1, 0, 2, 0, 3, 0, 4, 0])
        #expect(try tensor.transposed(0, 1).bytes() == [1, 0, 3, 0, 2, 0, 4, 0])
        let again = try tensor.bytes().withUnsafeBytes { try Tensor(copying: $0, shape: [4], dtype: .int16) }
        #expect(try again.array(of: Int16.self) == [1, 2, 3, 4])
    }

    @Test("Empty tensors and tensors without axes are read like others")
    func edges() throws {
        let empty = try Tensor([] as [Float], shape: [0, 3])
        #expect(empty.shape == [0, 3] && empty.count == 0)
        #expect(try empty.array(of: Float.self) == [])
        let number = try Tensor(2.5)
        #expect(number.shape == [] && number.count == 1)
        #expect(try number.item() == 2.5)
    }
}
