import CZlib
import Foundation

/// Reads what the package writes, by the specification alone: the RGB bytes of an 8-bit PNG that is not interlaced.
struct PNGReader {
    var width = 0
    var height = 0
    var pixels: [UInt8] = []
    var filters: Set<UInt8> = []

    init?(_ data: Data) {
        let bytes = Array(data)
        guard bytes.prefix(8) == [137, 80, 78, 71, 13, 10, 26, 10] else { return nil }
        var compressed: [UInt8] = []
        var names: [String] = []
        var at = 8
        func number(_ at: Int) -> Int { bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
        while at + 12 <= bytes.count {
            let length = number(at)
            guard at + 12 + length <= bytes.count else { return nil }
            let body = Array(bytes[at + 4..<at + 8 + length])
            guard Int(crc32(0, body, UInt32(body.count))) == number(at + 8 + length) else { return nil }
            let name = String(decoding: body.prefix(4), as: UTF8.self)
            names.append(name)
            if name == "IHDR" {
                (width, height) = (number(at + 8), number(at + 12))
                guard Array(body.suffix(5)) == [8, 2, 0, 0, 0] else { return nil }
            }
            if name == "IDAT" { compressed += body.dropFirst(4) }
            at += 12 + length
        }
        guard names == ["IHDR", "IDAT", "IEND"], at == bytes.count else { return nil }
        var length = uLong((3 * width + 1) * height)
        var rows = [UInt8](repeating: 0, count: Int(length))
        guard uncompress(&rows, &length, compressed, uLong(compressed.count)) == Z_OK, Int(length) == rows.count else { return nil }
        undoFilters(rows)
    }

    private mutating func undoFilters(_ rows: [UInt8]) {
        let stride = 3 * width
        pixels = [UInt8](repeating: 0, count: stride * height)
        for y in 0..<height {
            let filter = rows[y * (stride + 1)]
            filters.insert(filter)
            for x in 0..<stride {
                let a = x < 3 ? 0 : Int(pixels[y * stride + x - 3])
                let b = y == 0 ? 0 : Int(pixels[(y - 1) * stride + x])
                let c = x < 3 || y == 0 ? 0 : Int(pixels[(y - 1) * stride + x - 3])
                let guess: Int
                switch filter {
                case 0: guess = 0
                case 1: guess = a
                case 2: guess = b
                case 3: guess = (a + b) / 2
                default:
                    let p = a + b - c
                    guess = abs(p - a) <= abs(p - b) && abs(p - a) <= abs(p - c) ? a : abs(p - b) <= abs(p - c) ? b : c
                }
                pixels[y * stride + x] = rows[y * (stride + 1) + 1 + x] &+ UInt8(guess)
            }
        }
    }
}
