import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRGraphs

struct ONNXTests {
    /// y = LeakyReLU(x + c) over two rows of three numbers.
    private static func graph() -> Graph {
        let builder = GraphBuilder(name: "small")
        let x = builder.input("x", [nil, 3])
        let sum = builder.in("layer") { builder.add(x, builder.constant([1, -2, 300], [3], key: "c")) }
        builder.output("y", builder.leakyReLU(sum), [nil, 3])
        builder.note("key", "text")
        return builder.graph
    }

    @Test func `The bytes are those that the published definition gives`() throws {
        // Written with the Python package onnx 1.23.2: the same nodes by onnx.helper, serialized.
        let expected = try Data(contentsOf: Fixtures.url("graphs/small.onnx"))
        #expect(try Self.graph().onnx() == expected)
    }

    @Test func `A file holds the same bytes`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let file = folder.appending(path: "small.onnx")
            try Self.graph().writeONNX(to: file)
            #expect(try Data(contentsOf: file) == Self.graph().onnx())
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["small.onnx"])
        }
    }

    @Test func `Values are named after their place, and never twice`() {
        let builder = GraphBuilder(name: "names")
        let x = builder.input("x", [1])
        let names = builder.in("a") { builder.in("b") { [builder.add(x, x), builder.add(x, x), builder.multiply(x, x)] } }.map(\.name)
        #expect(names == ["a/b/Add", "a/b/Add_2", "a/b/Mul"])
        #expect(builder.integers([1, -1]) == builder.integers([1, -1]))
        #expect(builder.graph.constants.count == 1)
    }

    @Test func `A model beyond what ONNX files hold is refused before it is made`() {
        let builder = GraphBuilder(name: "large")
        let x = builder.input("x", [1])
        let values = [Float](repeating: 0, count: 1 << 26)
        for index in 0..<8 { _ = builder.constant(values, [1 << 26], key: "c\(index)") }
        builder.output("y", x, [1])
        #expect(throws: GraphError.self) { try builder.graph.onnx() }
    }
}
