import ArgumentParser
import Foundation
import UNETRArchitectures
import UNETREngines
import UNETRLayers
import UNETRNetworks
import UNETRPictures
import UNETRSupport
import UNETRTorch

struct SummaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary", abstract: "Show a network's layers, parameters, multiply-adds and memory, and its time on this machine.",
        discussion: """
            Multiply-adds are counted by the rules of fvcore, which the published figures follow, for one input of the patch size; the \
            two coarse outputs, which only training computes, are listed but not summed. Activation memory is an estimate from the \
            sizes of inner tensors (float32, evaluation mode, batch 1). Time is the median of forward passes of the whole network.

            With --all every architecture stands in one table, in its usual size for the patch, beside the printed figures; time and peak \
            memory of a forward pass and of a training step are measured, each in a process of its own, on the CPU and on a GPU if there \
            is one.
            """)

    @OptionGroup var choice: NetworkOptions
    @Flag(help: "Show all architectures side by side, in their usual size for --patch, with time and memory on this machine.") var all = false
    @Option(help: "With --all: SVG picture of published accuracy over cost.", completion: .file()) var picture: String?
    @Flag(help: "List every layer instead of blocks.") var layers = false
    @Flag(inversion: .prefixedNo, help: "Time the network.") var timing = true
    @Option(help: "Number of timed forward passes, after a warm-up.") var repetitions = 3
    @OptionGroup var outputs: OutputOptions
    @OptionGroup var runtime: RuntimeOptions

    func validate() throws {
        guard choice.isGiven != all else {
            throw ValidationError("give one of --preset, --configuration, --model, --network and --all")
        }
        guard all || picture == nil else { throw ValidationError("--picture belongs to --all") }
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
        var activationBytes: Int?
        var layers: [LayerCost]
        var forward: Timing?
    }

    func run() throws {
        if let picture { try outputs.check(file: URL(fileURLWithPath: picture)) }
        let device = try runtime.apply()
        if all { return try showAll(device) }
        let network = try choice.description()
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

    private func showAll(_ device: Device) throws {
        let devices = !timing ? [] : runtime.device == "auto" && device != .cpu ? [.cpu, device] : [device]
        let measurement = NetworkMeasurement(
            size: choice.size, threads: Runtime.threads, precision: runtime.precision == "auto" ? "float32" : runtime.precision,
            repetitions: repetitions)
        let architectures = NetworkDescription.Architecture.allCases
        let progress = ProgressBar("Measuring", total: 2 * devices.count * architectures.count)
        let rows = try architectures.map { architecture in
            let network = choice.size.description(architecture), complexity = try network.complexity()
            return NetworkTable.Row(
                network: architecture, patchSize: network.patchSize, parameters: complexity.parameters,
                multiplyAdds: complexity.multiplyAdds,
                measurements: try devices.map { try measurement.measure(architecture, on: $0, progress) },
                published: PublishedFigures.all.first { $0.architecture == architecture })
        }
        let table = NetworkTable(
            patch: choice.size.patch, channels: choice.size.channels, classes: choice.size.classes, threads: measurement.threads,
            precision: measurement.precision, rows: rows)
        print(runtime.json ? try JSONLine.encode(table, pretty: true) : table.text)
        if let picture { try table.picture.write(to: URL(fileURLWithPath: picture)) }
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
        print(
            TextTable.render(
                head: ["", "output", "parameters", "multiply-adds  "],
                rows: rows.map { row in
                    [
                        row.name, row.outputShape.map(String.init).joined(separator: "×"), Self.grouped(row.parameters),
                        Self.grouped(row.multiplyAdds) + (row.onlyInTraining ? " *" : "  "),
                    ]
                }))
        if rows.contains(where: \.onlyInTraining) { print("* computed in training only, not in the sum") }
    }

    private func show(_ complexity: NetworkComplexity, _ network: NetworkDescription, _ forward: Timing?) {
        let size = ([1, network.inputChannels] + network.patchSize).map(String.init).joined(separator: "×")
        print("")
        print("Input              \(size), \(network.classes) classes")
        print("Parameters         \(Self.grouped(complexity.parameters))")
        let billions = Double(complexity.multiplyAdds) / 1e9
        print("Multiply-adds      " + String(format: billions >= 1 ? "%.2f G" : "%.4f G", billions))
        if let megabytes = complexity.activationBytes.map({ Double($0) / 1e6 }) {
            print("Activation memory  " + String(format: megabytes >= 10 ? "%.0f MB (estimate)" : "%.2f MB (estimate)", megabytes))
        }
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
