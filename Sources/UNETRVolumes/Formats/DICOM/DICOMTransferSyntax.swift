/// How a data set and its pixels are written (PS3.5, A).
enum DICOMTransferSyntax: Equatable, Sendable {
    /// Pixels as they are.
    case native(DICOMEncoding)
    /// All that follows the file's own header is packed by deflate.
    case deflated
    /// Pixels in fragments, compressed or not.
    case encapsulated(PixelCodec)
    /// One that this program does not read; its UID.
    case unknown(String)

    /// - Parameter uid: of the file's header.
    init(_ uid: String) {
        self =
            switch uid {
            case "1.2.840.10008.1.2": .native(.implicit)
            case "1.2.840.10008.1.2.1": .native(.explicit)
            case "1.2.840.10008.1.2.2": .native(.bigEndian)
            case "1.2.840.10008.1.2.1.99": .deflated
            case "1.2.840.10008.1.2.1.98": .encapsulated(.none)
            case "1.2.840.10008.1.2.5": .encapsulated(.runLength)
            case "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51": .encapsulated(.jpeg)
            case "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70": .encapsulated(.losslessJPEG)
            case "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81": .encapsulated(.jpegLS)
            case "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91": .encapsulated(.jpeg2000)
            case "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203": .encapsulated(.highThroughputJPEG2000)
            default: .unknown(uid)
            }
    }

    /// How the elements are written. Every syntax that the standard has since added is explicit and little-endian.
    var encoding: DICOMEncoding { if case .native(let encoding) = self { encoding } else { .explicit } }
}

/// How the pixels of a frame are packed.
enum PixelCodec: Equatable, Sendable {
    case none, runLength, losslessJPEG, jpeg, jpegLS, jpeg2000, highThroughputJPEG2000

    /// What people call it.
    var name: String {
        switch self {
        case .none: "uncompressed"
        case .runLength: "RLE"
        case .losslessJPEG: "lossless JPEG"
        case .jpeg: "JPEG"
        case .jpegLS: "JPEG-LS"
        case .jpeg2000: "JPEG 2000"
        case .highThroughputJPEG2000: "HTJ2K"
        }
    }
}

/// Where a file's data set begins and how it is written.
struct DICOMStart {
    var position: Int
    var syntax: DICOMTransferSyntax
    /// Whether the file says that it is DICOM. Without that, a file that cannot be read is taken for something else.
    var isCertain: Bool

    /// Whether a file with these first bytes says that it is DICOM (PS3.10, 7.1).
    static func isMarked(_ start: [UInt8]) -> Bool { start.count >= 132 && start[128..<132].elementsEqual("DICM".utf8) }

    static func isMarked(_ source: any DICOMBytes) throws -> Bool { isMarked(try source.bytes(at: 0, count: 132) ?? []) }

    /// Reads the file's header, or guesses what it would say where there is none; nil for what is not DICOM.
    ///
    /// - Throws: `DICOMProblem`, `FileError`.
    init?(_ source: any DICOMBytes) throws {
        var window = ByteWindow(source)
        isCertain = try Self.isMarked(source)
        position = isCertain ? 132 : 0
        // Its length stands in it, but not always rightly: it ends where another group begins.
        var uid: String?
        while true {
            let bytes = Array(try window.bytes(at: position, upTo: 12))
            guard bytes.count >= 8, bytes[0] == 2, bytes[1] == 0, DICOMParser.isType(bytes[4..<6]) else { break }
            isCertain = isCertain || position > 0  // two elements of the header in a row are no accident
            var parser = DICOMParser(source, from: position)
            var element = DICOMDataSet()
            try parser.parseOne(.explicit, into: &element)
            uid = element.text(.transferSyntax) ?? uid
            position = parser.position
        }
        if let uid {
            syntax = DICOMTransferSyntax(uid)
        } else if let encoding = try Self.guess(&window, at: position) {
            syntax = .native(encoding)
        } else {
            guard isCertain else { return nil }
            throw DICOMProblem.malformed(what: "its header does not say how it is written", rule: "it must")
        }
    }

    /// How a data set is written, by its first element; nil for what does not look like one.
    private static func guess(_ window: inout ByteWindow, at position: Int) throws -> DICOMEncoding? {
        let bytes = Array(try window.bytes(at: position, upTo: 8))
        guard bytes.count == 8 else { return nil }
        // A data set begins with group 8, in which no element is long.
        if bytes[0] == 0, bytes[1] == 8 { return DICOMParser.isType(bytes[4..<6]) ? .bigEndian : nil }
        guard bytes[0] == 8, bytes[1] == 0 else { return nil }
        if DICOMParser.isType(bytes[4..<6]) { return .explicit }
        return bytes[6] == 0 && bytes[7] == 0 && bytes[5] < 4 ? .implicit : nil
    }
}
