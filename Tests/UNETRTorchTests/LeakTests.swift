import Foundation
import Testing
import UNETRTorch

/// Handles are counted for each thread, because other tests make tensors at the same time.
struct LeakTests {
    /// Two layers, their parameters changed by hand.
    private struct Network {
        let weight1, bias1, weight2, bias2: Tensor
        var parameters: [Tensor] { [weight1, bias1, weight2, bias2] }

        init() throws {
            weight1 = try Tensor.full([8, 4], 0.1).requiringGradient()
            bias1 = try Tensor.zeros([8]).requiringGradient()
            weight2 = try Tensor.full([1, 8], 0.1).requiringGradient()
            bias2 = try Tensor.zeros([1]).requiringGradient()
        }

        func loss(_ x: Tensor, _ y: Tensor) throws -> Tensor {
            let hidden = try x.linear(weight1, bias: bias1).leakyReLU()
            return try (hidden.linear(weight2, bias: bias2) - y).square().mean()
        }
    }

    @Test("A thousand forward and backward steps leave no handle behind")
    func thousandSteps() throws {
        let before = Runtime.liveHandlesOfThread
        var losses: [Double] = []
        try autoreleasing {
            let network = try Network()
            let x = try Tensor((0..<24).map { Float($0) / 24 }, shape: [6, 4])
            let y = try Tensor((0..<6).map { Float($0) }, shape: [6, 1])
            for _ in 0..<1000 {
                let loss = try network.loss(x, y)
                try loss.backward()
                losses.append(try loss.item())
                for parameter in network.parameters {
                    let gradient = try #require(parameter.gradient)
                    try withoutGradients { try parameter.addInPlace(gradient, factor: -0.01) }
                    try parameter.clearGradient()
                }
            }
            #expect(Runtime.liveHandlesOfThread > before, "the network's own tensors are counted")
        }
        #expect(Runtime.liveHandlesOfThread == before)
        // The steps did something: y = 0…5 is a straight line in x, which two layers can follow.
        #expect(losses[0] > 5 && losses[999] < 0.01 * losses[0], "from \(losses[0]) to \(losses[999])")
    }

    @Test("Failing operations leave no handle behind")
    func failures() throws {
        let before = Runtime.liveHandlesOfThread
        try autoreleasing {
            let (a, b) = (try Tensor.zeros([2, 3]), try Tensor.zeros([4, 5]))
            for _ in 0..<100 {
                #expect(throws: TorchError.self) { try a.matmul(b) }
                #expect(throws: TorchError.self) { try Tensor.concatenated([a, b], axis: 0) }
            }
        }
        #expect(Runtime.liveHandlesOfThread == before)
    }

    @Test("The count of the whole process holds at least what this thread holds")
    func wholeProcess() throws {
        let tensors = try (0..<50).map { _ in try Tensor.zeros([1]) }
        #expect(Runtime.liveHandles >= tensors.count)
    }

    /// A scope of its own, so that everything made inside is gone after it.
    @inline(never) private func autoreleasing(_ body: () throws -> Void) throws { try body() }
}
