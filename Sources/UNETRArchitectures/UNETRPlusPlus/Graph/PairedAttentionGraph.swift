import UNETRArchives
import UNETRGraphs

/// Paired attention of one block as a graph. See `PairedAttention` for the formulas.
struct PairedAttentionGraph {
    let network: UNETRPlusPlusGraph
    let scope: String
    let channels, tokens, projected, heads, width: Int

    init(_ network: UNETRPlusPlusGraph, _ scope: String, channels: Int, tokens: Int, projected: Int) {
        self.network = network
        self.scope = scope
        self.channels = channels
        self.tokens = tokens
        self.projected = projected
        heads = network.configuration.heads
        width = channels / heads
    }

    private var builder: GraphBuilder { network.builder }
    private var configuration: UNETRPlusPlusConfiguration { network.configuration }

    private func weight(_ name: String, _ shape: [Int]) throws -> [Float] {
        try network.writer.floats(name == "gamma" ? "\(scope).gamma" : "\(scope).epa_block.\(name)", shape)
    }

    // MARK: Fast

    /// Normalized tokens [N, T, C] → [N, T, C], times `gamma`.
    func fromGramMatrix(_ x: Graph.Value) throws -> Graph.Value {
        let qkvv = GraphMatrix(try weight("qkvv.weight", [4 * channels, channels]), rows: 4 * channels, columns: channels)
        let parts = (0..<4).map { qkvv[rows: $0 * channels..<($0 + 1) * channels] }
        let (temperature, temperature2) = (try weight("temperature", [heads, 1, 1]), try weight("temperature2", [heads, 1, 1]))

        let gram = builder.unsqueeze(builder.product(builder.transpose(x, [0, 2, 1]), x), 1)  // S, [N, 1, C, C]
        let (query, key) = (byHeads(parts[0]), byHeads(parts[1]))
        let queryGram = builder.product(query, gram)  // Wq S, [N, h, d, C]
        let queryLength = length(queryGram, query)  // ‖q‖, [N, h, d, 1]
        let keyLength = length(builder.product(key, gram), key)

        // Channel branch: soft-max(τ Wq S Wkᵀ / (‖q‖ ‖k‖)) Wc, [N, C, C].
        let products = builder.product(queryGram, transposedByHeads(parts[1], scaled: temperature))
        let lengths = builder.product(queryLength, builder.transpose(keyLength, [0, 1, 3, 2]))
        let attention = builder.softmax(builder.divide(products, lengths))
        let mixed = builder.reshape(builder.product(attention, byHeads(parts[2])), [0, channels, channels])

        let spatial = try spatialBranch(x, parts, temperature2, queryLength)
        return try fused(x, spatial: spatial, mixed: mixed)
    }

    /// √(W S Wᵀ)_cc from W S; rounding can take the square of a vanishing length below 0.
    private func length(_ weightGram: Graph.Value, _ weight: Graph.Value) -> Graph.Value {
        builder.squareRoot(builder.maximum(builder.sum(builder.multiply(weightGram, weight), [3]), builder.constant(1e-24)))
    }

    /// soft-max(τ₂ q · K / ‖q‖) V as tokens [N, T, C] in the configuration's order.
    ///
    /// Product, soft-max and product stand as OpenVINO looks for them, which makes one operation of the three.
    private func spatialBranch(
        _ x: Graph.Value, _ parts: [GraphMatrix], _ temperature2: [Float], _ queryLength: Graph.Value
    ) throws -> Graph.Value {
        let (keyProjection, valueProjection) = try projections()
        let projectedForKeys = builder.unsqueeze(builder.product(keyProjection.matrix, x), 1)  // E x, [N, 1, p, C]
        let projectedForValues =
            configuration.projection == .separate
            ? builder.unsqueeze(builder.product(valueProjection.matrix, x), 1) : projectedForKeys

        var keys = builder.product(projectedForKeys, transposedByHeads(parts[1], scaled: temperature2))  // τ₂ K, [N, h, p, d]
        if let bias = keyProjection.bias {
            keys = builder.add(keys, builder.constant(temperature2.flatMap { factor in bias.map { factor * $0 } }, [heads, projected, 1]))
        }
        keys = builder.divide(keys, builder.transpose(queryLength, [0, 1, 3, 2]))
        var values = builder.product(projectedForValues, transposedByHeads(parts[3]))  // V, [N, h, p, d]
        if let bias = valueProjection.bias { values = builder.add(values, builder.constant(bias, [projected, 1])) }

        let queries = builder.product(x, builder.constant(parts[0].transposed.values, [channels, channels]))
        let byHead = builder.transpose(builder.reshape(queries, [0, tokens, heads, width]), [0, 2, 1, 3])  // [N, h, T, d]
        let attention = builder.softmax(builder.product(byHead, builder.transpose(keys, [0, 1, 3, 2])))
        return inOrder(builder.product(attention, values))
    }

    /// [N, h, T, d] → [N, T, C]: each value at its position, or read from memory as [d, h, T] as the published code does.
    private func inOrder(_ spatial: Graph.Value) -> Graph.Value {
        let order = configuration.spatialOrder == .published ? [0, 3, 1, 2] : [0, 2, 1, 3]
        return builder.reshape(builder.transpose(spatial, order), [0, tokens, channels])
    }

    /// Both branches through their output layers, times `gamma`.
    private func fused(_ x: Graph.Value, spatial: Graph.Value, mixed: Graph.Value) throws -> Graph.Value {
        let gamma = try weight("gamma", [channels])
        guard configuration.fusion == .concatenate else {
            let matrix = builder.transpose(builder.multiply(mixed, builder.constant(gamma, [1, channels, 1])), [0, 2, 1])
            return builder.add(builder.multiply(spatial, builder.constant(gamma, [channels])), builder.product(x, matrix))
        }
        let half = channels / 2
        func output(_ name: String, _ factors: ArraySlice<Float>) throws -> (weight: GraphMatrix, bias: [Float]) {
            let matrix = GraphMatrix(try weight("\(name).weight", [half, channels]), rows: half, columns: channels)
            return (matrix.rowsScaled(factors), zip(try weight("\(name).bias", [half]), factors).map { $0 * $1 })
        }
        let spatialOutput = try output("out_proj", gamma[..<half]), channelOutput = try output("out_proj2", gamma[half...])
        let matrix = builder.transpose(
            builder.product(builder.constant(channelOutput.weight.values, [half, channels]), mixed), [0, 2, 1])  // [N, C, C/2]
        let branches = [
            builder.product(spatial, builder.constant(spatialOutput.weight.transposed.values, [channels, half])), builder.product(x, matrix),
        ]
        return builder.add(builder.concatenated(branches, axis: -1), builder.constant(spatialOutput.bias + channelOutput.bias, [channels]))
    }

    /// [C, C] as [h, d, C].
    private func byHeads(_ matrix: GraphMatrix) -> Graph.Value { builder.constant(matrix.values, [heads, width, channels]) }

    /// [C, C] as [h, C, d], each head times its factor.
    private func transposedByHeads(_ matrix: GraphMatrix, scaled factors: [Float]? = nil) -> Graph.Value {
        let values = (0..<heads).flatMap { head in
            let part = matrix[rows: head * width..<(head + 1) * width].transposed.values
            return factors.map { factors in part.map { $0 * factors[head] } } ?? part
        }
        return builder.constant(values, [heads, channels, width])
    }

    private typealias Projection = (matrix: Graph.Value, bias: [Float]?)

    /// The projections of T tokens to p, [p, T], of keys and of spatial values.
    private func projections() throws -> (keys: Projection, values: Projection) {
        func linear(_ name: String) throws -> Projection {
            let key = "\(scope).epa_block.\(name).weight"
            return (try network.writer.constant(key, [projected, tokens]), try weight("\(name).bias", [projected]))
        }
        switch configuration.projection {
        case .shared:
            let both = try linear("E")
            return (both, both)
        case .separate:
            return (try linear("E"), try linear("F"))
        case .matrix:
            let matrix = GraphMatrix(try weight("EF", [tokens, projected]), rows: tokens, columns: projected).transposed
            let both: Projection = (builder.constant(matrix.values, [projected, tokens]), nil)
            return (both, both)
        }
    }
}
