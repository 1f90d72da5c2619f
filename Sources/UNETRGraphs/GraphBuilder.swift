import UNETRArchives

/// Makes a graph, operation by operation.
///
/// Values are named after the place (`in(_:_:)`) where they are made, so that a viewer shows the network's own structure.
public final class GraphBuilder {
    /// What was built so far.
    public private(set) var graph: Graph
    private var place: [String] = []
    private var uses: [String: Int] = [:]
    private var integerConstants: [[Int]: Graph.Value] = [:]
    private var sharedValues: [String: Graph.Value] = [:]

    /// An empty graph.
    public init(name: String) { graph = Graph(name: name) }

    /// Goes on with a graph. What is made has to be in a place that the graph does not have.
    init(extending graph: Graph) {
        self.graph = graph
        for constant in graph.constants where constant.array.scalarType == .int64 { integerConstants[constant.array.ints()] = constant.value }
    }

    /// Names what `body` makes after `name`.
    public func `in`<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
        place.append(name)
        defer { place.removeLast() }
        return try body()
    }

    // MARK: Values

    /// An input of the graph; nil stands for any size.
    public func input(_ name: String, _ shape: [Int?]) -> Graph.Value {
        let value = Graph.Value(name: name)
        graph.inputs.append(.init(value: value, shape: shape))
        return value
    }

    /// Makes `value` an output called `name`.
    public func output(_ name: String, _ value: Graph.Value, _ shape: [Int?]) {
        let output = Graph.Value(name: name)
        graph.nodes.append(.init(operation: "Identity", inputs: [value], output: output, attributes: []))
        graph.outputs.append(.init(value: output, shape: shape))
    }

    /// Adds an entry to the metadata.
    public func note(_ key: String, _ text: String) { graph.notes.append((key, text)) }

    /// A constant of float32.
    /// - Parameter key: its name; without one it is named after its place.
    /// - Parameter shape: elements along each axis.
    /// - Parameter values: the elements, the last axis fastest.
    public func constant(_ values: [Float], _ shape: [Int], key: String? = nil) -> Graph.Value {
        constant(StoredArray(values, shape: shape), key: key)
    }

    /// A single number.
    public func constant(_ value: Float) -> Graph.Value { constant([value], []) }

    /// A constant of a type that the graph can hold: float32, int64, int8 or uint8.
    func constant(_ array: StoredArray, key: String? = nil) -> Graph.Value { add(array, key ?? fresh("constant")) }

    /// Whole numbers, such as axes and sizes; equal ones are one constant.
    public func integers(_ values: [Int]) -> Graph.Value {
        if let known = integerConstants[values] { return known }
        let name = "integers" + values.map { "_" + ($0 < 0 ? "m\(-$0)" : "\($0)") }.joined()
        let value = add(StoredArray(values.map(Int64.init)), name)
        integerConstants[values] = value
        return value
    }

    /// What was made under that name, or else is made now.
    func shared(_ name: String, _ make: () throws -> Graph.Value) rethrows -> Graph.Value {
        if let known = sharedValues[name] { return known }
        let value = try make()
        sharedValues[name] = value
        return value
    }

    private func add(_ array: StoredArray, _ name: String) -> Graph.Value {
        let value = Graph.Value(name: name)
        graph.constants.append(.init(value: value, array: array))
        return value
    }

    // MARK: Operations

    /// An operation of ONNX by its name.
    public func apply(
        _ operation: String, _ inputs: [Graph.Value], _ attributes: [(name: String, value: Graph.Attribute)] = []
    ) -> Graph.Value {
        let output = Graph.Value(name: fresh(operation))
        graph.nodes.append(.init(operation: operation, inputs: inputs, output: output, attributes: attributes))
        return output
    }

    /// Adds an operation of another graph as it is.
    func append(_ node: Graph.Node) { graph.nodes.append(node) }

    /// A name in this place that is not taken.
    private func fresh(_ word: String) -> String {
        let name = (place + [word]).joined(separator: "/")
        uses[name, default: 0] += 1
        return uses[name] == 1 ? name : "\(name)_\(uses[name]!)"
    }
}
