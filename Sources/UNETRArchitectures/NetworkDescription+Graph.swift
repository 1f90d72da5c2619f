public import UNETRArchives
public import UNETRGraphs

/// The form in which a network is written as a graph. Both forms compute the same function.
public enum GraphForm: String, Codable, Sendable, CaseIterable {
    /// As the paper has it: every weight under its checkpoint key, normalizations as nodes of their own, queries, keys and values.
    case readable
    /// For speed: normalizations and scales folded into neighboring products, attention from the Gram matrix of the tokens.
    case fast
}

extension NetworkDescription {
    /// Whether the network can be written as a graph for compilers: see `graph`.
    public var hasGraph: Bool { architecture.hasGraph }

    /// The network's finest output as a graph of plain operations: "input" [N, channels, D, H, W] → "logits" [N, classes, D, H, W].
    ///
    /// - Parameters:
    ///   - weights: under the checkpoint's keys.
    ///   - batch: how many samples the graph takes; any number when nil.
    ///   - form: which form of the graph.
    /// - Throws: `StateError` for missing or wrongly shaped weights; `ConfigurationError` for architectures without a graph (`hasGraph`).
    public func graph(weights: StateDictionary, form: GraphForm, batch: Int? = nil) throws -> Graph {
        guard let configuration = configuration as? any GraphWritable else {
            let able = Architectures.all.filter(\.hasGraph).map(\.rawValue).joined(separator: ", ")
            throw ConfigurationError(field: "architecture", value: architecture.rawValue, rule: "one that can be written as a graph: \(able)")
        }
        return try configuration.graph(weights: weights, form: form, batch: batch) { input, writer in
            writer.builder.output("logits", try configuration.logits(of: input, writer), [batch, classes] + Array(patchSize))
        }
    }
}
