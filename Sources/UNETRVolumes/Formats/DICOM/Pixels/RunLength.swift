/// DICOM's RLE (PS3.5, G): the bytes of all pixels by their weight, the highest first, each as a sequence of runs.
enum RunLength {
    /// The pixels' bytes, the lowest first, or what is wrong.
    static func decode(_ bytes: [UInt8], pixels: Int, bytesPerPixel: Int) throws(PixelCodecFailure) -> [UInt8] {
        guard bytes.count >= 64 else { throw .damaged("its header is cut off") }
        func number(_ index: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[4 * index + $1]) << (8 * $1) } }
        let count = number(0)
        guard count == bytesPerPixel else { throw .damaged("it has \(count) segments, expected \(bytesPerPixel)") }
        // A run of two bytes makes 128 at most, so a size that claims more is a lie.
        guard pixels * bytesPerPixel / 64 <= bytes.count else { throw .damaged("it cannot unpack to \(pixels * bytesPerPixel) bytes") }
        let starts = (1...count).map(number) + [bytes.count]
        var out = [UInt8](repeating: 0, count: pixels * bytesPerPixel)
        for segment in 0..<count {
            let (start, end) = (starts[segment], starts[segment + 1])
            guard start >= 64, start <= end, end <= bytes.count else { throw .damaged("a segment lies outside of it") }
            try unpack(bytes, start..<end, into: &out, at: bytesPerPixel - 1 - segment, step: bytesPerPixel)
        }
        return out
    }

    private static func unpack(_ bytes: [UInt8], _ range: Range<Int>, into out: inout [UInt8], at first: Int, step: Int) throws(PixelCodecFailure) {
        var (position, place) = (range.lowerBound, first)
        while place < out.count {
            guard position < range.upperBound else { throw .damaged("a segment ends too early") }
            let control = Int(Int8(bitPattern: bytes[position]))
            position += 1
            if control >= 0 {
                guard control < range.upperBound - position else { throw .damaged("a segment ends too early") }
                for offset in 0...control where place < out.count {
                    out[place] = bytes[position + offset]
                    place += step
                }
                position += control + 1
            } else if control > -128 {
                guard position < range.upperBound else { throw .damaged("a segment ends too early") }
                for _ in 0...(-control) where place < out.count {
                    out[place] = bytes[position]
                    place += step
                }
                position += 1
            }
        }
    }
}

/// Why a codec cannot unpack pixels.
enum PixelCodecFailure: Error, Equatable {
    case damaged(String)
    case absent(library: String, package: String)
}
