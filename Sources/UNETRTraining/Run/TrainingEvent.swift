public import Foundation

/// What a training run reports while it goes on.
public enum TrainingEvent: Sendable {
    /// A step is done: `iteration` of `iterations` in `epoch`.
    case iteration(epoch: Int, iteration: Int, iterations: Int, loss: Double)
    /// An epoch is done.
    case epoch(EpochRecord, EpochTiming)
    /// A validation case of the current validation is done.
    case validated(done: Int, of: Int)
    /// The model is written and validated: the last event.
    case finished(TrainingSummary)
}

/// What came out of a training run.
public struct TrainingSummary: Sendable, Codable, Equatable {
    /// Epochs that were trained.
    public var epochs: Int
    /// The model bundle.
    public var model: URL
    /// The folder of the validation cases' masks and scores; nil where there was no such validation.
    public var validation: URL?
    /// Scores of the validation cases on their scans' grid, by structure.
    public var scores: [Score]

    /// The result for one structure.
    public struct Score: Sendable, Codable, Equatable {
        /// The structure.
        public var name: String
        /// Dice over the validation cases; nil where no case has the structure.
        public var dice: Spread?
        /// 95th percentile of the surface distances in mm.
        public var hd95: Spread?

        /// "Dice 0.8912 ± 0.0210, HD95 1.23 ± 0.40 mm".
        public var text: String {
            func part(_ spread: Spread?, _ format: String) -> String {
                guard let spread else { return "undefined" }
                return String(format: format, spread.mean) + (spread.deviation.map { String(format: " ± \(format)", $0) } ?? "")
            }
            return "Dice \(part(dice, "%.4f")), HD95 \(part(hd95, "%.2f")) mm"
        }
    }

    /// Mean and standard deviation (n − 1) over the cases; no deviation of a single one.
    public struct Spread: Sendable, Codable, Equatable {
        /// Mean over the cases.
        public var mean: Double
        /// Standard deviation over the cases; nil for one case.
        public var deviation: Double?
    }
}

/// One line of `log.jsonl`: what an epoch gave. It holds no times, so that equal runs write equal logs.
public struct EpochRecord: Codable, Equatable, Sendable {
    /// Counted from 1.
    public var epoch: Int
    /// Mean training loss.
    public var loss: Double
    /// Learning rate of the epoch's last step.
    public var learningRate: Double
    /// Largest gradient norm before clipping.
    public var gradientNorm: Double
    /// Mean loss of the patches that Dice is estimated on.
    public var validationLoss: Double?
    /// Dice of each structure over patches of validation cases: an estimate, because patches are not whole cases. Nil for a structure
    /// that neither occurred nor was found.
    public var estimatedDice: [Double?]?
    /// Dice of whole validation cases, the mean of each structure; nil where the epoch was not validated.
    public var validationDice: [Double]?
    /// True where the epoch ended with the rescue: all weights were drawn anew.
    public var redrawn: Bool?

    /// Mean over the structures.
    public var meanDice: Double? { validationDice.map { $0.reduce(0, +) / Double($0.count) } }

    /// Mean of the estimates that there are.
    public var estimatedMean: Double? {
        guard let known = estimatedDice?.compactMap({ $0 }), !known.isEmpty else { return nil }
        return known.reduce(0, +) / Double(known.count)
    }
}

/// Where an epoch's time went, in seconds: a line of `timing.jsonl`.
public struct EpochTiming: Codable, Equatable, Sendable {
    /// The epoch, from 0.
    public var epoch: Int
    /// Seconds of the whole epoch.
    public var seconds: Double
    /// Time the network had to wait for batches.
    public var waiting: Double
    /// Seconds of validation.
    public var validation: Double
    /// Seconds of writing checkpoints.
    public var checkpoint: Double
}

extension EpochRecord {
    /// The figures by TensorBoard's names; the names of the structures in the plan's order.
    func scalars(_ names: [String]) -> [(tag: String, value: Double)] {
        var scalars = [("loss/training", loss), ("learning_rate", learningRate), ("gradient_norm", gradientNorm)]
        if let validationLoss { scalars.append(("loss/validation_patches", validationLoss)) }
        for (name, value) in zip(names, estimatedDice ?? []) { if let value { scalars.append(("dice_estimate/\(name)", value)) } }
        for (name, value) in zip(names, validationDice ?? []) { scalars.append(("dice/\(name)", value)) }
        return scalars
    }
}

extension EpochTiming {
    var scalars: [(tag: String, value: Double)] {
        [("time/epoch_seconds", seconds), ("time/waiting_share", waiting / seconds), ("time/checkpoint_share", checkpoint / seconds)]
    }
}
