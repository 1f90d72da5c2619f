/// The normalization after each convolution of a residual block.
public enum NormKind: Sendable {
    /// Batch normalization.
    case batch
    /// Instance normalization.
    case instance
    /// Instance normalization with a scale and a shift for each channel.
    case affineInstance(scale: Double)
}
