import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// Plans for networks that see one slice at a time: how they come about, and what nnU-Net's say.
@Suite struct SlicePlanTests {
    private static func plan(_ network: NetworkDescription?, patch: Size3) throws -> Plan {
        try Plan(
            dataset: "D", channelNames: ["MRI"],
            labels: LabelSet(definitions: ["background", "a"].enumerated().map { LabelDefinition(name: $1, value: $0) }), targetSpacing: [5, 1, 1],
            patchSize: patch, normalization: [.init(scheme: .zScore)], network: network)
    }

    private static let volume = NetworkDescription.usual(.unetr, inputChannels: 1, classes: 2, patchSize: [32, 64, 64], spacing: [5, 1, 1])

    @Test(arguments: [NetworkDescription.Architecture.transUNet, .swinUNet, .missFormer])
    func `A plan that gets a network of slices is one of slices, and one that gets another is not`(architecture: NetworkDescription.Architecture) throws {
        let plan = try Self.plan(Self.volume, patch: [32, 64, 64])
        let slices = try plan.with(architecture: architecture)
        #expect(slices.isTwoDimensional && slices.patchSize.depth == 1 && slices.inference.mirrorAxes == [1, 2])
        #expect(try slices.networkDescription().architecture == architecture)
        #expect(slices.targetSpacing == plan.targetSpacing && slices.preparationDigest != plan.preparationDigest)
        let copy = try JSONDecoder().decode(Plan.self, from: slices.json())
        #expect(copy == slices)
        let back = slices.with(network: Self.volume)
        #expect(!back.isTwoDimensional && back.inference.mirrorAxes == [1, 2])
    }

    @Test func `A plan for volumes of one slice stays one when it gets the network that it has`() throws {
        var network = NNUNetConfiguration(.plain)
        (network.classes, network.patchSize, network.features) = (2, [1, 32, 32], [8, 16])
        (network.kernels, network.strides, network.depths) = ([[1, 3, 3], [1, 3, 3]], [[1, 1, 1], [1, 2, 2]], [1, 1])
        (network.decoderDepths, network.supervisedOutputs) = ([1], 1)
        let plan = try Self.plan(.nnUNet(network), patch: [1, 32, 32])
        #expect(!plan.isTwoDimensional && plan.with(network: .nnUNet(network)) == plan)
        network.features = [4, 8]
        #expect(plan.with(network: .nnUNet(network)).isTwoDimensional)
    }

    // MARK: nnU-Net

    /// What a configuration `2d` of nnU-Net v2 becomes, with its members changed.
    private func imported(
        patch: String = "[32, 48]", spacing: String = "[0.5, 0.75]", median: String = "[4, 0.5, 0.75]", kernel: String = "[3, 3]",
        convolution: String = "Conv2d", mirrorAxes: [Int]? = nil
    ) throws -> Plan {
        try Fixtures.withTemporaryFolder { folder in
            try Data(#"{"channel_names": {"0": "MRI"}, "labels": {"background": 0, "a": 1}, "file_ending": ".nii.gz"}"#.utf8)
                .write(to: folder.appending(path: "dataset.json"))
            let url = folder.appending(path: "plans.json")
            try Data(
                """
                {"dataset_name": "D", "transpose_forward": [2, 0, 1], "original_median_spacing_after_transp": \(median), "configurations": {"2d": {
                 "spacing": \(spacing), "patch_size": \(patch), "batch_size": 12, "normalization_schemes": ["ZScoreNormalization"],
                 "use_mask_for_norm": [false], "architecture": {"network_class_name": "a.PlainConvUNet", "arch_kwargs": {"n_stages": 2,
                 "features_per_stage": [4, 8], "conv_op": "torch.nn.modules.conv.\(convolution)", "kernel_sizes": [\(kernel), \(kernel)],
                 "strides": [[1, 1], [2, 1]], "n_conv_per_stage": [2, 1], "n_conv_per_stage_decoder": [2],
                 "norm_op": "torch.nn.modules.instancenorm.InstanceNorm2d", "nonlin": "torch.nn.LeakyReLU"}}}}}
                """.utf8
            ).write(to: url)
            return try Plan(importingV2: url, configuration: "2d", mirrorAxes: mirrorAxes)
        }
    }

    @Test func `A configuration of two dimensions has a first axis that stays as it is`() throws {
        let plan = try imported(), network = try #require(plan.network?.configuration as? NNUNetConfiguration)
        #expect(plan.isTwoDimensional && plan.patchSize == [1, 32, 48] && plan.targetSpacing == [4, 0.5, 0.75] && plan.batchSize == 12)
        #expect(plan.axisOrder.axes == [2, 0, 1] && plan.inference.mirrorAxes == [1, 2] && plan.inference.aggregation == .logits)
        #expect(network.kernels == [[1, 3, 3], [1, 3, 3]] && network.strides == [[1, 1, 1], [1, 2, 1]] && network.patchSize == [1, 32, 48])
        #expect(try plan.networkDescription().architecture == .nnUNet)
        #expect(try imported(mirrorAxes: [1]).inference.mirrorAxes == [2])
        #expect(try imported(mirrorAxes: []).inference.mirrorAxes == [])
        // A distance of slices that no scan has is not the plan's.
        #expect(try imported(median: "[0, 0.5, 0.75]").targetSpacing == [0.5, 0.5, 0.75])
        #expect(try imported(median: "[]").targetSpacing == [0.5, 0.5, 0.75])
        // Scans keep their slices.
        let scan = Geometry(size: [40, 30, 9], affine: [[0, 0, 1, 0], [0, 1, 0, 0], [3, 0, 0, 0]], spacing: [1, 1, 3])
        let grid = plan.preparedGrid(of: scan)
        #expect(grid.size == [9, 80, 40] && grid.spacing == [3, 0.5, 0.75])
    }

    @Test func `Numbers that do not belong together are refused`() throws {
        func problem(_ make: () throws -> Plan) -> String {
            do { return "\(try make())" } catch { return "\(error)" }
        }
        #expect(
            problem { try imported(spacing: "[1, 1, 1]") }.hasSuffix(
                "the configuration 2d lacks a spacing or patch_size of two or three dimensions, or a batch_size"))
        #expect(problem { try imported(patch: "[16, 32, 32]", spacing: "[1, 1, 1]") }.contains("has conv_op torch.nn.modules.conv.Conv2d, which"))
        #expect(problem { try imported(convolution: "Conv3d") }.contains("has conv_op torch.nn.modules.conv.Conv3d, which the networks here have not"))
        #expect(problem { try imported(mirrorAxes: [0, 2]) }.contains("inference.mirrorAxes is [1, 3], but may hold each of 0, 1, 2 at most once"))
        // A kernel of one size is no kernel: the plan is taken over without a network.
        #expect(try imported(kernel: "[3]").network == nil)
    }
}
