import Foundation
import TestSupport
import Testing
import UNETRLayers
import UNETRTorch

/// Trajectories of one scalar that PyTorch's optimizers took: Tests/Fixtures/layers/optim.json.
///
/// The loss is sin(1.3 w) + ½ (w − 0.2)²; its gradient is given to the parameter by the product w · gradient.
struct OptimizerTests {
    private struct Step: Decodable {
        var lr, grad, w: Double
        var buf: Double?
    }

    private struct Contents: Decodable {
        // swift-format-ignore: AlwaysUseLowerCamelCase
        struct SGDRun: Decodable {
            var momentum, weight_decay, w0: Double
            var float64, float32: [Step]
        }
        // swift-format-ignore: AlwaysUseLowerCamelCase
        struct AdamRun: Decodable {
            var lr, eps, weight_decay, w0: Double
            var betas: [Double]
            var float64: [Step]
        }
        // swift-format-ignore: AlwaysUseLowerCamelCase
        struct Clip: Decodable {
            var max_norm, total_norm: Double
            var grads, clipped: [Double]
            var split: [Int]
        }
        var sgd: SGDRun
        var adamw: AdamRun
        // swift-format-ignore: AlwaysUseLowerCamelCase
        var clip_grad_norm: Clip
    }

    private let contents: Contents

    init() throws {
        contents = try JSONDecoder().decode(Contents.self, from: Data(contentsOf: Fixtures.url("layers/optim.json")))
    }

    private func slope(_ w: Double) -> Double { 1.3 * cos(1.3 * w) + (w - 0.2) }

    private func give(_ gradient: Double, to parameter: Tensor) throws {
        try parameter.clearGradient()
        try (parameter * gradient).backward()
    }

    @Test("SGD with Nesterov momentum and weight decay goes PyTorch's way in float64")
    func sgd64() throws {
        let run = contents.sgd
        let w = try Tensor(run.w0, dtype: .float64).requiringGradient()
        let optimizer = SGD([w], rate: 1, momentum: run.momentum, weightDecay: run.weight_decay, nesterov: true)
        for step in run.float64 {
            let gradient = slope(try w.detached().item())
            #expect(abs(gradient - step.grad) < 1e-12)
            try give(gradient, to: w)
            optimizer.rate = step.lr
            try optimizer.step()
            #expect(abs(try w.detached().item() - step.w) < 1e-12)
            #expect(abs(try optimizer.state[0].tensor.item() - (step.buf ?? .nan)) < 1e-12)
        }
    }

    // Numbers of magnitude 1 to 4 in float32, five steps: a few units of 2.4e-7 in the last place.
    @Test("The same in float32")
    func sgd32() throws {
        let run = contents.sgd
        let w = try Tensor(run.w0).requiringGradient()
        let optimizer = SGD([w], rate: 1, momentum: run.momentum, weightDecay: run.weight_decay, nesterov: true)
        for step in run.float32 {
            try give(step.grad, to: w)
            optimizer.rate = step.lr
            try optimizer.step()
            #expect(abs(try w.detached().item() - step.w) < 1e-6)
            #expect(abs(try optimizer.state[0].tensor.item() - (step.buf ?? .nan)) < 1e-6)
        }
    }

    @Test("AdamW goes PyTorch's way")
    func adamW() throws {
        let run = contents.adamw
        let w = try Tensor(run.w0, dtype: .float64).requiringGradient()
        let optimizer = AdamW(
            [w], rate: run.lr, beta1: run.betas[0], beta2: run.betas[1], weightDecay: run.weight_decay, epsilon: run.eps)
        for step in run.float64 {
            let gradient = slope(try w.detached().item())
            #expect(abs(gradient - step.grad) < 1e-12)
            try give(gradient, to: w)
            try optimizer.step()
            #expect(abs(try w.detached().item() - step.w) < 1e-12)
        }
        #expect(try optimizer.state.last?.tensor.item() == Double(run.float64.count), "the count of steps is part of the state")
    }

    @Test("Weight decay leaves out the parameters that are named so, and only it")
    func decayGroups() throws {
        let parameters = try (0..<3).map { _ in try Tensor(2, dtype: .float64).requiringGradient() }
        let optimizer = AdamW(parameters, rate: 0.1, weightDecay: 0.5, decays: [true, false, true])
        try optimizer.step()  // no gradients: the decay alone, 2 · (1 − 0.1 · 0.5)
        for (parameter, expected) in zip(parameters, [1.9, 2, 1.9]) { #expect(abs(try parameter.detached().item() - expected) < 1e-15) }
    }

    @Test func `Each parameter learns at its part of the rate`() throws {
        func parameters() throws -> [Tensor] { try (0..<3).map { _ in try Tensor(2, dtype: .float64).requiringGradient() } }
        let plain = try parameters(), sgd = SGD(plain, rate: 0.5, momentum: 0.5, factors: [1, 0.25, 1])
        // Gradients of 1; the second step has one and a half times the first one's size.
        for _ in 0..<2 {
            for parameter in plain { try give(1, to: parameter) }
            try sgd.step()
        }
        for (parameter, expected) in zip(plain, [2 - 0.5 * 2.5, 2 - 0.125 * 2.5, 2 - 0.5 * 2.5]) {
            #expect(abs(try parameter.detached().item() - expected) < 1e-15)
        }
        let decaying = try parameters(), adam = AdamW(decaying, rate: 0.1, weightDecay: 0.5, decays: [true, false, true], factors: [1, 1, 0.5])
        try adam.step()  // no gradients: the decay alone
        for (parameter, expected) in zip(decaying, [1.9, 2, 1.95]) { #expect(abs(try parameter.detached().item() - expected) < 1e-15) }
    }

    @Test("Gradients are scaled down to the limit of their joint norm, and left alone below it")
    func clipping() throws {
        let clip = contents.clip_grad_norm
        let cut = clip.split[0]
        let parameters = try [clip.grads[..<cut], clip.grads[cut...]].map { values in
            let parameter = try Tensor.zeros([values.count]).requiringGradient()
            try (parameter * Tensor(values.map(Float.init), shape: [values.count])).sum().backward()
            return parameter
        }
        let optimizer = SGD(parameters, rate: 1)
        let norm = try optimizer.clipGradients(to: clip.max_norm)
        #expect(abs(norm - clip.total_norm) < 1e-5, "float32 of a number of 30")
        func gradients() throws -> [Double] { try parameters.flatMap { try $0.gradient!.array(of: Double.self) } }
        for (found, expected) in zip(try gradients(), clip.clipped) { #expect(abs(found - expected) < 2e-6, "four units in the last place") }
        let before = try gradients()
        try optimizer.clipGradients(to: 1000)
        #expect(try gradients() == before)
    }

    @Test("A parameter without gradient counts as having gradient zero")
    func missingGradient() throws {
        let parameters = try (0..<2).map { _ in try Tensor(1, dtype: .float64).requiringGradient() }
        let optimizer = SGD(parameters, rate: 0.5, momentum: 0.9)
        try give(1, to: parameters[0])
        try optimizer.step()
        #expect(try parameters.map { try $0.detached().item() } == [0.5, 1])
        try optimizer.clearGradients()
        #expect(parameters[0].gradient == nil)
        try optimizer.step()
        #expect(abs(try parameters[0].detached().item() - 0.05) < 1e-15, "the momentum goes on: 0.5 − 0.5 · 0.9")
    }

    @Test("A restored optimizer continues to the same bits", arguments: ["SGD", "AdamW"])
    func restoring(kind: String) throws {
        func make(_ parameters: [Tensor]) -> any Optimizer {
            kind == "SGD"
                ? SGD(parameters, rate: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true) : AdamW(parameters, rate: 0.1)
        }
        func steps(_ range: Range<Int>, _ optimizer: any Optimizer) throws {
            for step in range {
                for (index, parameter) in optimizer.parameters.enumerated() { try give(Double(step + index) - 2.5, to: parameter) }
                try optimizer.step()
            }
        }
        let whole = make(try (0..<3).map { try Tensor(Double($0)).requiringGradient() })
        try steps(0..<8, whole)

        let first = make(try (0..<3).map { try Tensor(Double($0)).requiringGradient() })
        #expect(first.state.isEmpty)
        try steps(0..<4, first)
        let saved = Dictionary(uniqueKeysWithValues: try first.state.map { ($0.name, try $0.tensor.clone()) })
        #expect(saved.count == first.state.count)
        let second = make(try first.parameters.map { try $0.detached().clone().requiringGradient() })
        try second.restore { saved[$0] }
        try steps(4..<8, second)
        for (a, b) in zip(whole.parameters, second.parameters) { #expect(try a.detached().bytes() == b.detached().bytes()) }
        for (a, b) in zip(whole.state, second.state) { #expect(try a.tensor.bytes() == b.tensor.bytes()) }
    }

    @Test("The state of another network is refused", arguments: ["SGD", "AdamW"])
    func incompleteState(kind: String) throws {
        let parameters = try (0..<3).map { _ in try Tensor(1).requiringGradient() }
        let optimizer: any Optimizer = kind == "SGD" ? SGD(parameters, rate: 1) : AdamW(parameters, rate: 1)
        #expect(throws: OptimizerError.incompleteState(found: 1, expected: 3)) {
            try optimizer.restore { $0.hasSuffix(".0") ? try Tensor(1) : nil }
        }
        try optimizer.restore { _ in nil }
        #expect(optimizer.state.isEmpty, "a checkpoint made before the first step has no state")
    }
}
