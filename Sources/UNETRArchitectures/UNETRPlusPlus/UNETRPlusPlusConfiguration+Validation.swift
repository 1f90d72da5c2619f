import UNETRSupport

extension UNETRPlusPlusConfiguration {
    /// What a stem is, in words.
    static let stemRule = "three sizes from 1 to 8, [d, h, w]"

    /// Refuses what no network can have, naming field, value and rule.
    public func validate() throws {
        try demand(stem.allSatisfy { (1...8).contains($0) }, "stem", stem, Self.stemRule)
        try validateSizes(unit: stem.multiplied(by: [8, 8, 8]))
        try demand((1...1024).contains(normChannels ?? 1), "normChannels", normChannels ?? 1, "from 1 to 1024")
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
        try demandProbability(attentionDropout, "attentionDropout")
        try demandProbability(channelDropout, "channelDropout")
        try demand((-1e6...1e6).contains(layerScale), "layerScale", layerScale, "from -1e6 to 1e6")
        try demandPossibleSize(counted.parameters)
    }
}
