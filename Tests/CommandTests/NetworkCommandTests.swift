import ArchitectureTestSupport
import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRLayers
import UNETRModels
import UNETRNetworks
import UNETRPlanning
import UNETRSupport
import UNETRTorch
import UNETRVolumes

/// The commands that take any network.
struct NetworkCommandTests {
    private struct Table: Decodable {
        struct Row: Decodable {
            struct Measurement: Decodable {
                struct Figure: Decodable {
                    var secondsMedian: Double?
                    var peakMegabytes: Int?
                }
                var device: String
                var forward, trainingStep: Figure
            }
            var network: String
            var patchSize: Size3
            var parameters, multiplyAdds: Int
            var measurements: [Measurement]
        }
        var rows: [Row]
    }

    private func table(_ arguments: [String]) throws -> Table {
        try JSONDecoder().decode(Table.self, from: Data(CommandLineTool.succeed(["summary", "--all", "--json"] + arguments).utf8))
    }

    @Test("summary --all counts every network beside the printed figures, as text, JSON and a picture")
    func summary() throws {
        try Fixtures.withTemporaryFolder { folder in
            let picture = folder.appending(path: "p.svg")
            let text = try CommandLineTool.succeed([
                "summary", "--all", "--no-timing", "--patch", "64x128x128", "--picture", picture.path, "--device", "cpu",
            ])
            for words in ["47.87", "87.51", "384.18", "212.49", "83.16", "CoTr 46.51 M / 399.21 G", "rules of fvcore"] {
                #expect(text.contains(words), "\(words)")
            }
            let svg = try String(contentsOf: picture, encoding: .utf8)
            // Four networks have a printed Dice on Synapse, five on BTCV.
            #expect(svg.components(separatedBy: "<circle").count - 1 == 9)
        }
        // Swin UNETR takes multiples of 32 only; the last networks take one slice, two of them in multiples of 32.
        let others: [String: Size3] = [
            "swin-unetr": [64, 64, 64], "transunet": [1, 64, 48], "swin-unet": [1, 64, 64], "missformer": [1, 64, 64],
        ]
        let rows = try table(["--no-timing", "--patch", "48x64x48", "--classes", "3"]).rows
        #expect(rows.map(\.network) == NarrowNetworks.names)
        #expect(rows.allSatisfy { $0.patchSize == others[$0.network] ?? [48, 64, 48] })
        #expect(rows.allSatisfy { $0.parameters > 1_000_000 && $0.multiplyAdds > 400_000_000 && $0.measurements.isEmpty })
    }

    @Test("With timing every network has time and memory of a forward pass and a training step", .enabled(if: runsLongTests))
    func measured() throws {
        let rows = try table(["--patch", "32x32x32", "--device", "cpu", "--repetitions", "1", "--threads", "2"]).rows
        #expect(rows.count == NarrowNetworks.names.count)
        for row in rows {
            let measured = try #require(row.measurements.first)
            let (forward, step) = (try #require(measured.forward.secondsMedian), try #require(measured.trainingStep.secondsMedian))
            #expect(forward > 0 && step > forward, "\(row.network)")
            // At least the weights; for the step weights, gradients and momentum.
            #expect(try #require(measured.forward.peakMegabytes) > row.parameters * 4 >> 20, "\(row.network)")
            #expect(try #require(measured.trainingStep.peakMegabytes) > row.parameters * 12 >> 20, "\(row.network)")
        }
    }

    @Test("benchmark times any network")
    func benchmark() throws {
        let text = try CommandLineTool.succeed([
            "benchmark", "--network", "nnunet", "--patch", "8x16x16", "--classes", "3", "--train", "--repetitions", "1", "--json",
            "--device", "cpu", "--precision", "float32",
        ])
        let result = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(result["what"] as? String == "nnU-Net, training step, 8×16×16")
        #expect(try #require(result["median"] as? Double) > 0)
    }

    @Test(
        "Impossible requests are refused with what was expected",
        arguments: [
            (["summary", "--no-timing"], "--all"), (["summary", "--all", "--network", "unetr"], "--all"),
            (["summary", "--network", "unetr", "--preset", "acdc"], "only one of"), (["summary", "--all", "--patch", "64x128"], "three sizes"),
            (["summary", "--preset", "synapse", "--picture", "p.svg"], "--all"), (["summary", "--network", "vnet"], "vnet"),
            (["benchmark", "--network", "unetr", "--channels", "0"], "--channels is 0"),
            (["benchmark", "--network", "unetr", "--classes", "1"], "--classes is 1"),
        ])
    func refusals(arguments: [String], words: String) throws {
        try CommandLineTool.fail(arguments, saying: [words])
    }

    @Test("forward runs every architecture that a configuration file names", arguments: NarrowNetworks.names)
    func forward(name: String) throws {
        let description = NarrowNetworks.description(name)
        let network = try description.makeNetwork(generator: Generator(seed: 1))
        let input = try Tensor(
            ParityRule("input").values(description.inputChannels * description.patchSize.reduce(1, *), scale: 1),
            shape: [1, description.inputChannels] + description.patchSize)
        try Fixtures.withTemporaryFolder { folder in
            func path(_ name: String) -> URL { folder.appending(path: name) }
            try JSONEncoder().encode(description).write(to: path("c.json"))
            try WeightsFile.write(network.store.state(), to: path("w.pth"))
            try StateDictionary([("input", input.stored())]).write(to: path("x.safetensors"))
            try CommandLineTool.succeed([
                "forward", "--configuration", path("c.json").path, "--weights", path("w.pth").path, "-i", path("x.safetensors").path, "-o",
                path("y.safetensors").path, "--device", "cpu", "--threads", "1",
            ])
            let logits = try StateDictionary(safetensors: path("y.safetensors"))
            #expect(logits.entries.map(\.key) == description.outputSizes.indices.map { "logits\($0)" })
            let expected = try withoutGradients { try network(input, .evaluation, deepSupervision: true)[0].array(of: Float.self) }
            let found = try #require(logits["logits0"]).floats()
            // Another number of threads sums in another order.
            let scale = expected.map(abs).max() ?? 1
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-5 * scale })
        }
    }

    @Test("Every network trains and segments by the same commands", arguments: NarrowNetworks.names)
    func trainsAndSegments(name: String) throws {
        try Fixtures.withTemporaryFolder { folder in
            func path(_ name: String) -> String { folder.appending(path: name).path }
            let dataset = try TinyData.dataset(in: folder, cases: 5)
            try plan(NarrowNetworks.description(name)).write(to: folder.appending(path: "plan.json"))
            try CommandLineTool.succeed([
                "train", dataset.path, "-o", path("run"), "--plan", path("plan.json"), "--network", name, "--epochs", "1", "--iterations", "2",
                "--device", "cpu", "--threads", "2",
            ])
            let model = folder.appending(path: "run/model.unetrpp")
            #expect(try ModelBundle(contentsOf: model).network == NarrowNetworks.description(name))
            let scan = dataset.appending(path: "images/case_0.nii.gz")
            try CommandLineTool.succeed([
                "segment", scan.path, "-o", path("mask.nii.gz"), "--model", model.path, "--no-mirroring", "--device", "cpu", "--threads", "2",
            ])
            let mask = try NIfTI.readLabels(folder.appending(path: "mask.nii.gz"))
            #expect(try mask.geometry == NIfTI.readScan(scan).geometry)
            #expect(mask.voxels.allSatisfy { (0...2).contains($0) })
        }
    }

    @Test("A network that sees one slice at a time trains and segments, and its masks have the scan's slices")
    func trainsAndSegmentsSlices() throws {
        try Fixtures.withTemporaryFolder { folder in
            func path(_ name: String) -> String { folder.appending(path: name).path }
            let dataset = try TinyData.dataset(in: folder, cases: 5)
            var network = NNUNetConfiguration(.plain)
            (network.classes, network.patchSize, network.features) = (2, [1, 16, 16], [8, 16])
            (network.kernels, network.strides) = ([[1, 3, 3], [1, 3, 3]], [[1, 1, 1], [1, 2, 2]])
            (network.depths, network.decoderDepths, network.supervisedOutputs) = ([1, 1], [1], 1)
            let labels = LabelSet(definitions: [LabelDefinition(name: "background", value: 0), LabelDefinition(name: "part", value: 1)])
            try Plan(
                dataset: "Test", channelNames: ["MRI"], labels: labels, isTwoDimensional: true, targetSpacing: [1, 1, 1], patchSize: network.patchSize,
                batchSize: 12, normalization: [.init(scheme: .zScore)], network: .nnUNet(network),
                inference: InferenceSettings(mirrorAxes: [1, 2], aggregation: .logits)
            ).write(to: folder.appending(path: "plan.json"))
            try Data(#"{"optimizer": "adamw", "learningRate": 0.01, "weightDecay": 0.01}"#.utf8).write(to: folder.appending(path: "settings.json"))
            try CommandLineTool.succeed([
                "train", dataset.path, "-o", path("run"), "--plan", path("plan.json"), "--epochs", "1", "--iterations", "40", "--settings",
                path("settings.json"), "--device", "cpu", "--threads", "2",
            ])
            let scan = dataset.appending(path: "images/case_0.nii.gz")
            try CommandLineTool.succeed([
                "segment", scan.path, "-o", path("mask.nii.gz"), "--model", path("run/model.unetrpp"), "--device", "cpu", "--threads", "2",
            ])
            let mask = try NIfTI.readLabels(folder.appending(path: "mask.nii.gz")),
                expert = try NIfTI.readLabels(dataset.appending(path: "labels/case_0.nii.gz"))
            #expect(mask.geometry == expert.geometry)
            let both = zip(mask.voxels, expert.voxels).count { $0 == 1 && $1 == 1 }, sum = (mask.voxels + expert.voxels).count { $0 == 1 }
            #expect(Double(2 * both) > 0.5 * Double(sum), "Dice \(2 * both) of \(sum)")
        }
    }

    // MARK: convert

    /// A plan around a narrow network.
    private func plan(_ description: NetworkDescription) throws -> Plan {
        let labels = (0..<description.classes).map { LabelDefinition(name: $0 == 0 ? "background" : "part \($0)", value: $0) }
        return try Plan(
            dataset: "Test", channelNames: ["MRI"], labels: LabelSet(definitions: labels), targetSpacing: [1, 1, 1],
            patchSize: description.patchSize, normalization: [.init(scheme: .zScore)]
        ).with(network: description)
    }

    @Test("nnU-Net's checkpoints become bundles that hold every tensor once, and come back with all keys of version 2", arguments: ["v1", "v2"])
    func nnUNet(version: String) throws {
        let description = NarrowNetworks.description("nnunet")
        let network = try description.makeNetwork(generator: Generator(seed: 1))
        let state = try network.store.state()
        try Fixtures.withTemporaryFolder { folder in
            func path(_ name: String) -> URL { folder.appending(path: name) }
            try plan(description).write(to: path("plan.json"))
            let entries = version == "v2" ? state.entries : try Self.version1(network.store)
            try PyTorchArchive.write(
                entries.map { ($0.key, $0.array) }, under: version == "v2" ? "network_weights" : "state_dict", to: path("c.pth"))
            let bundle = path("m.unetrpp")
            try CommandLineTool.succeed(["convert", path("c.pth").path, bundle.path, "--plan", path("plan.json").path])
            let stored = try ModelBundle(contentsOf: bundle).state()
            #expect(stored.entries.map(\.key) == network.store.entries.filter { $0.aliasOf == nil }.map(\.key))
            try CommandLineTool.succeed(["convert", bundle.path, path("back.pth").path])
            let back = try WeightsFile.read(path("back.pth"))
            #expect(back.entries.map(\.key) == state.entries.map(\.key))
            #expect(back.entries.map(\.array) == state.entries.map(\.array))
        }
    }

    /// The weights as `Generic_UNet` names them: without biases of up-samplings and heads, which are zero here.
    private static func version1(_ store: ParameterStore) throws -> [(key: String, array: StoredArray)] {
        func old(_ key: String) -> String {
            let parts = key.split(separator: ".").map(String.init)
            switch (parts[0], parts[1]) {
            case ("decoder", "transpconvs"): return "tu.\(parts[2]).\(parts[3])"
            case ("decoder", "seg_layers"): return "seg_outputs.\(parts[2]).\(parts[3])"
            default:
                let isEncoder = parts[0] == "encoder", stage = parts[2], unit = isEncoder ? parts[5] : parts[4]
                let layer = parts[parts.count - 2] == "norm" ? "instnorm" : "conv", name = parts[parts.count - 1]
                // The lowest stage and those of the decoder keep their last convolution apart.
                if isEncoder, stage != "2" { return "conv_blocks_context.\(stage).blocks.\(unit).\(layer).\(name)" }
                return "conv_blocks_\(isEncoder ? "context" : "localization").\(stage).\(unit).blocks.0.\(layer).\(name)"
            }
        }
        for entry in store.entries where entry.key.hasPrefix("decoder.transpconvs") || entry.key.hasPrefix("decoder.seg_layers") {
            if entry.key.hasSuffix("bias") { try withoutGradients { try entry.tensor.fillInPlace(0) } }
        }
        return try store.entries.filter { $0.aliasOf == nil }.compactMap { entry in
            let key = old(entry.key)
            if key.hasSuffix("bias"), key.hasPrefix("tu") || key.hasPrefix("seg") { return nil }
            return (key, try entry.tensor.detached().stored())
        }
    }

    @Test("Weights of every architecture convert to a bundle and back", arguments: NarrowNetworks.names)
    func bundles(name: String) throws {
        let description = NarrowNetworks.description(name)
        let state = try description.makeNetwork(generator: Generator(seed: 1)).store.state()
        try Fixtures.withTemporaryFolder { folder in
            func path(_ name: String) -> URL { folder.appending(path: name) }
            try plan(description).write(to: path("plan.json"))
            try WeightsFile.write(state, to: path("w.safetensors"))
            try CommandLineTool.succeed(["convert", path("w.safetensors").path, path("m.unetrpp").path, "--plan", path("plan.json").path])
            try CommandLineTool.succeed(["convert", path("m.unetrpp").path, path("back.safetensors").path])
            let back = try WeightsFile.read(path("back.safetensors")), published = try description.published(state)
            #expect(back.entries.map(\.key) == published.entries.map(\.key))
            #expect(back.entries.map(\.array) == published.entries.map(\.array))
            // And again from the published shapes.
            try CommandLineTool.succeed(["convert", path("back.safetensors").path, path("n.unetrpp").path, "--plan", path("plan.json").path])
            #expect(
                try ModelBundle(contentsOf: path("n.unetrpp")).state().entries.map(\.array)
                    == ModelBundle(contentsOf: path("m.unetrpp")).state().entries.map(\.array))
        }
    }

    @Test("Published weights of two-dimensional layers become a model, and come back in their shapes")
    func slices() throws {
        let description = NarrowNetworks.description("swin-unet")
        let state = try description.published(description.makeNetwork(generator: Generator(seed: 1)).store.state())
        #expect(state["patch_embed.proj.weight"]?.shape == [4, 3, 4, 4] && state["output.weight"]?.shape == [3, 4, 1, 1])
        try Fixtures.withTemporaryFolder { folder in
            func path(_ name: String) -> String { folder.appending(path: name).path }
            try plan(description).write(to: folder.appending(path: "plan.json"))
            // As the authors' program saves it: a part of another module.
            try PyTorchArchive.write(
                state.entries.map { ("swin_unet.\($0.key)", $0.array) }, under: "state_dict", to: folder.appending(path: "w.pth"))
            try CommandLineTool.succeed(["convert", path("w.pth"), path("m.unetrpp"), "--plan", path("plan.json")])
            #expect(try ModelBundle(contentsOf: folder.appending(path: "m.unetrpp")).state()["output.weight"]?.shape == [3, 4, 1, 1, 1])
            try CommandLineTool.succeed(["convert", path("m.unetrpp"), path("back.pth")])
            let back = try WeightsFile.read(folder.appending(path: "back.pth"))
            #expect(back.entries.map(\.key) == state.entries.map(\.key) && back.entries.map(\.array) == state.entries.map(\.array))
        }
    }

    @Test("Weights of a network with other kernels are refused, and resampled where that is asked for")
    func kernels() throws {
        let description = NarrowNetworks.description("mednext")
        guard var configuration = description.configuration as? MedNeXtConfiguration else { return }
        configuration.kernel = 5
        let state = try description.makeNetwork(generator: Generator(seed: 1)).store.state()
        try Fixtures.withTemporaryFolder { folder in
            func path(_ name: String) -> String { folder.appending(path: name).path }
            try WeightsFile.write(state, to: folder.appending(path: "w.pth"))
            try JSONEncoder().encode(NetworkDescription.medNeXt(configuration)).write(to: folder.appending(path: "c.json"))
            let arguments = ["convert", path("w.pth"), path("large.safetensors")]
            try CommandLineTool.fail(arguments + ["--configuration", path("c.json")], saying: ["conv1.weight"])
            try CommandLineTool.fail(arguments + ["--resample-kernels"], saying: ["give --plan or --configuration"])
            try CommandLineTool.succeed(arguments + ["--configuration", path("c.json"), "--resample-kernels"])
            let large = try WeightsFile.read(folder.appending(path: "large.safetensors"))
            let expected = try NetworkDescription.medNeXt(configuration).weights(resamplingKernelsOf: state)
            #expect(large.entries.map(\.key) == expected.entries.map(\.key) && large.entries.map(\.array) == expected.entries.map(\.array))
            #expect(large["down_1.conv1.weight"]?.shape == [4, 1, 5, 5, 5])
        }
    }

    @Test("Weights of another network are refused, and nothing is written")
    func otherNetwork() throws {
        try Fixtures.withTemporaryFolder { folder in
            func path(_ name: String) -> URL { folder.appending(path: name) }
            try plan(NarrowNetworks.description("nnunet")).write(to: path("plan.json"))
            try WeightsFile.write(NarrowNetworks.description("unetr").makeNetwork().store.state(), to: path("w.pth"))
            try CommandLineTool.fail(
                ["convert", path("w.pth").path, path("m.unetrpp").path, "--plan", path("plan.json").path], saying: ["the weights lack"])
            #expect(!FileManager.default.fileExists(atPath: path("m.unetrpp").path))
        }
    }
}
