/// Which of several models in one place is meant.
public struct ModelChoice: Sendable, Equatable {
    /// Of a training that was saved more than once.
    public enum Checkpoint: String, Sendable, CaseIterable {
        /// The last state.
        case final
        /// The state that was best on the validation cases.
        case best
    }

    /// The folds whose networks are averaged, such as "0" and "1", or "all" for the one trained on all cases; nil: every numbered one.
    public var folds: [String]?

    /// Which state is taken.
    public var checkpoint: Checkpoint

    /// The configuration, such as "3d_fullres"; nil: the only one there is, or the one that was found to be best.
    public var configuration: String?

    /// Whether a trainer that is not one of the tool's own is taken as one that leaves the network as the plan describes it.
    public var trustsTrainer: Bool

    /// A choice; without arguments what the tool itself would take.
    public init(folds: [String]? = nil, checkpoint: Checkpoint = .final, configuration: String? = nil, trustsTrainer: Bool = false) {
        self.folds = folds
        self.checkpoint = checkpoint
        self.configuration = configuration
        self.trustsTrainer = trustsTrainer
    }
}
