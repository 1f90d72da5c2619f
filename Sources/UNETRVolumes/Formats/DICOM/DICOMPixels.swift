import UNETRSupport

/// How the numbers of an image's pixels are stored, and where.
struct DICOMPixels: Equatable, Sendable {
    enum Number: Equatable, Sendable { case integer, float32, float64 }

    var rows, columns, frames: Int
    var number: Number
    /// Of each pixel: the bits it takes, those that count, and the highest of them.
    var bitsAllocated, bitsStored, highBit: Int
    var isSigned: Bool
    var isBigEndian: Bool
    /// Whether two neighboring bytes have changed places, as in words of big-endian files.
    var swapsBytes: Bool
    var codec: PixelCodec
    /// Whether the whole data set is packed, and has to be unpacked to get at the pixels.
    var isDeflated: Bool
    var place: Place

    /// Where the frames lie in the bytes.
    enum Place: Equatable, Sendable {
        /// One behind the other, from that byte on.
        case evenly(Int)
        /// The pieces of each.
        case pieces([[Range<Int>]])
    }

    /// The byte ranges of a frame.
    func ranges(of frame: Int) -> [Range<Int>] {
        switch place {
        case .evenly(let start): [start + frame * bytesPerFrame..<start + (frame + 1) * bytesPerFrame]
        case .pieces(let pieces): pieces[frame]
        }
    }

    var pixelsPerFrame: Int { rows * columns }
    var bytesPerPixel: Int { bitsAllocated / 8 }
    var bytesPerFrame: Int { pixelsPerFrame * bytesPerPixel }

    /// - Throws: `DICOMProblem` for what cannot be read or cannot be.
    init(_ dataSet: DICOMDataSet, syntax: DICOMTransferSyntax, source: any DICOMBytes) throws {
        if case .unknown(let uid) = syntax {
            throw DICOMProblem.unsupported(what: "the transfer syntax \(uid.prefix(64))", expected: "one of the standard's for single images")
        }
        guard let element = dataSet.pixels else {
            throw DICOMProblem.truncated(what: "the element \(DICOMTag.pixels.text)", expected: 8, found: 0)
        }
        try Self.checkColor(dataSet)
        rows = try dataSet.requiredShort(.rows)
        columns = try dataSet.requiredShort(.columns)
        guard rows > 0, columns > 0 else { throw DICOMProblem.malformed(what: "it has \(rows) × \(columns) pixels", rule: "an image has some") }
        frames = try dataSet.integer(.numberOfFrames) ?? 1
        guard frames >= 1, frames <= Int32.max else {
            throw DICOMProblem.malformed(what: "\(DICOMTag.numberOfFrames.text) is \(frames)", rule: "it must be from 1 to 2147483647")
        }
        bitsAllocated = try dataSet.requiredShort(.bitsAllocated)
        switch element.tag {
        case .floatPixels: (number, bitsStored, highBit, isSigned) = (.float32, 32, 31, true)
        case .doublePixels: (number, bitsStored, highBit, isSigned) = (.float64, 64, 63, true)
        default:
            number = .integer
            bitsStored = try dataSet.requiredShort(.bitsStored)
            highBit = try dataSet.short(.highBit) ?? bitsStored - 1
            isSigned = try dataSet.requiredShort(.pixelRepresentation) == 1
        }
        let allowed = number == .integer ? [8, 16, 32] : [bitsStored]
        guard allowed.contains(bitsAllocated) else {
            throw DICOMProblem.unsupported(what: "pixels of \(bitsAllocated) bits", expected: allowed.map(String.init).joined(separator: ", "))
        }
        guard (1...bitsAllocated).contains(bitsStored), highBit >= bitsStored - 1, highBit < bitsAllocated else {
            throw DICOMProblem.malformed(
                what: "\(bitsStored) bits of a pixel count, the highest is number \(highBit)", rule: "a pixel has \(bitsAllocated)")
        }
        if !(dataSet.sequences[.modalityTable] ?? []).isEmpty {
            throw DICOMProblem.unsupported(what: "intensities by a table (\(DICOMTag.modalityTable.text))", expected: "slope and intercept")
        }
        isBigEndian = syntax.encoding.isBigEndian
        swapsBytes = isBigEndian && bitsAllocated == 8 && element.isWords
        isDeflated = syntax == .deflated
        if case .encapsulated(let codec) = syntax { self.codec = codec } else { codec = .none }
        place = .evenly(0)
        place = try Self.place(element, dataSet, syntax: syntax, of: self, source: source)
    }

    private static func checkColor(_ dataSet: DICOMDataSet) throws(DICOMProblem) {
        let kind = dataSet.text(.photometricInterpretation) ?? "", samples = try dataSet.short(.samplesPerPixel) ?? 1
        guard samples == 1, kind.isEmpty || kind.hasPrefix("MONOCHROME") else {
            throw .color(kind: kind.isEmpty || kind.hasPrefix("MONOCHROME") ? "\(samples) samples a pixel" : kind)
        }
    }

    /// Where each frame lies.
    private static func place(
        _ element: DICOMPixelElement, _ dataSet: DICOMDataSet, syntax: DICOMTransferSyntax, of pixels: DICOMPixels, source: any DICOMBytes
    ) throws -> Place {
        let count = pixels.frames
        switch (element.content, syntax) {
        case (.native(let range), .native), (.native(let range), .deflated):
            guard let needed = pixels.bytesPerFrame.multiplied(checked: count), needed <= range.count else {
                throw DICOMProblem.truncated(
                    what: "the element \(element.tag.text)", expected: pixels.bytesPerFrame.multiplied(checked: count) ?? .max, found: range.count)
            }
            return .evenly(range.lowerBound)
        case (.fragments(let fragments, let offsets), .encapsulated(let codec)):
            let frames = PixelFrames(fragments: fragments, offsets: offsets.isEmpty ? try extendedOffsets(dataSet) : offsets)
            return .pieces(try frames.places(count: count, codec: codec, source: source))
        case (.native, _):
            throw DICOMProblem.malformed(what: "its pixels stand in one piece", rule: "its transfer syntax wants them in fragments")
        case (.fragments, _):
            throw DICOMProblem.malformed(what: "its pixels stand in fragments", rule: "its transfer syntax wants them in one piece")
        }
    }

    /// The table of offsets with eight bytes a frame, in an element of its own.
    private static func extendedOffsets(_ dataSet: DICOMDataSet) throws(DICOMProblem) -> [Int] {
        guard let bytes = dataSet.values[.extendedOffsets] else { return [] }
        guard bytes.count % 8 == 0 else {
            throw .malformed(what: "\(DICOMTag.extendedOffsets.text) has \(bytes.count) bytes", rule: "it must have 8 for each frame")
        }
        return try stride(from: 0, to: bytes.count, by: 8).map { start throws(DICOMProblem) in
            let value = bytes[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard let offset = Int(exactly: value) else {
                throw .malformed(what: "\(DICOMTag.extendedOffsets.text) holds \(value)", rule: "no file is so long")
            }
            return offset
        }
    }
}
