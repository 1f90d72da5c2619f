import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRLayers
import UNETRNetworks
import UNETRPlanning
import UNETRTorch

@testable import UNETRTraining

/// The file that another implementation repeats a run's first steps from.
@Suite(.serialized) struct TrainingTraceTests {
    @Test func `Steps repeated by hand from a trace's weights, images and targets have its losses and gradients`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try TinyRun.description(
                in: folder, change: { ($0.optimizer, $0.learningRate, $0.momentum, $0.weightDecay, $0.gradientClip) = (.sgd, 0.05, 0, 0, 1) })
            let url = folder.appending(path: "trace.safetensors"), again = folder.appending(path: "again.safetensors")
            try TrainingTrace.record(description, steps: 2, to: url)
            try TrainingTrace.record(description, steps: 2, to: again)
            #expect(try Data(contentsOf: url) == Data(contentsOf: again))

            let trace = try StateDictionary(safetensors: url), settings = try description.plan.networkDescription()
            let network = try settings.makeNetwork(values: .unset), weights = trace.entries.filter { $0.key.hasPrefix("weights.") }
            try network.store.load(StateDictionary(weights.map { (String($0.key.dropFirst(8)), $0.array) }))
            let losses = try #require(trace["loss"]).doubles(), norms = try #require(trace["gradientNorm"]).doubles()
            #expect(losses.count == 2 && norms.count == 2 && trace["image.2"] == nil)
            var pass = ForwardPass.training
            pass.dropout = false
            let loss = DeepSupervisionLoss(TrainingTargets(labels: description.plan.labels).loss(batchDice: description.configuration.batchDice))
            for step in 0..<2 {
                let image = try Tensor.from(#require(trace["image.\(step)"]))
                let targets = try settings.outputSizes.indices.map { try Tensor.from(#require(trace["target.\(step).\($0)"])) }
                #expect(image.shape == [description.configuration.batchSize, 1] + settings.outputSizes[0])
                #expect(targets.map(\.shape) == settings.outputSizes.map { [description.configuration.batchSize] + $0 })
                let parameters = network.store.parameters
                let value = try loss(network(image, pass, deepSupervision: true), targets)
                try value.backward()
                #expect(try abs(value.item() - losses[step]) < 1e-5, "step \(step)")
                let gradients = try parameters.map { try $0.gradient?.to(.float64) }
                let norm = try gradients.compactMap { try $0?.square().sum().item() }.reduce(0, +).squareRoot()
                #expect(abs(norm - norms[step]) < 1e-4 * norm, "step \(step)")
                // The step itself: w − rate · g, g no longer than the limit.
                let factor = min(1, description.configuration.gradientClip / (norm + 1e-6))
                try withoutGradients {
                    for (parameter, gradient) in zip(parameters, gradients) {
                        guard let gradient else { continue }
                        try parameter.addInPlace(gradient.to(.float32), factor: -0.05 * factor)
                        try parameter.gradient?.fillInPlace(0)
                    }
                }
            }
            #expect(abs(losses[0] - losses[1]) > 1e-4, "the second step sees other weights and another batch")
        }
    }
}
