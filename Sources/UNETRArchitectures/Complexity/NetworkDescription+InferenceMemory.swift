extension NetworkDescription {
    /// What lives together at the fullest moment of a forward pass, besides weights, input and output, in bytes of float32.
    public var mostLiveBytes: Int {
        let patch = patchSize.reduce(1, *)
        /// The fullest moment of a U-shaped network: at full resolution the skip and what comes up, joined, and a block's two maps.
        func fullResolution(_ width: Int) -> Int { 4 * 6 * width * patch }
        switch self {
        case .unetrPlusPlus(let configuration): return (try? configuration.complexity().activationBytes) ?? 0
        case .unetr(let configuration): return fullResolution(configuration.featureSize)
        case .swinUNETR(let configuration): return fullResolution(configuration.featureSize)
        case .nnFormer(let configuration): return fullResolution(configuration.embeddingSize / 2)
        case .nnUNet(let configuration): return fullResolution(configuration.features[0])
        }
    }
}
