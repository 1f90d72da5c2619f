import UNETRSupport

extension NNFormerConfiguration {
    // What fields of three numbers hold, in words.
    static let stemRule = "three sizes of 1, 2 or 4, [d, h, w]"
    static let strideRule = "three strides [d, h, w] of 1 or 2"
    static let windowRule = "four windows [d, h, w] with sides from 1 to 16"

    /// Refuses what no network can have, naming field, value and rule.
    public func validate() throws {
        try demand(stem.allSatisfy { [1, 2, 4].contains($0) }, "stem", stem, Self.stemRule)
        try validateSizes(unit: stem)
        try demand((1...1024).contains(embeddingSize), "embeddingSize", embeddingSize, "from 1 to 1024")
        try demand(
            embeddingSize.isMultiple(of: 2), "embeddingSize", embeddingSize, "even: the first convolutions have half as many channels")
        try demand(depths.count == 4 && depths.allSatisfy { (1...64).contains($0) }, "depths", depths, "four numbers from 1 to 64")
        try validate(heads, "heads", stages: 4)
        try validate(decoderHeads, "decoderHeads", stages: 3)
        try demand(
            strides.count == 3 && strides.allSatisfy { $0.allSatisfy { (1...2).contains($0) } }, "strides", strides, Self.strideRule)
        try demand(
            grid(3).allSatisfy { $0 > 0 }, "patchSize", patchSize, "at least one token along each axis in the last stage, here \(grid(3))")
        try demand(
            windows.count == 4 && windows.allSatisfy { $0.allSatisfy { (1...16).contains($0) } }, "windows", windows, Self.windowRule)
        try demand(
            windowing == .boxes || windows.allSatisfy { Set($0).count == 1 }, "windows", windows, "cubes, where windowing is cubes")
        try demand((0.01...64).contains(feedForwardRatio), "feedForwardRatio", feedForwardRatio, "from 0.01 to 64")
        try demandProbability(dropout, "dropout")
        try demandProbability(attentionDropout, "attentionDropout")
        try demandProbability(pathDropout, "pathDropout")
        for stage in 0..<4 where windowing == .boxes {
            // A box's table has no row for some offsets where its sides differ much: see `WindowAttention.PositionIndex.nnFormer`.
            let window = windows[stage]
            let rows = WindowBlockSettings.PositionIndex.count(window)
            let last = (2 * window[0] - 2) * (3 * window[1] - 1) + (2 * window[1] - 2) * (2 * window[1] - 1) + 2 * window[2] - 2
            try demand(last < rows, "windows", window, "sides of similar length; the published table would be too short")
        }
        try demandPossibleSize(counted.parameters)
    }

    private func validate(_ heads: [Int], _ field: String, stages: Int) throws {
        try demand(
            heads.count == stages && heads.enumerated().allSatisfy { $1 > 0 && channels($0).isMultiple(of: $1) }, field, heads,
            "divisors of the stages' channels, \((0..<stages).map(channels))")
    }
}
