import Foundation
import Testing
import UNETRArchives
import UNETRGraphs

/// A message of protocol buffers, read without knowing what it is: for each field its values in order.
private struct Message {
    enum Field: Equatable {
        case number(UInt64)
        case bytes([UInt8])
        case float(Float)
    }

    private(set) var fields: [UInt64: [Field]] = [:]

    init(_ bytes: some Sequence<UInt8>) {
        var rest = Array(bytes)[...]
        func number() -> UInt64 {
            var (value, shift) = (UInt64(0), UInt64(0))
            while let byte = rest.popFirst() {
                value |= UInt64(byte & 0x7F) << shift
                shift += 7
                if byte < 128 { break }
            }
            return value
        }
        while !rest.isEmpty {
            let tag = number()
            switch tag & 7 {
            case 0: fields[tag >> 3, default: []].append(.number(number()))
            case 2:
                let count = Int(number())
                fields[tag >> 3, default: []].append(.bytes(Array(rest.prefix(count))))
                rest = rest.dropFirst(count)
            default:  // 5: a float
                let bits = rest.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                fields[tag >> 3, default: []].append(.float(Float(bitPattern: bits)))
                rest = rest.dropFirst(4)
            }
        }
    }

    func numbers(_ field: UInt64) -> [Int] {
        (fields[field] ?? []).compactMap { if case .number(let value) = $0 { Int(truncatingIfNeeded: value) } else { nil } }
    }
    func bytes(_ field: UInt64) -> [[UInt8]] { (fields[field] ?? []).compactMap { if case .bytes(let value) = $0 { value } else { nil } } }
    func texts(_ field: UInt64) -> [String] { bytes(field).map { String(decoding: $0, as: UTF8.self) } }
    func messages(_ field: UInt64) -> [Message] { bytes(field).map { Message($0) } }
    func floats(_ field: UInt64) -> [Float] { (fields[field] ?? []).compactMap { if case .float(let value) = $0 { value } else { nil } } }
}

/// What each operation is in ONNX, by the operator's page of the standard (version 18), and what of it is in the file.
struct OperationTests {
    /// The last node, as "Name(input, …; attribute=value, …)": constants of whole numbers by their values.
    private func written(_ build: (GraphBuilder, _ x: Graph.Value, _ w: Graph.Value) -> Graph.Value) -> String {
        let builder = GraphBuilder(name: "one"), x = builder.input("x", [1, 2, 4, 4, 4]), w = builder.input("w", [3])
        _ = build(builder, x, w)
        let graph = builder.graph, node = graph.nodes.last!
        func name(_ value: Graph.Value) -> String {
            guard let constant = graph.constants.first(where: { $0.value == value })?.array else { return value.name }
            return constant.scalarType == .int64 ? "\(constant.ints())" : "\(constant.floats())"
        }
        let attributes = node.attributes.map { attribute in
            switch attribute.value {
            case .int(let value): "\(attribute.name)=\(value)"
            case .ints(let values): "\(attribute.name)=\(values)"
            case .float(let value): "\(attribute.name)=\(value)"
            case .text(let value): "\(attribute.name)=\(value)"
            }
        }
        return "\(node.operation)(\(node.inputs.map(name).joined(separator: ", "));\(attributes.joined(separator: ";")))"
    }

    @Test func `Each operation has the inputs and attributes of the standard`() {
        #expect(written { $0.add($1, $2) } == "Add(x, w;)" && written { $0.subtract($1, $2) } == "Sub(x, w;)")
        #expect(written { $0.multiply($1, $2) } == "Mul(x, w;)" && written { $0.divide($1, $2) } == "Div(x, w;)")
        #expect(written { $0.maximum($1, $2) } == "Max(x, w;)" && written { $0.minimum($1, $2) } == "Min(x, w;)")
        #expect(written { $0.product($1, $2) } == "MatMul(x, w;)" && written { builder, x, _ in builder.squareRoot(x) } == "Sqrt(x;)")
        #expect(
            written { builder, x, _ in builder.leakyReLU(x) } == "LeakyRelu(x;alpha=0.01)" && written { $0.parametricReLU($1, slope: $2) } == "PRelu(x, w;)")
        #expect(written { builder, x, _ in builder.relu(x) } == "Relu(x;)" && written { builder, x, _ in builder.sigmoid(x) } == "Sigmoid(x;)")
        #expect(written { builder, x, _ in builder.softmax(x) } == "Softmax(x;axis=-1)" && written { builder, x, _ in builder.floor(x) } == "Floor(x;)")
        #expect(written { builder, x, _ in builder.wholeNumbers(x) } == "Cast(x;to=7)")
    }

    @Test func `Shapes, axes and ranges are inputs`() {
        #expect(written { builder, x, _ in builder.reshape(x, [0, -1]) } == "Reshape(x, [0, -1];)")
        #expect(written { builder, x, _ in builder.transpose(x, [0, 2, 1]) } == "Transpose(x;perm=[0, 2, 1])")
        #expect(written { builder, x, _ in builder.unsqueeze(x, 1) } == "Unsqueeze(x, [1];)")
        #expect(written { builder, x, _ in builder.sliced(x, 2..<5, axis: -1) } == "Slice(x, [2], [5], [-1];)")
        #expect(written { builder, x, _ in builder.selected(x, 3, axis: 1) } == "Squeeze(Slice, [1];)")
        #expect(written { builder, x, _ in builder.padded(x, before: [0, 1], behind: [2, 3]) } == "Pad(x, [0, 1, 2, 3];)")
        #expect(written { $0.gathered($1, $2, axis: 1) } == "Gather(x, w;axis=1)" && written { $0.concatenated([$1, $2], axis: 1) } == "Concat(x, w;axis=1)")
        #expect(
            written { $0.rowsGathered($1, $2) } == "GatherND(x, w;batch_dims=1)"
                && written { builder, x, _ in builder.expanded(x, [2, 3]) } == "Expand(x, [2, 3];)")
        for (name, found) in [
            ("ReduceSum", written { builder, x, _ in builder.sum(x, [2, 3]) }), ("ReduceMean", written { builder, x, _ in builder.mean(x, [2, 3]) }),
            ("ReduceL2", written { builder, x, _ in builder.length(x, [2, 3]) }),
        ] { #expect(found == "\(name)(x, [2, 3];keepdims=1)") }
    }

    @Test func `Convolutions say kernel, stride and padding, and only what differs from the usual`() {
        #expect(written { $0.convolution($1, $2, kernel: [3, 3, 3]) } == "Conv(x, w;kernel_shape=[3, 3, 3];strides=[1, 1, 1];pads=[0, 0, 0, 0, 0, 0])")
        #expect(
            written { $0.convolution($1, $2, bias: $2, kernel: [1, 3, 3], stride: [1, 2, 2], padding: [0, 1, 1], behind: [0, 2, 2], rate: 2, groups: 4) }
                == "Conv(x, w, w;kernel_shape=[1, 3, 3];strides=[1, 2, 2];pads=[0, 1, 1, 0, 2, 2];dilations=[2, 2, 2];group=4)")
        #expect(written { $0.transposedConvolution($1, $2, stride: [2, 2, 1]) } == "ConvTranspose(x, w;kernel_shape=[2, 2, 1];strides=[2, 2, 1])")
        #expect(
            written {
                $0.transposedConvolution($1, $2, bias: $2, kernel: [3, 3, 3], stride: [2, 2, 2], padding: [1, 1, 1], outputPadding: [1, 1, 0], groups: 2)
            }
                == "ConvTranspose(x, w, w;kernel_shape=[3, 3, 3];strides=[2, 2, 2];pads=[1, 1, 1, 1, 1, 1];output_padding=[1, 1, 0];group=2)")
        #expect(written { builder, x, _ in builder.maximumPool(x, [2, 2, 2]) } == "MaxPool(x;kernel_shape=[2, 2, 2];strides=[2, 2, 2])")
        #expect(written { builder, x, _ in builder.maximumPool(x, [3, 3, 3], stride: [1, 1, 1]) } == "MaxPool(x;kernel_shape=[3, 3, 3];strides=[1, 1, 1])")
        #expect(written { builder, x, _ in builder.averagePool(x, [1, 2, 2]) } == "AveragePool(x;kernel_shape=[1, 2, 2];strides=[1, 2, 2])")
    }

    @Test func `Sizes are changed by whole factors, and normalizations have their epsilon`() {
        #expect(
            written { builder, x, _ in builder.repeated(x, [2, 1, 2]) }
                == "Resize(x, , [1.0, 1.0, 2.0, 1.0, 2.0];mode=nearest;coordinate_transformation_mode=asymmetric;nearest_mode=floor)")
        #expect(
            written { builder, x, _ in builder.interpolated(x, [2, 2, 2]) }
                == "Resize(x, , [1.0, 1.0, 2.0, 2.0, 2.0];mode=linear;coordinate_transformation_mode=half_pixel)")
        #expect(
            written { builder, x, _ in builder.interpolated(x, [2, 2, 2], aligningCorners: true) }
                == "Resize(x, , [1.0, 1.0, 2.0, 2.0, 2.0];mode=linear;coordinate_transformation_mode=align_corners)")
        #expect(written { $0.layerNorm($1, scale: $2, bias: $2, epsilon: 0.5) } == "LayerNormalization(x, w, w;axis=-1;epsilon=0.5)")
        #expect(written { $0.instanceNorm($1, scale: $2, bias: $2, epsilon: 0.25) } == "InstanceNormalization(x, w, w;epsilon=0.25)")
        #expect(written { $0.batchNorm($1, scale: $2, bias: $2, mean: $2, variance: $2, epsilon: 0.25) } == "BatchNormalization(x, w, w, w, w;epsilon=0.25)")
    }

    @Test func `A constant that is asked for again is there once`() {
        let builder = GraphBuilder(name: "shared")
        var made = 0
        func table() -> Graph.Value {
            builder.table("ones", [2]) {
                made += 1
                return [1, 1]
            }
        }
        #expect(table() == table() && made == 1 && builder.numbers("n", [2]) { [4, 5] } == builder.numbers("n", [2]) { [6, 7] })
        #expect(builder.graph.constants.map(\.value.name) == ["ones", "n"] && builder.graph.constants[1].array.ints() == [4, 5])
        #expect(builder.integers([1, -2]).name == "integers_1_m2")
    }

    @Test func `A file holds every node, constant and port, under the numbers of the standard's fields`() throws {
        let builder = GraphBuilder(name: "all")
        let x = builder.input("x", [nil, 2, 4])
        let inner = builder.in("block") {
            builder.leakyReLU(builder.product(x, builder.constant([1.5, -2, 0.25, 8], [4, 1], key: "weights")), slope: 0.125)
        }
        builder.output("y", builder.repeated(builder.reshape(inner, [-1, 1, 1, 1, 2]), [1, 1, 2]), [nil, 1, 1, 1, 4])
        builder.note("network", "Größe")
        let model = Message(try builder.graph.onnx()), graph = model.messages(7)[0]
        #expect(
            model.numbers(1) == [8] && model.texts(2) == ["unetrpp"] && model.messages(8).map { $0.numbers(2) } == [[18]]
                && model.messages(8)[0].texts(1) == [""])
        #expect(model.messages(14).map { $0.texts(1) + $0.texts(2) } == [["network", "Größe"]] && graph.texts(2) == ["all"])

        let nodes = graph.messages(1)
        #expect(nodes.map { $0.texts(4)[0] } == ["MatMul", "LeakyRelu", "Reshape", "Resize", "Identity"])
        #expect(nodes[0].texts(1) == ["x", "weights"] && nodes[0].texts(2) == ["block/MatMul"] && nodes[0].texts(3) == ["block/MatMul"])
        let slope = nodes[1].messages(5)[0]
        #expect(slope.texts(1) == ["alpha"] && slope.floats(2) == [0.125] && slope.numbers(20) == [1])
        let modes = nodes[3].messages(5)
        #expect(modes.map { $0.texts(1)[0] } == ["mode", "coordinate_transformation_mode", "nearest_mode"] && modes.allSatisfy { $0.numbers(20) == [3] })
        #expect(modes.map { $0.texts(4)[0] } == ["nearest", "asymmetric", "floor"] && nodes[3].texts(1)[1] == "" && nodes[4].texts(2) == ["y"])

        let constants = graph.messages(5)
        #expect(constants.map { $0.texts(8)[0] } == ["weights", "integers_m1_1_1_1_2", "constant"] && constants.map { $0.numbers(1) } == [[4, 1], [5], [5]])
        #expect(constants.map { $0.numbers(2) } == [[1], [7], [1]])
        #expect(constants[0].bytes(9)[0] == [Float]([1.5, -2, 0.25, 8]).flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } })
        #expect(constants[1].bytes(9)[0] == [Int64]([-1, 1, 1, 1, 2]).flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } })

        func port(_ message: Message) -> (name: String, type: [Int], sizes: [String]) {
            let tensor = message.messages(2)[0].messages(1)[0]
            return (message.texts(1)[0], tensor.numbers(1), tensor.messages(2)[0].messages(1).map { $0.numbers(1).first.map { "\($0)" } ?? $0.texts(2)[0] })
        }
        let (input, output) = (port(graph.messages(11)[0]), port(graph.messages(12)[0]))
        #expect(input == ("x", [1], ["N", "2", "4"]) && output == ("y", [1], ["N", "1", "1", "1", "4"]))
    }
}
