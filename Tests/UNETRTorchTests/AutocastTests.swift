import Testing
import UNETRTorch

struct AutocastTests {
    private func productType() throws -> DType {
        let a = try Tensor.ones([2, 3])
        return try a.matmul(a.transposed(0, 1)).dtype
    }

    private func productType(within dtype: DType?) throws -> DType { try withAutocast(dtype, on: .cpu) { try productType() } }

    @Test("Products, linear layers and convolutions are computed in the chosen type, sums are not")
    func types() throws {
        try withAutocast(.bfloat16, on: .cpu) {
            let a = try Tensor.ones([2, 3])
            #expect(try productType() == .bfloat16)
            #expect(try a.linear(Tensor.ones([4, 3])).dtype == .bfloat16)
            #expect(try Tensor.ones([1, 1, 2, 2, 2]).convolution3d(Tensor.ones([1, 1, 1, 1, 1])).dtype == .bfloat16)
            #expect(try (a + a).dtype == .float32)
        }
        #expect(try productType(within: .float16) == .float16)
    }

    @Test("It is off again afterwards, also after an error")
    func endsWithScope() throws {
        struct Stop: Error {}
        #expect(try productType() == .float32)
        try withAutocast(.bfloat16, on: .cpu) {}
        #expect(try productType() == .float32)
        #expect(throws: Stop.self) { try withAutocast(.bfloat16, on: .cpu) { throw Stop() } }
        #expect(try productType() == .float32)
    }

    @Test("Inner scopes switch it off or over, and the outer one holds after them")
    func nesting() throws {
        try withAutocast(.bfloat16, on: .cpu) {
            let types = try [productType(within: nil), productType(), productType(within: .float16), productType()]
            #expect(types == [.float32, .bfloat16, .float16, .bfloat16])
        }
    }

    /// libtorch alone computes them wrong, and writes beyond their place, on processors with instructions for bfloat16.
    @Test(
        "Gradients of a kernel's weights are right where it is longer than the volume",
        arguments: [(3, [2, 4, 4]), (3, [2, 2, 3]), (5, [3, 3, 3]), (3, [4, 4, 4])])
    func smallVolumes(kernel: Int, size: [Int]) throws {
        func wave(_ shape: [Int], _ step: Double) throws -> Tensor {
            try Tensor((0..<shape.reduce(1, *)).map { Float((step * Double($0)).truncatingRemainder(dividingBy: 2) - 1) }, shape: shape)
        }
        let x = try wave([2, 8] + size, 0.7331), y = try wave([2, 16] + size, 0.3917), shape = [16, 8, kernel, kernel, kernel]
        func gradient(_ type: DType?) throws -> [Float] {
            let weight = try wave(shape, 0.5173).requiringGradient()
            let padding = Array(repeating: kernel / 2, count: 3)
            let result = try withAutocast(type, on: .cpu) { try x.convolution3d(weight, padding: padding) }
            #expect(result.dtype == type ?? .float32)
            try (result.to(.float32) * y).sum().backward()
            return try #require(weight.gradient).array(of: Float.self)
        }
        let exact = try gradient(nil), found = try gradient(.bfloat16), scale = exact.map(abs).max() ?? 0
        #expect(scale > 1 && zip(exact, found).allSatisfy { abs($0 - $1) <= 0.02 * scale })
    }

    @Test("Weights that change between scopes are cast anew")
    func changedWeights() throws {
        let weight = try Tensor.ones([1, 1]).requiringGradient()
        let x = try Tensor.ones([1, 1])
        func product() throws -> Double { try withAutocast(.bfloat16, on: .cpu) { try x.linear(weight).detached().item() } }
        #expect(try product() == 1)
        try withoutGradients { try weight.fillInPlace(3) }
        #expect(try product() == 3)
    }

    @Test("Gradients come back in the parameters' type")
    func gradients() throws {
        let weight = try Tensor([0.5, 0.25] as [Float], shape: [1, 2]).requiringGradient()
        let loss = try withAutocast(.bfloat16, on: .cpu) { try Tensor([1, 2] as [Float], shape: [1, 2]).linear(weight).sum() }
        try loss.backward()
        #expect(weight.gradient?.dtype == .float32)
        #expect(try weight.gradient?.array(of: Double.self) == [1, 2])
    }
}
