extension UNETRPlusPlusConfiguration {
    /// Refuses what no network can have, naming field, value and rule.
    public func validate() throws {
        func demand(_ holds: Bool, _ field: String, _ value: Any, _ rule: String) throws {
            guard holds else { throw ConfigurationError(field: field, value: "\(value)", rule: rule) }
        }
        try demand((1...1024).contains(inputChannels), "inputChannels", inputChannels, "from 1 to 1024")
        try demand((2...1024).contains(classes), "classes", classes, "from 2 (background and one class) to 1024")
        try demand(stem.count == 3 && stem.allSatisfy { (1...8).contains($0) }, "stem", stem, "three sizes from 1 to 8, [d, h, w]")
        try demand(
            patchSize.count == 3 && patchSize.allSatisfy { (1...4096).contains($0) }, "patchSize", patchSize,
            "three sizes from 1 to 4096, [D, H, W]")
        try demand(
            zip(patchSize, stem).allSatisfy { $0 % ($1 * 8) == 0 }, "patchSize", patchSize,
            "each size divisible by the stem's × 8, here \(stem.map { $0 * 8 })")
        try demand((1...512).contains(featureSize), "featureSize", featureSize, "from 1 to 512")
        try demand((1...64).contains(heads), "heads", heads, "from 1 to 64")
        try demand(
            2 * featureSize % heads == 0, "heads", heads, "a divisor of the first stage's channels, 2 × featureSize = \(2 * featureSize)")
        try demand(depths.count == 4 && depths.allSatisfy { (1...32).contains($0) }, "depths", depths, "four numbers from 1 to 32")
        try demand((1...32).contains(decoderDepth), "decoderDepth", decoderDepth, "from 1 to 32")
        try demand(
            projectedTokens.count == 4 && projectedTokens.allSatisfy { (1...4096).contains($0) }, "projectedTokens", projectedTokens,
            "four numbers from 1 to 4096")
        try demand((1...4096).contains(decoderProjectedTokens), "decoderProjectedTokens", decoderProjectedTokens, "from 1 to 4096")
        try demand((1...2).contains(residualBlocks), "residualBlocks", residualBlocks, "1 (conv51) or 2 (conv51 and conv52)")
        try demand((0..<1).contains(attentionDropout), "attentionDropout", attentionDropout, "a probability from 0 to below 1")
        try demand((0..<1).contains(channelDropout), "channelDropout", channelDropout, "a probability from 0 to below 1")
        try demand(layerScale.isFinite, "layerScale", layerScale, "a finite number")
    }
}
