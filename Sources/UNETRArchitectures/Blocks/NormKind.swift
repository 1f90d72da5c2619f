/// The normalization after a convolution.
public enum NormKind: Sendable, Equatable {
    /// Batch normalization.
    case batch
    /// Instance normalization.
    case instance
    /// Instance normalization with a scale and a shift for each channel.
    case affineInstance(scale: Double)
    /// Group normalization with a scale and a shift for each channel.
    case group(Int)
}

/// A normalization that files name for all convolutions of a network.
public enum NormChoice: String, Codable, Sendable, CaseIterable {
    /// Each channel of each sample for itself.
    case instance
    /// The same with a scale and a shift for each channel.
    case affineInstance
    /// Each channel by the batch in training, by running statistics in use.
    case batch

    package var kind: NormKind {
        switch self {
        case .instance: .instance
        case .affineInstance: .affineInstance(scale: 1)
        case .batch: .batch
        }
    }
}
