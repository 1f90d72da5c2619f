/// A color of 8 bits a channel, in sRGB.
public struct Color: Hashable, Sendable, Codable {
    /// 0 to 255.
    public var red: UInt8
    /// 0 to 255.
    public var green: UInt8
    /// 0 to 255.
    public var blue: UInt8

    /// A color in sRGB, each part from 0 to 255.
    public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// A shade of gray, 0 = black.
    public init(gray: UInt8) { self.init(gray, gray, gray) }

    /// A color from its hexadecimal form, "#E69F00" or "E69F00"; nil if the text is not one.
    public init?(hex: String) {
        let digits = hex.hasPrefix("#") ? String(hex.dropFirst()) : hex
        guard digits.utf8.count == 6, digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16) else { return nil }
        self.init(UInt8(value >> 16), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF))
    }

    /// The form "#e69f00".
    public var hex: String {
        let digits = String(UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue), radix: 16)
        return "#" + String(repeating: "0", count: 6 - digits.count) + digits
    }

    /// This color with `alpha` (0…1) of another laid over it.
    public func blended(with other: Color, alpha: Double) -> Color {
        func mix(_ below: UInt8, _ above: UInt8) -> UInt8 { UInt8((Double(below) * (1 - alpha) + Double(above) * alpha).rounded()) }
        return Color(mix(red, other.red), mix(green, other.green), mix(blue, other.blue))
    }

    /// #000000.
    public static let black = Color(gray: 0)
    /// #FFFFFF.
    public static let white = Color(gray: 255)

    /// Colors that stay apart for most color-blind readers, for labels and lines in order; it starts again after the last.
    ///
    /// The first seven are the palette of Okabe and Ito (2008) without its black.
    public static func distinct(_ index: Int) -> Color {
        let palette = [
            Color(230, 159, 0), Color(86, 180, 233), Color(0, 158, 115), Color(204, 121, 167), Color(240, 228, 66), Color(0, 114, 178),
            Color(213, 94, 0), Color(148, 103, 189), Color(140, 200, 100), Color(255, 152, 150), Color(23, 190, 207), Color(196, 156, 148),
        ]
        return palette[((index % palette.count) + palette.count) % palette.count]
    }
}
