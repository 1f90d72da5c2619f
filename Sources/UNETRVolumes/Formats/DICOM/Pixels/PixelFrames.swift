/// Which of the pieces that compressed pixels are stored in make up each frame (PS3.5, A.4).
struct PixelFrames {
    let fragments: [Range<Int>]
    /// Where each frame begins, counted from the header of the first piece; empty where the file does not say.
    let offsets: [Int]

    /// The pieces of each of `count` frames.
    ///
    /// - Throws: `DICOMProblem.malformed` where pieces and frames do not go together.
    func places(count: Int, codec: PixelCodec, source: any DICOMBytes) throws -> [[Range<Int>]] {
        guard !fragments.isEmpty else { throw DICOMProblem.truncated(what: "the pixels", expected: 1, found: 0) }
        if count == 1 { return [fragments] }
        guard fragments.count >= count else {
            throw DICOMProblem.malformed(what: "there are \(fragments.count) pieces of pixels", rule: "there are \(count) frames")
        }
        if !offsets.isEmpty { return try byOffsets(count) }
        if fragments.count == count { return fragments.map { [$0] } }
        return try byContents(count, codec, source)
    }

    private func byOffsets(_ count: Int) throws(DICOMProblem) -> [[Range<Int>]] {
        guard offsets.count == count else {
            throw .malformed(what: "the table of offsets has \(offsets.count) entries", rule: "there are \(count) frames")
        }
        // Eight bytes of header stand before each piece.
        let first = fragments[0].lowerBound - 8
        let numbers = Dictionary(uniqueKeysWithValues: fragments.enumerated().map { ($1.lowerBound - 8 - first, $0) })
        var starts: [Int] = []
        for offset in offsets {
            guard let number = numbers[offset], starts.last.map({ $0 < number }) ?? (number == 0) else {
                throw .malformed(what: "the table of offsets holds \(offset)", rule: "the piece of a frame begins at each, one after the other")
            }
            starts.append(number)
        }
        return starts.indices.map { Array(fragments[starts[$0]..<($0 + 1 < starts.count ? starts[$0 + 1] : fragments.count)]) }
    }

    /// Without a table, a frame begins where the first bytes of a picture stand.
    private func byContents(_ count: Int, _ codec: PixelCodec, _ source: any DICOMBytes) throws -> [[Range<Int>]] {
        let marks: [UInt8]? =
            switch codec {
            case .jpeg, .losslessJPEG, .jpegLS: [0xFF, 0xD8]
            case .jpeg2000, .highThroughputJPEG2000: [0xFF, 0x4F]
            case .none, .runLength: nil
            }
        var places: [[Range<Int>]] = []
        for fragment in fragments {
            let isFirst = try marks.map { try source.bytes(at: fragment.lowerBound, count: 2) == $0 } ?? true
            if places.isEmpty || isFirst {
                places.append([fragment])
            } else {
                places[places.count - 1].append(fragment)
            }
        }
        guard places.count == count else {
            throw DICOMProblem.malformed(what: "the pieces of pixels make \(places.count) frames", rule: "there should be \(count)")
        }
        return places
    }
}
