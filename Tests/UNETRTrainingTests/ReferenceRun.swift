import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchives
import UNETRLayers
import UNETRNetworks
import UNETRTorch
import UNETRTraining

/// Three training steps of a network on the rule's input and labels, as the reference made them in float64.
struct ReferenceRun {
    /// The two implementations add in different orders; float64 leaves 1e-13 on the loss and, through the divisions by small
    /// normalization variances, up to 1e-9 on single gradients. 1e-7 is what is promised.
    static let tolerance = 1e-7

    let manifest: ParityManifest
    let steps: [Manifest.Step]
    /// [N, C, D, H, W].
    let inputShape: [Int]
    var inputName = "train.input"
    let classes: Int
    /// Side of the blocks of equal labels.
    var block = 8
    /// Keys of parameters that nothing is computed from: without a gradient, PyTorch's optimizers leave them as they are.
    var unused: Set<String> = []
    /// The state after the last step is known for the first of so many entries each.
    var every = 1

    /// Expects losses, gradient norms, the gradients of the first step and the state after the last to be the reference's.
    func expectSteps(of network: any SegmentationNetwork) throws {
        let input = try ParityManifest.input(inputShape, name: inputName, dtype: .float64)
        let labels = try Self.labels(shape: Array(inputShape.dropFirst(2)), batch: inputShape[0], classes: classes, block: block)
        let trained = network.store.entries.filter { $0.kind == .parameter && $0.aliasOf == nil && !unused.contains($0.key) }
        let optimizer = SGD(trained.map(\.tensor), rate: 0.01, momentum: 0.99, weightDecay: 3e-5, nesterov: true)
        let loss = DeepSupervisionLoss(DiceCrossEntropyLoss(batchDice: true))
        let name = manifest.name
        for (number, step) in steps.enumerated() {
            try optimizer.clearGradients()
            let logits = try network(input, .training, deepSupervision: true)
            let targets = try logits.map { try Self.cornerSamples(labels, size: Array($0.shape.dropFirst(2))) }
            let value = try loss(logits, targets)
            try value.backward()
            expectClose([try value.item()], [step.loss], within: Self.tolerance, "\(name) step \(number) loss")
            if number == 0 { try expectGradients(of: trained) }
            let norm = try optimizer.clipGradients(to: 12)
            expectClose([norm], [step.gradient_norm], within: Self.tolerance, "\(name) step \(number) gradient norm")
            try optimizer.step()
        }
        let kept = stride(from: 0, to: network.store.entries.count, by: every).map { network.store.entries[$0] }
        for entry in kept where entry.tensor.dtype.isFloatingPoint || entry.key.hasSuffix("num_batches_tracked") {
            if entry.key.hasSuffix("num_batches_tracked") {
                #expect(try entry.tensor.item() == 3, "\(name) after: \(entry.key)")
                continue
            }
            let probe = try manifest.probe("after3.\(entry.key)")
            let values = try entry.tensor.detached().array(of: Double.self)
            expectClose(probe.indices.map { values[$0] }, probe.values, within: Self.tolerance, "\(name) after: \(entry.key)")
        }
    }

    private func expectGradients(of entries: [ParameterStore.Entry]) throws {
        for entry in entries {
            let gradient = try #require(entry.tensor.gradient, "\(entry.key) has no gradient").array(of: Double.self)
            let probe = try manifest.probe("grad.\(entry.key)")
            let found = probe.indices.map { gradient[$0] }
            let norm = try manifest.values.array("grad_norm.\(entry.key)").doubles()[0]
            let foundNorm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(
                abs(foundNorm - norm) <= Self.tolerance * max(norm, 1e-5),
                "\(manifest.name) gradient norm of \(entry.key): \(foundNorm), \(norm) expected")
            // Convolutions before a normalization have gradients that cancel to almost nothing: they are compared on the scale of the
            // largest gradient of the tensor or, where even that is rounding, of the whole.
            let scale = max(1e-9, probe.values.map(abs).max() ?? 0)
            for (a, b) in zip(found, probe.values) {
                #expect(
                    abs(a - b) <= Self.tolerance * max(scale, 1e-5), "\(manifest.name) gradient of \(entry.key): \(a), \(b) expected")
            }
        }
    }

    /// Random classes of the rule, one for each block: [N, D, H, W], int64.
    static func labels(shape: [Int], batch: Int, classes: Int, block: Int = 8) throws -> Tensor {
        let rule = ParityRule("train.label")
        var labels: [Int64] = []
        for n in 0..<batch {
            for z in 0..<shape[0] {
                for y in 0..<shape[1] {
                    for x in 0..<shape[2] {
                        let corner = ((n * shape[0] + z / block * block) * shape[1] + y / block * block) * shape[2] + x / block * block
                        labels.append(Int64(rule.unit(corner) * Double(classes)))
                    }
                }
            }
        }
        return try Tensor(labels, shape: [batch] + shape)
    }

    /// Every stride-th label: how these reference runs made their coarse targets.
    static func cornerSamples(_ labels: Tensor, size: [Int]) throws -> Tensor {
        var result = labels
        for axis in 0..<3 {
            let stride = labels.shape[axis + 1] / size[axis]
            let indices = try Tensor((0..<size[axis]).map { Int64($0 * stride) }, shape: [size[axis]])
            result = try result.indexed(axis + 1, by: indices)
        }
        return result
    }
}
