import Testing
import UNETRArchives
import UNETRGraphs

struct EightBitTests {
    /// Low and high end, scale, and the number that stands for 0.
    private static let scales: [(Float, Float, Float, UInt8)] = [
        (-1, 4, 5 / 255, 51), (0.5, 1, 1 / 255, 0), (-2, -1, 2 / 255, 255), (0, 0, 1, 0), (-3, 3, 6 / 255, 128),
        (-.greatestFiniteMagnitude, .greatestFiniteMagnitude, .greatestFiniteMagnitude / 127.5, 128),
    ]

    @Test func `A range is widened to hold 0, which is one of the numbers`() {
        for (low, high, scale, zero) in Self.scales {
            let found = EightBitScale(low...high)
            #expect(abs(found.scale / scale - 1) < 1e-6 && found.zero == zero, "\(low)...\(high)")
        }
    }

    /// Input → a 3×3×3 convolution a → LeakyReLU → laid out anew → b → c of one voxel → d that thins out.
    private static func graph() -> Graph {
        let builder = GraphBuilder(name: "four")
        func weights(_ key: String, _ kernel: Int, _ change: (inout [Float]) -> Void = { _ in }) -> Graph.Value {
            var values = [Float](repeating: 0, count: 2 * 2 * kernel * kernel * kernel)
            change(&values)
            return builder.constant(values, [2, 2, kernel, kernel, kernel], key: key)
        }
        let x = builder.input("x", [1, 2, 8, 8, 8]), bias = builder.constant([1, 2], [2], key: "bias")
        func reach(_ x: Graph.Value, _ weight: Graph.Value, _ bias: Graph.Value? = nil) -> Graph.Value {
            builder.convolution(x, weight, bias: bias, kernel: [3, 3, 3], padding: [1, 1, 1])
        }
        let a = builder.leakyReLU(reach(x, weights("a", 3)))
        let b = builder.in("inner") {
            reach(
                builder.transpose(builder.reshape(a, [0, 2, 8, 8, 8]), [0, 1, 2, 4, 3]), weights("b", 3) { ($0[0], $0[1], $0[53], $0[54]) = (-2, 0.5, 1, 0) },
                bias)
        }
        let c = builder.convolution(b, weights("c", 1), kernel: [1, 1, 1])
        builder.output("y", builder.convolution(c, weights("d", 2), kernel: [2, 2, 2], stride: [2, 2, 2]), [1, 2, 4, 4, 4])
        return builder.graph
    }

    @Test func `Convolutions over neighbors get 8 bits, but not the one that reads the scan`() {
        #expect(Self.graph().eightBitConvolutions == ["b"])
    }

    @Test func `Weights become whole numbers with a scale for each output channel, activations on their range`() throws {
        let before = Self.graph(), graph = try before.inEightBits(["b": -1...4, "of another network": 0...1])
        func constant(_ value: Graph.Value) throws -> StoredArray { try #require(graph.constants.first { $0.value == value }).array }
        #expect(graph.nodes.count == before.nodes.count + 3 + 2 && graph.outputs.map(\.value) == before.outputs.map(\.value))
        #expect(!graph.constants.contains { $0.value.name == "b" })
        let node = try #require(graph.nodes.first { $0.output.name == "inner/Conv" })
        #expect(node.inputs[2].name == "bias")

        func maker(_ value: Graph.Value) throws -> Graph.Node { try #require(graph.nodes.first { $0.output == value }) }
        let transposed = try maker(node.inputs[0]), reshaped = try maker(transposed.inputs[0])
        #expect(transposed.attributes[0].value == .ints([0, 1, 2, 4, 3]) && reshaped.operation == "Reshape")
        let given = try maker(reshaped.inputs[0])
        let rounded = try maker(given.inputs[0])
        #expect(given.operation == "DequantizeLinear" && rounded.operation == "QuantizeLinear" && rounded.inputs[0].name == "LeakyRelu")
        #expect(given.inputs.dropFirst() == rounded.inputs.dropFirst())
        #expect(try constant(given.inputs[1]).floats() == [5.0 / 255] && constant(given.inputs[1]).shape == [])
        #expect(try constant(given.inputs[2]).ints() == [51] && constant(given.inputs[2]).scalarType == .uint8)

        let weights = try maker(node.inputs[1])
        #expect(weights.operation == "DequantizeLinear" && weights.attributes[0].value == .int(0))
        let numbers = try constant(weights.inputs[0])
        #expect(numbers.scalarType == .int8 && numbers.shape == [2, 2, 3, 3, 3])
        // −2 is the largest of channel 0: the others are 0.5 / 2 · 127 = 31.75 and 1 / 2 · 127 = 63.5, rounded away from 0.
        #expect([0, 1, 2, 53, 54].map { numbers.ints()[$0] } == [-127, 32, 0, 64, 0])
        #expect(try constant(weights.inputs[1]).floats() == [2.0 / 127, 1])
        #expect(try constant(weights.inputs[2]).ints() == [0, 0])
    }

    @Test func `A missing range is named`() {
        let error = #expect(throws: GraphError.self) { try Self.graph().inEightBits([:]) }
        #expect("\(error!)" == "the range of 1 of 1 convolutions is missing, the first that of b")
    }

    @Test func `The graph that observes gives the extremes of the convolutions' inputs instead of its outputs`() throws {
        let graph = Self.graph().observingExtremes()
        #expect(graph.outputs.map(\.value.name) == ["extremes"] && graph.outputs[0].shape == [1, 1, 1, 1, 2])
        #expect(graph.nodes.filter { $0.operation.hasPrefix("ReduceM") }.map(\.inputs[0].name) == ["inner/Transpose", "inner/Transpose"])
    }
}
