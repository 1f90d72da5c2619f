/// The normalization after each convolution of a residual block.
public enum NormKind: Sendable {
    case batch, instance
    /// Instance normalization with a scale and a shift for each channel.
    case affineInstance(scale: Double)
}
