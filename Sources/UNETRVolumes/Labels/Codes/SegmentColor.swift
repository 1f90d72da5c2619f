import Foundation

/// A color on the screen, of three parts from 0 to 255.
public struct SegmentColor: Hashable, Sendable {
    /// The parts.
    public var red, green, blue: UInt8

    /// A color.
    public init(red: UInt8, green: UInt8, blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// Reads "#rrggbb", with the sign or without it; nil for anything else.
    public init?(_ text: String) {
        let digits = text.hasPrefix("#") ? text.dropFirst() : text[...]
        guard digits.utf8.count == 6, digits.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }), let number = UInt32(digits, radix: 16) else {
            return nil
        }
        self.init(red: UInt8(number >> 16 & 0xFF), green: UInt8(number >> 8 & 0xFF), blue: UInt8(number & 0xFF))
    }

    /// As "#rrggbb".
    public var text: String { "#" + [red, green, blue].map { String(format: "%02x", Int($0)) }.joined() }

    /// A color of its own for each label. Neighbors differ by the golden angle of hue, so that many can be told apart.
    public init(label: Int) {
        let turn = 0.618_033_988_749_895 * Double(UInt32(truncatingIfNeeded: label))
        let hue = (turn - turn.rounded(.down)) * 6
        let (strong, weak) = label % 3 == 0 ? (0.95, 0.45) : label % 3 == 1 ? (0.85, 0.25) : (0.7, 0.1)
        let part = hue - hue.rounded(.down), rising = weak + (strong - weak) * part, falling = strong - (strong - weak) * part
        let parts: (Double, Double, Double) =
            switch Int(hue) {
            case 0: (strong, rising, weak)
            case 1: (falling, strong, weak)
            case 2: (weak, strong, rising)
            case 3: (weak, falling, strong)
            case 4: (rising, weak, strong)
            default: (strong, weak, falling)
            }
        func byte(_ value: Double) -> UInt8 { UInt8(rounding: value * 255) ?? 0 }
        self.init(red: byte(parts.0), green: byte(parts.1), blue: byte(parts.2))
    }

    /// The parts L*, a* and b* of CIELab spread over 0…65535, as DICOM has them (PS3.3, C.10.7.1.1), for the white of sRGB (D65), as
    /// programs that read segmentations take it.
    public var scaledLab: [Int] {
        func linear(_ part: UInt8) -> Double {
            let value = Double(part) / 255
            return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
        let (r, g, b) = (linear(red), linear(green), linear(blue))
        // From sRGB to XYZ (IEC 61966-2-1), each by its white.
        let x = (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.950456
        let y = 0.2126729 * r + 0.7151522 * g + 0.0721750 * b
        let z = (0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.088754
        func f(_ t: Double) -> Double { t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116 }
        let lab = [(116 * f(y) - 16) / 100, (500 * (f(x) - f(y)) + 128) / 255, (200 * (f(y) - f(z)) + 128) / 255]
        return lab.map { min(max(Int(rounding: $0 * 65535) ?? 0, 0), 65535) }
    }
}
