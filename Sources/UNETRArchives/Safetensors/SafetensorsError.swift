/// A safetensors file that is not what it says, or arrays that cannot be written as one.
public struct SafetensorsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file.
    public var path: String
    /// What is wrong with it.
    public var problem: Problem

    /// An error about the file at `path`.
    public init(path: String, problem: Problem) {
        self.path = path
        self.problem = problem
    }

    /// What can be wrong with a safetensors file.
    public enum Problem: Error, Equatable, Sendable, CustomStringConvertible {
        /// The file has fewer than the eight bytes of the header's length.
        case tooShort(Int)
        /// The header is longer than the file.
        case headerBeyondFile(length: UInt64, fileBytes: Int)
        /// The header exceeds the format's limit of 100 MB.
        case headerTooLong(UInt64)
        /// The header is JSON, but no object.
        case headerNotObject
        /// The header is not JSON: what is wrong, and at which byte.
        case headerNotJSON(String, byte: Int)
        /// Two arrays have this name.
        case duplicateKey(String)
        /// This entry of the metadata is no text.
        case metadataNotText(String)
        /// The entry of an array lacks a field or has a wrong one.
        case badEntry(String, String)
        /// An array has an element type that is not supported.
        case unknownType(String, type: String)
        /// A size or offset is negative.
        case negativeSize(String, key: String, String)
        /// The shape's byte count exceeds 64 bits.
        case sizeOverflow(String, shape: [Int])
        /// An array ends before it begins.
        case endBeforeBegin(String, begin: Int, end: Int)
        /// An array reaches beyond the end of the file.
        case outOfRange(String, end: Int, dataBytes: Int)
        /// An array has other bytes than its shape and type need.
        case wrongByteCount(String, expected: Int, got: Int)
        /// Two arrays share bytes.
        case overlap(String, String)
        /// Bytes that belong to no array.
        case hole(begin: Int, end: Int)
        /// Bytes after the last array.
        case trailingBytes(Int)
        /// The file has no array of this name; the names it has.
        case noSuchArray(String, known: [String])
        /// Two arrays to be written have this name.
        case duplicateName(String)
        /// The format reserves this name.
        case reservedName(String)

        /// One sentence: what is wrong, where, and what to do.
        public var description: String { sentence }
    }

    /// One sentence: what is wrong, where, and what to do.
    public var description: String { "\(path): \(problem.sentence)" }
}

extension SafetensorsError.Problem {
    var sentence: String {
        switch self {
        case .tooShort(let bytes):
            "not a safetensors file: it has \(bytes) bytes, and the header's length alone takes 8"
        case .headerBeyondFile(let length, let fileBytes):
            "not a safetensors file, or cut short: its header should take \(length) bytes, but the whole file has \(fileBytes)"
        case .headerTooLong(let length):
            "its header should take \(length) bytes; the format allows \(SafetensorsHeader.longestHeader)"
        case .headerNotObject:
            "not a safetensors file: its header is not a JSON object"
        case .headerNotJSON(let reason, let byte):
            "its header is not valid JSON: \(reason) at byte \(byte)"
        case .duplicateKey(let key):
            "its header has the key “\(key)” twice"
        case .metadataNotText(let key):
            "its metadata entry “\(key)” is not text; metadata must map text to text"
        case .badEntry(let name, let reason):
            "the header's entry for “\(name)” is broken: \(reason)"
        case .unknownType(let name, let type):
            "the array “\(name)” has the type \(type), which is not supported; known are "
                + ScalarType.allCases.map(\.safetensorsName).joined(separator: ", ")
        case .negativeSize(let name, let key, let size):
            "the \(key) of the array “\(name)” holds the negative number \(size)"
        case .sizeOverflow(let name, let shape):
            "the array “\(name)” has the shape \(shape), which has more elements than can be counted"
        case .endBeforeBegin(let name, let begin, let end):
            "the array “\(name)” ends at byte \(end), before it begins at byte \(begin)"
        case .outOfRange(let name, let end, let dataBytes):
            "the array “\(name)” should end at byte \(end) of the data, but there are \(dataBytes): "
                + "the file is cut short or its header lies"
        case .wrongByteCount(let name, let expected, let got):
            "the shape and type of the array “\(name)” take \(expected) bytes, but its offsets span \(got)"
        case .overlap(let name, let other):
            "the arrays “\(other)” and “\(name)” share bytes"
        case .hole(let begin, let end):
            "bytes \(begin) to \(end) of the data belong to no array"
        case .trailingBytes(let count):
            "\(count) bytes after the last array belong to no array"
        case .noSuchArray(let name, let known):
            "there is no array “\(name)”; there are \(Self.list(known))"
        case .duplicateName(let name):
            "cannot be written: two arrays are named “\(name)”"
        case .reservedName(let name):
            "cannot be written: the name “\(name)” is reserved by the format"
        }
    }

    private static func list(_ names: [String]) -> String {
        if names.isEmpty { return "none at all" }
        let shown = names.prefix(8).joined(separator: ", ")
        return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
    }
}
