public import Foundation

/// JSON that people write and edit: written in one style, and read with one sentence for whatever is wrong with it.
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

    /// How a text is laid out. Keys are sorted in each, so that equal values give equal bytes.
    public enum Style: Sendable {
        /// Indented, for files that people read.
        case file
        /// On one line.
        case line
        /// On one line with slashes escaped: what digests are made of, and how the lines of a log were always written.
        case plainLine

        var formatting: JSONEncoder.OutputFormatting {
            switch self {
            case .file: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            case .line: [.sortedKeys, .withoutEscapingSlashes]
            case .plainLine: [.sortedKeys]
            }
        }
    }

    /// A value as JSON, without a line end behind it.
    ///
    /// - Throws: `EncodingError` for a number that is not finite, and what the value's own encoding throws.
    public static func encode(_ value: some Encodable, _ style: Style = .file) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = style.formatting
        return try encoder.encode(value)
    }

    /// What keeps `data` from being decoded, found by an own walk over its values.
    private static func sentence<Value: Decodable>(for _: Value.Type, _ data: Data) throws -> String {
        let decoder = JSONDecoder()
        decoder.userInfo[JSONValue.keepsEnormousNumbers] = true
        guard let value = try? decoder.decode(JSONValue.self, from: data) else {
            return "the file is not JSON (it may be cut off or not the file you meant)"
        }
        do { _ = try Value(from: JSONValueDecoder(value: value, codingPath: [])) } catch let error as DecodingError { return error.sentence }
        return "the file does not hold what is expected"
    }
}

/// Why JSON cannot be decoded: "epochs is 2.5, but a whole number is expected".
public struct JSONProblem: Error, Equatable, Sendable, CustomStringConvertible {
    /// Without the file's path, which the reader knows.
    public var sentence: String
    /// One sentence: what is wrong, where, and what to do.
    public var description: String { sentence }
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
