import Testing
import UNETRLayers
import UNETRTorch

/// Four steps of two parameters by PyTorch 2.13's optimizers in float64, whose settings stand beside the numbers.
///
/// In step s (from 1) the loss is Σ ½ s p² + p, so that gradients change with the parameters and with the steps.
struct OptimizerVariantTests {
    private func parameters() throws -> [Tensor] {
        [
            try Tensor([1, -2, 0.5] as [Double], shape: [3]).requiringGradient(),
            try Tensor([3] as [Double], shape: [1, 1]).requiringGradient(),
        ]
    }

    private func expect(
        _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation, _ make: ([Tensor]) -> any Optimizer
    ) throws {
        let parameters = try parameters(), optimizer = make(parameters)
        for step in 1...4 {
            try optimizer.clearGradients()
            try parameters.map { try ($0.square() * (0.5 * Double(step)) + $0).sum() }.reduce(Tensor(0, dtype: .float64)) { try $0 + $1 }.backward()
            try optimizer.step()
        }
        let found = try parameters.flatMap { try $0.detached().array(of: Double.self) }
        // Numbers of PyTorch are printed with 14 digits.
        for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-12, "\(found)", sourceLocation: sourceLocation) }
        #expect(found.count == 4, sourceLocation: sourceLocation)
    }

    @Test("Plain descent: torch.optim.SGD(p, lr=0.1)")
    func plain() throws { try expect([0.0668, -0.8404, -0.0844, 0.6716]) { SGD($0, rate: 0.1) } }

    @Test("With a penalty: SGD(p, lr=0.1, weight_decay=0.2)")
    func penalty() throws { try expect([0.04251296, -0.76963552, -0.09284512, 0.58394528]) { SGD($0, rate: 0.1, weightDecay: 0.2) } }

    @Test("With momentum: SGD(p, lr=0.05, momentum=0.9)")
    func momentum() throws { try expect([-0.12175, -0.8035, -0.235375, 0.33275]) { SGD($0, rate: 0.05, momentum: 0.9) } }

    @Test("With Nesterov's momentum and a penalty: SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01)")
    func nesterov() throws {
        try expect([-0.31409818650152, -0.47410964865968, -0.34076676352788, -0.20742387839607]) {
            SGD($0, rate: 0.05, momentum: 0.9, weightDecay: 0.01, nesterov: true)
        }
    }

    @Test("AdamW(p, lr=0.05), with the framework's other settings")
    func adamW() throws { try expect([0.79916229853335, -1.807050480205, 0.29887291218286, 2.7976268144405]) { AdamW($0, rate: 0.05) } }

    @Test("AdamW(p, lr=0.02, betas=(0.8, 0.99), weight_decay=0.1, eps=1e-3)")
    func adamWSettings() throws {
        try expect([0.91152541392745, -1.9063722053327, 0.41536307803385, 2.8960734119103]) {
            AdamW($0, rate: 0.02, beta1: 0.8, beta2: 0.99, weightDecay: 0.1, epsilon: 1e-3)
        }
    }

    @Test("Without any gradient the joint norm is 0, and nothing is clipped")
    func nothingToClip() throws { #expect(try SGD(parameters(), rate: 1).clipGradients(to: 1) == 0) }

    @Test("A state for another number of parameters is refused in a sentence")
    func sentence() {
        #expect(
            "\(OptimizerError.incompleteState(found: 2, expected: 5))"
                == "the optimizer's state is for 2 parameters, the network has 5; the checkpoint belongs to another network or is damaged")
    }

    @Test("A step of an unset optimizer names its state: momenta by number, for AdamW two moments and a count")
    func names() throws {
        let sgd = SGD(try parameters(), rate: 1, momentum: 0.5), adam = AdamW(try parameters(), rate: 1)
        try sgd.step()
        try adam.step()
        #expect(sgd.state.map(\.name) == ["momentum.0", "momentum.1"])
        #expect(adam.state.map(\.name) == ["firstMoment.0", "firstMoment.1", "secondMoment.0", "secondMoment.1", "step.0", "step.1"])
        #expect(try adam.state.suffix(2).map { try $0.tensor.item() } == [1, 1])
        #expect(sgd.state.map(\.tensor.shape) == [[3], [1, 1]] && adam.state.map(\.tensor.shape) == [[3], [1, 1], [3], [1, 1], [], []])
    }
}
