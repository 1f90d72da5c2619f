import ArgumentParser
import Foundation
import Inference
import Layers
import Networks
import Torch

struct SummaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary", abstract: "Show a network: layers, parameters, multiply-adds, memory, and time on this machine.",
        discussion: """
            Multiply-adds are counted by the rules of fvcore, which the published figures follow, for one input of the patch size; the \
            two coarse outputs, which only training computes, are listed but not summed. Activation memory is an estimate from the \
            sizes of inner tensors (float32, evaluation mode, batch 1). Time is the median of forward passes of the whole network.
            """)

    @Option(help: "A known network: \(Self.presetNames).", transform: Self.preset) var preset: NetworkPreset?
    @Option(help: "Network configuration (JSON).", completion: .file()) var configuration: String?
    @Option(help: "Model bundle.", completion: .directory) var model: String?
    @Flag(help: "List every layer instead of blocks.") var layers = false
    @Flag(inversion: .prefixedNo, help: "Time the forward pass.") var timing = true
    @Option(help: "Timed forward passes, after one that is not timed.") var repetitions = 3
    @OptionGroup var runtime: RuntimeOptions

    private static let presetNames = NetworkPreset.allCases.map(\.rawValue).joined(separator: ", ")

    @Sendable private static func preset(_ name: String) throws -> NetworkPreset {
        guard let preset = NetworkPreset(rawValue: name) else {
            throw ValidationError("there is no preset '\(name)'; known are \(presetNames)")
        }
        return preset
    }

    func validate() throws {
        guard [preset != nil, configuration != nil, model != nil].count(where: { $0 }) == 1 else {
            throw ValidationError("give one of --preset, --configuration and --model")
        }
        guard (1...1000).contains(repetitions) else { throw ValidationError("--repetitions is \(repetitions); expected 1 to 1000") }
    }

    private struct Timing: Encodable {
        var secondsMedian: Double
        var secondsLeast: Double
        var repetitions: Int
        var device: String
        var threads: Int
        var precision: String
        /// The most memory this process took, weights and libtorch's scratch memory included.
        var processPeakBytes: Int
    }

    private struct Result: Encodable {
        var network: NetworkDescription
        var parameters: Int
        var multiplyAdds: Int
        var activationBytes: Int
        var layers: [LayerCost]
        var forward: Timing?
    }

    func run() throws {
        let device = try runtime.apply()
        let network = try description()
        let complexity = try network.complexity()
        let forward = timing ? try time(network, on: device) : nil
        let rows = layers ? complexity.layers : complexity.blocks
        if runtime.json {
            let result = Result(
                network: network, parameters: complexity.parameters, multiplyAdds: complexity.multiplyAdds,
                activationBytes: complexity.activationBytes, layers: rows, forward: forward)
            print(try JSONLine.encode(result, pretty: true))
        } else {
            show(rows)
            show(complexity, network, forward)
        }
    }

    private func description() throws -> NetworkDescription {
        if let preset { return preset.network }
        if let configuration { return try NetworkDescription(contentsOf: URL(fileURLWithPath: configuration)) }
        return try ModelBundle(contentsOf: URL(fileURLWithPath: model ?? "")).network
    }

    private func time(_ description: NetworkDescription, on device: Device) throws -> Timing {
        // Not "auto": the figure stands beside others, which are of float32 unless they say otherwise.
        let precision = runtime.precision == "auto" ? nil : runtime.mixedPrecision(on: device)
        let network = try description.makeNetwork(device: device)
        let input = try Tensor.randn([1, description.inputChannels] + description.patchSize).to(device)
        var times: [Double] = []
        for repetition in 0...repetitions {
            let start = Date()
            _ = try withoutGradients { try network(input, ForwardPass(mixedPrecision: precision), deepSupervision: false) }
            try Runtime.synchronize(device)
            if repetition > 0 { times.append(-start.timeIntervalSinceNow) }
        }
        times.sort()
        return Timing(
            secondsMedian: times[times.count / 2], secondsLeast: times[0], repetitions: times.count, device: "\(device)",
            threads: Runtime.threads, precision: "\(precision ?? .float32)", processPeakBytes: ProcessUsage.peakMemory)
    }

    private func show(_ rows: [LayerCost]) {
        let cells = rows.map { row in
            [
                row.name, row.outputShape.map(String.init).joined(separator: "×"), Self.grouped(row.parameters),
                Self.grouped(row.multiplyAdds) + (row.onlyInTraining ? " *" : "  "),
            ]
        }
        let header = ["", "output", "parameters", "multiply-adds  "]
        let widths = header.indices.map { column in (cells + [header]).map { $0[column].count }.max() ?? 0 }
        for line in [header] + cells {
            print(line.enumerated().map { column, text in
                let space = String(repeating: " ", count: widths[column] - text.count)
                return column == 0 ? text + space : space + text
            }.joined(separator: "  "))
        }
        if rows.contains(where: \.onlyInTraining) { print("* computed in training only, not in the sum") }
    }

    private func show(_ complexity: NetworkComplexity, _ network: NetworkDescription, _ forward: Timing?) {
        let size = ([1, network.inputChannels] + network.patchSize).map(String.init).joined(separator: "×")
        print("")
        print("Input              \(size), \(network.classes) classes")
        print("Parameters         \(Self.grouped(complexity.parameters))")
        let (billions, megabytes) = (Double(complexity.multiplyAdds) / 1e9, Double(complexity.activationBytes) / 1e6)
        print("Multiply-adds      " + String(format: billions >= 1 ? "%.2f G" : "%.4f G", billions))
        print("Activation memory  " + String(format: megabytes >= 10 ? "%.0f MB (estimate)" : "%.2f MB (estimate)", megabytes))
        guard let forward else { return }
        let seconds = String(format: "%.3f s (median of \(forward.repetitions); least %.3f s)", forward.secondsMedian, forward.secondsLeast)
        print("Forward pass       \(seconds) on \(forward.device), \(forward.threads) threads, \(forward.precision)")
        let peak = Double(forward.processPeakBytes) / 1e6
        print("Process memory     " + String(format: "%.0f MB at the most, with weights and libtorch's scratch memory", peak))
    }

    /// A number with its digits in groups of three.
    private static func grouped(_ number: Int) -> String {
        var text = ""
        for (index, digit) in String(number).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }
}
