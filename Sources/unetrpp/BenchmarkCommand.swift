import ArgumentParser
import Foundation
import Layers
import Networks
import Torch

struct BenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark", abstract: "Time the forward pass and the training step of a network on this machine.")

    @Option(help: "A configuration file, such as {\"variant\": \"synapse\"}.")
    var configuration: String?
    @Option(help: "Samples in a batch.") var batch = 1
    @Option(help: "float32 or bfloat16.") var precision = "float32"
    @Option(help: "Timed repetitions.") var repetitions = 5
    @Option(help: "CPU threads.") var threads = 2
    @Flag(help: "Time the training step instead of the forward pass.") var train = false

    func run() throws {
        try Runtime.setThreads(threads)
        let settings = try configuration.map {
            try JSONDecoder().decode(UNETRPlusPlusConfiguration.self, from: Data(contentsOf: URL(fileURLWithPath: $0)))
        } ?? UNETRPlusPlusConfiguration(.synapse)
        let network = try UNETRPlusPlus(settings)
        let x = try Tensor.randn([batch, settings.inputChannels] + settings.patchSize)
        let target = try (Tensor.rand([batch] + settings.patchSize) * Double(settings.classes)).to(.int64)
        let mixed: DType? = precision == "bfloat16" ? .bfloat16 : nil
        let optimizer = SGD(network.store.parameters, rate: 0.01, momentum: 0.99, weightDecay: 3e-5, nesterov: true)
        var times: [Double] = []
        for repetition in 0...repetitions {
            let start = Date()
            if train {
                try optimizer.clearGradients()
                let logits = try network(x, ForwardPass(training: true, mixedPrecision: mixed), deepSupervision: true)
                let loss = try logits[0].crossEntropy(target)
                try loss.backward()
                try optimizer.step()
            } else {
                _ = try withoutGradients { try network(x, ForwardPass(mixedPrecision: mixed), deepSupervision: true) }
            }
            if repetition > 0 { times.append(-start.timeIntervalSinceNow) }
        }
        times.sort()
        print("median \(times[times.count / 2]) s, min \(times[0]) s")
    }
}
