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
        let stride = 3 * width, nothing = [UInt8](repeating: 0, count: stride)
        return [UInt8](unsafeUninitializedCapacity: (stride + 1) * height) { out, count in
            count = (stride + 1) * height
            var target = out.baseAddress!
            pixels.withUnsafeBufferPointer { pixels in
                nothing.withUnsafeBufferPointer { nothing in
                    for y in 0..<height {
                        let row = pixels.baseAddress! + y * stride, above = y > 0 ? row - stride : nothing.baseAddress!
                        var (best, least) = (UInt8(0), Int.max)
                        for filter in UInt8(0)...4 {
                            let cost = Self.cost(row, above, stride, by: filter)
                            if cost < least { (best, least) = (filter, cost) }
                        }
                        target.initialize(to: best)
                        for at in 0..<stride { (target + 1 + at).initialize(to: Self.difference(row, above, at, by: best)) }
                        target += stride + 1
                    }
                }
            }
        }
    }

    /// The sum of a row's differences, taken as signed numbers, without their signs. Plain steps: with the usual functions debug builds take seconds.
    private static func cost(_ row: UnsafePointer<UInt8>, _ above: UnsafePointer<UInt8>, _ count: Int, by filter: UInt8) -> Int {
        var (sum, at) = (0, 0)
        while at < count {
            let byte = difference(row, above, at, by: filter)
            sum &+= byte < 128 ? Int(byte) : 256 &- Int(byte)
            at &+= 1
        }
        return sum
    }

    /// What a byte differs by from what a filter guesses.
    private static func difference(_ row: UnsafePointer<UInt8>, _ above: UnsafePointer<UInt8>, _ at: Int, by filter: UInt8) -> UInt8 {
        let left = at < 3 ? 0 : Int(row[at &- 3])
        switch filter {
        case 0: return row[at]
        case 1: return row[at] &- UInt8(truncatingIfNeeded: left)
        case 2: return row[at] &- above[at]
        case 3: return row[at] &- UInt8(truncatingIfNeeded: (left &+ Int(above[at])) / 2)
        default: return row[at] &- UInt8(truncatingIfNeeded: paeth(left, Int(above[at]), at < 3 ? 0 : Int(above[at &- 3])))
        }
    }

    /// Of left, up and corner, the one nearest to left + up − corner.
    private static func paeth(_ left: Int, _ up: Int, _ corner: Int) -> Int {
        func distance(_ one: Int, _ other: Int) -> Int { one > other ? one &- other : other &- one }
        let (a, b, c) = (distance(up, corner), distance(left, corner), distance(left &+ up, 2 &* corner))
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
