import Foundation

extension MetaImageHeader {
    /// Reads the header of `.mha` or `.mhd`.
    ///
    /// - Throws: `VolumeError` for what is not MetaImage, and for what it allows and this program does not read.
    init(contentsOf url: URL) throws {
        let lines = try HeaderLines(url, format: "MetaImage")
        var fields = HeaderFields(path: url.path)
        var isFirst = true
        while let line = try Self.next(lines, isFirst), fields["ElementDataFile"] == nil {
            let parts = line.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            if isFirst, !Self.isFirstLine(line) { break }
            isFirst = false
            if line.allSatisfy(\.isWhitespace) { continue }
            guard parts.count == 2 else { throw fields.bad("line", line, "a field is a name, = and a value") }
            if parts[0] == "Comment" { continue }
            try fields.add(Self.synonyms[parts[0]] ?? parts[0], parts[1])
            if parts[0] == "ElementDataFile" { break }
        }
        guard !isFirst else {
            throw VolumeError.notOfFormat(
                path: url.path, format: "MetaImage", expected: "fields such as ObjectType = Image",
                found: lines.fileBytes == 0 ? "an empty file" : "something else")
        }
        try self.init(fields)
        headerBytes = lines.position
    }

    /// Reads no further into a file that is something else.
    private static func next(_ lines: HeaderLines, _ isFirst: Bool) throws -> String? {
        guard isFirst else { return try lines.next() }
        do { return try lines.next() } catch VolumeError.badHeader { return nil }
    }

    static func isFirstLine(_ line: String) -> Bool {
        guard let equals = line.firstIndex(of: "=") else { return false }
        return ["ObjectType", "ObjectSubType", "Comment", "NDims"].contains(line[..<equals].trimmingCharacters(in: .whitespaces))
    }

    /// Older names of fields.
    private static let synonyms = [
        "Rotation": "TransformMatrix", "Orientation": "TransformMatrix", "Position": "Offset", "Origin": "Offset",
        "ElementByteOrderMSB": "BinaryDataByteOrderMSB",
    ]

    private init(_ fields: HeaderFields) throws {
        try Self.checkAxes(fields)
        sizes = try fields.sizes("DimSize")
        let name = try fields.required("ElementType")
        guard let type = Self.types[name] else { throw VolumeError.unsupportedVoxels(path: fields.path, type: "'\(name.prefix(40))'") }
        self.type = type
        byteOrder = try Self.flag(fields, "BinaryDataByteOrderMSB") ?? false ? .big : .little
        matrix = try fields.numbers("TransformMatrix", count: 9) ?? [1, 0, 0, 0, 1, 0, 0, 0, 1]
        offset = try fields.numbers("Offset", count: 3) ?? [0, 0, 0]
        spacings = try fields.numbers("ElementSpacing", count: 3) ?? fields.numbers("ElementSize", count: 3) ?? [1, 1, 1]
        anatomicalOrientation = fields["AnatomicalOrientation"]
        let isCompressed = try Self.flag(fields, "CompressedData") ?? false
        let isBinary = try Self.flag(fields, "BinaryData") ?? true
        encoding = isCompressed ? .deflate : isBinary ? .raw : .text
        headerSize = try fields.integer("HeaderSize") ?? 0
        guard headerSize >= 0 || headerSize == -1 && encoding == .raw, headerSize <= Int.max / 16 else {
            throw fields.bad("HeaderSize", "\(headerSize)", "a number of bytes is expected, or -1 for raw voxels at the file's end")
        }
        let data = try fields.required("ElementDataFile")
        dataFile = data.uppercased() == "LOCAL" ? nil : data
        try fields.check(geometry, fields["ElementSpacing"] == nil ? "ElementSize" : "ElementSpacing")
    }

    /// Three axes of space, and no more: vectors, colors and series are something else than a scan.
    private static func checkAxes(_ fields: HeaderFields) throws {
        let axes = try fields.required("NDims")
        guard axes == "3" else {
            throw VolumeError.unsupported(path: fields.path, what: "a volume of \(axes.prefix(20)) axes", expected: "3 axes of space, one file a channel")
        }
        if let channels = fields["ElementNumberOfChannels"], channels != "1" {
            throw VolumeError.unsupported(path: fields.path, what: "\(channels.prefix(20)) values a voxel", expected: "one, with one file a channel")
        }
    }

    private static func flag(_ fields: HeaderFields, _ name: String) throws -> Bool? {
        guard let value = fields[name] else { return nil }
        switch value.first {
        case "T", "t", "1": return true
        case "F", "f", "0": return false
        default: throw fields.bad(name, value, "True or False is expected")
        }
    }

    /// A long has 4 bytes, as in MetaIO.
    private static let types: [String: VoxelType] = [
        "MET_CHAR": .int8, "MET_UCHAR": .uint8, "MET_SHORT": .int16, "MET_USHORT": .uint16, "MET_INT": .int32, "MET_UINT": .uint32,
        "MET_LONG": .int32, "MET_ULONG": .uint32, "MET_LONG_LONG": .int64, "MET_ULONG_LONG": .uint64, "MET_FLOAT": .float32, "MET_DOUBLE": .float64,
    ]
}
