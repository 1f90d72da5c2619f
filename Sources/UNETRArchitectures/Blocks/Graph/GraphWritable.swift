import UNETRArchives
import UNETRGraphs

/// A network that can be written as a graph.
///
/// It says its forward pass, in evaluation mode, to a `NetworkGraphWriter`, as its module in `UNETRNetworks` says it to libtorch. Input and
/// output, their batch and the notes are `NetworkDescription.graph`'s.
protocol GraphWritable: NetworkConfiguration {
    /// "input" [N, inputChannels, D, H, W] → the finest logits [N, classes, D, H, W].
    /// - Throws: `StateError` for missing or wrongly shaped weights.
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value
}

extension GraphWritable {
    /// A graph of the patch that `body` writes, with a note of what it is.
    /// - Parameter batch: how many samples it takes; any number when nil.
    func graph(
        weights: StateDictionary, form: GraphForm, batch: Int?, _ body: (_ input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Void
    ) throws -> Graph {
        try validate()
        let builder = GraphBuilder(name: architecture.displayName)
        builder.note("network", "\(architecture.displayName), \(form.rawValue) form")
        let input = builder.input("input", [batch, inputChannels] + Array(patchSize))
        try body(input, NetworkGraphWriter(builder, weights, rules: self, form: form))
        return builder.graph
    }
}
