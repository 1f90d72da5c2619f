package import UNETRSupport

/// What differs between the networks that have transformer blocks with attention within windows.
package struct WindowBlockSettings: Sendable {
    /// Which rows of the bias table belong to a pair of tokens.
    package enum PositionIndex: Sendable {
        /// Each offset its own row.
        case unique
        /// As released with nnFormer, whose strides (3h − 1, 2h − 1, 1) let offsets share rows. All its weights were trained with it.
        case nnFormer
    }

    package var heads: Int
    package var window: Size3
    package var index = PositionIndex.unique
    package var feedForwardRatio = 4.0
    package var feedForwardNames = ("linear1", "linear2")
    package var dropout = 0.0
    package var attentionDropout = 0.0
    package var pathDropout = 0.0
}
