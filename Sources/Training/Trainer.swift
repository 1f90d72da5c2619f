import Augmentation
import Foundation
import Inference
import Layers
import Networks
import Pictures
import Preparation
public import Torch

/// Trains a network on prepared cases, epoch by epoch, with a checkpoint after each.
///
/// The same description, device and thread count give the same bits, also when the run is killed and resumed.
public final class Trainer {
    public let run: TrainingRun
    public let description: TrainingRun.Description
    public let device: Device

    /// Where dropout draws from.
    private let generator: Generator
    private let network: any SegmentationNetwork
    private let optimizer: any Optimizer
    private let average: WeightAverage?
    private let loss: DeepSupervisionLoss
    private let levels: [[Int]]
    private var checkpoint = Checkpoint(epoch: 0, bestDice: nil)

    private var configuration: TrainingConfiguration { description.configuration }
    private var plan: Plan { description.plan }

    /// Starts a run in an empty folder, or takes up the one that is there.
    ///
    /// - Parameters:
    ///   - resume: true to continue from the folder's last checkpoint (or from the start, where it has none yet).
    /// - Throws: `TrainingError.runExists` for a folder in use without `resume`, `TrainingError.differentRun` for other settings.
    public init(run: TrainingRun, description: TrainingRun.Description, device: Device = .cpu, resume: Bool = false) throws {
        try description.configuration.validate()
        guard !description.plan.labels.hasRegions else { throw TrainingError.regionsUnsupported }
        let exists = run.exists
        if exists {
            guard resume else { throw TrainingError.runExists(path: run.folder.path) }
            try Self.compare(run.readDescription(), description, run.folder.path)
        }
        self.run = run
        self.description = description
        self.device = device
        let settings = try description.plan.networkDescription()
        levels = settings.outputSizes
        generator = try Generator(seed: description.configuration.seed, device: device)
        network = try settings.makeNetwork(device: device, generator: generator)
        if let initial = description.initial {
            try network.store.load(ModelBundle(contentsOf: URL(fileURLWithPath: initial)).state())
        }
        optimizer = description.configuration.makeOptimizer(network.store)
        average = try description.configuration.averaging.map { [network] in try WeightAverage(of: network.store, decay: $0) }
        loss = DeepSupervisionLoss(DiceCrossEntropyLoss(batchDice: description.configuration.batchDice))
        if !exists { try run.write(description) }
        if resume, FileManager.default.fileExists(atPath: run.latest.path) {
            checkpoint = try Checkpoint.read(run.latest, model: network.store, average: average?.tensors, optimizer: optimizer, generator: generator)
        }
    }

    private static func compare(_ old: TrainingRun.Description, _ new: TrainingRun.Description, _ path: String) throws {
        guard old.plan == new.plan else { throw TrainingError.differentRun(path: path, field: "plan") }
        guard old.configuration == new.configuration else { throw TrainingError.differentRun(path: path, field: "training configuration") }
        guard old.initial == new.initial else { throw TrainingError.differentRun(path: path, field: "choice of first weights") }
        guard old.fold == new.fold else { throw TrainingError.differentRun(path: path, field: "choice of cases") }
    }

    /// Epochs that are done.
    public var epochsDone: Int { checkpoint.epoch }

    /// Trains until the last epoch and writes the model.
    ///
    /// - Parameter report: called on the calling thread; throwing from it stops the run, which loses at most the epoch under way.
    public func train(_ report: (TrainingEvent) throws -> Void) throws {
        let folder = URL(fileURLWithPath: description.prepared)
        guard !description.fold.training.isEmpty else { throw TrainingError.noCases(what: "training") }
        let sources = try description.fold.training.map { try CaseSource(named: $0, in: folder, labels: plan.labels) }
        var loading = BatchLoader.Configuration(
            seed: configuration.seed, batchSize: configuration.batchSize, batchesPerEpoch: configuration.iterationsPerEpoch,
            levels: levels.map { Extent($0)! })
        loading.foregroundShare = configuration.foregroundShare
        loading.threads = configuration.loaderThreads
        let augmenter = try Augmenter(plan: configuration.augmentation, patch: Extent(plan.patchSize)!)
        let loader = try BatchLoader(
            sources: sources, augmenter: augmenter, configuration: loading,
            start: Batch.Position(epoch: checkpoint.epoch, batch: 0), endEpoch: configuration.epochs)
        defer { loader.cancel() }
        for epoch in checkpoint.epoch..<max(checkpoint.epoch, configuration.epochs) {
            try trainEpoch(epoch, loader, report)
        }
        try writeModel()
    }

    private func trainEpoch(_ epoch: Int, _ loader: BatchLoader, _ report: (TrainingEvent) throws -> Void) throws {
        let start = Date()
        let waitedBefore = loader.waited
        var losses: [Double] = []
        var largestNorm = 0.0
        for iteration in 0..<configuration.iterationsPerEpoch {
            guard let batch = try loader.next() else { break }
            optimizer.rate = rate(epoch, iteration)
            let (loss, norm) = try step(batch)
            guard loss.isFinite, norm.isFinite else {
                throw TrainingError.notFinite(
                    epoch: epoch + 1, iteration: iteration + 1, rate: optimizer.rate, checkpoint: run.latest.path)
            }
            try average?.update(step: epoch * configuration.iterationsPerEpoch + iteration)
            losses.append(loss)
            largestNorm = max(largestNorm, norm)
            try report(.iteration(epoch: epoch + 1, iteration: iteration + 1, iterations: configuration.iterationsPerEpoch, loss: loss))
        }
        let validationStart = Date()
        let isLast = epoch + 1 == configuration.epochs
        let dice = (epoch + 1) % configuration.validationInterval == 0 || isLast ? try validate(report) : nil
        let record = EpochRecord(
            epoch: epoch + 1, loss: losses.reduce(0, +) / Double(losses.count), learningRate: optimizer.rate, gradientNorm: largestNorm,
            validationDice: dice)
        let checkpointStart = Date()
        try save(record)
        let timing = EpochTiming(
            epoch: epoch + 1, seconds: -start.timeIntervalSinceNow,
            waiting: (loader.waited - waitedBefore) / .seconds(1),
            validation: checkpointStart.timeIntervalSince(validationStart), checkpoint: -checkpointStart.timeIntervalSinceNow)
        try run.append(record, timing)
        try ProgressChart.chart(of: run.records(), plan: plan).write(to: run.progress)
        try report(.epoch(record, timing))
    }

    private func rate(_ epoch: Int, _ iteration: Int) -> Double {
        configuration.learningRate * configuration.schedule.factor(
            step: epoch * configuration.iterationsPerEpoch + iteration, stepsPerEpoch: configuration.iterationsPerEpoch,
            epochs: configuration.epochs)
    }

    /// One step of the optimiser; returns the loss and the gradients' norm before clipping.
    private func step(_ batch: Batch) throws -> (loss: Double, norm: Double) {
        let image = try batch.withImage {
            try Tensor(copying: UnsafeRawBufferPointer($0), shape: batch.imageShape, dtype: .float32).to(device)
        }
        let targets = try levels.indices.map { level in
            try batch.withLabels(level) {
                try Tensor(copying: UnsafeRawBufferPointer($0), shape: batch.labelShape(level), dtype: .int16).to(device).to(.int64)
            }
        }
        try optimizer.clearGradients()
        let logits = try network(
            image, ForwardPass(training: true, mixedPrecision: configuration.mixedPrecision, generator: generator),
            deepSupervision: levels.count > 1)
        let value = try loss(logits, targets)
        try value.backward()
        let norm = try optimizer.clipGradients(to: configuration.gradientClip)
        let lossValue = try value.item()
        if lossValue.isFinite, norm.isFinite { try optimizer.step() }
        return (lossValue, norm)
    }

    // MARK: Validation and files

    /// Mean Dice of each foreground class over the whole validation cases, without mirroring.
    private func validate(_ report: (TrainingEvent) throws -> Void) throws -> [Double]? {
        let names = description.fold.validation
        guard !names.isEmpty else { return nil }
        return try withAveragedWeights {
            var predictor = SlidingWindowPredictor(
                networks: [network], plan: plan, device: device, mixedPrecision: configuration.mixedPrecision)
            predictor.settings.mirrorAxes = []
            let folder = URL(fileURLWithPath: description.prepared)
            var sums = PatchlessDice(classes: plan.labels.outputCount)
            for (number, name) in names.enumerated() {
                let source = try CaseSource(named: name, in: folder, labels: plan.labels)
                let image = try source.withImage {
                    try Tensor(copying: UnsafeRawBufferPointer($0), shape: [source.channels] + source.size.sizes, dtype: .float32)
                }
                let prediction = try predictor.probabilities(of: image).argmax(0).array(of: Int16.self)
                try source.withLabels { sums.add(prediction: prediction, reference: $0) }
                try report(.validated(done: number + 1, of: names.count))
            }
            return sums.means
        }
    }

    private func withAveragedWeights<Result>(_ body: () throws -> Result) throws -> Result {
        try average.map { try $0.whileInPlace(body) } ?? body()
    }

    private func save(_ record: EpochRecord) throws {
        checkpoint.epoch = record.epoch
        let improved = record.meanDice.map { $0 > checkpoint.bestDice ?? -1 } ?? false
        if improved { checkpoint.bestDice = record.meanDice }
        try checkpoint.write(model: network.store, average: average?.tensors, optimizer: optimizer, generator: generator, to: run.latest)
        if improved {
            try FileManager.default.createDirectory(at: run.best.deletingLastPathComponent(), withIntermediateDirectories: true)
            try checkpoint.write(model: network.store, average: average?.tensors, optimizer: optimizer, generator: generator, to: run.best)
        }
    }

    /// The final weights (averaged where the run averages) as a bundle.
    private func writeModel() throws {
        try withAveragedWeights {
            _ = try ModelBundle.write(plan: plan, state: network.store.state(aliases: false), card: card(), to: run.model)
        }
    }

    private func card() -> String {
        let last = run.records().last { $0.validationDice != nil }
        let dice = last?.validationDice.map { values in
            zip(plan.labels.foreground, values).map { "- \($0.name): \(String(format: "%.4f", $1))" }.joined(separator: "\n")
        }
        return """
            # \(plan.dataset)

            - Network: \(network.store.parameterCount) parameters
            - Training: \(description.fold.training.count) cases, \(configuration.epochs) epochs × \(configuration.iterationsPerEpoch) steps \
            of \(configuration.batchSize) patches, seed \(configuration.seed)
            - Validation: \(description.fold.validation.count) cases the training never saw, Dice without mirroring:

            \(dice ?? "not validated")

            """
    }
}
