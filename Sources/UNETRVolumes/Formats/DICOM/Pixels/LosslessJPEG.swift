/// JPEG lossless, processes 14 and 14 SV1: Huffman-coded differences from a prediction (ITU-T T.81, H).
///
/// One component, 2 to 16 bits, all seven predictors, point transform and restart intervals.
struct LosslessJPEG {
    private let bytes: [UInt8]
    private var position = 0

    private var precision = 0
    private var tables: [HuffmanTable?] = [nil, nil, nil, nil]
    private var restartInterval = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The samples of a picture of that size, row by row.
    static func decode(_ bytes: [UInt8], rows: Int, columns: Int) throws(PixelCodecFailure) -> [UInt16] {
        // A sample takes at least one bit.
        guard rows * columns / 8 <= bytes.count else { throw .damaged("it cannot unpack to \(rows * columns) pixels") }
        var decoder = LosslessJPEG(bytes)
        return try decoder.picture(rows, columns)
    }

    private mutating func picture(_ rows: Int, _ columns: Int) throws(PixelCodecFailure) -> [UInt16] {
        guard bytes.count >= 2, bytes[0] == 0xFF, bytes[1] == 0xD8 else { throw .damaged("it does not begin like a JPEG") }
        position = 2
        var hasFrame = false
        while true {
            let (marker, body) = try segment()
            switch marker {
            case 0xC3:
                guard body.count >= 9, body[body.startIndex + 5] == 1 else { throw .damaged("it has not one component") }
                let start = body.startIndex
                precision = Int(body[start])
                let (height, width) = (pair(start + 1), pair(start + 3))
                guard (2...16).contains(precision) else { throw .damaged("its samples have \(precision) bits") }
                guard height == rows, width == columns else { throw .damaged("it has \(width) × \(height) pixels, expected \(columns) × \(rows)") }
                hasFrame = true
            case 0xC4: try readTables(body)
            case 0xDD:
                guard body.count >= 2 else { throw Self.cut }
                restartInterval = pair(body.startIndex)
            case 0xDA:
                guard hasFrame else { throw .damaged("its scan comes before its frame") }
                return try scan(body, rows, columns)
            case 0xC0...0xCF: throw .damaged("it is not a lossless JPEG")
            case 0xD9: throw .damaged("it has no scan")
            default: break
            }
        }
    }

    private static var cut: PixelCodecFailure { .damaged("it is cut off") }

    private func pair(_ place: Int) -> Int { Int(bytes[place]) << 8 | Int(bytes[place + 1]) }

    /// The next marker with what belongs to it.
    private mutating func segment() throws(PixelCodecFailure) -> (marker: UInt8, body: ArraySlice<UInt8>) {
        guard position + 1 < bytes.count, bytes[position] == 0xFF else { throw Self.cut }
        while position < bytes.count, bytes[position] == 0xFF { position += 1 }
        guard position < bytes.count else { throw Self.cut }
        let marker = bytes[position]
        position += 1
        if marker == 0xD9 || marker == 0x01 || (0xD0...0xD8).contains(marker) { return (marker, []) }
        guard position + 2 <= bytes.count else { throw Self.cut }
        let length = pair(position)
        guard length >= 2, position + length <= bytes.count else { throw Self.cut }
        let body = bytes[position + 2..<position + length]
        position += length
        return (marker, body)
    }

    private mutating func readTables(_ body: ArraySlice<UInt8>) throws(PixelCodecFailure) {
        var place = body.startIndex
        while place < body.endIndex {
            guard place + 17 <= body.endIndex else { throw Self.cut }
            let (kind, number) = (body[place] >> 4, Int(body[place] & 15))
            let counts = body[place + 1..<place + 17].map { Int($0) }, total = counts.reduce(0, +)
            place += 17
            guard kind == 0, number < 4, place + total <= body.endIndex else { throw .damaged("a code table is damaged") }
            tables[number] = try HuffmanTable(counts: counts, symbols: Array(body[place..<place + total]))
            place += total
        }
    }

    private mutating func scan(_ body: ArraySlice<UInt8>, _ rows: Int, _ columns: Int) throws(PixelCodecFailure) -> [UInt16] {
        let start = body.startIndex
        guard body.count >= 6, body[start] == 1 else { throw .damaged("its scan has not one component") }
        let (number, predictor, shift) = (Int(body[start + 2] >> 4), Int(body[start + 3]), Int(body[start + 5] & 15))
        guard number < 4, let table = tables[number] else { throw .damaged("a code table is missing") }
        guard (1...7).contains(predictor), shift < precision else { throw .damaged("its scan is not lossless") }
        // Restarts stand between rows only (T.81, H.1.1).
        guard restartInterval % columns == 0 else { throw .damaged("it restarts within a row") }
        let rowsToRestart = restartInterval == 0 ? rows : restartInterval / columns
        var reader = JPEGBits(bytes, at: position)
        let middle = Int32(1) << Int32(precision - shift - 1)
        var samples = [UInt16](repeating: 0, count: rows * columns)
        for row in 0..<rows {
            let isFirst = row % rowsToRestart == 0
            if isFirst, row > 0 { try reader.restart() }
            let (line, above) = (row * columns, (row - 1) * columns)
            for column in 0..<columns {
                let prediction: Int32
                if column == 0 {
                    prediction = isFirst ? middle : Int32(samples[above])
                } else if isFirst {
                    prediction = Int32(samples[line + column - 1])
                } else {
                    let (a, b, c) = (Int32(samples[line + column - 1]), Int32(samples[above + column]), Int32(samples[above + column - 1]))
                    prediction = Self.predict(predictor, a, b, c)
                }
                let difference = try reader.difference(table)
                samples[line + column] = UInt16(truncatingIfNeeded: prediction &+ difference)
            }
        }
        if shift > 0 { for index in samples.indices { samples[index] <<= UInt16(shift) } }
        return samples
    }

    /// From the neighbors to the left (a), above (b), and above to the left (c).
    @inline(__always)
    private static func predict(_ kind: Int, _ a: Int32, _ b: Int32, _ c: Int32) -> Int32 {
        switch kind {
        case 1: a
        case 2: b
        case 3: c
        case 4: a + b - c
        case 5: a + (b - c) >> 1
        case 6: b + (a - c) >> 1
        default: (a + b) >> 1
        }
    }
}

/// Which bits stand for which symbol.
struct HuffmanTable {
    /// For each sixteen bits that may come: the symbol in the upper and the bits it takes in the lower byte; 0 for none.
    fileprivate let entries: [UInt16]

    /// - Parameter counts: how many codes there are of 1 to 16 bits.
    init(counts: [Int], symbols: [UInt8]) throws(PixelCodecFailure) {
        var entries = [UInt16](repeating: 0, count: 1 << 16)
        var (code, next) = (0, 0)
        for (index, count) in counts.enumerated() {
            let length = index + 1
            guard code + count << (16 - length) <= 1 << 16 else { throw .damaged("a code table is damaged") }
            for _ in 0..<count {
                let entry = UInt16(symbols[next]) << 8 | UInt16(length)
                for place in code..<code + 1 << (16 - length) { entries[place] = entry }
                code += 1 << (16 - length)
                next += 1
            }
        }
        self.entries = entries
    }
}

/// The bits of a JPEG's scan, up to the next marker.
private struct JPEGBits {
    private let bytes: [UInt8]
    private var position: Int
    /// Bits that were taken from the bytes and not yet used, in the lowest places.
    private var bits: UInt64 = 0
    private var count = 0

    init(_ bytes: [UInt8], at position: Int) {
        self.bytes = bytes
        self.position = position
    }

    /// Makes at least 32 bits ready, as far as there are any before the next marker.
    private mutating func fill() {
        while count <= 48, position < bytes.count {
            let byte = bytes[position]
            if byte == 0xFF {
                // A zero byte behind it says that it is no marker.
                guard position + 1 < bytes.count, bytes[position + 1] == 0 else { return }
                position += 1
            }
            position += 1
            bits = bits << 8 | UInt64(byte)
            count += 8
        }
    }

    /// The next difference: a code for the number of its bits, then these.
    @inline(__always)
    mutating func difference(_ table: HuffmanTable) throws(PixelCodecFailure) -> Int32 {
        if count < 32 { fill() }
        // Behind the last bit a code is completed with ones, as encoders do.
        let window = count >= 16 ? bits >> UInt64(count - 16) & 0xFFFF : (bits << UInt64(16 - count) | (1 << UInt64(16 - count) - 1)) & 0xFFFF
        let entry = table.entries[Int(window)], length = Int(entry & 0xFF), size = Int(entry >> 8)
        guard length > 0, length <= count else { throw .damaged(length > 0 ? "its scan is cut off" : "its scan holds a code that no table has") }
        count -= length
        if size == 0 { return 0 }
        if size == 16 { return 32768 }
        guard size < 16 else { throw .damaged("a difference has \(size) bits") }
        guard count >= size else { throw .damaged("its scan is cut off") }
        count -= size
        let value = Int32(bits >> UInt64(count) & (1 << UInt64(size) - 1))
        // Half of the values stand for negative differences.
        return value < 1 << Int32(size - 1) ? value - (1 << Int32(size)) + 1 : value
    }

    /// Goes behind the next restart marker.
    mutating func restart() throws(PixelCodecFailure) {
        (bits, count) = (0, 0)
        guard position + 1 < bytes.count, bytes[position] == 0xFF, (0xD0...0xD7).contains(bytes[position + 1]) else { throw .damaged("a restart is missing") }
        position += 2
    }
}
