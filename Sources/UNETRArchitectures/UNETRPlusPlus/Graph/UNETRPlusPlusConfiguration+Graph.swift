public import UNETRArchives
public import UNETRGraphs

extension UNETRPlusPlusConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value { try UNETRPlusPlusGraph(self, writer).logits(input) }

    /// What lies below full resolution, in the fast form: "input" [N, channels, D, H, W] → "coarse" [N, D, H, W, 2f] of decoder3, smaller by
    /// the stem. For engines that have kernels of their own for the rest.
    ///
    /// - Parameters:
    ///   - weights: under the checkpoint's keys.
    ///   - batch: how many samples the graph takes; any number when nil.
    /// - Throws: `StateError` for missing or wrongly shaped weights.
    public func coarseGraph(weights: StateDictionary, batch: Int? = nil) throws -> Graph {
        try graph(weights: weights, form: .fast, batch: batch) { input, writer in
            let coarse = try UNETRPlusPlusGraph(self, writer).coarseChannelsLast(input)
            writer.builder.output("coarse", coarse, [batch] + Array(grid(stage: 0)) + [stageChannels[0]])
        }
    }
}
