import UNETRLayers
import UNETRTorch

/// The volume cut into blocks, each block one token: a linear map of its voxels.
struct PatchEmbedding {

    private enum Layer {
        case convolution(Convolution)
        case perceptron(Linear)
    }

    private let layer: Layer
    private let block: [Int]

    /// A convolution with bias, at `scope`.
    init(convolution scope: Scope, from inputs: Int, to channels: Int, block: [Int]) throws {
        layer = .convolution(try Convolution(scope, from: inputs, to: channels, kernel: block, stride: block, bias: true))
        self.block = block
    }

    /// A linear layer at `scope`.
    init(perceptron scope: Scope, from inputs: Int, to channels: Int, block: [Int]) throws {
        layer = .perceptron(
            try Linear(
                scope, from: inputs * block.reduce(1, *), to: channels, initial: .truncatedNormal(deviation: 0.02)))
        self.block = block
    }

    /// [N, inputs, D, H, W] → tokens [N, d, h, w, C] of D/block … blocks.
    func callAsFunction(_ x: Tensor) throws -> Tensor {
        switch layer {
        case .convolution(let convolution):
            return try convolution(x).channelsToEnd()
        case .perceptron(let linear):
            let shape = x.shape
            let grid = zip(shape[2...], block).map { $0 / $1 }
            // [N, C, d, p, h, q, w, r] → [N, d, h, w, p, q, r, C]
            let split = try x.reshaped([shape[0], shape[1], grid[0], block[0], grid[1], block[1], grid[2], block[2]])
            return try linear(split.permuted([0, 2, 4, 6, 3, 5, 7, 1]).reshaped([shape[0]] + grid + [-1]))
        }
    }
}
