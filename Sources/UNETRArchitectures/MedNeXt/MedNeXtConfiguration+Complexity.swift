import UNETRSupport

extension MedNeXtConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    ///
    /// Size S with kernels of 3 and a patch of 96³ takes 0.91 GB in the compiled engine; this says 1.02.
    public var activationBytes: Int {
        // In the step to full resolution, of twice the channels: its input filled with zeros, the wide map, what it gives, and the skip.
        let widest = max(expansions[0], expansions[8])
        return ([4, 5 + 2 * widest, featureSize] + patchSize).saturatingProduct()
    }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        counter.block = "dummy_tensor"  // In every checkpoint, in no computation.
        counter.add("", .values, output: [1], parameters: 1)
        counter.block = "stem"
        counter.convolution("", from: inputChannels, to: featureSize, kernel: [1, 1, 1], grid: patchSize, bias: true)
        for block in stages.flatMap(\.blocks) { count(&counter, block) }
        for level in 0..<(deepSupervision ? 5 : 1) {
            counter.block = "out_\(level)"
            counter.onlyInTraining = level > 0
            counter.transposedConvolution("conv_out", from: channels(level), to: classes, stride: [1, 1, 1], grid: size(level: level), bias: true)
        }
        return NetworkComplexity(layers: counter.layers)
    }

    private func count(_ counter: inout ComplexityCounter, _ block: Block) {
        let inputs = channels(block.level), wide = inputs * block.expansion, grid = size(level: block.level), kernel = Size3 { _ in self.kernel }
        counter.block = block.path
        if block.globalResponse {
            counter.add("grn_beta", .values, output: [wide, 1, 1, 1], parameters: wide)
            counter.add("grn_gamma", .values, output: [wide, 1, 1, 1], parameters: wide)
        }
        let outputs: Int, inner: Size3
        switch block.change {
        case .none: (outputs, inner) = (inputs, grid)
        case .halved: (outputs, inner) = (2 * inputs, size(level: block.level + 1))
        // The published block adds the missing first planes at its end only.
        case .doubled: (outputs, inner) = (inputs / 2, Size3 { 2 * grid[$0] - 1 })
        }
        if block.change == .doubled {
            counter.transposedConvolution(
                "conv1", from: inputs, to: inputs, kernel: kernel, stride: [2, 2, 2], grid: grid, output: inner, groups: inputs, bias: true)
        } else {
            counter.convolution("conv1", from: inputs, to: inputs, kernel: kernel, grid: inner, groups: inputs, bias: true)
        }
        counter.norm("norm", .group(inputs), channels: inputs, grid: inner)
        counter.convolution("conv2", from: inputs, to: wide, kernel: [1, 1, 1], grid: inner, bias: true)
        counter.convolution("conv3", from: wide, to: outputs, kernel: [1, 1, 1], grid: inner, bias: true)
        switch block.change {
        case .none: break
        case .halved: counter.convolution("res_conv", from: inputs, to: outputs, kernel: [1, 1, 1], grid: inner, bias: true)
        case .doubled:
            counter.transposedConvolution(
                "res_conv", from: inputs, to: outputs, kernel: [1, 1, 1], stride: [2, 2, 2], grid: grid, output: inner, bias: true)
        }
    }
}
