import Foundation
import Testing
import UNETRTorch

@testable import UNETRLayers

struct MuonTests {
    private static func parameter(_ values: [Float], _ shape: [Int]) throws -> Tensor { try Tensor(values, shape: shape).requiringGradient() }

    private static func give(_ gradient: [Float], to parameter: Tensor) throws {
        try parameter.clearGradient()
        try (parameter * Tensor(gradient, shape: parameter.shape)).sum().backward()
    }

    private static let wide: (start: [Float], gradients: [[Float]], ends: [[Float]]) = (
        [1, 2, 3, 4, 5, 6], [[1, 0, 2, -1, 1, 0.5], [0.5, -1, 0, 2, 0, 1], [1, 1, 1, 0, -2, 0.25]],
        [
            [0.9726361, 1.98, 2.9352723, 3.9757525, 4.9342475, 5.9321237], [0.9561776, 1.9923824, 2.8964332, 3.9184208, 4.8638357, 5.860612],
            [0.9249767, 1.9644623, 2.8433669, 3.8733469, 4.8376851, 5.7898976],
        ]
    )
    private static let tall: (start: [Float], gradients: [[Float]], ends: [[Float]]) = (
        [1, 2, 3], [[1, -2, 2], [2, 1, 0], [0, 0, 1]],
        [[0.9819582, 1.9960835, 2.9539165], [0.9495648, 1.9754411, 2.915893], [0.926112, 1.9599448, 2.8675222]]
    )

    /// Three steps of PyTorch 2.13, `torch.optim.Muon([w], lr=0.1, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")`, with its orthogonalization in float64
    /// instead of bfloat16. In bfloat16 five steps of Newton and Schulz are off by several percent of a step of 0.035; so are PyTorch's.
    @Test(arguments: [([2, 3], true), ([2, 1, 3], true), ([3, 1], false)])
    func `Matrices, and kernels read as matrices, go PyTorch's way`(shape: [Int], isWide: Bool) throws {
        let run = isWide ? Self.wide : Self.tall
        for (precision, tolerance) in [(DType?.none, Float(2e-6)), (.bfloat16, 4e-3)] {
            let weight = try Self.parameter(run.start, shape)
            let optimizer = Muon([weight], matrices: [true], rate: 0.1, weightDecay: 0.1, precision: precision)
            for (gradient, end) in zip(run.gradients, run.ends) {
                try Self.give(gradient, to: weight)
                try optimizer.step()
                let found: [Float] = try weight.detached().array()
                for (a, b) in zip(found, end) { #expect(abs(a - b) < tolerance, "\(found) instead of \(end)") }
            }
        }
    }

    @Test func `Singular values go through the polynomial five times, and directions stay`() throws {
        func expected(_ value: Double) -> Double { (0..<5).reduce(value) { x, _ in 3.4445 * x - 4.7750 * pow(x, 3) + 2.0315 * pow(x, 5) } }
        // Of a diagonal matrix the entries are the singular values; their norm is 5.
        let found: [Float] = try Muon.orthogonal(Tensor([3 as Float, 0, 0, 0, 4, 0], shape: [2, 3]), nil).array()
        for (a, b) in zip(found, [expected(0.6), 0, 0, 0, expected(0.8), 0]) { #expect(abs(Double(a) - b) < 1e-5, "\(found)") }
        let turned: [Float] = try Muon.orthogonal(Tensor([3 as Float, 0, 0, 4, 0, 0], shape: [3, 2]), nil).array()
        for (a, b) in zip(turned, [expected(0.6), 0, 0, expected(0.8), 0, 0]) { #expect(abs(Double(a) - b) < 1e-5, "\(turned)") }
        for value in [0.05, 0.3, 0.6, 0.99] { #expect((0.65...1.25).contains(expected(value)), "\(value)") }
    }

    @Test func `What is no matrix goes AdamW's way, and each parameter at its part of the rate`() throws {
        let values: [[Float]] = [[1, 2, 3, 4], [0.5, -0.5], [2, 1]], shapes = [[2, 2], [2], [2]]
        let mixed = try zip(values, shapes).map { try Self.parameter($0, $1) }, plain = try zip(values, shapes).dropFirst().map { try Self.parameter($0, $1) }
        let muon = Muon(
            mixed, matrices: [true, false, false], rate: 0.1, weightDecay: 0.2, decays: [true, false, true], factors: [0.5, 1, 0.25])
        let adam = AdamW(plain, rate: 0.1, weightDecay: 0.2, decays: [false, true], factors: [1, 0.25])
        for gradient in [[Float(1), -1], [0.5, 2]] {
            for parameter in mixed.dropFirst() + plain { try Self.give(gradient, to: parameter) }
            try muon.step()
            try adam.step()
        }
        for (a, b) in zip(mixed.dropFirst(), plain) { #expect(try a.detached().array(of: Float.self) == b.detached().array(of: Float.self)) }
        // A matrix without gradient stays as it is.
        #expect(try mixed[0].detached().array(of: Float.self) == values[0])
        muon.rate = 0.2
        try Self.give([1, 0, 0, 1], to: mixed[0])
        try muon.step()
        // Of a multiple of the identity both singular values are 1/√2 of the norm.
        let root = 0.5.squareRoot(), value = (0..<5).reduce(root) { x, _ in 3.4445 * x - 4.7750 * pow(x, 3) + 2.0315 * pow(x, 5) }
        let step = 0.2 * 0.5 * 0.2 * 2.0.squareRoot() * value, decay = 1 - 0.2 * 0.5 * 0.2
        let found: [Float] = try mixed[0].detached().array()
        for (a, b) in zip(found, [decay - step, 2 * decay, 3 * decay, 4 * decay - step]) { #expect(abs(Double(a) - b) < 1e-5, "\(found)") }
    }

    @Test func `A state goes on where it was, and one of other parameters is refused`() throws {
        func make() throws -> (Muon, [Tensor]) {
            let parameters = [try Self.parameter([1, 2, 3, 4], [2, 2]), try Self.parameter([1, 2], [2])]
            return (Muon(parameters, matrices: [true, false], rate: 0.1), parameters)
        }
        func step(_ optimizer: Muon, _ parameters: [Tensor], _ number: Float) throws {
            try Self.give([number, 1, -1, 2], to: parameters[0])
            try Self.give([number, -1], to: parameters[1])
            try optimizer.step()
        }
        let (whole, expected) = try make(), (first, start) = try make(), (second, rest) = try make()
        for number in [Float(1), 2] { try step(whole, expected, number) }
        try step(first, start, 1)
        for (target, source) in zip(rest, start) { try withoutGradients { try target.copyInPlace(source.detached()) } }
        let state = Dictionary(uniqueKeysWithValues: first.state.map { ($0.name, $0.tensor) })
        #expect(state.keys.sorted() == ["firstMoment.0", "momentum.0", "secondMoment.0", "step.0"])
        try second.restore { state[$0] }
        try step(second, rest, 2)
        for (a, b) in zip(expected, rest) { #expect(try a.detached().array(of: Float.self) == b.detached().array(of: Float.self)) }
        let (wrong, _) = try make()
        #expect(throws: OptimizerError.incompleteState(found: 0, expected: 1)) { try wrong.restore { $0.hasPrefix("second") ? nil : state[$0] } }
    }
}
