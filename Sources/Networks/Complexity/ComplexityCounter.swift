/// Collects the layers of a network, block by block.
struct ComplexityCounter {
    private(set) var layers: [LayerCost] = []
    /// The block that layers are being added to.
    var block = ""
    /// Whether the layers being added are left out in evaluation.
    var onlyInTraining = false

    mutating func add(_ name: String, _ kind: LayerCost.Kind, output: [Int], parameters: Int, multiplyAdds: Int = 0) {
        layers.append(
            LayerCost(
                name: "\(block).\(name)", block: block, kind: kind, outputShape: output, parameters: parameters, multiplyAdds: multiplyAdds,
                onlyInTraining: onlyInTraining))
    }

    /// `grid` is the output's.
    mutating func convolution(_ name: String, from inputs: Int, to outputs: Int, kernel: [Int], grid: [Int], bias: Bool = false) {
        add(
            name, .convolution, output: [outputs] + grid, parameters: kernel.reduce(1, *) * inputs * outputs + (bias ? outputs : 0),
            multiplyAdds: CountingRule.convolution(kernel: kernel, inputs: inputs, outputs: outputs, outputGrid: grid))
    }

    /// Kernel = stride; `grid` is the input's.
    mutating func transposedConvolution(_ name: String, from inputs: Int, to outputs: Int, stride: [Int], grid: [Int]) {
        add(
            name, .transposedConvolution, output: [outputs] + zip(grid, stride).map(*),
            parameters: stride.reduce(1, *) * inputs * outputs,
            multiplyAdds: CountingRule.transposedConvolution(kernel: stride, inputs: inputs, outputs: outputs, inputGrid: grid))
    }

    /// Over the last axis of `rows` vectors.
    mutating func linear(_ name: String, from inputs: Int, to outputs: Int, rows: Int, bias: Bool = true) {
        add(
            name, .linear, output: [rows, outputs], parameters: inputs * outputs + (bias ? outputs : 0),
            multiplyAdds: CountingRule.product(rows: rows, inputs: inputs, outputs: outputs))
    }

    /// Two 3×3×3 convolutions with normalisation, and a shortcut where the channel count changes.
    mutating func residual(_ name: String?, from inputs: Int, to outputs: Int, grid: [Int], norm: ResidualBlock.Norm) {
        let prefix = name.map { "\($0)." } ?? ""
        let elements = outputs * grid.reduce(1, *)
        func add(_ index: Int, from inputs: Int, kernel: [Int], to counter: inout ComplexityCounter) {
            counter.convolution("\(prefix)conv\(index).conv", from: inputs, to: outputs, kernel: kernel, grid: grid)
            switch norm {
            case .batch:
                counter.add(
                    "\(prefix)norm\(index)", .norm, output: [outputs] + grid, parameters: 2 * outputs,
                    multiplyAdds: CountingRule.batchNormalisation(elements: elements))
            case .instance:
                counter.add(
                    "\(prefix)norm\(index)", .norm, output: [outputs] + grid, parameters: 0,
                    multiplyAdds: CountingRule.normalisation(elements: elements, affine: false))
            case .affineInstance:
                counter.add(
                    "\(prefix)norm\(index)", .norm, output: [outputs] + grid, parameters: 2 * outputs,
                    multiplyAdds: CountingRule.normalisation(elements: elements, affine: true))
            }
        }
        add(1, from: inputs, kernel: [3, 3, 3], to: &self)
        add(2, from: outputs, kernel: [3, 3, 3], to: &self)
        if inputs != outputs { add(3, from: inputs, kernel: [1, 1, 1], to: &self) }
    }
}
