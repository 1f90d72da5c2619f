/// A safetensors file that is not what it says, or arrays that cannot be written as one.
public struct SafetensorsError: Error, Equatable, Sendable, CustomStringConvertible {
    public var path: String
    public var problem: Problem

    public init(path: String, problem: Problem) {
        self.path = path
        self.problem = problem
    }

    public enum Problem: Error, Equatable, Sendable, CustomStringConvertible {
        case tooShort(Int)
        case headerBeyondFile(length: UInt64, fileBytes: Int)
        case headerTooLong(UInt64)
        case headerNotObject
        case headerNotJSON(String, byte: Int)
        case duplicateKey(String)
        case metadataNotText(String)
        case badEntry(String, String)
        case unknownType(String, type: String)
        case negativeSize(String, key: String, String)
        case sizeOverflow(String, shape: [Int])
        case endBeforeBegin(String, begin: Int, end: Int)
        case outOfRange(String, end: Int, dataBytes: Int)
        case wrongByteCount(String, expected: Int, got: Int)
        case overlap(String, String)
        case hole(begin: Int, end: Int)
        case trailingBytes(Int)
        case noSuchArray(String, known: [String])
        case duplicateName(String)
        case reservedName(String)

        public var description: String { sentence }
    }

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
