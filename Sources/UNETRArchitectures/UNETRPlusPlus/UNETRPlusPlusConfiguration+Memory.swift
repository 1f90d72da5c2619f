import UNETRSupport

extension UNETRPlusPlusConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1.
    public var activationBytes: Int { (try? complexity().activationBytes) ?? 0 }

    /// The number of values that live at the fullest moment of a forward pass in evaluation mode, batch 1.
    ///
    /// Followed through the network: what is kept for later (the skip tensors), what the step at hand reads, and what it makes.
    var mostLiveValues: Int {
        let stages = (0..<4).map { tokens(stage: $0) * stageChannels[$0] }
        let full = featureSize * patchSize.voxels
        var most = 0
        for stage in 0..<4 {  // the encoder: the outputs so far are kept
            let kept = stages[..<stage].reduce(0, +)
            most = max(most, kept + liveInBlock(stage: stage, projected: projectedTokens[stage]))
        }
        let skips = stages.reduce(0, +)
        most = max(most, skips + (inputChannels == featureSize ? 3 : 4) * full)  // encoder1: both branches normalized
        var kept = skips + full
        for stage in [2, 1, 0] {
            kept -= stages[stage + 1]
            most = max(most, kept + stages[stage + 1] + liveInBlock(stage: stage, projected: decoderProjectedTokens))
        }
        // decoder2: the skip, the sum, and in the residual block what a convolution or normalization reads and makes.
        return max(most, stages[0] + full + 3 * full)
    }

    /// In a transformer block: the tokens thrice (as they came, with positions, normalized) and the spatial attention thrice (logits,
    /// soft-max, and as the product takes it), or the volume and what the residual block holds.
    private func liveInBlock(stage: Int, projected: Int) -> Int {
        let tokens = tokens(stage: stage)
        let values = tokens * stageChannels[stage]
        return max(3 * values + 3 * tokens * heads * projected, 4 * values)
    }
}
