import UNETRSupport

extension NIfTIHeader {
    /// A header for voxels that came from nowhere else: sform "aligned" from the geometry, spacing in mm, no qform.
    ///
    /// It is NIfTI-1, whose affine is float32, unless an axis is longer than the 32767 that NIfTI-1 can state.
    public init(geometry: Geometry, channels: Int = 1, datatype: NIfTIDatatype) {
        dim = Self.axes(geometry.size, channels: channels)
        self.datatype = datatype
        let handed: Double = geometry.determinant < 0 ? -1 : 1
        pixdim = [handed] + geometry.spacing.reversed() + [1, 1, 1, 1]
        sformCode = 2
        srow = Array(geometry.affine.prefix(3))
        version = dim.max()! > Int(Int16.max) ? .two : .one
    }

    /// This header for other voxels on the same grid: position, spacing, units and codes stay to the bit; what described the old
    /// voxels (scaling, display range, intent, extensions) goes.
    public func describing(_ datatype: NIfTIDatatype, channels: Int = 1) -> NIfTIHeader {
        var header = self
        if channels > 1 || dim[0] > 3 { header.dim = Self.axes(size, channels: channels) }
        if header.dim.max()! > Int(Int16.max) { header.version = .two }
        header.datatype = datatype
        header.byteOrder = .little
        header.voxelOffset = 0
        (header.slope, header.intercept) = (1, 0)
        (header.displayMinimum, header.displayMaximum) = (0, 0)
        (header.intentCode, header.intentName) = (0, "")
        return header
    }

    private static func axes(_ size: Size3, channels: Int) -> [Int] {
        [channels > 1 ? 4 : 3] + size.reversed() + [channels, 1, 1, 1]
    }

    /// The bytes of a single file up to its first voxel, little-endian, with the four bytes that say whether there are extensions.
    ///
    /// - Parameter text: an extension, of the kind that programs may ignore.
    func encoded(extension text: String? = nil) -> [UInt8] {
        // Its own length and kind stand before an extension, and its length is a multiple of 16; a reader of text passes over spaces.
        let bytes = text.map { Array($0.utf8) } ?? []
        let length = text == nil ? 0 : (bytes.count + 8 + 15) / 16 * 16
        let start = version.rawValue + 4
        var fields = HeaderBytes(count: start + length)
        switch version {
        case .one: encodeVersionOne(&fields, voxels: start + length)
        case .two: encodeVersionTwo(&fields, voxels: start + length)
        }
        if text != nil {
            fields.set(start - 4, UInt8(1))
            fields.set(start, Int32(clamping: length))
            for (index, byte) in (bytes + [UInt8](repeating: UInt8(ascii: " "), count: length - 8 - bytes.count)).enumerated() {
                fields.set(start + 8 + index, byte)
            }
        }
        return fields.bytes
    }

    private func encodeVersionOne(_ f: inout HeaderBytes, voxels: Int) {
        f.set(0, Int32(348))
        f.set(38, UInt8(ascii: "r"))
        f.set(39, UInt8(truncatingIfNeeded: dimInfo))
        for axis in 0..<8 { f.set(40 + 2 * axis, Int16(truncatingIfNeeded: dim[axis])) }
        f.set(68, Int16(truncatingIfNeeded: intentCode))
        f.set(70, datatype.rawValue)
        f.set(72, Int16(8 * datatype.byteCount))
        for axis in 0..<8 { f.setFloat(76 + 4 * axis, pixdim[axis]) }
        f.setFloat(108, Double(voxels))
        f.setFloat(112, slope)
        f.setFloat(116, intercept)
        f.set(123, UInt8(truncatingIfNeeded: units))
        f.setFloat(124, displayMaximum)
        f.setFloat(128, displayMinimum)
        f.setFloat(136, timeOffset)
        f.set(148, text, room: 79)
        f.set(228, auxiliaryFile, room: 23)
        f.set(252, Int16(truncatingIfNeeded: qformCode))
        f.set(254, Int16(truncatingIfNeeded: sformCode))
        for axis in 0..<3 {
            f.setFloat(256 + 4 * axis, quaternion[axis])
            f.setFloat(268 + 4 * axis, qoffset[axis])
            for column in 0..<4 { f.setFloat(280 + 16 * axis + 4 * column, srow[axis][column]) }
        }
        f.set(328, intentName, room: 15)
        f.set(344, "n+1", room: 3)
    }

    private func encodeVersionTwo(_ f: inout HeaderBytes, voxels: Int) {
        f.set(0, Int32(540))
        f.set(4, "n+2", room: 3)
        for (index, byte) in [0x0D, 0x0A, 0x1A, 0x0A].enumerated() { f.set(8 + index, UInt8(byte)) }
        f.set(12, datatype.rawValue)
        f.set(14, Int16(8 * datatype.byteCount))
        for axis in 0..<8 { f.set(16 + 8 * axis, Int64(dim[axis])) }
        for axis in 0..<8 { f.set(104 + 8 * axis, pixdim[axis].bitPattern) }
        f.set(168, Int64(voxels))
        for (index, value) in [slope, intercept, displayMaximum, displayMinimum].enumerated() {
            f.set(176 + 8 * index, value.bitPattern)
        }
        f.set(216, timeOffset.bitPattern)
        f.set(240, text, room: 79)
        f.set(320, auxiliaryFile, room: 23)
        f.set(344, Int32(truncatingIfNeeded: qformCode))
        f.set(348, Int32(truncatingIfNeeded: sformCode))
        for axis in 0..<3 {
            f.set(352 + 8 * axis, quaternion[axis].bitPattern)
            f.set(376 + 8 * axis, qoffset[axis].bitPattern)
            for column in 0..<4 { f.set(400 + 32 * axis + 8 * column, srow[axis][column].bitPattern) }
        }
        f.set(500, Int32(truncatingIfNeeded: units))
        f.set(504, Int32(truncatingIfNeeded: intentCode))
        f.set(508, intentName, room: 15)
        f.set(524, UInt8(truncatingIfNeeded: dimInfo))
    }
}

/// The bytes of a header under construction.
private struct HeaderBytes {
    var bytes: [UInt8]

    init(count: Int) { bytes = [UInt8](repeating: 0, count: count) }

    mutating func set<T: FixedWidthInteger>(_ offset: Int, _ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
    }

    mutating func setFloat(_ offset: Int, _ value: Double) { set(offset, Float(value).bitPattern) }

    /// As many whole bytes of the text as there is room for; the rest stays zero.
    mutating func set(_ offset: Int, _ text: String, room: Int) {
        for (index, byte) in text.utf8.prefix(room).enumerated() { bytes[offset + index] = byte }
    }
}
