public import Foundation

/// JSON that people write and edit, read with one sentence for whatever is wrong with it.
///
/// Foundation's decoder calls a number that does not fit its field "not valid JSON" and keeps to itself which field it was. Here a text
/// that cannot be decoded is gone through once more, so that the sentence names field, value and what is expected.
public enum JSONText {
    /// Decodes a value.
    ///
    /// - Throws: `JSONProblem`, and as they are the errors that the type's own decoding throws and that are not `DecodingError`.
    public static func decode<Value: Decodable>(_: Value.Type = Value.self, from data: Data) throws -> Value {
        do { return try JSONDecoder().decode(Value.self, from: data) } catch is DecodingError {
            throw JSONProblem(sentence: try sentence(for: Value.self, data))
        }
    }

    /// What keeps `data` from being decoded, found by an own walk over its values.
    private static func sentence<Value: Decodable>(for _: Value.Type, _ data: Data) throws -> String {
        guard let node = try? JSONDecoder().decode(JSONNode.self, from: data) else {
            return "the file is not JSON (it may be cut off or not the file you meant)"
        }
        do { _ = try Value(from: JSONNodeDecoder(node: node, codingPath: [])) } catch let error as DecodingError { return error.sentence }
        return "the file does not hold what is expected"
    }
}

/// Why JSON cannot be decoded: "epochs is 2.5, but a whole number is expected".
public struct JSONProblem: Error, Equatable, Sendable, CustomStringConvertible {
    /// Without the file's path, which the reader knows.
    public var sentence: String
    public var description: String { sentence }
}

/// A value of a JSON text, its numbers as wide as they come.
indirect enum JSONNode: Decodable {
    case null, bool(Bool), integer(Int), unsigned(UInt64), number(Double), text(String), list([JSONNode]), object([String: JSONNode])
    /// A number that not even a `Double` can hold.
    case enormous

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .unsigned(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONNode].self) {
            self = .list(value)
        } else if let value = try? container.decode([String: JSONNode].self) {
            self = .object(value)
        } else {
            self = .enormous
        }
    }

    /// The value as a sentence shows it.
    var shown: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .unsigned(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let value): "\"\(value.count > 40 ? value.prefix(40) + "…" : value)\""
        case .list(let elements): "a list of \(elements.count)"
        case .object: "an object"
        case .enormous: "a number beyond 10³⁰⁸"
        }
    }
}

extension DecodingError {
    /// Which field is wrong and how, without the decoder's own vocabulary.
    var sentence: String {
        switch self {
        case .keyNotFound(let key, let context):
            return "\(context.codingPath.isEmpty ? "" : "in \(Self.place(context)) ")the field \(key.stringValue) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context): return "\(Self.place(context)) \(context.debugDescription)"
        case .dataCorrupted(let context):
            // What an enumeration says of a word that it does not know ends in that word.
            let parts = context.debugDescription.components(separatedBy: " from invalid String value ")
            return parts.count == 2
                ? "\(Self.place(context)) is \"\(parts[1])\", which is not one of the words that may stand there"
                : "\(Self.place(context)): \(context.debugDescription)"
        @unknown default: return "\(self)"
        }
    }

    /// The field's path, such as `normalization[0].scheme`.
    private static func place(_ context: Context) -> String {
        let keys = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
        return keys.isEmpty ? "the file" : keys.joined(separator: ".").replacingOccurrences(of: ".[", with: "[")
    }
}
