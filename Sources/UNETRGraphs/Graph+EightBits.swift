import UNETRArchives
import UNETRSupport

/// Where the whole numbers 0…255 lie on a tensor's range: value = scale · (number − zero).
public struct EightBitScale: Equatable, Sendable {
    /// The step between neighboring 8-bit values.
    public let scale: Float
    /// The number that stands for 0, which every range is widened to hold: volumes are padded with it.
    public let zero: UInt8

    /// The scale that covers a range.
    public init(_ range: ClosedRange<Float>) {
        let low = min(range.lowerBound, 0), high = max(range.upperBound, 0)
        let width = high / 255 - low / 255  // this way it is finite for every range
        scale = width >= .leastNormalMagnitude ? width : 1
        zero = UInt8(clampingRounded: -low / scale) ?? 0
    }
}

/// Weights as whole numbers −127…127, with a scale for each output channel (the first axis); what is not a number becomes 0.
struct EightBitWeights {
    let numbers: [Int8]
    let scales: [Float]

    init(_ values: [Float], channels: Int) {
        let size = values.count / channels
        var numbers: [Int8] = [], scales: [Float] = []
        numbers.reserveCapacity(values.count)
        for channel in 0..<channels {
            let row = values[channel * size..<(channel + 1) * size]
            let largest = row.reduce(0) { max($0, abs($1)) } / 127
            let scale = largest >= .leastNormalMagnitude ? largest : 1
            scales.append(scale)
            for value in row { numbers.append(Int8(clampingRounded: max(value / scale, -127)) ?? 0) }
        }
        (self.numbers, self.scales) = (numbers, scales)
    }
}

extension Graph {
    /// A convolution by the name of its weights.
    private struct Kernel {
        let name: String
        let weights: StoredArray
    }

    /// The convolutions that are worth 8 bits, by the name of their weights, in their order: those of all channels that reach over
    /// neighbors without thinning out, and read what the network computed, not its input.
    public var eightBitConvolutions: [String] { kernels.map(\.kernel.name) }

    private var kernels: [(node: Node, kernel: Kernel)] {
        let arrays = Dictionary(constants.map { ($0.value, $0.array) }) { first, _ in first }
        let given = Set(inputs.map(\.value))
        return nodes.compactMap { node in
            guard node.operation == "Conv", !given.contains(node.inputs[0]), node.reachesOverNeighbors,
                let weights = arrays[node.inputs[1]], weights.scalarType == .float32
            else { return nil }
            return (node, Kernel(name: node.inputs[1].name, weights: weights))
        }
    }

    /// The same graph with those convolutions in 8 bits: inputs by their ranges, weights by their largest value in each output channel.
    ///
    /// Written as pairs of QuantizeLinear and DequantizeLinear, which runtimes merge into the convolutions.
    /// - Parameter ranges: of the convolutions' inputs, by the names in `eightBitConvolutions`; values outside become the range's ends.
    /// - Throws: `GraphError.ranges` where one is missing.
    public func inEightBits(_ ranges: [String: ClosedRange<Float>]) throws -> Graph {
        let chosen = Dictionary(kernels.map { ($0.node.output, $0.kernel) }) { first, _ in first }
        let replaced = Set(chosen.values.map(\.name)), missing = replaced.subtracting(ranges.keys)
        guard missing.isEmpty else { throw GraphError.ranges(missing: missing.count, of: replaced.count, first: missing.sorted()[0]) }
        var rest = self
        rest.nodes = []
        rest.constants.removeAll { replaced.contains($0.value.name) }
        let builder = GraphBuilder(extending: rest)
        let makers = Dictionary(nodes.map { ($0.output, $0) }) { first, _ in first }
        for node in nodes {
            guard let kernel = chosen[node.output] else {
                builder.append(node)
                continue
            }
            builder.in(node.output.name) {
                // Rounded before its values are only laid out anew: there OpenVINO does it in the pass that computes them.
                var (source, layout) = (node.inputs[0], [Node]())
                while let maker = makers[source], ["Reshape", "Transpose"].contains(maker.operation) {
                    layout.insert(maker, at: 0)
                    source = maker.inputs[0]
                }
                let rounded = builder.rounded(source, EightBitScale(ranges[kernel.name]!))
                let input = layout.reduce(rounded) { builder.apply($1.operation, [$0] + $1.inputs.dropFirst(), $1.attributes) }
                let weights = builder.rounded(kernel.weights, key: kernel.name)
                let inputs = [input, weights] + node.inputs.dropFirst(2)
                builder.append(Node(operation: node.operation, inputs: inputs, output: node.output, attributes: node.attributes))
            }
        }
        return builder.graph
    }

    /// A graph of one sample that gives, instead of its outputs, the smallest and largest value of the inputs of `eightBitConvolutions`:
    /// "extremes" [1, convolutions, 1, 1, 2].
    public func observingExtremes() -> Graph {
        let observed = kernels.map(\.node.inputs[0])
        var rest = self
        rest.outputs = []
        let builder = GraphBuilder(extending: rest)
        builder.in("extremes") {
            let parts = ["ReduceMin", "ReduceMax"].map { operation in
                builder.concatenated(
                    observed.map { builder.apply(operation, [$0, builder.integers([1, 2, 3, 4])], [("keepdims", .int(1))]) }, axis: 1)
            }
            builder.output("extremes", builder.concatenated(parts, axis: 4), [1, observed.count, 1, 1, 2])
        }
        return builder.graph
    }
}

extension Graph.Node {
    /// Whether a convolution's kernel is larger than its stride, along at least one axis, and takes all channels together.
    fileprivate var reachesOverNeighbors: Bool {
        func numbers(_ name: String) -> [Int] {
            if case .ints(let values)? = attributes.first(where: { $0.name == name })?.value { values } else { [] }
        }
        return !attributes.contains { $0.name == "group" } && zip(numbers("kernel_shape"), numbers("strides")).contains { $0 > $1 }
    }
}

extension GraphBuilder {
    /// A tensor rounded to the 256 values of a scale.
    fileprivate func rounded(_ x: Graph.Value, _ scale: EightBitScale) -> Graph.Value {
        let parameters = [constant(scale.scale), constant(StoredArray([scale.zero], shape: []))]
        return apply("DequantizeLinear", [apply("QuantizeLinear", [x] + parameters)] + parameters)
    }

    /// Weights stored as whole numbers, each output channel with its scale.
    fileprivate func rounded(_ weights: StoredArray, key: String) -> Graph.Value {
        let channels = weights.shape[0], rounded = EightBitWeights(weights.floats(), channels: channels)
        let numbers = constant(StoredArray(rounded.numbers, shape: weights.shape), key: "\(key), 8 bits")
        let zeros = constant(StoredArray([Int8](repeating: 0, count: channels)))
        return apply("DequantizeLinear", [numbers, constant(rounded.scales, [channels]), zeros], [("axis", .int(0))])
    }
}
