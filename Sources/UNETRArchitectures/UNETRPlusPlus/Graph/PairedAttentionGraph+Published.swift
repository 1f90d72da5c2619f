import UNETRGraphs

extension PairedAttentionGraph {
    /// Normalized tokens [N, T, C] → [N, T, C], times `gamma`: the paper's formulas, step by step, with the checkpoint's own tensors.
    func asPublished(_ x: Graph.Value) throws -> Graph.Value {
        let builder = network.builder
        let products = builder.product(x, builder.transpose(try checkpoint("qkvv.weight", [4 * channels, channels]), [1, 0]))
        let parts = builder.transpose(builder.reshape(products, [0, tokens, 4, heads, width]), [2, 0, 3, 4, 1])  // [4, N, h, d, T]
        let query = builder.selected(parts, 0, axis: 0), key = builder.selected(parts, 1, axis: 0)
        let channelValue = builder.selected(parts, 2, axis: 0), spatialValue = builder.selected(parts, 3, axis: 0)
        let project = try projection()
        let projectedKey = try project(key, "E"), projectedValue = try project(spatialValue, "F")  // [N, h, d, p]
        let (unitQuery, unitKey) = (unit(query), unit(key))

        let channelLogits = builder.multiply(
            builder.product(unitQuery, builder.transpose(unitKey, [0, 1, 3, 2])), try checkpoint("temperature", [heads, 1, 1]))
        let channel = builder.product(builder.softmax(channelLogits), channelValue)  // [N, h, d, T]
        let spatialLogits = builder.multiply(
            builder.product(builder.transpose(unitQuery, [0, 1, 3, 2]), projectedKey), try checkpoint("temperature2", [heads, 1, 1]))
        let spatial = builder.product(builder.softmax(spatialLogits), builder.transpose(projectedValue, [0, 1, 3, 2]))  // [N, h, T, d]

        let channelTokens = builder.reshape(builder.transpose(channel, [0, 3, 1, 2]), [0, tokens, channels])
        let order = network.configuration.spatialOrder == .published ? [0, 3, 1, 2] : [0, 2, 1, 3]
        let spatialTokens = builder.reshape(builder.transpose(spatial, order), [0, tokens, channels])
        let both =
            switch network.configuration.fusion {
            case .sum: builder.add(channelTokens, spatialTokens)
            case .concatenate:
                builder.concatenated(
                    [try linear(spatialTokens, "out_proj", to: channels / 2), try linear(channelTokens, "out_proj2", to: channels / 2)], axis: -1)
            }
        return builder.multiply(both, try network.writer.constant("\(scope).gamma", [channels]))
    }

    private func checkpoint(_ name: String, _ shape: [Int]) throws -> Graph.Value {
        try network.writer.constant("\(scope).epa_block.\(name)", shape)
    }

    /// [N, h, d, T] with rows of length 1.
    private func unit(_ x: Graph.Value) -> Graph.Value {
        let builder = network.builder
        return builder.divide(x, builder.maximum(builder.length(x, [3]), builder.constant(1e-12)))
    }

    private func linear(_ x: Graph.Value, _ name: String, to outputs: Int) throws -> Graph.Value {
        let builder = network.builder
        let weight = builder.transpose(try checkpoint("\(name).weight", [outputs, channels]), [1, 0])
        return builder.add(builder.product(x, weight), try checkpoint("\(name).bias", [outputs]))
    }

    /// The map of [N, h, d, T] to [N, h, d, p] by the projection of that name, whose tensors are made once.
    private func projection() throws -> (Graph.Value, String) throws -> Graph.Value {
        let builder = network.builder
        func layer(_ name: String) throws -> (Graph.Value, Graph.Value?) {
            let weight = builder.transpose(try checkpoint("\(name).weight", [projected, tokens]), [1, 0])
            return (weight, try checkpoint("\(name).bias", [projected]))
        }
        let layers: [String: (Graph.Value, Graph.Value?)]
        switch network.configuration.projection {
        case .shared:
            let both = try layer("E")
            layers = ["E": both, "F": both]
        case .separate:
            layers = ["E": try layer("E"), "F": try layer("F")]
        case .matrix:
            let both: (Graph.Value, Graph.Value?) = (try checkpoint("EF", [tokens, projected]), nil)
            layers = ["E": both, "F": both]
        }
        return { x, name in
            let (weight, bias) = layers[name]!
            let product = builder.product(x, weight)
            return bias.map { builder.add(product, $0) } ?? product
        }
    }
}
