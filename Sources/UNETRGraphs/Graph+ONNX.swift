public import Foundation
import UNETRArchives
import UNETRSupport

/// The graph as an ONNX model. Numbers of fields and types are those of `onnx.proto` (ONNX 1.14, intermediate representation 8).
extension Graph {
    private static let float = 1

    /// Writes the model as a file, atomically.
    /// - Throws: `GraphError.tooLarge`; errors of the file system.
    public func writeONNX(to url: URL) throws {
        let model = try model()
        try AtomicFile.write(to: url) { temporary in
            let file = try OutputFile(temporary)
            try model.forEachRun(file.write)
            try file.flush()
        }
    }

    /// The model's bytes.
    /// - Throws: `GraphError.tooLarge`.
    public func onnx() throws -> Data {
        let model = try model()
        var data = Data(capacity: model.count)
        model.forEachRun { data.append(contentsOf: $0) }
        return data
    }

    private func model() throws -> ProtocolBuffer {
        var model = ProtocolBuffer()
        model.integer(1, 8)  // ir_version
        model.text(2, "unetrpp")  // producer_name
        model.message(7) { graph in
            for node in nodes { graph.message(1, Self.message(node)) }
            graph.text(2, name)
            for constant in constants { graph.message(5, Self.message(constant)) }
            for port in inputs { graph.message(11, Self.message(port)) }
            for port in outputs { graph.message(12, Self.message(port)) }
        }
        model.message(8) { operators in  // opset_import
            operators.text(1, "")  // the default domain
            operators.integer(2, Self.operatorVersion)
        }
        for note in notes {
            model.message(14) { entry in
                entry.text(1, note.key)
                entry.text(2, note.text)
            }
        }
        guard model.count < 1 << 31 else { throw GraphError.tooLarge(bytes: model.count) }
        return model
    }

    private static func message(_ node: Node) -> ProtocolBuffer {
        var message = ProtocolBuffer()
        for input in node.inputs { message.text(1, input.name) }
        message.text(2, node.output.name)
        message.text(3, node.output.name)
        message.text(4, node.operation)
        for attribute in node.attributes {
            message.message(5) { field in
                field.text(1, attribute.name)
                switch attribute.value {
                case .float(let value):
                    field.float(2, value)
                    field.integer(20, 1)
                case .int(let value):
                    field.integer(3, value)
                    field.integer(20, 2)
                case .text(let value):
                    field.text(4, value)
                    field.integer(20, 3)
                case .ints(let values):
                    for value in values { field.integer(8, value) }
                    field.integer(20, 7)
                }
            }
        }
        return message
    }

    private static func message(_ constant: Constant) -> ProtocolBuffer {
        var message = ProtocolBuffer()
        for size in constant.array.shape { message.integer(1, size) }
        message.integer(2, type(constant.array.scalarType))
        message.text(8, constant.value.name)
        message.stored(9, constant.array.bytes)
        return message
    }

    private static func type(_ type: ScalarType) -> Int {
        switch type {
        case .float32: float
        case .uint8: 2
        case .int8: 3
        case .int64: 7
        default: preconditionFailure("a graph has no constants of type \(type)")
        }
    }

    private static func message(_ port: Port) -> ProtocolBuffer {
        var message = ProtocolBuffer()
        message.text(1, port.value.name)
        message.message(2) { type in
            type.message(1) { tensor in
                tensor.integer(1, float)
                tensor.message(2) { shape in
                    for size in port.shape {
                        shape.message(1) { dimension in
                            if let size { dimension.integer(1, size) } else { dimension.text(2, "N") }
                        }
                    }
                }
            }
        }
        return message
    }
}

/// Why a graph cannot be written.
public enum GraphError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The graph exceeds the 2 GB that the format allows.
    case tooLarge(bytes: Int)
    /// The ranges that a graph in 8 bits needs.
    case ranges(missing: Int, of: Int, first: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .tooLarge(let bytes): "the model takes \(bytes >> 20) MB as ONNX, whose files hold at most 2047 MB; a narrower network fits"
        case .ranges(let missing, let count, let first): "the range of \(missing) of \(count) convolutions is missing, the first that of \(first)"
        }
    }
}
