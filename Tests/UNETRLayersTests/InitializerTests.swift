import Testing
import UNETRArchives
import UNETRLayers
import UNETRTorch

/// What first values are drawn from. Five standard errors are exceeded once in two million draws.
struct InitializerTests {
    private func values(_ shape: [Int], _ initial: Initializer) throws -> [Double] {
        let store = ParameterStore()
        return try store.root.parameter("p", shape, initial).detached().array(of: Double.self)
    }

    private func deviation(_ values: [Double]) -> Double {
        (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
    }

    @Test("Kaiming values are even within one over the root of the fan-in")
    func kaiming() throws {
        // A kernel [out, in, d, h, w]: fan-in 4 · 3 · 3 · 1 = 36, bound 1/6.
        let kernel = try values([200, 4, 3, 3, 1], .kaiming)
        #expect(kernel.allSatisfy { abs($0) <= 1 / 6.0 + 1e-7 })
        #expect(kernel.contains { $0 > 0.16 } && kernel.contains { $0 < -0.16 }, "the bound is nearly reached")
        // An even distribution of half-width b deviates by b/√3; of n draws this is known to a relative √(1/5n).
        let relative = deviation(kernel) / (1 / 6.0 / 3.0.squareRoot())
        #expect(abs(relative - 1) < 5 * 0.0053, "√(0.2 / 7200) = 0.0053")
    }

    @Test("Linear layers of the framework have the fan-in's bound for weight and bias")
    func linear() throws {
        let store = ParameterStore()
        let layer = try Linear(store.root / "l", from: 100, to: 300)
        let weight = try layer.weight.detached().array(of: Double.self)
        let bias = try #require(layer.bias).detached().array(of: Double.self)
        #expect(weight.allSatisfy { abs($0) <= 0.1 + 1e-8 } && weight.contains { abs($0) > 0.099 })
        #expect(bias.allSatisfy { abs($0) <= 0.1 + 1e-8 } && bias.contains { abs($0) > 0.09 })
    }

    @Test("Linear layers of the encoder have truncated normal weights of deviation 0.02, and no bias at first")
    func truncatedNormal() throws {
        let store = ParameterStore()
        let layer = try Linear(store.root / "l", from: 100, to: 100, initial: .truncatedNormal(deviation: 0.02))
        let weight = try layer.weight.detached().array(of: Double.self)
        let mean = weight.reduce(0, +) / 10000
        #expect(abs(deviation(weight) / 0.02 - 1) < 5 * 0.0071, "1 / √20000 = 0.0071")
        #expect(abs(mean) < 0.001, "five times 0.02 / √10000")
        #expect(weight.contains { abs($0) > 0.05 }, "it is not an even distribution of that deviation, which ends at 0.035")
        #expect(try layer.bias?.detached().array(of: Double.self) == [Double](repeating: 0, count: 100))
        #expect(try values([5000], .truncatedNormal(deviation: 3)).allSatisfy { abs($0) <= 2 })
    }

    @Test("Convolutions have the fan-in's bound for their bias, constants are constant, uniform values keep to their bound")
    func others() throws {
        let store = ParameterStore()
        let convolution = try Convolution(store.root / "c", from: 4, to: 500, kernel: [2, 2, 1], bias: true)
        let bias = try #require(convolution.bias).detached().array(of: Double.self)
        #expect(bias.allSatisfy { abs($0) <= 0.25 } && bias.contains { abs($0) > 0.24 }, "fan-in 16")
        #expect(try values([3], .constant(2.5)) == [2.5, 2.5, 2.5])
        let even = try values([2000], .uniform(3))
        #expect(even.allSatisfy { abs($0) <= 3 } && even.contains { $0 > 2.9 } && even.contains { $0 < -2.9 })
    }

    @Test("Nothing is drawn for a network that is filled from a file")
    func unset() throws {
        let store = ParameterStore(values: .unset)
        _ = try store.root.parameter("p", [4], .constant(3))
        try store.load(StateDictionary([("p", .init([1, 2, 3, 4] as [Float]))]))
        #expect(try store["p"]?.detached().array(of: Float.self) == [1, 2, 3, 4])
    }
}
