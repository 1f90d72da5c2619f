/// What a training run reports while it goes on.
public enum TrainingEvent: Sendable {
    /// A step is done: `iteration` of `iterations` in `epoch`.
    case iteration(epoch: Int, iteration: Int, iterations: Int, loss: Double)
    /// An epoch is done.
    case epoch(EpochRecord, EpochTiming)
    /// A validation case of the current validation is done.
    case validated(done: Int, of: Int)
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
    /// Dice of whole validation cases, the mean of each foreground class; nil where the epoch was not validated.
    public var validationDice: [Double]?

    /// Mean over the foreground classes.
    public var meanDice: Double? { validationDice.map { $0.reduce(0, +) / Double($0.count) } }
}

/// Where an epoch's time went, in seconds: a line of `timing.jsonl`.
public struct EpochTiming: Codable, Equatable, Sendable {
    public var epoch: Int
    public var seconds: Double
    /// Time the network had to wait for batches.
    public var waiting: Double
    public var validation: Double
    public var checkpoint: Double
}
