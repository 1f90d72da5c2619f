public import UNETRLayers
import UNETRTorch

/// What checkpoints of other programs and versions call a network's tensors.
public protocol PublishedKeys {
    /// This network's key for a key of a published checkpoint; nil for one that such checkpoints hold and no network uses.
    func key(forPublished key: String) -> String?

    /// The value of a tensor that some published checkpoints lack because their network had none; nil for one that must be there.
    func value(ofMissing key: String) -> Double?
}

extension PublishedKeys {
    public func key(forPublished key: String) -> String? { key }
    public func value(ofMissing key: String) -> Double? { nil }
}

extension NetworkDescription {
    /// Fills a network of this description from a checkpoint, whatever released version of its program wrote it.
    ///
    /// A prefix "module." of parallel training is taken off, keys of older versions are translated, and what those versions did not have
    /// gets the value it had in effect.
    /// - Parameter aliases: whether the returned state has tensors with several keys under all of them, or under the first.
    /// - Returns: the checkpoint's arrays as they are, under the network's keys and in its order.
    /// - Throws: `StateError`; the network is unchanged then.
    @discardableResult
    public func load(
        _ checkpoint: StateDictionary, into network: any SegmentationNetwork, aliases: Bool = true
    ) throws -> StateDictionary {
        let state = try checkpoint.removingCommonPrefix("module.")
        let rules = configuration
        var entries = state.entries.compactMap { entry in rules.key(forPublished: entry.key).map { (key: $0, array: entry.array) } }
        let present = Set(entries.map(\.key))
        for entry in network.store.entries where entry.aliasOf == nil && !present.contains(entry.key) {
            guard let value = rules.value(ofMissing: entry.key) else { continue }
            entries.append((entry.key, try Tensor.full(entry.tensor.shape, value, entry.tensor.dtype).stored()))
        }
        let translated = try StateDictionary(entries)
        try network.store.load(translated)
        return try StateDictionary(
            network.store.entries.filter { aliases || $0.aliasOf == nil }.compactMap { entry in
                (translated[entry.key] ?? entry.aliasOf.flatMap { translated[$0] }).map { (entry.key, $0) }
            })
    }
}

extension UNETRPlusPlusConfiguration: PublishedKeys {}
extension NNFormerConfiguration: PublishedKeys {}

extension UNETRConfiguration: PublishedKeys {
    /// MONAI 1.4 and 1.5 made an attention to a second image in every block and saved it though nothing used it.
    public func key(forPublished key: String) -> String? { key.contains(".cross_attn.") ? nil : key }

    /// Releases before 1.4 had no norm for that attention.
    public func value(ofMissing key: String) -> Double? {
        key.hasSuffix("norm_cross_attn.weight") ? 1 : key.hasSuffix("norm_cross_attn.bias") ? 0 : nil
    }
}

extension SwinUNETRConfiguration: PublishedKeys {
    /// Weights from self-supervised pre-training name the linear layers as the original Swin Transformer does.
    public func key(forPublished key: String) -> String? {
        key.replacing(".mlp.fc1.", with: ".mlp.linear1.").replacing(".mlp.fc2.", with: ".mlp.linear2.")
    }
}

extension NNUNetConfiguration: PublishedKeys {
    /// Version 1 (`Generic_UNet`) as version 2: the same layers under other names.
    public func key(forPublished key: String) -> String? {
        let parts = key.split(separator: ".").map(String.init)
        guard parts.count >= 3, let stage = Int(parts[1]) else { return key }
        switch parts[0] {
        case "tu": return "decoder.transpconvs.\(stage).\(parts[2])"
        case "seg_outputs": return "decoder.seg_layers.\(stage).\(parts[2])"
        case "conv_blocks_context":
            return unit(parts.dropFirst(2), of: depths.indices.contains(stage) ? depths[stage] : 0)
                .map { "encoder.stages.\(stage).0.convs.\($0)" } ?? key
        case "conv_blocks_localization":
            return unit(parts.dropFirst(2), of: decoderDepths.indices.contains(stage) ? decoderDepths[stage] : 0)
                .map { "decoder.stages.\(stage).convs.\($0)" } ?? key
        default: return key
        }
    }

    /// "blocks.1.instnorm.weight", or with the last convolution of the stage apart as "1.blocks.0…", as "1.norm.weight".
    private func unit(_ parts: ArraySlice<String>, of count: Int) -> String? {
        var parts = Array(parts), isLast = false
        if let half = parts.first, half == "0" || half == "1" {
            isLast = half == "1"
            parts.removeFirst()
        }
        guard parts.count == 4, parts[0] == "blocks", let index = Int(parts[1]) else { return nil }
        let layer = parts[2] == "instnorm" ? "norm" : parts[2]
        return "\(isLast ? count - 1 + index : index).\(layer).\(parts[3])"
    }

    /// Version 1 has no bias in its transposed convolutions and heads.
    public func value(ofMissing key: String) -> Double? {
        let isBias = key.hasSuffix(".bias") && (key.hasPrefix("decoder.transpconvs.") || key.hasPrefix("decoder.seg_layers."))
        return isBias ? 0 : nil
    }
}
