import UNETRSupport

/// How many epochs, of how many steps, a budget is enough for. A pure function: equal numbers give equal schedules.
struct BudgetRule {
    /// From so many epochs on, epochs keep their length; for fewer they shrink.
    static let enoughEpochs = 50
    /// The least that a run is begun for.
    static let fewestEpochs = 5
    /// Steps that an epoch keeps when it shrinks.
    static let fewestSteps = 10
    /// The part of a time that is left over, for steps that take longer than those that were measured.
    static let reserve = 0.03
    /// The part of a time that validations of whole cases on the way may take; the one after the last epoch is always made.
    static let validationShare = 0.2

    let budget: TrainingBudget
    /// The settings as they were asked for: those of one epoch are the most that it gets.
    let wished: TrainingConfiguration
    /// Voxels of a patch.
    let patch: Int
    /// Nil for a budget of voxels.
    var times: TrainingTimes?

    /// What there is: seconds for the epochs and the end, or voxels.
    private var available: Double {
        switch budget {
        case .time(let seconds): Double(seconds) * (1 - Self.reserve) - (times?.before ?? 0)
        case .voxels(let voxels): Double(voxels)
        }
    }

    /// The settings with the length that the budget allows.
    /// - Throws: `TrainingError.budgetTooSmall` with the least that would do.
    func configuration() throws -> TrainingConfiguration {
        let most = mostValidations, steps = wished.iterationsPerEpoch, fewest = min(Self.fewestSteps, steps)
        if let epochs = largest(in: Self.enoughEpochs...TrainingConfiguration.mostEpochs, where: { fits($0, steps, most) }) {
            return shaped(epochs, steps, most)
        }
        if let steps = largest(in: fewest...steps, where: { fits(Self.enoughEpochs, $0, most) }) { return shaped(Self.enoughEpochs, steps, most) }
        // The shortest runs are validated at their end only.
        let last = times == nil ? Int.max : 1
        if let epochs = largest(in: Self.fewestEpochs...Self.enoughEpochs, where: { fits($0, fewest, last) }) { return shaped(epochs, fewest, last) }
        throw TrainingError.budgetTooSmall(
            budget: budget, least: least(fewest), epochs: Self.fewestEpochs, steps: fewest, finalValidation: times?.finalValidation ?? 0)
    }

    /// What a run with these settings takes from the start of the work to its end.
    func expected(_ configuration: TrainingConfiguration) -> Double? {
        times.map { $0.before + $0.seconds(configuration, validations: Self.validations(configuration)) }
    }

    private func least(_ steps: Int) -> TrainingBudget {
        let shortest = shaped(Self.fewestEpochs, steps, 1)
        guard let times else { return .voxels(voxels(shortest)) }
        return TrainingBudget(atLeast: (times.before + times.seconds(shortest, validations: 1)) / (1 - Self.reserve))
    }

    private func fits(_ epochs: Int, _ steps: Int, _ mostValidations: Int) -> Bool {
        let configuration = shaped(epochs, steps, .max)
        guard let times else { return Double(voxels(configuration)) <= available }
        return times.seconds(configuration, validations: min(Self.validations(configuration), mostValidations)) <= available
    }

    private func voxels(_ configuration: TrainingConfiguration) -> Int {
        [configuration.epochs, configuration.iterationsPerEpoch, configuration.accumulation, configuration.batchSize, patch].saturatingProduct()
    }

    private var mostValidations: Int {
        guard let times, times.validation + times.checkpoint > 0 else { return .max }
        return max(1, Int(clampingRounded: (Self.validationShare * available / (times.validation + times.checkpoint)).rounded(.down)) ?? 1)
    }

    /// Validations of whole cases on the way, that after the last epoch included.
    private static func validations(_ configuration: TrainingConfiguration) -> Int {
        (configuration.epochs + configuration.validationInterval - 1) / configuration.validationInterval
    }

    /// The settings with that length; estimates shrink with the epochs, and validations become rarer where there would be more than `mostValidations`.
    private func shaped(_ epochs: Int, _ steps: Int, _ mostValidations: Int) -> TrainingConfiguration {
        var configuration = wished
        configuration.epochs = epochs
        configuration.iterationsPerEpoch = steps
        if wished.estimationIterations > 0 {
            configuration.estimationIterations = max(1, wished.estimationIterations * steps / wished.iterationsPerEpoch)
        }
        if Self.validations(configuration) > mostValidations {
            configuration.validationInterval = (epochs + mostValidations - 1) / mostValidations
        }
        return configuration
    }

    /// The largest number for which a condition holds that holds for all smaller ones, too; nil where it holds for none.
    private func largest(in range: ClosedRange<Int>, where holds: (Int) -> Bool) -> Int? {
        guard holds(range.lowerBound) else { return nil }
        var (good, bad) = (range.lowerBound, range.upperBound + 1)
        while bad - good > 1 {
            let middle = good + (bad - good) / 2
            if holds(middle) { good = middle } else { bad = middle }
        }
        return good
    }
}
