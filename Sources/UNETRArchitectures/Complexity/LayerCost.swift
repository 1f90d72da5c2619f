import UNETRSupport

/// What one layer of a network has and does for one input of its patch size.
public struct LayerCost: Equatable, Sendable, Codable {
    /// What a layer is.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// A convolution.
        case convolution
        /// A transposed convolution.
        case transposedConvolution
        /// A linear layer.
        case linear
        /// A normalization.
        case norm
        /// A product of two computed tensors, without parameters.
        case product
        /// Values that are added or multiplied element by element.
        case values
    }

    /// The layer's prefix of checkpoint keys, such as "encoder1.conv1.conv".
    public var name: String
    /// The part of the network the layer belongs to, a prefix of its name, such as "encoder1".
    public var block: String
    /// What kind of layer it is.
    public var kind: Kind
    /// Without the batch axis: [C, D, H, W] of a volume, [T, C] of tokens.
    public var outputShape: [Int]
    /// Trained values; those under a second name are counted under the first.
    public var parameters: Int
    /// One for each pair of a multiplication and an addition, by `CountingRule`.
    public var multiplyAdds: Int
    /// True for the outputs that only deep supervision computes.
    public var onlyInTraining = false
}

/// The layers of a network with their costs, for one input of its patch size.
public struct NetworkComplexity: Equatable, Sendable, Codable {
    /// The layers in the order of the state dict.
    public var layers: [LayerCost]

    /// What the inner tensors of one forward pass in evaluation mode take at its fullest moment, in float32 bytes; an estimate from
    /// their sizes, without libtorch's scratch memory, the weights and the input. Followed for UNETR++ only.
    public var activationBytes: Int?

    /// Number of trained values.
    public var parameters: Int { layers.map(\.parameters).saturatingSum() }

    /// Multiply-adds of one forward pass in evaluation mode, where the outputs of deep supervision are not computed.
    public var multiplyAdds: Int { layers.map { $0.onlyInTraining ? 0 : $0.multiplyAdds }.saturatingSum() }

    /// The same list with the layers of a block taken together; a block's output is its last layer's.
    public var blocks: [LayerCost] {
        var blocks: [LayerCost] = []
        for layer in layers {
            if let last = blocks.last, last.name == layer.block, last.onlyInTraining == layer.onlyInTraining {
                blocks[blocks.count - 1].parameters = [blocks[blocks.count - 1].parameters, layer.parameters].saturatingSum()
                blocks[blocks.count - 1].multiplyAdds = [blocks[blocks.count - 1].multiplyAdds, layer.multiplyAdds].saturatingSum()
                blocks[blocks.count - 1].outputShape = layer.outputShape
            } else {
                var block = layer
                block.name = layer.block
                blocks.append(block)
            }
        }
        return blocks
    }
}
