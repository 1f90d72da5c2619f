import UNETRSupport

extension NIfTIHeader {
    /// Reads a header from the first bytes of a file; `path` is for messages only.
    ///
    /// What nibabel repairs is repaired (a code that does not exist counts as 0), what it refuses is refused.
    init(bytes: [UInt8], path: String) throws {
        let (version, order) = try Self.identify(bytes, path: path)
        let fields = Fields(bytes: bytes, order: order)
        dim = []
        pixdim = []
        datatype = .uint8
        self.version = version
        byteOrder = order
        let code: Int16
        switch version {
        case .one: code = readVersionOne(fields)
        case .two: code = readVersionTwo(fields)
        }
        guard let type = NIfTIDatatype(rawValue: code) else {
            throw VolumeError.badHeader(path: path, field: "datatype", value: "\(code)", rule: "the standard knows no such type")
        }
        datatype = type
        if !(0...5).contains(qformCode) { qformCode = 0 }
        if !(0...5).contains(sformCode) { sformCode = 0 }
        try checkAxes(path: path)
        try checkNumbers(path: path)
        if version == .one { try setOffset(fields.float(108), path: path) }
        guard voxelOffset >= 0 else { throw Self.badOffset("\(voxelOffset)", path: path) }
    }

    /// Takes over `vox_offset` of NIfTI-1, a float that should hold a whole number; beyond 2⁵³ it cannot be meant as one.
    private mutating func setOffset(_ offset: Double, path: String) throws {
        guard abs(offset) < 0x1p53, let whole = Int(rounding: offset, .towardZero) else {
            throw Self.badOffset("\(Float(offset))", path: path)
        }
        voxelOffset = whole
    }

    private static func badOffset(_ value: String, path: String) -> VolumeError {
        .badHeader(path: path, field: "vox_offset", value: value, rule: "the voxels begin at a whole number of bytes from the file's start")
    }

    /// Which format the bytes are, from `sizeof_hdr` in either byte order, or failing that from the magic of NIfTI-1.
    static func identify(_ bytes: [UInt8], path: String) throws -> (Version, ByteOrder) {
        guard bytes.count >= Version.one.rawValue else {
            throw Self.notNIfTI(path, found: "a file of only \(bytes.count) bytes")
        }
        let magic = Fields(bytes: bytes, order: .little).text(344, 4)
        for order in [ByteOrder.little, .big] {
            let size = Fields(bytes: bytes, order: order).int(0, Int32.self)
            if size == 540, bytes.count >= 540 {
                let magic = Fields(bytes: bytes, order: .little).text(4, 4)
                guard magic == "n+2" || magic == "ni2" else { continue }
                return (.two, order)
            }
            if size == 348, magic == "n+1" || magic == "ni1" { return (.one, order) }
        }
        guard magic == "n+1" || magic == "ni1" else {
            let analyze = [ByteOrder.little, .big].contains { Fields(bytes: bytes, order: $0).int(0, Int32.self) == 348 }
            throw Self.notNIfTI(path, found: analyze ? "an Analyze 7.5 header" : "something else")
        }
        // The size is wrong but the magic is right: the number of axes, 1 to 7, tells the byte order.
        let axes = Fields(bytes: bytes, order: .little).int(40, Int16.self)
        return (.one, (1...7).contains(axes) ? .little : .big)
    }

    private static func notNIfTI(_ path: String, found: String) -> VolumeError {
        .notOfFormat(path: path, format: "NIfTI", expected: "a NIfTI-1 or NIfTI-2 header", found: found)
    }

    private mutating func readVersionOne(_ f: Fields) -> Int16 {
        dimInfo = f.int(39, UInt8.self)
        dim = (0..<8).map { f.int(40 + 2 * $0, Int16.self) }
        intentCode = f.int(68, Int16.self)
        pixdim = (0..<8).map { f.float(76 + 4 * $0) }
        slope = f.float(112)
        intercept = f.float(116)
        units = f.int(123, UInt8.self)
        displayMaximum = f.float(124)
        displayMinimum = f.float(128)
        timeOffset = f.float(136)
        text = f.text(148, 80)
        auxiliaryFile = f.text(228, 24)
        qformCode = f.int(252, Int16.self)
        sformCode = f.int(254, Int16.self)
        quaternion = (0..<3).map { f.float(256 + 4 * $0) }
        qoffset = (0..<3).map { f.float(268 + 4 * $0) }
        srow = (0..<3).map { row in (0..<4).map { f.float(280 + 16 * row + 4 * $0) } }
        intentName = f.text(328, 16)
        return Int16(f.int(70, Int16.self))
    }

    private mutating func readVersionTwo(_ f: Fields) -> Int16 {
        dim = (0..<8).map { f.int(16 + 8 * $0, Int64.self) }
        pixdim = (0..<8).map { f.double(104 + 8 * $0) }
        voxelOffset = f.int(168, Int64.self)
        slope = f.double(176)
        intercept = f.double(184)
        displayMaximum = f.double(192)
        displayMinimum = f.double(200)
        timeOffset = f.double(216)
        text = f.text(240, 80)
        auxiliaryFile = f.text(320, 24)
        qformCode = f.int(344, Int32.self)
        sformCode = f.int(348, Int32.self)
        quaternion = (0..<3).map { f.double(352 + 8 * $0) }
        qoffset = (0..<3).map { f.double(376 + 8 * $0) }
        srow = (0..<3).map { row in (0..<4).map { f.double(400 + 32 * row + 8 * $0) } }
        units = f.int(500, Int32.self)
        intentCode = f.int(504, Int32.self)
        intentName = f.text(508, 16)
        dimInfo = f.int(524, UInt8.self)
        return Int16(f.int(12, Int16.self))
    }

    private func checkAxes(path: String) throws {
        guard (1...7).contains(dim[0]) else {
            throw VolumeError.badHeader(path: path, field: "dim[0]", value: "\(dim[0])", rule: "a volume has 1 to 7 axes")
        }
        for axis in 1...dim[0] where dim[axis] < 1 {
            throw VolumeError.badHeader(path: path, field: "dim[\(axis)]", value: "\(dim[axis])", rule: "an axis has at least 1 voxel")
        }
        for axis in 1...dim[0] where dim[axis] > Int32.max {
            throw VolumeError.badHeader(path: path, field: "dim[\(axis)]", value: "\(dim[axis])", rule: "an axis has less than 2³¹ voxels")
        }
        // Products of lengths are taken without checks from here on.
        guard let bytes = declaredBytes, bytes <= Int.max / 16 else {
            throw VolumeError.badHeader(path: path, field: "dim", value: "\(shape)", rule: "no computer holds so many voxels")
        }
    }

    /// Refuses what would make positions or intensities meaningless: numbers that are not finite, a quaternion that is not one.
    private func checkNumbers(path: String) throws {
        func bad(_ field: String, _ value: Double, _ rule: String) -> VolumeError {
            // As short as the type that the file has it in allows.
            .badHeader(path: path, field: field, value: version == .one ? "\(Float(value))" : "\(value)", rule: rule)
        }
        for axis in 1...3 where !pixdim[axis].isFinite {
            throw bad("pixdim[\(axis)]", pixdim[axis], "spacing is a finite number of mm")
        }
        let range = Geometry.spacingRange
        for axis in 1...3 where !range.contains(spatialSpacing(axis)) {
            throw bad("pixdim[\(axis)]", pixdim[axis], "spacing is from \(range.lowerBound) to \(range.upperBound) mm")
        }
        if scaling != nil, !intercept.isFinite {
            throw bad("scl_inter", intercept, "a file with a slope needs a finite intercept")
        }
        guard let affine else {
            throw VolumeError.badHeader(
                path: path, field: "quatern_b, c, d", value: "\(quaternion)", rule: "a rotation's quaternion is no longer than 1")
        }
        for (row, values) in affine.enumerated() {
            for value in values where !value.isFinite {
                throw bad("affine row \(row + 1)", value, "positions are finite numbers")
            }
            for value in values where abs(value) > Geometry.farthest {
                throw bad("affine row \(row + 1)", value, "positions lie within \(Geometry.farthest) mm")
            }
        }
    }
}

/// Numbers and texts at byte offsets of a header that has been checked to be long enough.
private struct Fields {
    var bytes: [UInt8]
    var order: ByteOrder

    func int<T: FixedWidthInteger>(_ offset: Int, _: T.Type) -> Int { Int(raw(offset, T.self)) }
    func float(_ offset: Int) -> Double { Double(Float(bitPattern: raw(offset, UInt32.self))) }
    func double(_ offset: Int) -> Double { Double(bitPattern: raw(offset, UInt64.self)) }

    func text(_ offset: Int, _ count: Int) -> String {
        String(decoding: bytes[offset..<offset + count].prefix { $0 != 0 }, as: UTF8.self)
    }

    private func raw<T: FixedWidthInteger>(_ offset: Int, _: T.Type) -> T {
        let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: T.self) }
        return order == .little ? T(littleEndian: value) : T(bigEndian: value)
    }
}
