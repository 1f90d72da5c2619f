public import UNETRLayers
public import UNETRTorch

/// A network that turns a patch into class logits: what training and inference know of a network.
public protocol SegmentationNetwork: AnyObject {
    /// Its parameters and buffers by checkpoint key.
    var store: ParameterStore { get }

    /// [N, channels, D, H, W] → logits [N, classes, …], finest first; coarser ones (for deep supervision) on demand.
    func callAsFunction(_ input: Tensor, _ pass: ForwardPass, deepSupervision: Bool) throws -> [Tensor]
}

/// An input that the network is not made for.
public struct InputShapeError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The shape of the input.
    public var found: [Int]
    /// Without the batch axis.
    public var expected: [Int]
    /// Where the network takes other sizes too: what they are multiples of.
    public var unit: Int?

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        let sizes = unit.map { _ in "\(expected[0]), D, H, W" } ?? expected.map(String.init).joined(separator: ", ")
        return "the network's input is \(found), expected [N, \(sizes)] (batch, channels, depth, height, width)"
            + (unit.map { " with sizes divisible by \($0)" } ?? "")
    }
}
