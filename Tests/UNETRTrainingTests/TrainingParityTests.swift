import ArchitectureTestSupport
import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRLayers
import UNETRNetworks
import UNETRSupport
import UNETRTorch
import UNETRTraining

/// Narrow networks trained for three steps in float64 by the published code.
@Suite(.serialized) struct TrainingParityTests {
    @Test(
        "Loss, gradient norm, every gradient and the state after three steps equal the reference",
        arguments: runsLongTests ? ["synapse", "acdc", "tumor"] : ["synapse"])
    func threeSteps(variant: String) throws {
        Runtime.keepLargeBlocks()
        var manifest = try Manifest("train_\(variant)")
        manifest.configuration.attentionDropout = 0
        manifest.configuration.channelDropout = 0
        let run = ReferenceRun(
            manifest: manifest.parity, steps: manifest.steps, inputShape: manifest.inputShape, classes: manifest.configuration.classes)
        try run.expectSteps(of: manifest.network(dtype: .float64))
    }

    /// In float32 the three losses carry the rounding of a whole forward pass (the manifests of the full networks give up to 3e-6 for
    /// single tensors) and of the steps before; ten times that is allowed. Gradient norms sum over canceling terms: a hundred times.
    @Test func `In float32 three steps stay within rounding of the reference`() throws {
        Runtime.keepLargeBlocks()
        var manifest = try Manifest("train_synapse")
        manifest.configuration.attentionDropout = 0
        manifest.configuration.channelDropout = 0
        let network = try manifest.network()
        let input = try manifest.input("train.input")
        let labels = try ReferenceRun.labels(
            shape: Array(manifest.inputShape.dropFirst(2)), batch: manifest.inputShape[0], classes: manifest.configuration.classes)
        let optimizer = SGD(network.store.parameters, rate: 0.01, momentum: 0.99, weightDecay: 3e-5, nesterov: true)
        let loss = DeepSupervisionLoss(DiceCrossEntropyLoss(batchDice: true))
        for (number, step) in manifest.steps.enumerated() {
            try optimizer.clearGradients()
            let logits = try network(input, .training, deepSupervision: true)
            let value = try loss(logits, logits.map { try ReferenceRun.cornerSamples(labels, size: Array($0.shape.dropFirst(2))) })
            try value.backward()
            expectClose([try value.item()], [step.loss], within: 3e-5, "float32 step \(number) loss")
            expectClose([try optimizer.clipGradients(to: 12)], [step.gradient_norm], within: 3e-4, "float32 step \(number) gradient norm")
            try optimizer.step()
        }
    }

    /// What the manifest of a network other than UNETR++ says of its run.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    private struct Contents: Decodable {
        struct Input: Decodable { var name: String }
        struct Label: Decodable {
            var classes: Int
            var block: Int
        }
        var input: Input
        var label: Label
        var output_weights: [Double]
        var no_gradient: [String]
        var after_every: Int?
        var steps: [Manifest.Step]
    }

    @Test(
        "So they do for the other networks",
        arguments: [
            "train_unet_monai", "train_unet_monai_plain", "train_segresnet", "train_swin_unetr_v2", "train_basic_unet", "train_attention_unet",
            "train_stunet", "train_mednext", "train_transbts", "train_setr3d_nup", "train_setr3d_pup", "train_setr3d_mla",
            "train_transunet3d", "train_cotr", "train_transunet", "train_swin_unet", "train_missformer",
        ])
    func others(name: String) throws {
        Runtime.keepLargeBlocks()
        let manifest = try ParityManifest(name)
        let contents = try JSONDecoder().decode(Contents.self, from: Data(contentsOf: Fixtures.url("parity/\(name).json")))
        let inputShape = try #require(manifest.inputShape), patch = try #require(Size3(inputShape.dropFirst(2)))
        let network = try ReferenceNetworks.description(name, patch: patch).makeNetwork(dtype: .float64, values: .unset)
        manifest.expectState(of: network.store)
        try network.store.fillByRule(smallPositions: false)
        expectClose(DeepSupervisionLoss.weights(levels: contents.output_weights.count), contents.output_weights, within: 1e-15, "weights")
        let run = ReferenceRun(
            manifest: manifest, steps: contents.steps, inputShape: inputShape, inputName: contents.input.name,
            classes: contents.label.classes, block: contents.label.block, unused: Set(contents.no_gradient), every: contents.after_every ?? 1)
        try run.expectSteps(of: network)
    }
}
