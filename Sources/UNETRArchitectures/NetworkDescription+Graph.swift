public import UNETRArchives
public import UNETRGraphs

/// The form in which a network is written as a graph. Both forms compute the same function.
public enum GraphForm: String, Codable, Sendable, CaseIterable {
    /// As the paper has it: every weight under its checkpoint key, normalizations as nodes of their own, queries, keys and values.
    case readable
    /// For speed: normalizations and scales folded into neighboring products, attention from the Gram matrix of the tokens.
    case fast
}

/// How much of a network a graph has.
public enum GraphExtent: String, Sendable {
    /// "input" [N, channels, D, H, W] → "logits" [N, classes, D, H, W].
    case whole
    /// Everything below full resolution: "input" [N, channels, D, H, W] → "coarse" [N, D, H, W, 2f] of decoder3, smaller by the stem.
    case coarse
}

extension NetworkDescription {
    /// The network's finest output as a graph of plain operations.
    ///
    /// - Parameters:
    ///   - weights: under the checkpoint's keys.
    ///   - batch: how many samples the graph takes; any number when nil.
    ///   - form: which form of the graph.
    ///   - extent: which part of the network.
    /// - Throws: `StateError` for missing or wrongly shaped weights; `ConfigurationError` for architectures other than UNETR++.
    public func graph(weights: StateDictionary, form: GraphForm, extent: GraphExtent = .whole, batch: Int? = nil) throws -> Graph {
        try configuration.graph(weights: weights, form: form, extent: extent, batch: batch)
    }
}
