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
