package import UNETRSupport

/// What differs between the networks that have transformer blocks with attention within windows.
package struct WindowBlockSettings: Sendable {
    /// Which rows of the bias table belong to a pair of tokens.
    package enum PositionIndex: Sendable {
        /// Each offset its own row.
        case unique
        /// As released with nnFormer, whose strides (3h − 1, 2h − 1, 1) let offsets share rows. All its weights were trained with it.
        case nnFormer

        /// The rows of the table for all pairs of tokens of a window [d, h, w], [T, T]: for each query those of all keys.
        package func rows(_ window: Size3) -> [Int] {
            let strides =
                switch self {
                case .unique: [(2 * window[1] - 1) * (2 * window[2] - 1), 2 * window[2] - 1, 1]
                case .nnFormer: [3 * window[1] - 1, 2 * window[1] - 1, 1]
                }
            let places = (0..<window[0]).flatMap { d in
                (0..<window[1]).flatMap { h in (0..<window[2]).map { w in d * strides[0] + h * strides[1] + w * strides[2] } }
            }
            let origin = zip(window, strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 }
            return places.flatMap { query in places.map { key in query - key + origin } }
        }

        /// Rows of the table of a window [d, h, w].
        package static func count(_ window: Size3) -> Int { window.reduce(1) { $0 * (2 * $1 - 1) } }
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
