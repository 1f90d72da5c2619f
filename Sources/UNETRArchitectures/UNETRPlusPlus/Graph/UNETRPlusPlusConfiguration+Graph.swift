public import UNETRArchives
public import UNETRGraphs

extension UNETRPlusPlusConfiguration {
    public var hasGraph: Bool { true }

    public func graph(weights: StateDictionary, form: GraphForm, extent: GraphExtent, batch: Int?) throws -> Graph {
        try UNETRPlusPlusGraph(self, weights, form).graph(extent, batch: batch)
    }
}
