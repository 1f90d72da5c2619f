import ArgumentParser
import Foundation
import UNETRArchitectures
import UNETRGraphs
import UNETRLayers
import UNETRModels
import UNETRNetworks
import UNETRSupport

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Export a network to ONNX for other runtimes.",
        discussion: """
            The graph takes input [N, channels, D, H, W], a prepared patch, and gives logits [N, classes, D, H, W]. Its fast form is made \
            for speed; its readable form follows the paper, with every weight under its key. Both need only operations of ONNX \
            \(Graph.operatorVersion). Preparation, windows and soft-max are the caller's.
            OpenVINO 2026.4 refuses the readable form of networks whose branches are concatenated unless the batch is fixed (--batch).
            """)

    @Argument(help: "Model bundle; or weights, with --configuration.", completion: .file()) var input: String

    @Option(name: .shortAndLong, help: "File to write (default: the model's name with .onnx).", completion: .file()) var output: String?

    @Option(help: "Network configuration (JSON) of bare weights.", completion: .file()) var configuration: String?

    @Option(help: "Form of the file: onnx.") var format = "onnx"

    @Option(help: "Form of the graph: fast or readable.") var graph = GraphForm.fast

    @Flag(help: "With the 8-bit convolutions of a model that unetrpp quantize made.") var eightBits = false

    @Option(help: "Samples the graph takes (default: any number).") var batch: Int?

    @OptionGroup var outputs: OutputOptions

    @Flag(help: "Print the result as JSON on standard output.") var json = false

    func validate() throws {
        guard format == "onnx" else { throw ValidationError("--format is '\(format)'; onnx is expected") }
        if eightBits, graph != .fast || configuration != nil { throw ValidationError("--eight-bits is for the fast graph of a model bundle") }
        if let batch, !(1...4096).contains(batch) { throw ValidationError("--batch is \(batch); expected 1 to 4096") }
    }

    private struct Result: Encodable {
        var output: String
        var operations: Int
        var constants: Int
        var bytes: Int
    }

    func run() throws {
        let source = URL(fileURLWithPath: input)
        let target = output.map { URL(fileURLWithPath: $0) } ?? source.deletingPathExtension().appendingPathExtension("onnx")
        try outputs.check(file: target)
        let network =
            try configuration.map { try NetworkDescription(contentsOf: URL(fileURLWithPath: $0)) }
            ?? ModelBundle(contentsOf: source).network
        let weights = try WeightsFile.read(source)
        try network.load(weights, into: network.makeNetwork(values: .unset))  // refuses what does not belong to the network
        var graph = try network.graph(weights: weights, form: graph, batch: batch)
        if eightBits {
            guard let quantization = try ModelBundle(contentsOf: source).quantization() else {
                throw CommandError("\(source.path) was not made for 8 bits; unetrpp quantize does that")
            }
            graph = try graph.inEightBits(quantization.ranges)
        }
        try graph.writeONNX(to: target)
        let bytes = try InputFile(target).size
        if json {
            print(
                try JSONLine.encode(
                    Result(output: target.path, operations: graph.nodes.count, constants: graph.constants.count, bytes: bytes)))
        } else {
            print(
                "\(target.path): \(graph.nodes.count) operations, \(graph.constants.count) constants, "
                    + String(format: "%.1f MB", Double(bytes) / 1e6))
        }
    }
}
