import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRModels
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// Bundles as folders of other tools. That nnU-Net itself predicts with them was measured (see the page "Coming from nnU-Net").
@Suite struct ModelExportTests {
    private static func network(_ encoder: NNUNetConfiguration.Encoder, channels: Int, classes: Int) -> NetworkDescription {
        var network = NNUNetConfiguration(encoder)
        (network.inputChannels, network.classes, network.patchSize) = (channels, classes, [16, 24, 16])
        (network.features, network.kernels) = ([4, 8, 16], [[1, 3, 3], [3, 3, 3], [3, 3, 3]])
        (network.strides, network.depths) = ([[1, 1, 1], [1, 2, 2], [2, 2, 2]], [2, 1, 3])
        (network.decoderDepths, network.supervisedOutputs) = ([1, 2], 1)
        return .nnUNet(network)
    }

    private static let statistics = IntensityStatistics(
        mean: 1.5, standardDeviation: 2, median: 1, minimum: -3, maximum: 9, percentile005: -2, percentile995: 5)

    static func plan(
        _ encoder: NNUNetConfiguration.Encoder = .plain, compatibility: Compatibility = .nnUNetV2, aggregation: InferenceSettings.Aggregation = .logits,
        labels: LabelSet = LabelSet(definitions: ["background", "a", "b"].enumerated().map { LabelDefinition(name: $1, value: $0) })
    ) throws -> Plan {
        try Plan(
            dataset: "Dataset007_Made", channelNames: ["CT", "T2"], labels: labels, targetSpacing: [3, 0.5, 0.75], axisOrder: AxisOrder([1, 2, 0]),
            patchSize: [16, 24, 16], batchSize: 3,
            normalization: [
                IntensityNormalization(scheme: .ct, statistics: statistics, useMask: false),
                IntensityNormalization(scheme: .zScore, statistics: nil, useMask: true),
            ], compatibility: compatibility, network: network(encoder, channels: 2, classes: labels.outputCount),
            inference: InferenceSettings(mirrorAxes: [0, 2], aggregation: aggregation))
    }

    private func bundle(_ plan: Plan, _ value: Float = 1, in folder: URL) throws -> ModelBundle {
        let state = try StateDictionary([("encoder.weight", StoredArray([value, -0.25], shape: [2]))])
        return try ModelBundle.write(plan: plan, state: state, card: "# Card\n", to: folder.appending(path: "\(value).unetrpp"))
    }

    @Test(arguments: [
        (NNUNetConfiguration.Encoder.plain, Compatibility.nnUNetV2), (.residual, .nnUNetV2Linear), (.plain, .nnUNetV2LinearBySlices),
    ])
    func `What is written for nnU-Net is read as the same model`(_ encoder: NNUNetConfiguration.Encoder, _ compatibility: Compatibility) throws {
        try Fixtures.withTemporaryFolder { folder in
            let plan = try Self.plan(encoder, compatibility: compatibility)
            let bundles = try [1, 2].map { try bundle(plan, $0, in: folder) }, dataset = folder.appending(path: "Dataset007_Made")
            let written = try NNUNetV2Exporter(bundles) { state, _ in
                try StateDictionary(state.entries.map { ($0.key, $0.array) } + [("decoder.encoder.weight", state["encoder.weight"]!)])
            }.write(to: dataset)
            #expect(written.lastPathComponent == "nnUNetTrainer__nnUNetPlans__3d_fullres")
            #expect(written.deletingLastPathComponent().path == dataset.path)
            let model = try #require(try NNUNetV2Importer().model(at: dataset, ModelChoice()))
            #expect(model.members.map(\.name) == ["fold_0", "fold_1"])
            for (member, value) in zip(model.members, [Float(1), 2]) {
                #expect(try member.state()["decoder.encoder.weight"]?.floats() == [value, -0.25])
            }
            var expected = plan
            // Of z-score no statistics are kept.
            expected.network = model.plan.network
            #expect(model.plan == expected && model.plan.network == plan.network)
        }
    }

    @Test func `A model for slices is written with two sizes an axis and weights without a depth`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var plan = try Self.plan(), network = try #require(plan.network?.configuration as? NNUNetConfiguration)
            (plan.isTwoDimensional, plan.patchSize, plan.inference.mirrorAxes) = (true, [1, 24, 16], [1, 2])
            (network.patchSize, network.kernels) = ([1, 24, 16], [[1, 3, 3], [1, 3, 3], [1, 3, 3]])
            network.strides = [[1, 1, 1], [1, 2, 2], [1, 2, 1]]
            plan.network = .nnUNet(network)
            let state = try StateDictionary([
                ("a.weight", StoredArray([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 1, 1, 3, 1])), ("a.bias", StoredArray([7, 8] as [Float], shape: [2])),
            ])
            let bundle = try ModelBundle.write(plan: plan, state: state, card: "# Card\n", to: folder.appending(path: "m.unetrpp"))
            let written = try NNUNetV2Exporter([bundle]) { state, _ in state }.write(to: folder.appending(path: "Dataset007_Made"))
            #expect(written.lastPathComponent == "nnUNetTrainer__nnUNetPlans__2d")
            let json = try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: written.appending(path: "plans.json")))
            let settings = try #require(json["configurations"]?["2d"]), kwargs = settings["architecture"]?["arch_kwargs"]
            #expect(settings["patch_size"] == [24, 16] && settings["spacing"]?.doubles == [0.5, 0.75] && settings["batch_dice"] == true)
            #expect(kwargs?["strides"] == [[1, 1], [2, 2], [2, 1]] && kwargs?["kernel_sizes"] == [[3, 3], [3, 3], [3, 3]])
            #expect(kwargs?["conv_op"] == "torch.nn.modules.conv.Conv2d" && kwargs?["norm_op"] == "torch.nn.modules.instancenorm.InstanceNorm2d")
            let model = try #require(try NNUNetV2Importer().model(at: written, ModelChoice())), back = try #require(model.members.first).state()
            #expect(back["a.weight"]?.shape == [2, 1, 3, 1] && back["a.bias"]?.shape == [2])
            #expect(back["a.weight"]?.floats() == [1, 2, 3, 4, 5, 6])
            var expected = plan
            expected.targetSpacing[0] = 3
            #expect(model.plan == expected)
        }
    }

    @Test func `Regions, an ignored value and a model that is not mirrored keep their meaning`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let labels = LabelSet(
                definitions: [
                    LabelDefinition(name: "background", value: 0), LabelDefinition(name: "whole", values: [1, 2]), LabelDefinition(name: "core", values: [2]),
                ], ignoreValue: 3, regionOrder: [1, 2])
            var plan = try Self.plan(labels: labels)
            plan.inference.mirrorAxes = []
            let written = try NNUNetV2Exporter([bundle(plan, in: folder)]) { state, _ in state }.write(to: folder.appending(path: "results"))
            // The name of the data set is the plan's where the folder has none that nnU-Net takes.
            #expect(written.lastPathComponent == "nnUNetTrainerNoMirroring__nnUNetPlans__3d_fullres")
            let found = try #require(try NNUNetV2Importer().model(at: written, ModelChoice())).plan
            #expect(Set(found.labels.definitions) == Set(labels.definitions) && found.labels.ignoreValue == 3 && found.labels.regionOrder == [1, 2])
            #expect(found.inference.mirrorAxes == [] && found.dataset == "Dataset007_Made")
        }
    }

    @Test func `What nnU-Net would compute in another way is refused, and nothing is written`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let gaps = LabelSet(definitions: [LabelDefinition(name: "background", value: 0), LabelDefinition(name: "a", value: 4)])
            var other = try Self.plan(), older = try Self.plan()
            other.network = .unetrPlusPlus(UNETRPlusPlusConfiguration(.acdc))
            other.channelNames = ["MRI"]
            (other.normalization, other.patchSize) = ([IntensityNormalization(scheme: .zScore)], [16, 160, 160])
            other.labels = LabelSet(definitions: (0..<4).map { LabelDefinition(name: "l\($0)", value: $0) })
            older.normalization[0].scheme = .ct2
            var windows = try Self.plan()
            windows.inference.windows = .monai()
            let cases: [(Plan, String)] = [
                (other, "its network is UNETR++; nnU-Net v2 has its own two U-Nets"),
                (try Self.plan(aggregation: .probabilities), "it averages probabilities over windows, where nnU-Net v2 averages logits"),
                (try Self.plan(compatibility: .modern), "its scans are prepared by the rule modern"), (older, "are normalized by CT2"),
                (windows, "its windows lie or its masks go back in a way that nnU-Net v2 does not have"),
                (try Self.plan(labels: gaps), "its labels are [0, 4]; nnU-Net v2 needs 0, 1, 2, … without gaps"),
            ]
            for (number, (plan, problem)) in cases.enumerated() {
                let model = try bundle(plan, Float(number), in: folder), target = folder.appending(path: "out")
                let error = try #require(throws: ModelExportError.self) { try NNUNetV2Exporter([model]) { state, _ in state }.write(to: target) }
                #expect(error.description.hasPrefix("\(model.url.path) cannot be written for nnU-Net v2: ") && error.description.contains(problem), "\(error)")
                #expect(!FileManager.default.fileExists(atPath: target.path))
            }
            let mixed = try [bundle(Self.plan(), 8, in: folder), bundle(Self.plan(.residual), 9, in: folder)]
            #expect(throws: ModelExportError.otherPlan(path: mixed[1].url.path, first: mixed[0].url.path)) {
                try NNUNetV2Exporter(mixed) { state, _ in state }.write(to: folder.appending(path: "out"))
            }
        }
    }

    @Test func `A folder of the Hugging Face Hub holds the same model, its card and the files that the Hub expects`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let plan = try Self.plan(), model = try bundle(plan, in: folder), target = folder.appending(path: "hub")
            try HuggingFaceFolder.write(model, to: target)
            #expect(try FileManager.default.contentsOfDirectory(atPath: target.path).sorted() == ["README.md", "config.json", "model.safetensors"])
            let configuration = try JSONText.decode(JSONValue.self, from: Data(contentsOf: target.appending(path: "config.json")))
            #expect(configuration["model_type"] == "unetrpp" && configuration["architectures"] == ["nnunet"])
            let card = try String(contentsOf: target.appending(path: "README.md"), encoding: .utf8)
            #expect(card.hasPrefix("---\nlibrary_name: unetrpp\n") && card.hasSuffix("---\n# Card\n"), "\(card)")
            let opened = try ModelOpener(cache: folder.appending(path: "cache")) { state, _ in state }.open(target)
            #expect(opened.bundles.map(\.plan) == [plan] && opened.imported?.members == ["model"])
            #expect(try opened.bundles[0].state()["encoder.weight"]?.floats() == [1, -0.25])

            let file = target.appending(path: "config.json")
            for (text, problem) in [
                (#"{"model_type": "vit", "plan": 3}"#, "its network vit is not known here"), ("{}", "it has no model_type"),
                (#"{"model_type": "unetrpp"}"#, "it has no plan"),
                (#"{"model_type": "unetrpp", "plan": {"version": 9}}"#, "this program reads versions 1 and 2"),
                ("{", "the file is not JSON"),
            ] {
                try Data(text.utf8).write(to: file)
                let error = try #require(throws: (any Error).self) { try HuggingFaceImporter().model(at: target, ModelChoice()) }
                #expect("\(error)".contains(problem) && "\(error)".contains(file.path), "\(error)")
            }
            #expect(throws: ModelImportError.nothingToChoose(path: target.path)) {
                try HuggingFaceImporter().model(at: target, ModelChoice(folds: ["0"]))
            }
        }
    }
}
