import Foundation

extension NRRDHeader {
    /// Reads the header of `.nrrd` or `.nhdr`.
    ///
    /// - Throws: `VolumeError` for what is not NRRD, and for what it allows and this program does not read.
    init(contentsOf url: URL) throws {
        let lines = try HeaderLines(url, format: "NRRD")
        guard let magic = try Self.firstLine(lines), Self.isMagic(magic) else {
            throw VolumeError.notOfFormat(
                path: url.path, format: "NRRD", expected: "a first line NRRD0001 to NRRD0005", found: lines.fileBytes == 0 ? "an empty file" : "something else")
        }
        var fields = HeaderFields(path: url.path), labels = NRRDLabels()
        while let line = try lines.next(), !line.isEmpty {
            // Comments, and pairs `key:=value` of whoever wrote the file.
            if line.hasPrefix("#") { continue }
            guard let colon = line.firstIndex(of: ":") else { throw fields.bad("line", line, "a field is a name, a colon and a value") }
            let value = line[line.index(after: colon)...]
            if value.hasPrefix("=") {
                labels.add(String(line[..<colon]), String(value.dropFirst()))
                continue
            }
            // "data file" and "datafile" are one field.
            try fields.add(line[..<colon].lowercased().filter { $0 != " " }, value.trimmingCharacters(in: .whitespaces))
        }
        try self.init(fields)
        labelSet = labels.labelSet
        headerBytes = lines.position
    }

    /// Reads no further into a file that is something else.
    private static func firstLine(_ lines: HeaderLines) throws -> String? {
        do { return try lines.next() } catch VolumeError.badHeader { return nil }
    }

    static func isMagic(_ line: String) -> Bool { (1...5).contains { line == "NRRD000\($0)" } }

    private init(_ fields: HeaderFields) throws {
        try Self.checkAxes(fields)
        sizes = try fields.sizes("sizes")
        type = try Self.type(fields)
        encoding = try Self.encoding(fields)
        byteOrder = try Self.byteOrder(fields, type, encoding)
        space = try Self.space(fields)
        directions = try Self.vectors(fields, "spacedirections", count: 3)
        origin = try Self.vectors(fields, "spaceorigin", count: 1)?[0]
        spacings = directions == nil ? try fields.numbers("spacings", count: 3) : nil
        dataFile = fields["datafile"]
        lineSkip = try fields.integer("lineskip") ?? 0
        byteSkip = try fields.integer("byteskip") ?? 0
        guard lineSkip >= 0, lineSkip <= 1 << 20 else { throw fields.bad("line skip", "\(lineSkip)", "a number of lines is expected") }
        guard byteSkip >= 0 || byteSkip == -1 && encoding == .raw, byteSkip <= Int.max / 16 else {
            throw fields.bad("byte skip", "\(byteSkip)", "a number of bytes is expected, or -1 for raw voxels at the file's end")
        }
        try fields.check(geometry, directions != nil || spacings == nil ? "spacedirections" : "spacings")
    }

    /// Three axes of space, and no more: vectors, colors and series are something else than a scan.
    private static func checkAxes(_ fields: HeaderFields) throws {
        let dimension = try fields.required("dimension")
        let kinds = (fields["kinds"] ?? "").split(whereSeparator: \.isWhitespace).map { $0.lowercased() }
        guard dimension == "3" else {
            throw VolumeError.unsupported(path: fields.path, what: "a volume of \(dimension.prefix(20)) axes", expected: "3 axes of space, one file a channel")
        }
        if let kind = kinds.first(where: { !["domain", "space", "none", "???"].contains($0) }) {
            throw VolumeError.unsupported(path: fields.path, what: "an axis of the kind '\(kind.prefix(40))'", expected: "3 axes of space, one file a channel")
        }
        if let text = fields["spacedimension"], text != "3" { throw fields.bad("space dimension", text, "a scan lies in a space of 3 dimensions") }
        // Positions from the extremes of the axes are of files without a space, which nobody in this field writes.
        for name in ["axismins", "axismaxs"] {
            if let text = fields[name], !text.lowercased().split(whereSeparator: \.isWhitespace).allSatisfy({ $0 == "nan" }) {
                throw fields.bad(name, text, "a position is given by space origin")
            }
        }
    }

    private static func type(_ fields: HeaderFields) throws -> VoxelType {
        let name = try fields.required("type").lowercased()
        guard let type = types[name] else { throw VolumeError.unsupportedVoxels(path: fields.path, type: "'\(name.prefix(40))'") }
        return type
    }

    private static let types: [String: VoxelType] = {
        let names: [(VoxelType, [String])] = [
            (.int8, ["signed char", "int8", "int8_t", "char"]),
            (.uint8, ["uchar", "unsigned char", "uint8", "uint8_t"]),
            (.int16, ["short", "short int", "signed short", "signed short int", "int16", "int16_t"]),
            (.uint16, ["ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"]),
            (.int32, ["int", "signed int", "int32", "int32_t"]),
            (.uint32, ["uint", "unsigned int", "uint32", "uint32_t"]),
            (.int64, ["longlong", "long long", "long long int", "signed long long", "signed long long int", "int64", "int64_t"]),
            (.uint64, ["ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"]),
            (.float32, ["float"]),
            (.float64, ["double"]),
        ]
        return Dictionary(uniqueKeysWithValues: names.flatMap { type, names in names.map { ($0, type) } })
    }()

    private static func encoding(_ fields: HeaderFields) throws -> VoxelEncoding {
        let name = try fields.required("encoding").lowercased()
        switch name {
        case "raw": return .raw
        case "gzip", "gz": return .deflate
        case "ascii", "text", "txt": return .text
        default: throw VolumeError.unsupported(path: fields.path, what: "the encoding '\(name.prefix(40))'", expected: "raw, gzip or ascii")
        }
    }

    private static func byteOrder(_ fields: HeaderFields, _ type: VoxelType, _ encoding: VoxelEncoding) throws -> ByteOrder {
        guard encoding != .text, type.byteCount > 1 else { return .little }
        let name = try fields.required("endian").lowercased()
        guard name == "little" || name == "big" else { throw fields.bad("endian", name, "little or big is expected") }
        return name == "little" ? .little : .big
    }

    private static func space(_ fields: HeaderFields) throws -> Space? {
        guard let name = fields["space"]?.lowercased() else { return nil }
        let short = ["lps": Space.leftPosteriorSuperior, "ras": .rightAnteriorSuperior, "las": .leftAnteriorSuperior]
        guard let space = Space.allCases.first(where: { $0.rawValue.lowercased() == name }) ?? short[name] else {
            throw fields.bad("space", name, "one of \(Space.allCases.map(\.rawValue).joined(separator: ", ")) is expected")
        }
        return space
    }

    /// Vectors such as `(1,0,0) (0,1,0) (0,0,2)`.
    private static func vectors(_ fields: HeaderFields, _ name: String, count: Int) throws -> [[Double]]? {
        guard let text = fields[name] else { return nil }
        let parts = text.split(separator: ")", omittingEmptySubsequences: true).map { $0.trimmingCharacters(in: .whitespaces) }
        let vectors = parts.map { part -> [Double]? in
            guard part.hasPrefix("(") else { return nil }
            let numbers = part.dropFirst().split(separator: ",", omittingEmptySubsequences: false).map { Double($0.trimmingCharacters(in: .whitespaces)) }
            return numbers.count == 3 && !numbers.contains(nil) ? numbers.compactMap(\.self) : nil
        }
        guard vectors.count == count, !vectors.contains(nil), text.hasSuffix(")") else {
            throw fields.bad(name, text, count == 1 ? "a vector (x,y,z) is expected" : "\(count) vectors (x,y,z) are expected")
        }
        return vectors.compactMap(\.self)
    }
}
