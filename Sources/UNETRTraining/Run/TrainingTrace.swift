public import Foundation
import UNETRArchitectures
import UNETRArchives
import UNETRAugmentation
import UNETRLayers
import UNETRModels
import UNETRNetworks
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTorch

/// The first steps of a run in one file, to be repeated by another implementation.
public enum TrainingTrace {
    /// Makes training steps in float32 without augmentation and dropout from a description's plan, settings and cases, and writes what they
    /// started from, saw and gave.
    ///
    /// The file holds `weights.KEY` (before the first step); for each step S `image.S` [N, C, D, H, W] and `target.S.L`, what the loss of
    /// level L compares with; and `loss` and `gradientNorm`, float64 [steps].
    /// - Throws: what training throws.
    public static func record(_ description: TrainingRun.Description, steps: Int, to url: URL) throws {
        let configuration = description.configuration
        try configuration.validate()
        let settings = try description.plan.networkDescription()
        var pass = ForwardPass.training
        pass.dropout = false
        let network = try settings.makeNetwork(generator: Generator(seed: configuration.seed))
        let optimizer = configuration.makeOptimizer(of: settings.configuration, network.store)
        let targets = TrainingTargets(labels: description.plan.labels)
        let step = TrainingStep(
            network: network, optimizer: optimizer, loss: DeepSupervisionLoss(targets.loss(batchDice: configuration.batchDice)))
        step.gradientClip = configuration.gradientClip

        let levels = settings.outputSizes
        let folder = URL(fileURLWithPath: description.prepared)
        var loading = BatchLoader.Configuration(
            seed: configuration.seed, batchSize: configuration.batchSize, batchesPerEpoch: steps, levels: levels)
        loading.foregroundShare = configuration.foregroundShare
        let loader = try BatchLoader(
            sources: description.fold.training.map { try CaseSource(named: $0, in: folder, targets) },
            augmenter: Augmenter(plan: .none, patch: levels[0]), configuration: loading, endEpoch: 1)
        defer { loader.cancel() }

        var arrays: [(name: String, array: StoredArray)] = try network.store.state().entries.map { ("weights.\($0.key)", $0.array) }
        var (losses, norms): ([Double], [Double]) = ([], [])
        while let batch = try loader.next()?.tensors(targets, on: .cpu) {
            let number = losses.count
            arrays.append(("image.\(number)", try batch.image.stored()))
            for (level, target) in batch.targets.enumerated() { arrays.append(("target.\(number).\(level)", try target.stored())) }
            let result = try step([batch], pass)
            losses.append(result.loss)
            norms.append(result.gradientNorm)
        }
        arrays.append(("loss", StoredArray(losses, shape: [losses.count])))
        arrays.append(("gradientNorm", StoredArray(norms, shape: [norms.count])))
        try Safetensors.write(arrays, to: url)
    }
}
