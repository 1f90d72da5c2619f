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
