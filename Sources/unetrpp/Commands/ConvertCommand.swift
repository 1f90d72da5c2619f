import ArgumentParser
import Foundation
import UNETRArchitectures
import UNETRArchives
import UNETRLayers
import UNETRModels
import UNETRNetworks
import UNETRPlanning
import UNETRSupport
import UNETRTorch

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Convert weights between model bundles, safetensors and PyTorch.",
        discussion: """
            INPUT is a model bundle (a folder), a .safetensors file, or a checkpoint of PyTorch (.pth, .pt, .model, .bin, .ckpt), of \
            which no pickle is run. The name of OUTPUT says the form: NAME.unetrpp, NAME.safetensors, or NAME.pth, a dictionary with \
            the weights under state_dict, for torch.load(weights_only=True). The keys and shapes are those of the published code. The weights of \
            a bundle are checked against its plan; others are checked where --plan or --configuration says what they belong to, and \
            then checkpoints of older releases are understood too (nnU-Net v1, earlier MONAI). A bundle holds every tensor once.

            --format writes the folder of another tool instead. nnunet: OUTPUT is the folder of a data set, such as \
            nnUNet_results/Dataset004_X, and gets a training that nnUNetv2_predict predicts with; the network must be one of nnU-Net's \
            and planned by --planner. hugging-face: a folder with config.json, model.safetensors and README.md, which --model takes too.
            """)

    @Argument(help: "Weights to read.", completion: .file()) var input: String
    @Argument(help: "File or bundle to write.", completion: .file()) var output: String

    @Option(help: "Plan (JSON), needed to make a bundle from bare weights.", completion: .file()) var plan: String?

    @Option(help: "Network configuration (JSON) that the weights must fit.", completion: .file()) var configuration: String?

    @Option(help: "Card of the new bundle (Markdown).", completion: .file()) var card: String?

    @Option(help: "Type of the stored weights: float32, float16, bfloat16 (default: unchanged).") var dtype: StorageType?

    @Option(help: "Write a model bundle as another tool's folder: nnunet or hugging-face.") var format: FolderFormat?

    @Flag(help: "Resample kernels whose size is not the network's, such as a MedNeXt's from 3 to 5 (UpKern).") var resampleKernels = false

    @OptionGroup var outputs: OutputOptions

    @Flag(help: "Print the result as JSON on standard output.") var json = false

    /// Types that weights may be stored in.
    enum StorageType: String, ExpressibleByArgument, CaseIterable {
        case float32, float16, bfloat16

        var dtype: DType {
            switch self {
            case .float32: .float32;
            case .float16: .float16;
            case .bfloat16: .bfloat16
            }
        }
    }

    /// Folders of other tools.
    enum FolderFormat: String, ExpressibleByArgument, CaseIterable {
        case nnUNet = "nnunet"
        case huggingFace = "hugging-face"
    }

    private struct Result: Encodable {
        var output: String
        var tensors: Int
        var values: Int
        var bytes: Int
        /// True if every key and shape was compared with a network.
        var checked: Bool
    }

    func validate() throws {
        guard let format else { return }
        let contradicting: [(String, String?)] = [
            ("--plan", plan), ("--configuration", configuration), ("--card", card), ("--dtype", dtype?.rawValue),
            ("--resample-kernels", resampleKernels ? "" : nil),
        ]
        if let (option, _) = contradicting.first(where: { $0.1 != nil }) {
            throw ValidationError("--format \(format.rawValue) writes a bundle as it is; leave out \(option)")
        }
    }

    func run() throws {
        let (source, target) = (URL(fileURLWithPath: input), URL(fileURLWithPath: output))
        if let format { return try write(ModelBundle(contentsOf: source), as: format, to: target) }
        let form = try WeightsFile.Form(of: target)
        try form == .bundle ? outputs.check(bundle: target) : outputs.check(file: target)
        guard source.resolvingSymlinksInPath().standardizedFileURL != target.resolvingSymlinksInPath().standardizedFileURL else {
            throw CommandError("input and output are the same: \(target.path)")
        }
        if form != .bundle, card != nil { throw CommandError("--card is for bundles; the output is \(target.lastPathComponent)") }
        let plan = try plan(of: source)
        if form == .bundle, plan == nil {
            throw CommandError("a bundle holds a plan beside its weights: give --plan plan.json")
        }
        if resampleKernels, plan == nil, configuration == nil {
            throw CommandError("--resample-kernels needs the network that the kernels are for: give --plan or --configuration")
        }
        let cardText = form == .bundle ? try cardText(of: source) : ""
        var state = try WeightsFile.read(source)
        let networks = try [plan?.networkDescription(), configuration.map { try NetworkDescription(contentsOf: URL(fileURLWithPath: $0)) }]
            .compactMap { $0 }
        for network in networks {
            if resampleKernels { state = try network.weights(resamplingKernelsOf: state) }
            state = try network.load(state, into: network.makeNetwork(values: .unset), aliases: form != .bundle)
        }
        if form != .bundle, let network = networks.last { state = try network.published(state) }
        if let dtype { state = try state.converted(to: dtype.dtype) }

        if let plan, form == .bundle {
            let profile = try profile(of: source, for: plan)
            let card = profile == nil ? ModelBundle.withoutProfileLine(cardText) : cardText
            try ModelBundle.write(plan: plan, state: state, card: card, profile: profile, to: target)
        } else {
            try WeightsFile.write(state, to: target)
        }
        try report(state, target, checked: !networks.isEmpty)
    }

    private func write(_ bundle: ModelBundle, as format: FolderFormat, to target: URL) throws {
        switch format {
        case .nnUNet:
            try outputs.check(model: NNUNetV2Exporter.trainingFolder(in: target, for: bundle.plan), files: ["plans.json"])
            let exporter = NNUNetV2Exporter([bundle]) { state, network in try network.load(state, into: network.makeNetwork(values: .unset)) }
            let folder = try exporter.write(to: target)
            try report(bundle.state(), folder, checked: true)
            if bundle.plan.postProcessing != nil {
                EngineOptions.note("nnUNetv2_predict does not clean up masks, so the clean-up of this model's plan is left out")
            }
        case .huggingFace:
            try outputs.check(model: target, files: ["config.json"])
            try HuggingFaceFolder.write(bundle, to: target)
            try report(bundle.state(), target, checked: true)
        }
    }

    /// The plan given, or that of the bundle the weights come from.
    private func plan(of source: URL) throws -> Plan? {
        if let plan { return try Plan(contentsOf: URL(fileURLWithPath: plan)) }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: source.path, isDirectory: &isFolder), isFolder.boolValue else { return nil }
        return try ModelBundle(contentsOf: source).plan
    }

    /// The training profile of the bundle that the weights come from, where its scans are prepared in the same way.
    private func profile(of source: URL, for plan: Plan) throws -> TrainingProfile? {
        guard (try? ModelBundle(contentsOf: source))?.plan.preparationDigest == plan.preparationDigest else { return nil }
        return try ModelBundle(contentsOf: source).trainingProfile()
    }

    private func cardText(of source: URL) throws -> String {
        if let card { return try text(of: URL(fileURLWithPath: card)) }
        let own = source.appending(path: "card.md")
        if FileManager.default.fileExists(atPath: own.path) { return try text(of: own) }
        return """
            # \(source.deletingPathExtension().lastPathComponent)

            Converted from `\(source.lastPathComponent)` by `unetrpp convert`. Data, license, protocol and scores: not stated.

            """
    }

    private func text(of url: URL) throws -> String {
        guard let text = String(data: try InputFile.contents(of: url, most: 1 << 24), encoding: .utf8) else {
            throw CommandError("\(url.path) is not a text in UTF-8")
        }
        return text
    }

    private func report(_ state: StateDictionary, _ target: URL, checked: Bool) throws {
        let bytes = state.entries.reduce(0) { $0 + $1.array.bytes.count }
        let values = state.entries.reduce(0) { $0 + $1.array.count }
        if json {
            print(
                try JSONLine.encode(
                    Result(output: target.path, tensors: state.entries.count, values: values, bytes: bytes, checked: checked)))
            return
        }
        let size = String(format: "%.1f MB", Double(bytes) / 1e6)
        print("\(target.path): \(state.entries.count) tensors, \(values) values, \(size)")
        if !checked {
            FileHandle.standardError.write(
                Data(
                    "The weights were not compared with a network; --configuration or --plan does that.\n".utf8))
        }
    }
}
