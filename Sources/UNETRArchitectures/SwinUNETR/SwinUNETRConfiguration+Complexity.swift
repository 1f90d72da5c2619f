import UNETRSupport

extension SwinUNETRConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int { activationBytes(fullResolutionChannels: featureSize) }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        countEncoder(&counter)
        let f = featureSize
        func grid(_ level: Int) -> Size3 { Size3 { patchSize[$0] >> level } }
        for (name, inputs, outputs, level) in [
            ("encoder1", inputChannels, f, 0), ("encoder2", f, f, 1), ("encoder3", 2 * f, 2 * f, 2), ("encoder4", 4 * f, 4 * f, 3),
            ("encoder10", 16 * f, 16 * f, 5),
        ] {
            counter.block = "\(name).layer"
            counter.residual(nil, from: inputs, to: outputs, grid: grid(level), norm: .instance)
        }
        counter.upsampling("decoder5", from: 16 * f, to: 8 * f, grid: grid(5))
        counter.upsampling("decoder4", from: 8 * f, to: 4 * f, grid: grid(4))
        counter.upsampling("decoder3", from: 4 * f, to: 2 * f, grid: grid(3))
        counter.upsampling("decoder2", from: 2 * f, to: f, grid: grid(2))
        counter.upsampling("decoder1", from: f, to: f, grid: grid(1))
        counter.block = "out"
        counter.convolution("conv.conv", from: f, to: classes, kernel: [1, 1, 1], grid: patchSize, bias: true)
        return NetworkComplexity(layers: counter.layers)
    }

    private func countEncoder(_ counter: inout ComplexityCounter) {
        var grid = patchSize.divided(by: [2, 2, 2])
        counter.block = "swinViT.patch_embed"
        counter.convolution("proj", from: inputChannels, to: featureSize, kernel: [2, 2, 2], grid: grid, bias: true)
        for stage in 0..<4 {
            let channels = stageChannels(stage), place = "swinViT.layers\(stage + 1).0"
            for (index, settings) in blocks(stage: stage).enumerated() {
                counter.block = "\(place).blocks.\(index)"
                counter.windowBlock(channels: channels, in: windows(on: grid, shifted: index % 2 == 1), settings)
            }
            grid = grid.divided(by: [2, 2, 2])
            counter.block = "\(place).downsample"
            counter.patchMerging(channels: channels, neighbors: 8, grid: grid)
        }
        for stage in 0..<4 where v2 {
            counter.block = "swinViT.layers\(stage + 1)c.0.layer"
            let grid = Size3 { patchSize[$0] >> (stage + 1) }
            counter.residual(nil, from: stageChannels(stage), to: stageChannels(stage), grid: grid, norm: .instance)
        }
        counter.block = "swinViT"
        for level in 0...4 {  // without parameters, between encoder and decoder
            counter.layerNorm(
                "output\(level)", channels: stageChannels(level), rows: patchSize.reduce(1) { $0 * ($1 >> (level + 1)) }, affine: false)
        }
    }
}
