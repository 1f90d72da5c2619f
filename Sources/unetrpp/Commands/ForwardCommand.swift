import ArgumentParser
import Foundation
import UNETRArchitectures
import UNETRArchives
import UNETREngines
import UNETRLayers
import UNETRModels
import UNETRNetworks
import UNETRSupport
import UNETRTorch
import UNETRTorchEngine

struct ForwardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forward", abstract: "Run the bare network on a tensor for comparison with another implementation.",
        discussion: """
            The input file holds one tensor, input [N, channels, D, H, W], of the network's patch size; it goes into the network as it \
            is. The output file gets logits0 [N, classes, D, H, W] and, where the network has them, the coarser logits1, logits2 …, \
            float32, all in evaluation mode. Computed by libtorch in float32 unless --engine and --precision say otherwise; the compiled \
            engine gives logits0 only, and takes a model bundle.
            """)

    @Option(help: "Model bundle.", completion: .directory) var model: String?

    @Option(
        help: """
            Network configuration (JSON), such as {"variant": "acdc", "classes": 4}, or of another architecture \
            {"architecture": "swin-unetr", "configuration": {"classes": 4}}.
            """, completion: .file())
    var configuration: String?

    @Option(help: "Weights for --configuration: .safetensors with the published code's keys, or a PyTorch file.", completion: .file())
    var weights: String?

    @Option(name: .shortAndLong, help: "Safetensors file with the tensor input.", completion: .file()) var input: String

    @Option(name: .shortAndLong, help: "Safetensors file to write.", completion: .file()) var output: String

    @Option(help: "What computes: torch (libtorch), compiled (OpenVINO), or auto, the fastest that works here.")
    var engine = EngineChoice.torch

    @OptionGroup var outputs: OutputOptions
    @OptionGroup var runtime: RuntimeOptions

    func validate() throws {
        switch (model, configuration, weights) {
        case (.some, nil, nil), (nil, .some, .some): break
        case (.some, _, _): throw ValidationError("--model brings its own network and weights; leave --configuration and --weights out")
        default: throw ValidationError("give either --model, or --configuration together with --weights")
        }
        if engine != .torch, model == nil { throw ValidationError("--engine \(engine.rawValue) needs --model") }
    }

    private struct Result: Encodable {
        var output: String
        var shapes: [String: [Int]]
        var seconds: Double
        var device: String
        var precision: String
        var engine: String
    }

    func run() throws {
        let target = URL(fileURLWithPath: output)
        try outputs.check(file: target)
        try InputFile.check(URL(fileURLWithPath: input))
        let device = try runtime.apply()
        let precision = runtime.precision == "auto" ? nil : runtime.mixedPrecision(on: device)
        let (engine, compute) = try computation(device, precision)
        let input = try readInput().to(device)
        let start = Date()
        let logits = try withoutGradients { try compute(input).map { try $0.to(.float32).to(.cpu) } }
        let seconds = -start.timeIntervalSinceNow
        let result = try StateDictionary(logits.enumerated().map { ("logits\($0)", try $1.contiguous().stored()) })
        try result.write(to: target, metadata: ["device": "\(device)", "precision": "\(precision ?? .float32)"])
        if runtime.json {
            let shapes = Dictionary(uniqueKeysWithValues: result.entries.map { ($0.key, $0.array.shape) })
            print(
                try JSONLine.encode(
                    Result(
                        output: target.path, shapes: shapes, seconds: seconds, device: "\(device)", precision: "\(precision ?? .float32)",
                        engine: engine)))
        } else {
            for entry in result.entries { print("\(entry.key) \(entry.array.shape)") }
            FileHandle.standardError.write(Data((String(format: "%.2f s", seconds) + " on \(device), \(engine)\n").utf8))
        }
    }

    /// What the engine is, and what it makes of an input: its outputs, finest first.
    private func computation(_ device: Device, _ precision: DType?) throws -> (String, (Tensor) throws -> [Tensor]) {
        if let model, engine != .torch {
            let engine = try EngineRegistry.all.engine(
                for: ModelBundle(contentsOf: URL(fileURLWithPath: model)),
                EngineSettings(engine, device: device, mixedPrecision: precision), note: EngineOptions.note)
            return (engine.summary, { [try engine.logits(of: FloatArray($0)).withView { try Tensor($0) }] })
        }
        let network = try network(on: device)
        return ("libtorch", { try network($0, ForwardPass(mixedPrecision: precision), deepSupervision: true) })
    }

    private func network(on device: Device) throws -> any SegmentationNetwork {
        if let model { return try ModelBundle(contentsOf: URL(fileURLWithPath: model)).makeNetwork(device: device) }
        guard let configuration, let weights else { throw CommandError("give either --model, or --configuration together with --weights") }
        let description = try NetworkDescription(contentsOf: URL(fileURLWithPath: configuration))
        let network = try description.makeNetwork(device: device, values: .unset)
        try description.load(WeightsFile.read(URL(fileURLWithPath: weights)), into: network)
        return network
    }

    private func readInput() throws -> Tensor {
        let array = try SafetensorsFile(contentsOf: URL(fileURLWithPath: input)).array("input")
        guard array.scalarType.isFloatingPoint else {
            throw CommandError("\(input): the tensor input has elements of type \(array.scalarType); float32 is expected")
        }
        let tensor = try Tensor.from(array).to(.float32)
        let wrong = try array.count - Int(tensor.isFinite().to(.int64).sum().item())
        guard wrong == 0 else {
            throw CommandError("\(input): \(wrong) of the \(array.count) values of input are infinite or not a number")
        }
        return tensor
    }
}
