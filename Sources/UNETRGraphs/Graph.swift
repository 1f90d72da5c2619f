public import UNETRArchives

/// A computation as data: operations in the order they are done, the constants they use, inputs and outputs.
///
/// The operations are those of ONNX; `writeONNX(to:)` writes them down. Made by a `GraphBuilder`.
public struct Graph: Sendable {
    /// A tensor of the graph: an input, a constant, or what a node computes.
    public struct Value: Hashable, Sendable {
        /// Its name, unique in the graph.
        public let name: String

        /// Stands for an optional input that an operation does without.
        static let absent = Value(name: "")
    }

    /// A setting of an operation.
    public enum Attribute: Equatable, Sendable {
        /// An integer.
        case int(Int)
        /// A list of integers.
        case ints([Int])
        /// A number.
        case float(Float)
        /// A word.
        case text(String)
    }

    /// One operation.
    public struct Node: Sendable {
        /// Its ONNX name, such as "MatMul".
        public let operation: String
        /// What it reads.
        public let inputs: [Value]
        /// What it computes.
        public let output: Value
        /// Its parameters, such as strides.
        public let attributes: [(name: String, value: Attribute)]
    }

    /// A constant tensor: float32, int64 for sizes, int8 and uint8 for what is computed in 8 bits.
    public struct Constant: Sendable {
        /// Its name in the graph.
        public let value: Value
        /// Its contents.
        public let array: StoredArray
    }

    /// An input or output with its shape; a size that is nil may be anything.
    public struct Port: Sendable {
        /// Its name in the graph.
        public let value: Value
        /// Sizes along the axes; nil for an axis of any size.
        public let shape: [Int?]
    }

    /// A name for readers.
    public let name: String
    /// The operations, in an order in which they can be computed.
    public internal(set) var nodes: [Node] = []
    /// Weights and other fixed arrays.
    public internal(set) var constants: [Constant] = []
    /// What the caller provides.
    public internal(set) var inputs: [Port] = []
    /// What the caller receives.
    public internal(set) var outputs: [Port] = []
    /// What a reader of the file should know, by key.
    public var notes: [(key: String, text: String)] = []

    /// The version of ONNX's operations that is used: 18, the first whose reductions all take their axes as an input.
    public static let operatorVersion = 18
}
