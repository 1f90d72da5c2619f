import Foundation
import UNETRArchitectures
import UNETRArchives
import UNETRAugmentation
import UNETREvaluation
import UNETRInference
import UNETRLayers
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
public import UNETRTorch

extension Trainer {
    /// Steps that are not measured: the first ones allocate, and find more data ready than later ones do.
    private static let warmUp = 3
    /// The fewest and the most steps that are measured; between them it ends when a fiftieth of the time is over.
    private static let measured = 7...50

    /// The description of a run with the length that a budget allows.
    ///
    /// For a time, a few steps and a part of all else that the run will do are measured on a network that is then thrown away; rank 0 measures and decides.
    /// - Parameters:
    ///   - budget: what the run may take.
    ///   - description: plan, cases, and settings whose epochs are replaced.
    ///   - run: the folder, where checkpoints are tried.
    ///   - start: when the work began; what planning and preparation took is a part of the time.
    ///   - device: where the network will be trained.
    ///   - processes: those that will train together.
    /// - Throws: `TrainingError.budgetTooSmall`, and what the first steps of training throw.
    public static func lay(
        _ budget: TrainingBudget, for description: TrainingRun.Description, run: TrainingRun, since start: ContinuousClock.Instant = .now,
        device: Device = .cpu,
        processes: any ProcessGroup = SingleProcess()
    ) throws -> TrainingRun.Description {
        var times: TrainingTimes?
        if case .time(let seconds) = budget {
            let trainer = try Trainer(inMemory: run, description, device, processes)
            times = try trainer.rehearse(most: Double(seconds))
        }
        var laid = description
        try processes.onFirst {
            times?.before = (ContinuousClock.now - start) / .seconds(1)
            try laid.lay(budget, times)
        }
        guard processes.count > 1 else { return laid }
        let decided = try processes.broadcast(processes.rank == 0 ? JSONText.encode(laid) : Data())
        return processes.rank == 0 ? laid : try JSONText.decode(from: decided)
    }

    /// Makes the first steps, and a part of what follows them, to see how long they take.
    ///
    /// - Parameter most: seconds of the whole run.
    private func rehearse(most: Double) throws -> TrainingTimes {
        let start = ContinuousClock.now
        func elapsed() -> Double { (ContinuousClock.now - start) / .seconds(1) }
        var loading = loading(batches: configuration.accumulation)
        // Nothing ready in advance, which would hide how long data take.
        loading.ahead = min(loading.ahead, loading.threads)
        let loader = try makeLoader(loading)
        defer { loader.cancel() }
        var seconds: [Double] = []
        var number = 0, isEnough = false
        while !isEnough {
            if processes.count == 1 { try Cancellation.check() }
            let before = ContinuousClock.now
            // All at the rate of the first: there may be more of them than the settings had.
            _ = try takeStep(0, of: 0, loader)
            if number >= Self.warmUp || elapsed() > most / 4 { seconds.append((ContinuousClock.now - before) / .seconds(1)) }
            number += 1
            let (few, many) = (seconds.count < Self.measured.lowerBound, seconds.count >= Self.measured.upperBound)
            // Where so few steps take a quarter of the time, the time is too short for any run.
            isEnough = many || (!few && elapsed() > most / 50) || (elapsed() > most / 4 && !seconds.isEmpty)
            isEnough = try processes.broadcast([isEnough ? 1 : 0])[0] != 0
        }
        loader.cancel()
        var times = TrainingTimes(step: seconds.sorted()[seconds.count / 2], steps: seconds.count)
        let batches = min(4, configuration.estimationIterations)
        if batches > 0 { times.estimation = try Self.seconds { _ = try estimate(0, batches: batches) } / Double(batches) }
        try processes.onFirst {
            times.checkpoint = try Self.seconds { try tryCheckpoint() }
            (times.validation, times.finalValidation) = try wholeCases()
        }
        return times
    }

    private static func seconds(_ body: () throws -> Void) rethrows -> Double { try ContinuousClock().measure(body) / .seconds(1) }

    /// Seconds of a validation of all cases, and of that at the end: the case of median size is done once in both ways without mirroring. The others
    /// count by their voxels, mirroring by its passes through the network.
    private func wholeCases() throws -> (validation: Double, final: Double) {
        let sizes = try description.fold.validation.map { ($0, try PreparedCaseFile(named: $0, in: prepared).properties.size.voxels) }
            .sorted { ($0.1, $0.0) < ($1.1, $1.0) }
        guard !sizes.isEmpty else { return (0, 0) }
        let (name, voxels) = sizes[sizes.count / 2]
        func share(_ cases: [(String, Int)]) -> Double { cases.reduce(0) { $0 + Double($1.1) } / Double(max(1, voxels)) }
        return try withAveragedWeights {
            let predictor = try predictor(), plain = try Self.seconds { _ = try prediction(of: name, predictor) }
            let validation = plain * share(sizes) / Double(processes.count)
            let scored = sizes.filter { description.references[$0.0] != nil }
            guard configuration.finalValidation, description.references[name] != nil else { return (validation, 0) }
            let segmenter = try finalSegmenter(mirroring: false)
            let whole = try Self.seconds { _ = try metrics(of: name, mask(of: name, segmenter)) }
            let passes = 1 << plan.inference.mirrorAxes.count
            return (validation, (whole + Double(passes - 1) * plain) * share(scored))
        }
    }
}

extension TrainingRun.Description {
    /// Gives the settings the length that a budget allows, and records what it was laid by.
    mutating func lay(_ budget: TrainingBudget, _ times: TrainingTimes?) throws {
        let rule = BudgetRule(budget: budget, wished: configuration, patch: try plan.networkDescription().outputSizes[0].voxels, times: times)
        let asked = TrainingRun.LaidBudget.Epoch(of: configuration)
        configuration = try rule.configuration()
        self.budget = TrainingRun.LaidBudget(budget: budget, asked: asked, measured: times, expected: rule.expected(configuration))
    }
}
