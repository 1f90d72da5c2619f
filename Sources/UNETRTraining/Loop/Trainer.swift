import Foundation
import UNETRArchitectures
import UNETRArchives
import UNETRAugmentation
import UNETRLayers
import UNETRModels
import UNETRNetworks
import UNETRPlanning
import UNETRPreparation
public import UNETRSupport
public import UNETRTorch
import UNETRVolumes

/// Trains a network on prepared cases, epoch by epoch, with a checkpoint after each.
///
///     for try await event in try Trainer(run: run, description: description).events() { … }
///
/// The same description, device and thread count give the same bits, also when the run is killed and resumed.
public final class Trainer {
    /// The run's folder.
    public let run: TrainingRun
    /// What the run trains on and how.
    public let description: TrainingRun.Description
    /// Where it computes.
    public let device: Device
    /// The processes that train together.
    public let processes: any ProcessGroup

    /// What became of the weights the run starts from, in one line; nil where it starts from new ones.
    public private(set) var beginning: String?

    /// Held by the process that writes the files.
    private let lock: FolderLock?

    let network: any SegmentationNetwork
    let optimizer: any Optimizer
    let average: WeightAverage?
    let targets: TrainingTargets
    let step: TrainingStep
    /// Sizes [D, H, W] of the outputs, finest first.
    let levels: [Size3]
    /// Where dropout draws from.
    var generator: Generator
    var checkpoint = Checkpoint()

    var configuration: TrainingConfiguration { description.configuration }
    var plan: Plan { description.plan }
    var prepared: URL { URL(fileURLWithPath: description.prepared) }
    /// One process writes the files.
    var writes: Bool { processes.rank == 0 }

    /// Starts a run in an empty folder, or takes up the one that is there.
    ///
    /// - Parameters:
    ///   - processes: those that train together, each with a trainer of its own; a batch is that of all together.
    ///   - resume: true to continue from the folder's last checkpoint (or from the start, where it has none yet).
    ///   - lock: that of the run's folder, where the caller has it already; nil: it is taken, and held as long as the trainer lives.
    ///   - device: where it computes.
    ///   - run: the folder with checkpoints and log.
    ///   - description: plan, network, settings and data.
    /// - Throws: `TrainingError.runExists` for a folder with a run without `resume`, `TrainingError.differentRun` for other settings,
    ///   `TrainingError.damagedCheckpoint`, `FolderInUse`, `ProcessError`.
    public convenience init(
        run: TrainingRun, description: TrainingRun.Description, device: Device = .cpu, processes: any ProcessGroup = SingleProcess(),
        resume: Bool = false, lock: FolderLock? = nil
    ) throws {
        try Self.check(description, processes)
        var held = lock
        // One process looks and decides: when the others look, it may have begun to write.
        try processes.onFirst {
            if run.exists {
                guard resume else { throw TrainingError.runExists(path: run.folder.path) }
                try Self.compare(run.readDescription(), description, run.folder.path)
            }
            if held == nil { held = try run.lock() }
        }
        try self.init(inMemory: run, description, device, processes, lock: held)
        try processes.onFirst { if !run.exists { try run.write(description) } }
        let hasCheckpoint = FileManager.default.fileExists(atPath: run.latest.path)
        if resume, try processes.broadcast([hasCheckpoint ? 1 : 0])[0] != 0 { try processes.inStep { try readCheckpoint() } }
        try requireEqual()
        try share()
    }

    /// A run in memory, as it is before its first step: of its folder nothing is read or written.
    init(
        inMemory run: TrainingRun, _ description: TrainingRun.Description, _ device: Device, _ processes: any ProcessGroup, lock: FolderLock? = nil
    ) throws {
        try Self.check(description, processes)
        self.lock = lock
        self.run = run
        self.description = description
        self.device = device
        self.processes = processes
        let configuration = description.configuration
        let settings = try description.plan.networkDescription()
        levels = settings.outputSizes
        generator = try Generator(seed: configuration.seed, device: device)
        network = try settings.makeNetwork(device: device, generator: generator)
        if let initial = description.initial {
            var found: String?
            try processes.onFirst { [network] in
                // The path of weights in the run's folder is relative: the folder may be moved.
                let weights = URL(fileURLWithPath: initial, relativeTo: run.folder.appending(path: "/"))
                found = try FirstWeights.load(weights, into: network.store, classes: settings.classes)
            }
            beginning = description.finetuned?.title ?? found
        }
        optimizer = configuration.makeOptimizer(of: settings.configuration, network.store)
        try configuration.freeze(in: settings.configuration, network.store)
        average = try configuration.averaging.map { [network] in try WeightAverage(of: network.store, decay: $0) }
        targets = TrainingTargets(labels: description.plan.labels)
        step = TrainingStep(
            network: network, optimizer: optimizer,
            loss: DeepSupervisionLoss(targets.loss(batchDice: configuration.batchDice, batchSum: processes.batchSum)), processes: processes)
        step.gradientClip = configuration.gradientClip
        if configuration.mixedPrecision == .float16 { step.scaler = LossScaler() }
        step.share = Double(loading(batches: 1).part.count * processes.count) / Double(configuration.batchSize)
    }

    /// Refuses what no run can be.
    private static func check(_ description: TrainingRun.Description, _ processes: any ProcessGroup) throws {
        try description.configuration.validate()
        guard description.configuration.batchSize >= processes.count else {
            throw ProcessError.batchTooSmall(batch: description.configuration.batchSize, processes: processes.count)
        }
        if let ignored = description.plan.labels.ignoreValue { throw TrainingError.ignoreLabelUnsupported(value: ignored) }
    }

    private static func compare(_ old: TrainingRun.Description, _ new: TrainingRun.Description, _ path: String) throws {
        guard old.plan == new.plan else { throw TrainingError.differentRun(path: path, field: "plan") }
        guard old.configuration == new.configuration else { throw TrainingError.differentRun(path: path, field: "training configuration") }
        guard old.initial == new.initial, old.finetuned == new.finetuned else { throw TrainingError.differentRun(path: path, field: "choice of first weights") }
        guard old.fold == new.fold else { throw TrainingError.differentRun(path: path, field: "choice of cases") }
    }

    /// Epochs that are done.
    public var epochsDone: Int { checkpoint.epoch }

    /// Trains until the last epoch, writes the model and validates it; the events of that as they happen, `finished` last.
    ///
    /// The work goes on on a thread of its own. Ending the iteration, or the cancellation that this is called under, stops it after the
    /// step under way, and the run loses at most the epoch under way. Until the sequence has ended nothing else may use the trainer.
    public func events() -> AsyncThrowingStream<TrainingEvent, any Error> {
        nonisolated(unsafe) let trainer = self  // one thread at a time, as the documentation asks
        return LongJob { try trainer.run($0) }.events()
    }

    /// The same on the calling thread.
    ///
    /// - Parameter report: throwing from it stops the run.
    public func run(_ report: (TrainingEvent) throws -> Void) throws {
        do {
            try train { event in
                // Several processes agree on the moment to stop.
                if processes.count == 1 { try Cancellation.check() }
                try report(event)
            }
        } catch  where processes.hasFailed && !(error is ProcessError) {
            throw ProcessError.lost(problem: (error as? CommunicationError)?.message ?? "\(error)", checkpoint: lastGood)
        }
    }

    /// Compares what the processes have read: the network's tensors and the cases.
    private func requireEqual() throws {
        guard processes.count > 1 else { return }
        let tensors = network.store.entries.map { "\($0.key) \($0.tensor.shape) \($0.tensor.dtype)" }.joined(separator: "\n")
        try processes.requireEqual([("network", tensors), ("number of finished epochs", "\(checkpoint.epoch)")])
        let cases = (description.fold.training + description.fold.validation).map { name in
            let files = PreparedCase.urls(of: name, in: prepared)
            let properties = (try? SHA256Digest(ofFile: files.properties).text) ?? "missing"
            let size = (try? FileManager.default.attributesOfItem(atPath: files.arrays.path))?[.size] as? Int ?? -1
            return "\(name) \(properties) \(size)"
        }
        if let found = try processes.difference([cases.joined(separator: "\n")]) {
            throw ProcessError.otherCases(rank: found.rank, folder: prepared.path)
        }
    }

    /// Gives every process the weights, buffers and averages of rank 0. Gradients are equal in all, but batch statistics are not, and a
    /// checkpoint holds those of rank 0.
    private func share() throws {
        guard processes.count > 1 else { return }
        let weights = network.store.entries.filter { $0.aliasOf == nil }.map(\.tensor)
        try withoutGradients { try processes.broadcastInPlace(weights + (average?.tensors ?? [])) }
    }

    /// Trains, writes the model and validates it.
    func train(_ report: (TrainingEvent) throws -> Void) throws {
        let loader = try makeLoader(
            loading(batches: configuration.iterationsPerEpoch * configuration.accumulation), start: checkpoint.epoch, end: configuration.epochs)
        defer { loader.cancel() }
        try takeUp()
        let board = try writes ? makeBoard() : nil
        for epoch in checkpoint.epoch..<max(checkpoint.epoch, configuration.epochs) {
            let (record, timing) = try trainEpoch(epoch, loader, report)
            try log(record, timing, board)
            try report(.epoch(record, timing))
        }
        try finish(report)
    }

    /// What loads training samples.
    func makeLoader(_ loading: BatchLoader.Configuration, start: Int = 0, end: Int? = nil) throws -> BatchLoader {
        guard !description.fold.training.isEmpty else { throw TrainingError.noCases(what: "training") }
        let sources = try processes.inStep { try description.fold.training.map { try CaseSource(named: $0, in: prepared, targets) } }
        return try BatchLoader(
            sources: sources, augmenter: Augmenter(plan: configuration.augmentation, patch: levels[0]), configuration: loading,
            start: Batch.Position(epoch: start, batch: 0), endEpoch: end)
    }

    func loading(batches: Int) -> BatchLoader.Configuration {
        var loading = BatchLoader.Configuration(
            seed: configuration.seed, batchSize: configuration.batchSize, batchesPerEpoch: batches, levels: levels)
        loading.foregroundShare = configuration.foregroundShare
        loading.threads = configuration.loaderThreads
        (loading.rank, loading.worldSize) = (processes.rank, processes.count)
        return loading
    }

    private func trainEpoch(
        _ epoch: Int, _ loader: BatchLoader, _ report: (TrainingEvent) throws -> Void
    ) throws -> (EpochRecord, EpochTiming) {
        let start = Date()
        let waitedBefore = loader.waited
        if processes.rank > 0 { generator = try Generator(seed: seed(epoch: epoch), device: device) }
        var losses: [Double] = []
        var largestNorm = 0.0
        for iteration in 0..<configuration.iterationsPerEpoch {
            let result = try takeStep(iteration, of: epoch, loader)
            losses.append(result.loss)
            if result.gradientNorm.isFinite { largestNorm = max(largestNorm, result.gradientNorm) }
            try report(
                .iteration(epoch: epoch + 1, iteration: iteration + 1, iterations: configuration.iterationsPerEpoch, loss: result.loss))
        }
        try share()
        let validationStart = Date()
        var record = EpochRecord(
            epoch: epoch + 1, loss: losses.reduce(0, +) / Double(losses.count), learningRate: optimizer.rate, gradientNorm: largestNorm)
        (record.validationLoss, record.estimatedDice) = try estimate(epoch)
        if (epoch + 1) % configuration.validationInterval == 0 || epoch + 1 == configuration.epochs {
            record.validationDice = try validate(report)
        }
        if configuration.rescueEpoch == epoch + 1, record.estimatedMean == 0 { try redraw(&record) }
        let checkpointStart = Date()
        var timing = EpochTiming(
            epoch: epoch + 1, seconds: -start.timeIntervalSinceNow, waiting: (loader.waited - waitedBefore) / .seconds(1),
            validation: checkpointStart.timeIntervalSince(validationStart), checkpoint: 0)
        try save(record, timing)
        (timing.seconds, timing.checkpoint) = (-start.timeIntervalSinceNow, -checkpointStart.timeIntervalSinceNow)
        return (record, timing)
    }

    /// One step with the loader's next batches.
    func takeStep(_ iteration: Int, of epoch: Int, _ loader: BatchLoader) throws -> TrainingStep.Result {
        let batches = try processes.inStep {
            try (0..<configuration.accumulation).compactMap { _ in try loader.next()?.tensors(targets, on: device) }
        }
        optimizer.rate = rate(epoch, iteration)
        let result = try step(batches, pass)
        let overflow = step.scaler.map { $0.factor >= LossScaler.leastFactor } ?? false
        guard result.loss.isFinite, result.gradientNorm.isFinite || overflow else {
            throw TrainingError.notFinite(epoch: epoch + 1, iteration: iteration + 1, rate: optimizer.rate, checkpoint: lastGood)
        }
        if result.gradientNorm.isFinite {
            try average?.update(step: (epoch - (checkpoint.redrawnAfter ?? 0)) * configuration.iterationsPerEpoch + iteration)
        }
        return result
    }

    /// How the network is run for training.
    private var pass: ForwardPass {
        var pass = ForwardPass(training: true, mixedPrecision: configuration.mixedPrecision, generator: generator)
        if !configuration.fusedOperations { pass.fused = false }
        if configuration.synchronizedStatistics ?? true { pass.batchSum = processes.batchSum }
        return pass
    }

    private func rate(_ epoch: Int, _ iteration: Int) -> Double {
        configuration.learningRate
            * configuration.schedule.factor(
                step: epoch * configuration.iterationsPerEpoch + iteration, stepsPerEpoch: configuration.iterationsPerEpoch,
                epochs: configuration.epochs)
    }

    /// A seed for dropout on a rank whose random state no checkpoint holds.
    private func seed(epoch: Int) -> UInt64 {
        configuration.seed &+ 0x9E37_79B9_7F4A_7C15 &* UInt64(epoch * processes.count + processes.rank)
    }

    /// The published rescue: a network that has learned nothing after so many epochs is drawn anew, and goes on with less momentum.
    private func redraw(_ record: inout EpochRecord) throws {
        let fresh = try plan.networkDescription().makeNetwork(device: device, generator: generator)
        try withoutGradients {
            for (old, new) in zip(network.store.entries, fresh.store.entries) where old.aliasOf == nil {
                try old.tensor.copyInPlace(new.tensor)
            }
        }
        // Each process has drawn from a generator of its own.
        try share()
        try optimizer.restore { _ in nil }
        try average?.restart()
        checkpoint.redrawnAfter = record.epoch
        lowerMomentum()
        record.redrawn = true
    }

    func lowerMomentum() { (optimizer as? SGD)?.momentum = TrainingConfiguration.rescueMomentum }
}
