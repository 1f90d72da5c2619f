import Testing
import UNETRTorch

struct AutogradTests {
    @Test("Gradients of products and squares are those of the formula")
    func formula() throws {
        // f = Σ (a·b + a²): ∂f/∂a = b + 2a, ∂f/∂b = a.
        let a = try Tensor([1, -2, 3] as [Double], shape: [3]).requiringGradient()
        let b = try Tensor([4, 5, -6] as [Double], shape: [3]).requiringGradient()
        try (a * b + a.square()).sum().backward()
        #expect(try a.gradient?.array(of: Double.self) == [6, 1, 0])
        #expect(try b.gradient?.array(of: Double.self) == [1, -2, 3])
    }

    @Test("Gradients of a matrix product are those of the formula")
    func matrixProduct() throws {
        // f = Σ (A·B): ∂f/∂A = row sums of B in each row, ∂f/∂B = column sums of A in each column.
        let a = try Tensor([1, 2, 3, 4, 5, 6] as [Double], shape: [2, 3]).requiringGradient()
        let b = try Tensor([1, 0, -1, 2, 3, 4] as [Double], shape: [3, 2]).requiringGradient()
        try a.matmul(b).sum().backward()
        #expect(try a.gradient?.array(of: Double.self) == [1, 1, 7, 1, 1, 7])
        #expect(try b.gradient?.array(of: Double.self) == [5, 5, 7, 7, 9, 9])
    }

    @Test("Gradients add up until they are cleared")
    func accumulation() throws {
        let a = try Tensor(3, dtype: .float64).requiringGradient()
        #expect(a.gradient == nil)
        try a.square().backward()
        try a.square().backward()
        #expect(try a.gradient?.item() == 12)
        try a.clearGradient()
        #expect(a.gradient == nil)
        try a.square().backward()
        #expect(try a.gradient?.item() == 6)
    }

    @Test("Backward takes the derivative of what comes after")
    func outerGradient() throws {
        let a = try Tensor([1, 2] as [Double], shape: [2]).requiringGradient()
        try a.square().backward(Tensor([10, 100] as [Double], shape: [2]))
        #expect(try a.gradient?.array(of: Double.self) == [20, 400])
    }

    @Test("Detached values and values without the mark get no gradient")
    func detached() throws {
        let a = try Tensor(3, dtype: .float64).requiringGradient()
        let b = try Tensor(5, dtype: .float64)
        try (a.detached() * a + b * a).backward()
        #expect(try a.gradient?.item() == 8)
        #expect(b.gradient == nil && !b.requiresGradient)
        #expect(try !a.detached().requiresGradient)
    }

    @Test("Nothing is recorded in a scope without gradients, nested or left by an error")
    func nestedScopes() throws {
        struct Stop: Error {}
        let a = try Tensor(3).requiringGradient()
        func records() throws -> Bool {
            let result = try a.square()
            return result.requiresGradient
        }
        func stop() throws { try withoutGradients { throw Stop() } }
        #expect(try records())
        try withoutGradients {
            #expect(try !records())
            let inner = try withoutGradients { try records() }
            #expect(!inner)
            #expect(try !records(), "the end of the inner scope does not end the outer one")
            #expect(throws: Stop.self) { try stop() }
            #expect(try !records())
        }
        #expect(try records())
        #expect(throws: Stop.self) { try stop() }
        #expect(try records())
    }

    @Test("Changing a recorded parameter in place is refused outside such a scope")
    func inPlaceOnLeaf() throws {
        let a = try Tensor(3).requiringGradient()
        let error = try #require(throws: TorchError.self) { try a.addInPlace(Tensor(1)) }
        #expect(error.message.contains("in-place operation"))
        try withoutGradients { try a.addInPlace(Tensor(1)) }
        #expect(try a.detached().item() == 4)
    }
}
