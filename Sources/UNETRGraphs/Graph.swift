public import UNETRArchives

/// A computation as data: operations in the order they are done, the constants they use, inputs and outputs.
///
/// The operations are those of ONNX; `writeONNX(to:)` writes them down. Made by a `GraphBuilder`.
public struct Graph: Sendable {
    /// A tensor of the graph: an input, a constant, or what a node computes.
    public struct Value: Hashable, Sendable {
        public let name: String
    }

    /// A setting of an operation.
    public enum Attribute: Equatable, Sendable {
        case int(Int)
        case ints([Int])
        case float(Float)
    }

    /// One operation.
    public struct Node: Sendable {
        /// Its ONNX name, such as "MatMul".
        public let operation: String
        public let inputs: [Value]
        public let output: Value
        public let attributes: [(name: String, value: Attribute)]
    }

    /// A constant tensor: float32, int64 for sizes, int8 and uint8 for what is computed in 8 bits.
    public struct Constant: Sendable {
        public let value: Value
        public let array: StoredArray
    }

    /// An input or output with its shape; a size that is nil may be anything.
    public struct Port: Sendable {
        public let value: Value
        public let shape: [Int?]
    }

    public let name: String
    public internal(set) var nodes: [Node] = []
    public internal(set) var constants: [Constant] = []
    public internal(set) var inputs: [Port] = []
    public internal(set) var outputs: [Port] = []
    /// What a reader of the file should know, by key.
    public var notes: [(key: String, text: String)] = []

    /// The version of ONNX's operations that is used: 18, the first whose reductions all take their axes as an input.
    public static let operatorVersion = 18
}
