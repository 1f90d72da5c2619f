public import UNETRSupport

/// About how much memory the training of a UNETR++ takes: counted values that the backward pass needs, times four bytes.
///
/// An estimate to choose a patch with, by which a plan is made where no memory is named: other numbers would change such plans, so it stays
/// beside `NetworkDescription.trainingBytes`, which holds for every network. Measured on a CPU in float32 against the peak of whole training processes with patch
/// 48 × 64 × 48 and stem 2: 1.7 GB here against 1.6 (feature size 8, batch 2), 3.0 against 3.1 (batch 4), 2.5 against 2.3 (feature size 16).
public struct TrainingMemory: Equatable, Sendable {
    /// Voxels of a token along each axis.
    public var stem: Size3
    /// Channels of a scan.
    public var channels: Int
    /// Outputs of the network.
    public var outputs: Int
    /// Channels at full resolution.
    public var featureSize: Int
    /// Transformer blocks in a stage.
    public var depth = 3
    /// Attention heads.
    public var heads = 4
    /// Tokens that keys and values are projected to.
    public var projectedTokens = 64

    /// An estimate for UNETR++.
    public init(stem: Size3, channels: Int, outputs: Int, featureSize: Int = 16) {
        self.stem = stem
        self.channels = channels
        self.outputs = outputs
        self.featureSize = featureSize
    }

    /// What the engine itself takes.
    private static let base = 256 << 20

    /// Bytes of a training step.
    public func bytes(patch: Size3, batch: Int) -> Int {
        let tokens = patch.divided(by: stem).voxels
        var values = 0, parameters = 2 * 27 * featureSize * featureSize * 2
        for stage in 0..<4 {
            let count = max(tokens >> (3 * stage), 1), width = featureSize << (stage + 1)
            // Encoder and decoder; the coarsest stage has only an encoder.
            let blocks = stage < 3 ? 2 * depth : depth
            // Tokens, norms, query, key and values, both branches, two convolutions with norms: 22 maps; soft-max, dropout, its mask: 3.
            values += count * blocks * (22 * width + 3 * heads * projectedTokens)
            // Linear layers 5 C², convolutions 55 C², the projection of tokens.
            parameters += blocks * (60 * width * width + count * projectedTokens)
        }
        // Two residual blocks and the up-sampling at full resolution: 14 maps; the loss: 4 values a class.
        values += patch.voxels * (14 * featureSize + 4 * outputs + channels)
        // Weights, gradients, momentum, and one more for what is in flight.
        return Self.base + 4 * (batch * values + 4 * parameters)
    }
}
