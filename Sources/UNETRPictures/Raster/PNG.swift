import CZlib
public import Foundation
import UNETRSupport

extension Canvas {
    /// The picture as a PNG file: RGB, 8 bits a channel, each row filtered by the sum-of-differences rule, deflated by zlib.
    /// Source: PNG Specification, third edition (W3C 2025).
    public func png() -> Data {
        var file = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        let depthAndColor: [UInt8] = [8, 2, 0, 0, 0]  // 8 bits, RGB, deflate, adaptive filters, not interlaced
        file.append(Self.chunk("IHDR", Self.bigEndian(UInt32(width)) + Self.bigEndian(UInt32(height)) + depthAndColor))
        file.append(Self.chunk("IDAT", Self.deflated(filteredRows())))
        file.append(Self.chunk("IEND", []))
        return file
    }

    /// Writes the picture as a PNG file; it appears only when it is complete.
    ///
    /// - Throws: `FileError` or what Foundation throws when the file cannot be written.
    public func writePNG(to url: URL) throws {
        try AtomicFile.write(png(), to: url)
    }

    /// Each row behind the number of its filter: of none, left, up, average and Paeth the one with the smallest sum of differences,
    /// which is what the specification recommends (12.7).
    private func filteredRows() -> [UInt8] {
        let stride = 3 * width
        var out: [UInt8] = []
        out.reserveCapacity((stride + 1) * height)
        // Three zeros stand for the pixel left of a row, and a row of zeros for the one above the first.
        let margin = [UInt8](repeating: 0, count: 3)
        var above = [UInt8](repeating: 0, count: 3 + stride)
        for y in 0..<height {
            let row = margin + pixels[y * stride..<(y + 1) * stride]
            var best: (filter: UInt8, bytes: [UInt8], cost: Int) = (0, [], .max)
            for filter in UInt8(0)...4 {
                let (bytes, cost) = Self.filtered(row, above, by: filter)
                if cost < best.cost { best = (filter, bytes, cost) }
            }
            out.append(best.filter)
            out += best.bytes
            above = row
        }
        return out
    }

    /// The differences of a row from what the filter guesses, and the sum of their sizes. Both rows begin with three zeros. Pointers and `while`, because builds
    /// without optimization, such as tests, draw pictures too.
    private static func filtered(_ row: [UInt8], _ above: [UInt8], by filter: UInt8) -> (bytes: [UInt8], cost: Int) {
        let count = row.count - 3
        var cost = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let out = buffer.baseAddress!
            row.withUnsafeBufferPointer { row in
                above.withUnsafeBufferPointer { above in
                    let row = row.baseAddress!, above = above.baseAddress!
                    var at = 0
                    while at < count {
                        let left = Int(row[at]), up = Int(above[at + 3])
                        var guess = 0
                        switch filter {
                        case 0: break
                        case 1: guess = left
                        case 2: guess = up
                        case 3: guess = (left + up) / 2
                        default: guess = paeth(left, up, Int(above[at]))
                        }
                        let difference = row[at + 3] &- UInt8(guess)
                        out[at] = difference
                        cost += difference < 128 ? Int(difference) : 256 - Int(difference)
                        at += 1
                    }
                }
            }
            filled = count
        }
        return (bytes, cost)
    }

    /// Of left, up and corner, the one nearest to left + up − corner.
    private static func paeth(_ left: Int, _ up: Int, _ corner: Int) -> Int {
        let (a, b, c) = (abs(up - corner), abs(left - corner), abs(left + up - 2 * corner))
        return a <= b && a <= c ? left : b <= c ? up : corner
    }

    private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var length = compressBound(uLong(bytes.count))
        var out = [UInt8](repeating: 0, count: Int(length))
        let status = compress2(&out, &length, bytes, uLong(bytes.count), 6)
        precondition(status == Z_OK, "zlib cannot run out of the room it asked for")
        return Array(out.prefix(Int(length)))
    }

    /// Length, name, contents, and the checksum of name and contents.
    private static func chunk(_ name: String, _ contents: [UInt8]) -> Data {
        let body = Array(name.utf8) + contents
        let checksum = crc32(0, body, uInt(body.count))
        return Data(bigEndian(UInt32(contents.count)) + body + bigEndian(UInt32(checksum)))
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
}
