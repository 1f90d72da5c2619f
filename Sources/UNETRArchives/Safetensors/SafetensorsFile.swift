public import Foundation

/// A safetensors file opened for reading: named arrays whose bytes stay in the mapped file.
///
/// The form: the header's length as a little-endian `UInt64`, the header as a JSON object, then the arrays' bytes without gaps.
/// Nothing the header says is believed before it is checked against the size of the file.
/// Source: <https://huggingface.co/docs/safetensors>.
public struct SafetensorsFile: Sendable {
    /// The file.
    public let url: URL
    /// The arrays' names in the order of the header.
    public let names: [String]
    /// The free text entries of `__metadata__`.
    public let metadata: [String: String]
    private let arrays: [String: StoredArray]

    /// Opens a file and checks its whole header; the arrays' bytes are not read.
    ///
    /// - Throws: `SafetensorsError` for a file that is not what it says, `FileError` for one that cannot be opened.
    public init(contentsOf url: URL) throws {
        let file = try MappedFile(url)
        do {
            let header = try SafetensorsHeader(file.bytes)
            var arrays: [String: StoredArray] = [:]
            for entry in header.entries {
                arrays[entry.name] = try StoredArray(
                    scalarType: entry.type, shape: entry.shape, bytes: file.bytes[header.dataStart..<file.count][entry.offsets])
            }
            self.url = url
            self.names = header.entries.map(\.name)
            self.metadata = header.metadata
            self.arrays = arrays
        } catch let problem as SafetensorsError.Problem {
            throw SafetensorsError(path: url.path, problem: problem)
        }
    }

    /// The array of that name, if the file has it.
    public subscript(name: String) -> StoredArray? { arrays[name] }

    /// The array of that name.
    /// - Throws: `SafetensorsError` when the file has none.
    public func array(_ name: String) throws -> StoredArray {
        guard let array = arrays[name] else {
            throw SafetensorsError(path: url.path, problem: .noSuchArray(name, known: names))
        }
        return array
    }
}

/// What the header of a safetensors file says, checked.
struct SafetensorsHeader {
    struct Entry {
        var name: String
        var type: ScalarType
        var shape: [Int]
        /// The array's bytes, counted from the end of the header.
        var offsets: Range<Int>
    }

    typealias Problem = SafetensorsError.Problem

    /// The format's own limit on the header.
    static let longestHeader = 100_000_000

    var entries: [Entry] = []
    var metadata: [String: String] = [:]
    let dataStart: Int

    init(_ file: StoredBytes) throws {
        guard file.count >= 8 else { throw Problem.tooShort(file.count) }
        let length = file.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        guard length <= UInt64(file.count - 8) else { throw Problem.headerBeyondFile(length: length, fileBytes: file.count) }
        guard length <= UInt64(Self.longestHeader) else { throw Problem.headerTooLong(length) }
        dataStart = 8 + Int(length)
        let members = try Self.members(file[8..<dataStart])
        for (key, value) in members {
            if key == "__metadata__" {
                try readMetadata(value)
            } else {
                entries.append(try Self.entry(key, value, dataBytes: file.count - dataStart))
            }
        }
        try checkCoverage(dataBytes: file.count - dataStart)
    }

    private static func members(_ text: StoredBytes) throws -> [(key: String, value: StrictJSON)] {
        try text.withUnsafeBytes { text in
            guard text.first == UInt8(ascii: "{") else { throw Problem.headerNotObject }
            do {
                guard case .object(let members) = try StrictJSON(text) else { throw Problem.headerNotObject }
                return members
            } catch StrictJSON.Problem.duplicateKey(let key) {
                throw Problem.duplicateKey(key)
            } catch StrictJSON.Problem.syntax(let reason, let byte) {
                throw Problem.headerNotJSON(reason, byte: 8 + byte)
            }
        }
    }

    private mutating func readMetadata(_ value: StrictJSON) throws {
        guard case .object(let members) = value else { throw Problem.metadataNotText("__metadata__") }
        for (key, value) in members {
            guard case .string(let text) = value else { throw Problem.metadataNotText(key) }
            metadata[key] = text
        }
    }

    private static func entry(_ name: String, _ value: StrictJSON, dataBytes: Int) throws -> Entry {
        guard case .object(let members) = value else { throw Problem.badEntry(name, "it is not an object") }
        func member(_ key: String) throws -> StrictJSON {
            guard let found = members.first(where: { $0.key == key }) else { throw Problem.badEntry(name, "it has no \(key)") }
            return found.value
        }
        guard case .string(let typeName) = try member("dtype") else { throw Problem.badEntry(name, "its dtype is not text") }
        guard let type = ScalarType(safetensorsName: typeName) else { throw Problem.unknownType(name, type: typeName) }
        let shape = try sizes(name, "shape", try member("shape"))
        guard shape.count <= Shape.mostAxes else {
            throw Problem.badEntry(name, "its shape has \(shape.count) axes; up to \(Shape.mostAxes) are read")
        }
        let offsets = try sizes(name, "data_offsets", try member("data_offsets"))
        guard offsets.count == 2 else { throw Problem.badEntry(name, "its data_offsets are not two numbers") }
        let (begin, end) = (offsets[0], offsets[1])
        guard begin <= end else { throw Problem.endBeforeBegin(name, begin: begin, end: end) }
        guard end <= dataBytes else { throw Problem.outOfRange(name, end: end, dataBytes: dataBytes) }
        guard let expected = Shape.byteCount(shape, type) else { throw Problem.sizeOverflow(name, shape: shape) }
        guard expected == end - begin else { throw Problem.wrongByteCount(name, expected: expected, got: end - begin) }
        return Entry(name: name, type: type, shape: shape, offsets: begin..<end)
    }

    private static func sizes(_ name: String, _ key: String, _ value: StrictJSON) throws -> [Int] {
        guard case .array(let elements) = value else { throw Problem.badEntry(name, "its \(key) is not a list") }
        return try elements.map { element in
            guard case .number(let text) = element else { throw Problem.badEntry(name, "its \(key) holds something other than numbers") }
            if text.hasPrefix("-") { throw Problem.negativeSize(name, key: key, text) }
            guard let size = Int(text) else {
                throw Problem.badEntry(name, "its \(key) holds \(text), which is not a whole number in range")
            }
            return size
        }
    }

    /// Every byte behind the header belongs to exactly one array.
    private func checkCoverage(dataBytes: Int) throws {
        var covered = 0
        var previous = ""
        let inOrder = entries.sorted { ($0.offsets.lowerBound, $0.offsets.upperBound) < ($1.offsets.lowerBound, $1.offsets.upperBound) }
        for entry in inOrder {
            let begin = entry.offsets.lowerBound
            if begin < covered { throw Problem.overlap(entry.name, previous) }
            if begin > covered { throw Problem.hole(begin: covered, end: begin) }
            covered = entry.offsets.upperBound
            previous = entry.name
        }
        if covered < dataBytes { throw Problem.trailingBytes(dataBytes - covered) }
    }
}

extension ScalarType {
    /// The name in a safetensors header.
    var safetensorsName: String {
        switch self {
        case .float64: "F64"
        case .float32: "F32"
        case .float16: "F16"
        case .bfloat16: "BF16"
        case .int64: "I64"
        case .int32: "I32"
        case .int16: "I16"
        case .int8: "I8"
        case .uint64: "U64"
        case .uint32: "U32"
        case .uint16: "U16"
        case .uint8: "U8"
        case .bool: "BOOL"
        }
    }

    init?(safetensorsName name: String) {
        guard let type = Self.allCases.first(where: { $0.safetensorsName == name }) else { return nil }
        self = type
    }
}
