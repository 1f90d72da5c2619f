package import UNETRSupport

/// A vision transformer whose tokens are the voxels of a map: what the two TransUNets share.
package struct MapTransformerSettings: Sendable {
    /// Channels of the map.
    package var channels: Int
    /// Its size [d, h, w].
    package var grid: Size3
    /// Channels of a token.
    package var hiddenSize: Int
    package var feedForwardSize: Int
    package var heads: Int
    package var layers: Int
    /// Whether the shortcuts have a learned factor for each channel.
    package var scalesShortcuts = false
    package var dropout: Double

    /// - Throws: `ConfigurationError` with the field that a configuration has it under.
    func validate() throws {
        try demand((1...8192).contains(hiddenSize), "hiddenSize", hiddenSize, "from 1 to 8192")
        try demand((1...32768).contains(feedForwardSize), "feedForwardSize", feedForwardSize, "from 1 to 32768")
        try demand((1...64).contains(heads) && hiddenSize.isMultiple(of: heads), "heads", heads, "a divisor of hiddenSize, \(hiddenSize)")
        try demand((1...64).contains(layers), "layers", layers, "from 1 to 64")
    }
}

extension ComplexityCounter {
    /// The learned positions of a `MapTransformer` in `transformer`.
    mutating func mapPositions(_ settings: MapTransformerSettings) {
        let tokens = settings.grid.voxels
        block = "transformer.embeddings"
        add("position_embeddings", .values, output: [tokens, settings.hiddenSize], parameters: tokens * settings.hiddenSize)
    }

    /// The rest of it.
    mutating func mapTransformer(_ settings: MapTransformerSettings) {
        let tokens = settings.grid.voxels, hidden = settings.hiddenSize
        block = "transformer.embeddings"
        convolution("patch_embeddings", from: settings.channels, to: hidden, kernel: [1, 1, 1], grid: settings.grid, bias: true)
        for layer in 0..<settings.layers {
            block = "transformer.encoder.layer.\(layer)"
            layerNorm("attention_norm", channels: hidden, rows: tokens)
            layerNorm("ffn_norm", channels: hidden, rows: tokens)
            linear("ffn.fc1", from: hidden, to: settings.feedForwardSize, rows: tokens)
            linear("ffn.fc2", from: settings.feedForwardSize, to: hidden, rows: tokens)
            for name in ["query", "key", "value"] { linear("attn.\(name)", from: hidden, to: hidden, rows: tokens) }
            attention("attn.products", rows: tokens, keys: tokens, channels: hidden)
            linear("attn.out", from: hidden, to: hidden, rows: tokens)
            if settings.scalesShortcuts {
                for name in ["ls1", "ls2"] { add("\(name).gamma", .values, output: [tokens, hidden], parameters: hidden) }
            }
        }
        block = "transformer.encoder"
        layerNorm("encoder_norm", channels: hidden, rows: tokens)
    }
}

extension MapTransformerSettings {
    /// The keys of its stages: the tokens, and each layer.
    var encoderStages: [[String]] {
        [["transformer.embeddings.patch_embeddings", "transformer.embeddings.position_embeddings"]]
            + (0..<layers).map { ["transformer.encoder.layer.\($0)"] + ($0 == layers - 1 ? ["transformer.encoder.encoder_norm"] : []) }
    }
}
