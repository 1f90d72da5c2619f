import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

@testable import UNETRArchives
@testable import UNETRModels

/// Bundles of MONAI: Tests/Fixtures/monai has two, of which the tests change what they are about.
@Suite struct MONAIBundleTests {
    /// A copy of the bundle `unetr`, with one small array as its weights.
    private func with<Result>(
        _ name: String = "unetr", change: (inout String) -> Void = { _ in }, _ body: (URL) throws -> Result
    ) throws -> Result {
        try Fixtures.withTemporaryFolder { root in
            let folder = root.appending(path: name), configs = folder.appending(path: "configs"), models = folder.appending(path: "models")
            for folder in [configs, models] { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
            for file in ["metadata.json", "inference.json"] {
                var text = try String(contentsOf: Fixtures.url("monai/\(name)/configs/\(file)"), encoding: .utf8)
                if file == "inference.json" { change(&text) }
                try Data(text.utf8).write(to: configs.appending(path: file))
            }
            try PyTorchArchive.write([("w", StoredArray([7] as [Float], shape: [1]))], under: "model", to: models.appending(path: "model.pt"))
            return try body(folder)
        }
    }

    private func read(_ place: URL, _ choice: ModelChoice = ModelChoice()) throws -> ImportedModel {
        try #require(try MONAIBundleImporter().model(at: place, choice))
    }

    @Test func `A bundle becomes a plan that says all that it does`() throws {
        try with { folder in
            let model = try read(folder), plan = model.plan
            #expect(model.title == "MONAI bundle: Two invented organs 0.1.0")
            #expect(plan.channelNames == ["CT"] && plan.labels.definitions.map(\.name) == ["background", "first", "second"])
            #expect(plan.targetSpacing == [1.5, 1.5, 2] && plan.orientation?.text == "RAS" && plan.axisOrder.axes == [2, 1, 0])
            #expect(plan.compatibility == .monai && plan.patchSize == [16, 16, 16] && plan.postProcessing == nil)
            #expect(plan.normalization == [.init(steps: [.range(from: .init(-57, 164), to: .init(0, 1), clips: true)])])
            #expect(
                plan.inference
                    == InferenceSettings(mirrorAxes: [], stepFraction: 0.75, aggregation: .logits, windows: .monai(), restored: .probabilities))
            let network = try #require(plan.network?.configuration as? UNETRConfiguration)
            #expect(network.embedding == .convolution && network.attentionBias && network.featureSize == 4 && network.hiddenSize == 12)
            #expect(network.feedForwardSize == 24 && network.heads == 3 && network.layers == 12 && network.classes == 3 && network.inputChannels == 1)
            #expect(try model.members.map { try $0.state()["w"]?.floats() } == [[7]] && model.members[0].name == "model")
            #expect(model.notes.contains("Probabilities go back to the grid of the scan and are decided there."))
            // What is written and read again is the same plan.
            #expect(try JSONDecoder().decode(Plan.self, from: plan.json()) == plan)
        }
    }

    @Test func `Every place in and around a bundle names it`() throws {
        try with { folder in
            for place in [
                folder, folder.deletingLastPathComponent(), folder.appending(path: "configs"), folder.appending(path: "models/model.pt"),
                folder.appending(path: "configs/inference.json"),
            ] { #expect(try read(place).title == "MONAI bundle: Two invented organs 0.1.0", "\(place.path)") }
            let none = try MONAIBundleImporter().model(at: folder.appending(path: "configs/inference.json/x"), ModelChoice())
            #expect(none?.title == nil)
            let error = try #require(throws: ModelImportError.self) { try read(folder, ModelChoice(folds: ["0"])) }
            #expect(error == .nothingToChoose(path: folder.path))
        }
    }

    @Test(
        arguments: [
            // Numbers, texts, and one of two.
            ("[1.5, 1.5, 2.0]", #".literal([1.5, 1.5, 2.0])"#), ("'model.pt'", #".literal("model.pt")"#), ("True", ".literal(true)"),
            ("None", ".literal(null)"),
            ("-3", ".literal(-3)"), ("(1, 2)", ".literal([1, 2])"), ("@a", ".reference(a)"), ("@a#b#0", ".reference(a#b#0)"),
            ("@network_def.to(@device)", ".reference(network_def)"), ("@bundle_root + '/models/' + @name", ".joined"), ("[1, 2] if @a#b else [3]", ".choice"),
            // Everything else is a program.
            ("torch.device('cpu')", nil), ("@a()", nil), ("@a.b", nil), ("@a + 1 - 2", nil), ("__import__('os').system('x')", nil), ("lambda x: x", nil),
            ("[i for i in @a]", nil), ("@a if @b", nil), ("'a' 'b'", nil), ("(1)", nil), ("'a\\n'", nil), ("", nil), ("@", nil), ("@a.to(@b).half()", nil),
            ("1e999", nil), (String(repeating: "[", count: 200), nil),
        ] as [(String, String?)])
    func `Few forms of Python are data, and no other is understood`(text: String, expected: String?) {
        let found = MONAIExpression(text).map { expression in
            switch expression {
            case .literal(let value): ".literal(\(Self.shown(value)))"
            case .reference(let name): ".reference(\(name))"
            case .joined: ".joined"
            case .choice: ".choice"
            }
        }
        #expect(found == expected)
    }

    private static func shown(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .string(let text): "\"\(text)\""
        case .array(let values): "[\(values.map(shown).joined(separator: ", "))]"
        default: "?"
        }
    }

    @Test func `References lead through references, choices and lists`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "inference.json")
            try Data(
                #"""
                {"a": {"b": [5, "@c"]}, "c": {"d": "$'x' + @e"}, "e": "y", "f": "@a#b#1#d", "g": "@a::b::0", "bundle_root": "/elsewhere",
                 "h": "$'one' if @flags#first else 'two'", "flags": {"first": false}, "i": "@i", "j": "$@k", "k": "@j", "l": "@nothing",
                 "m": "$open('x')", "n": "$@bundle_root + '/x'", "o": "$@g + 'x'", "p": "$1 if @e else 2", "q": "%e"}
                """#.utf8
            ).write(to: url)
            let configuration = try MONAIConfiguration(url)
            for (name, value) in [("f", "xy"), ("g", 5), ("h", "two"), ("n", "./x")] as [(String, JSONValue)] {
                #expect(try configuration.member(name) == value, "\(name)")
            }
            for (name, problem) in [
                ("i", "circle"), ("j", "circle"), ("l", "refers to @nothing, which is not there"), ("m", "$open('x') is Python, which is not run"),
                ("o", "adds what is not text"), ("p", "neither true nor false"), ("q", "%e is Python"),
            ] {
                let error = try #require(throws: ModelImportError.self) { try configuration.member(name) }
                #expect(error.description.contains(problem) && error.description.contains(url.path), "\(error)")
            }
        }
    }

    @Test(arguments: [
        (#""softmax": true"#, #""sigmoid": true"#, "Activationsd: it has sigmoid"),
        (#""argmax": true"#, #""threshold": 0.5"#, "AsDiscreted: it has no argmax"),
        (#""axcodes": "RAS""#, #""axcodes": "RAX""#, "its axcodes is RAX, expected one letter each"),
        (#""axcodes": "RAS""#, #""axcodes": "RAS", "labels": [["L", "R"]]"#, "its labels is"),
        (#""mode": "bilinear""#, #""mode": "nearest""#, "its mode is nearest, which is not known here; bilinear is"),
        (#""mode": "bilinear""#, #""mode": "bilinear", "scale_extent": true"#, "its scale_extent is true"),
        (#""mode": "bilinear""#, #""mode": "bilinear", "diagonal": true"#, "its diagonal is true"),
        (#""mode": "bilinear""#, #""mode": "bilinear", "surprise": 3"#, "its argument surprise (3) is not known here"),
        (#""clip": true"#, #""clip": true, "dtype": "$np.float16""#, "its dtype is $np.float16, but computing is done in float32 here"),
        (#""a_min": -57, "#, "", "it has no a_min or no a_max"),
        (#""b_min": 0, "#, "", "it has one of b_min and b_max only"),
        (#""a_max": 164"#, #""a_max": -57"#, "the ends must differ"),
        ("ScaleIntensityRanged", "CropForegroundd", "transform 4, CropForegroundd: CropForegroundd is not known here; known are LoadImaged"),
        ("EnsureTyped", "scripts.Mine", "scripts.Mine is not known here"),
        (#""keys": "@image_key", "axcodes""#, #""keys": ["image", "label"], "axcodes""#, "its keys is [image, label], expected one key"),
        (#""keys": "@image_key", "axcodes""#, #""keys": "label", "axcodes""#, "it works on label, not on the image"),
        ("SlidingWindowInferer", "SimpleInferer", "SimpleInferer is not known here; SlidingWindowInferer is"),
        (#""overlap": "@sizes#overlap""#, #""overlap": [0.5, 0.5, 0.25]"#, "its overlap is [0.5, 0.5, 0.25], expected one number"),
        (#""overlap": "@sizes#overlap""#, #""overlap": 1"#, "its overlap is 1.0, expected a number from 0 to 0.99"),
        (#""overlap": "@sizes#overlap""#, #""mode": "hann""#, "its mode is hann, which is not known here; constant and gaussian are"),
        (#""overlap": "@sizes#overlap""#, #""padding_mode": "reflect""#, "its padding_mode is reflect"),
        (#""overlap": "@sizes#overlap""#, #""cval": -1"#, "its cval is -1"),
        (#""overlap": "@sizes#overlap""#, #""with_coord": true"#, "its with_coord is true"),
        (#""window": [16, 16, 16]"#, #""window": [16, -1, 16]"#, "windows as long as the scan"),
        (#""window": [16, 16, 16]"#, #""window": [16, 16]"#, "expected a whole number, or three"),
        (#""_target_": "UNETR""#, #""_target_": "VISTA3D""#, "its network VISTA3D (of MONAI"),
        (#""_target_": "UNETR""#, #""_target_": "scripts.UNETR""#, "its network scripts.UNETR"),
        (#""feature_size": 4"#, #""feature_size": 0"#, "featureSize"),
        (#""qkv_bias": true"#, #""proj_type": "magic""#, "its proj_type is magic"),
        (#""qkv_bias": true"#, #""norm_name": "batch""#, "its norm_name is batch"),
        (#""qkv_bias": true"#, #""spatial_dims": 2"#, "its spatial_dims is 2, which is not known here; 3 is"),
        (#""img_size": "@sizes#window""#, #""img_size": 32"#, "its img_size is [32, 32, 32], but the inferer's windows are [16, 16, 16]"),
        (#""transform": "@preprocessing", "orig_keys""#, #""transform": "@other", "orig_keys""#, "its transform is @other, not a reference"),
        (#""nearest_interp": false"#, #""nearest_interp": false, "post_func": "x""#, "its post_func is x"),
        ("'/models/model.pt'", "'/../../x.pt'", "leads out of the bundle"), ("$@bundle_root + '/models/model.pt'", "/abs/model.pt", "leads out of the bundle"),
        ("'/models/model.pt'", "'/models/other.pt'", "has no models/other.pt; put the network's weights there"),
        ("'/models/model.pt'", "os.sep", "is Python, which is not run"), ("\"imports\"", "imports", "it is not a JSON object"),
    ])
    func `What is not known is refused by name`(old: String, new: String, problem: String) throws {
        func change(_ text: inout String) {
            #expect(text.contains(old))
            text = text.replacingOccurrences(of: old, with: new)
        }
        let error = try #require(throws: (any Error).self) { try with(change: change) { try read($0) } }
        #expect("\(error)".contains(problem), "\(error)")
    }

    private static func postprocessing(_ steps: String) -> (inout String) -> Void {
        { text in
            let start = text.range(of: #"{"_target_": "Activationsd""#)!.lowerBound, end = text.range(of: #"{"_target_": "SaveImaged""#)!.lowerBound
            text.replaceSubrange(start..<end, with: steps + ", ")
        }
    }

    private static let decide = #"{"_target_": "AsDiscreted", "keys": "pred", "argmax": true}"#
    private static let soft = #"{"_target_": "Activationsd", "keys": "pred", "softmax": true}"#
    private static let nearest = #"{"_target_": "Invertd", "keys": "pred", "transform": "@preprocessing", "orig_keys": "image"}"#
    private static let linear = #"{"_target_": "Invertd", "keys": "pred", "transform": "@preprocessing", "nearest_interp": false}"#
    private static let named = ["decide": decide, "soft": soft, "nearest": nearest, "linear": linear]

    /// Transforms by the names above, and such with arguments of their own.
    private static func steps(_ names: String, _ extra: String? = nil) -> String {
        names.split(separator: " ").map { named[String($0)] ?? extra ?? "" }.joined(separator: ", ")
    }

    @Test(arguments: [
        ("linear decide", InferenceSettings.Restored.averages), ("soft linear decide", .probabilities), ("linear soft decide", .averages),
        ("soft nearest decide", .nearestLabels), ("soft decide nearest", .nearestLabels), ("decide linear", .interpolatedLabels),
    ])
    func `The order of decision and return is kept`(names: String, restored: InferenceSettings.Restored) throws {
        let plan = try with(change: Self.postprocessing(Self.steps(names))) { try read($0).plan }
        #expect(plan.inference.restored == restored && plan.inference.aggregation == .logits)
    }

    @Test(arguments: [
        (#""applied_labels": [1, 2]"#, true, PostProcessing(keepLargest: [[1], [2]], connectivity: .corners, grid: .prepared)),
        (#""applied_labels": 2, "connectivity": 1"#, true, PostProcessing(keepLargest: [[2]], connectivity: .faces, grid: .prepared)),
        (#""independent": false"#, false, PostProcessing(keepLargest: [[1, 2]], connectivity: .corners, grid: .scan)),
        (#""connectivity": 2, "is_onehot": false"#, false, PostProcessing(keepLargest: [[1], [2]], connectivity: .edges, grid: .scan)),
    ])
    func `Masks are cleaned up on the side of the return where the bundle does it`(settings: String, isEarly: Bool, expected: PostProcessing) throws {
        let clean = #"{"_target_": "KeepLargestConnectedComponentd", "keys": "pred", \#(settings)}"#
        let steps = Self.steps(isEarly ? "decide clean nearest" : "decide nearest clean", clean)
        let plan = try with(change: Self.postprocessing(steps)) { try read($0).plan }
        #expect(plan.postProcessing == expected)
    }

    @Test(arguments: [
        ("decide", "", "it has no Invertd"), ("soft nearest", "", "it has no AsDiscreted with argmax"),
        ("decide soft nearest", "", "it comes after AsDiscreted"), ("decide decide nearest", "", "it comes twice"),
        ("nearest nearest decide", "", "it comes twice"),
        ("x decide nearest", #"{"_target_": "KeepLargestConnectedComponentd", "keys": "pred"}"#, "it comes before AsDiscreted"),
        ("decide nearest x", #"{"_target_": "KeepLargestConnectedComponentd", "keys": "pred", "num_components": 2}"#, "its num_components is 2"),
        ("decide nearest x", #"{"_target_": "KeepLargestConnectedComponentd", "keys": "pred", "applied_labels": [4]}"#, "labels of the bundle ([1, 2])"),
        ("decide nearest x", #"{"_target_": "Lambdad", "keys": "pred", "func": "$lambda x: x"}"#, "Lambdad is not known here"),
    ])
    func `Orders that make no mask are refused`(names: String, extra: String, problem: String) throws {
        let error = try #require(throws: (any Error).self) {
            try with(change: Self.postprocessing(Self.steps(names, extra))) { try read($0) }
        }
        #expect("\(error)".contains(problem), "\(error)")
    }

    @Test func `A bundle with a U-Net of MONAI decides, cleans up and goes back`() throws {
        let plan = try with("unet") { try read($0).plan }
        let network = try #require(plan.network?.configuration as? MONAIUNetConfiguration)
        #expect(network.channels == [4, 8, 16] && network.strides == [[2, 2, 2], [2, 2, 2]] && network.residualUnits == 2 && network.norm == .batch)
        #expect(network.patchSize == [16, 16, 24] && network.dropout == 0.15 && plan.channelNames == ["MR"])
        #expect(plan.normalization == [.init(steps: [.standardize(onlyNonZero: true), .extremes(to: .init(-1, 1))])])
        #expect(
            plan.inference
                == InferenceSettings(
                    mirrorAxes: [], stepFraction: 0.5, aggregation: .logits, windows: .monai(.gaussian, padding: .edge), restored: .nearestLabels))
        #expect(plan.postProcessing == PostProcessing(keepLargest: [[1], [2]], connectivity: .corners, grid: .prepared))
    }

    private static func network(_ settings: String) -> (inout String) -> Void {
        { text in
            let start = text.range(of: #""_target_": "UNETR""#)!.lowerBound, end = text.range(of: #""network": "$@network_def"#)!.lowerBound
            text.replaceSubrange(start..<end, with: settings + "}, ")
        }
    }

    @Test func `Other networks of MONAI are read with their arguments`() throws {
        func read(_ settings: String) throws -> any NetworkConfiguration {
            try with(change: Self.network(settings)) { try #require(try self.read($0).plan.network).configuration }
        }
        var segResNet = SegResNetConfiguration()
        (segResNet.classes, segResNet.patchSize, segResNet.featureSize, segResNet.dropout) = (3, [16, 16, 16], 16, 0.2)
        #expect(
            try read(#""_target_": "SegResNet", "in_channels": 1, "out_channels": 3, "init_filters": 16, "dropout_prob": 0.2"#) as? SegResNetConfiguration
                == segResNet)
        var dynUNet = DynUNetConfiguration()
        (dynUNet.classes, dynUNet.patchSize, dynUNet.features) = (3, [16, 16, 16], [32, 64, 128])
        (dynUNet.kernels, dynUNet.strides) = ([[3, 3, 3], [3, 3, 3], [1, 3, 3]], [[2, 2, 2], [1, 2, 2]])
        #expect(
            try read(
                #"""
                "_target_": "DynUNet", "spatial_dims": 3, "in_channels": 1, "out_channels": 3, "kernel_size": [3, 3, [1, 3, 3]], "strides": [1, 2, [1, 2, 2]],
                "upsample_kernel_size": [2, [1, 2, 2]], "norm_name": ["INSTANCE", {"affine": true}]
                """#) as? DynUNetConfiguration == dynUNet)
        for (settings, problem) in [
            (#""_target_": "UNet", "in_channels": 1, "out_channels": 3, "channels": [4, 8], "strides": [2], "act": "relu""#, "its act is relu"),
            (
                #""_target_": "UNet", "in_channels": 1, "out_channels": 3, "channels": [4, 8], "strides": [2], "norm": ["group", {"num_groups": 2}]"#,
                "its norm is group"
            ),
            (#""_target_": "SegResNet", "in_channels": 1, "out_channels": 3, "upsample_mode": "deconv""#, "its upsample_mode is deconv"),
            (#""_target_": "SegResNet", "in_channels": 1, "out_channels": 3, "norm": "batch""#, "its norm is batch"),
        ] {
            let error = try #require(throws: (any Error).self) { try read(settings) }
            #expect("\(error)".contains(problem), "\(error)")
        }
    }

    @Test func `A transform that is switched off is passed over`() throws {
        let off = #"{"_target_": "scripts.Mine", "keys": "pred", "_disabled_": true}"#
        let plan = try with(change: Self.postprocessing(Self.steps("decide off nearest", off))) { try read($0).plan }
        #expect(plan.inference.restored == .nearestLabels)
    }

    @Test func `YAML, TorchScript and missing weights are refused by name`() throws {
        try with { folder in
            let weights = folder.appending(path: "models/model.pt"), script = folder.appending(path: "models/model.ts")
            try FileManager.default.moveItem(at: weights, to: script)
            #expect(try #require(throws: ModelImportError.self) { try read(folder) } == .torchScript(path: script.path))
            try FileManager.default.removeItem(at: script)
            try Data().write(to: folder.appending(path: "large_files.yml"))
            let missing = try #require(throws: ModelImportError.self) { try read(folder) }
            #expect(missing.description.hasSuffix("has no models/model.pt; large_files.yml says where its weights are kept: put them there first"))
            // A program under the name of weights.
            let writer = ZipWriter(try OutputFile(weights), limit: 1 << 20)
            for name in ["model/data.pkl", "model/constants.pkl", "model/code/x.py"] { try writer.write(name, StoredBytes([0x80, 2])) }
            try writer.finish()
            #expect(try #require(throws: ModelImportError.self) { try read(folder) } == .torchScript(path: weights.path))
            let configs = folder.appending(path: "configs")
            try FileManager.default.moveItem(at: configs.appending(path: "inference.json"), to: configs.appending(path: "inference.yaml"))
            let yaml = try #require(throws: ModelImportError.self) { try read(folder) }
            #expect(yaml == .yaml(path: configs.appending(path: "inference.yaml").path))
        }
    }

    @Test func `Structures without names are numbered, and nothing needs the metadata`() throws {
        try with { folder in
            let url = folder.appending(path: "configs/metadata.json")
            try Data(#"{"network_data_format": {"outputs": {"pred": {"channel_def": {"1": "organ", "2": "organ"}}}}}"#.utf8).write(to: url)
            let model = try read(folder)
            #expect(model.plan.labels.definitions.map(\.name) == ["background", "organ", "class 2"] && model.plan.channelNames == ["channel 0"])
            try FileManager.default.removeItem(at: url)
            #expect(try read(folder).title == "MONAI bundle: unetr")
            try Data("[]".utf8).write(to: url)
            #expect(try #require(throws: ModelImportError.self) { try read(folder) }.description.contains("metadata.json: the file: it is not a JSON object"))
        }
    }

    @Test func `A zip file of a bundle is a model, and only what is needed is unpacked`() throws {
        try with { folder in
            let url = folder.deletingLastPathComponent().appending(path: "bundle.zip")
            let writer = ZipWriter(try OutputFile(url), limit: Int(UInt32.max))
            for name in ["configs/metadata.json", "configs/inference.json", "models/model.pt"] {
                try writer.write("bundle/\(name)", StoredBytes([UInt8](Data(contentsOf: folder.appending(path: name)))))
            }
            try writer.write("bundle/models/model.ts", StoredBytes([1, 2, 3]))
            try writer.write("bundle/scripts/__init__.py", StoredBytes([1, 2, 3]))
            try writer.finish()
            let importer = MONAIBundleImporter()
            #expect(importer.reads("bundle/models/model.pt", ModelChoice()) && importer.reads("configs/inference.yaml", ModelChoice()))
            #expect(!importer.reads("bundle/models/model.ts", ModelChoice()) && !importer.reads("inference.json", ModelChoice()))
            let cache = folder.deletingLastPathComponent().appending(path: "cache")
            let opener = ModelOpener(cache: cache) { state, network in
                #expect(network.architecture == .unetr)
                return state
            }
            let opened = try opener.open(url)
            #expect(opened.imported?.title == "MONAI bundle: Two invented organs 0.1.0" && opened.bundles.count == 1)
            #expect(try opened.bundles[0].state()["w"]?.floats() == [7] && opened.bundles[0].plan.compatibility == .monai)
            // A model.pt by itself is weights without a plan.
            let alone = folder.deletingLastPathComponent().appending(path: "model.pt")
            try FileManager.default.copyItem(at: folder.appending(path: "models/model.pt"), to: alone)
            #expect(try #require(throws: ModelImportError.self) { try opener.open(alone) }.description.contains("bundles of MONAI"))
            #expect(try opener.open(folder.appending(path: "models/model.pt")).bundles[0].plan.compatibility == .monai)
        }
    }
}
