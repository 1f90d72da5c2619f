public import UNETRArchives
public import UNETRGraphs

extension UNETRPlusPlusConfiguration {
    /// True: see `graph(weights:form:extent:batch:)`.
    public var hasGraph: Bool { true }

    /// The network as a graph with these weights.
    ///
    /// - Throws: `StateError` for weights that do not fit.
    public func graph(weights: StateDictionary, form: GraphForm, extent: GraphExtent, batch: Int?) throws -> Graph {
        try UNETRPlusPlusGraph(self, weights, form).graph(extent, batch: batch)
    }
}
