/// A picture of pixels to draw on: RGB, 8 bits a channel, the origin at the top left. What falls outside is not drawn.
public struct Canvas: Equatable, Sendable {
    /// Width in pixels.
    public let width: Int
    /// Height in pixels.
    public let height: Int

    /// The pixels, row by row from the top, three bytes each.
    public private(set) var pixels: [UInt8]

    /// A picture of one color.
    public init(width: Int, height: Int, background: Color = .black) {
        precondition(width > 0 && height > 0, "a canvas of \(width) × \(height)")
        self.width = width
        self.height = height
        pixels = [UInt8](unsafeUninitializedCapacity: 3 * width * height) { buffer, count in
            for pixel in 0..<width * height {
                buffer[3 * pixel] = background.red
                buffer[3 * pixel + 1] = background.green
                buffer[3 * pixel + 2] = background.blue
            }
            count = 3 * width * height
        }
    }

    /// The color of a pixel; setting one outside does nothing, reading one there is a programmer's mistake.
    public subscript(x: Int, y: Int) -> Color {
        get {
            precondition(contains(x, y), "pixel (\(x), \(y)) of \(width) × \(height)")
            let at = 3 * (y * width + x)
            return Color(pixels[at], pixels[at + 1], pixels[at + 2])
        }
        set {
            guard contains(x, y) else { return }
            let at = 3 * (y * width + x)
            pixels[at] = newValue.red
            pixels[at + 1] = newValue.green
            pixels[at + 2] = newValue.blue
        }
    }

    private func contains(_ x: Int, _ y: Int) -> Bool { x >= 0 && y >= 0 && x < width && y < height }

    /// Fills a rectangle, letting what is below shine through if `alpha` is below 1.
    public mutating func fill(x: Int, y: Int, width: Int, height: Int, _ color: Color, alpha: Double = 1) {
        for row in max(0, y)..<max(0, y, min(self.height, y + height)) {
            for column in max(0, x)..<max(0, x, min(self.width, x + width)) {
                self[column, row] = alpha >= 1 ? color : self[column, row].blended(with: color, alpha: alpha)
            }
        }
    }

    /// Draws the border of a rectangle, `thickness` pixels inwards.
    public mutating func frame(x: Int, y: Int, width: Int, height: Int, _ color: Color, thickness: Int = 1) {
        fill(x: x, y: y, width: width, height: thickness, color)
        fill(x: x, y: y + height - thickness, width: width, height: thickness, color)
        fill(x: x, y: y, width: thickness, height: height, color)
        fill(x: x + width - thickness, y: y, width: thickness, height: height, color)
    }

    /// Draws a straight line between two pixels (Bresenham 1965) with a square pen.
    public mutating func line(from start: (x: Int, y: Int), to end: (x: Int, y: Int), _ color: Color, thickness: Int = 1) {
        let (dx, dy) = (abs(end.x - start.x), -abs(end.y - start.y))
        let (stepX, stepY) = (start.x < end.x ? 1 : -1, start.y < end.y ? 1 : -1)
        var (x, y, error) = (start.x, start.y, dx + dy)
        let inset = (thickness - 1) / 2
        while true {
            fill(x: x - inset, y: y - inset, width: thickness, height: thickness, color)
            if x == end.x && y == end.y { return }
            let twice = 2 * error
            if twice >= dy { error += dy; x += stepX }
            if twice <= dx { error += dx; y += stepY }
        }
    }

    /// Lays another canvas over this one.
    public mutating func draw(_ other: Canvas, x: Int, y: Int) {
        let columns = max(0, -x)..<max(0, -x, min(other.width, width - x))
        guard !columns.isEmpty else { return }
        for row in max(0, -y)..<max(0, -y, min(other.height, height - y)) {
            let from = 3 * (row * other.width + columns.lowerBound), to = 3 * ((y + row) * width + x + columns.lowerBound)
            pixels.replaceSubrange(to..<to + 3 * columns.count, with: other.pixels[from..<from + 3 * columns.count])
        }
    }

    /// Writes a line of text whose first glyph's upper left dot is at (x, y), each dot `scale` pixels wide.
    public mutating func text(_ text: String, x: Int, y: Int, _ color: Color, scale: Int = 1) {
        var left = x
        for character in text {
            let glyph = Font.glyph(character)
            for (row, bits) in glyph.rows.enumerated() {
                for column in 0..<glyph.width where bits >> (glyph.width - 1 - column) & 1 == 1 {
                    fill(x: left + column * scale, y: y + row * scale, width: scale, height: scale, color)
                }
            }
            left += (glyph.width + Font.gap) * scale
        }
    }

    /// The width in pixels of a line of text, without the gap after its last glyph.
    public static func width(of text: String, scale: Int = 1) -> Int { Font.width(of: text) * scale }

    /// The distance in pixels from one line of text to the next.
    public static func lineHeight(scale: Int = 1) -> Int { Font.lineHeight * scale }
}
