import Foundation
import TestSupport
import Testing
import UNETRPictures
import UNETRSupport

@Suite struct CanvasTests {
    /// A picture with even, sloping and noisy parts, so that every filter has its turn.
    private func busy() -> Canvas {
        var canvas = Canvas(width: 61, height: 47, background: Color(10, 20, 30))
        var random = CounterGenerator(seed: 1)
        for y in 0..<47 {
            for x in 0..<61 {
                if y > 35 {
                    canvas[x, y] = Color(gray: UInt8(truncatingIfNeeded: random.next()))
                } else if y > 25 {
                    canvas[x, y] = Color(UInt8(3 * x + y), UInt8(4 * y), UInt8(2 * (x + y)))
                } else if y > 15 {
                    canvas[x, y] = Color(gray: UInt8((x * x + y * y) / 32))
                }
            }
        }
        return canvas
    }

    @Test func aPNGHoldsThePixelsThatWereDrawn() throws {
        let canvas = busy()
        let image = try #require(PNGReader(canvas.png()))
        #expect(image.width == 61)
        #expect(image.height == 47)
        #expect(image.pixels == canvas.pixels)
        #expect(image.filters.count >= 3)
    }

    @Test func aPNGIsWrittenWholeAndTheSameEachTime() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("new/picture.png")
            try busy().writePNG(to: url)
            let written = try Data(contentsOf: url)
            #expect(written == busy().png())
        }
    }

    @Test func shapesCoverThePixelsTheyShouldAndNoOthers() {
        var canvas = Canvas(width: 8, height: 6)
        canvas.fill(x: 6, y: 4, width: 5, height: 5, .white)  // reaches over the edge
        #expect(canvas.drawn == ["........", "........", "........", "........", "......##", "......##"])
        canvas = Canvas(width: 8, height: 6)
        canvas.frame(x: 1, y: 1, width: 5, height: 4, .white)
        #expect(canvas.drawn == ["........", ".#####..", ".#...#..", ".#...#..", ".#####..", "........"])
        canvas = Canvas(width: 8, height: 6)
        canvas.line(from: (7, 4), to: (0, 1), .white)
        canvas.line(from: (-3, 5), to: (2, 5), .white)
        #expect(canvas.drawn == ["........", "##......", "..##....", "....##..", "......##", "###....."])
    }

    @Test func linesAndFramesAreAsThickAsAskedFor() {
        var canvas = Canvas(width: 8, height: 6)
        canvas.line(from: (2, 1), to: (5, 1), .white, thickness: 3)
        canvas.line(from: (6, 4), to: (6, 4), .white, thickness: 2)
        #expect(canvas.drawn == [".######.", ".######.", ".######.", "........", "......##", "......##"])
        canvas = Canvas(width: 8, height: 6)
        canvas.frame(x: 1, y: 0, width: 6, height: 6, .white, thickness: 2)
        #expect(canvas.drawn == [".######.", ".######.", ".##..##.", ".##..##.", ".######.", ".######."])
        canvas = Canvas(width: 8, height: 2)
        canvas.fill(x: 3, y: 0, width: 0, height: 2, .white)
        canvas.fill(x: 3, y: 5, width: 2, height: 2, .white)
        canvas.fill(x: -9, y: -9, width: 3, height: 3, .white)
        #expect(canvas.drawn == ["........", "........"])
    }

    @Test func oneCanvasLaidOverAnotherIsCutOffAtItsEdges() {
        var canvas = Canvas(width: 4, height: 3)
        let tile = Canvas(width: 2, height: 2, background: .white)
        canvas.draw(tile, x: 3, y: 2)
        canvas.draw(tile, x: -1, y: -1)
        #expect(canvas.drawn == ["#...", "....", "...#"])
        // Beside it, above it and below it there is nothing to see.
        for (x, y) in [(4, 0), (9, 2), (-2, 1), (-7, -7), (0, 3), (1, -2), (2, 40)] { canvas.draw(tile, x: x, y: y) }
        #expect(canvas.drawn == ["#...", "....", "...#"])
        canvas.draw(Canvas(width: 9, height: 1, background: .white), x: -3, y: 1)
        #expect(canvas.drawn == ["#...", "####", "...#"])
    }

    @Test(arguments: [(1, 1), (1, 300), (300, 1)])
    func aPNGMayBeOfOnePixelOrOneRow(width: Int, height: Int) throws {
        var canvas = Canvas(width: width, height: height, background: Color(1, 2, 3))
        canvas[width - 1, height - 1] = Color(200, 100, 50)
        let image = try #require(PNGReader(canvas.png()))
        #expect(image.width == width && image.height == height && image.pixels == canvas.pixels)
    }

    @Test func colorsBlendByTheirShare() {
        var canvas = Canvas(width: 2, height: 1, background: Color(100, 0, 200))
        canvas.fill(x: 0, y: 0, width: 1, height: 1, Color(200, 100, 0), alpha: 0.25)
        #expect(canvas[0, 0] == Color(125, 25, 150))
        #expect(canvas[1, 0] == Color(100, 0, 200))
    }

    @Test func textIsDrawnDotByDot() {
        var canvas = Canvas(width: 10, height: 9)
        canvas.text("Hi", x: 0, y: 0, .white)
        #expect(
            canvas.drawn == [
                "#...#..#..", "#...#.....", "#...#.##..", "#####..#..", "#...#..#..", "#...#..#..", "#...#.###.", "..........", "..........",
            ])
        #expect(Canvas.width(of: "Hi") == 9)
        #expect(Canvas.width(of: "Hi", scale: 3) == 27)
        #expect(Canvas.width(of: "") == 0)
    }

    @Test func everyCharacterHasItsOwnShape() {
        let shapes = (33...126).map { code -> [String] in
            var canvas = Canvas(width: 5, height: 9)
            canvas.text(String(UnicodeScalar(UInt8(code))), x: 0, y: 0, .white)
            return canvas.drawn
        }
        #expect(Set(shapes).count == 94)
        #expect(!shapes.contains([String](repeating: ".....", count: 9)))
    }

    @Test func charactersOutsideTheFontAreReplaced() {
        func drawn(_ text: String) -> [String] {
            var canvas = Canvas(width: 40, height: 9)
            canvas.text(text, x: 0, y: 0, .white)
            return canvas.drawn
        }
        #expect(drawn("é – µm × 脑") == drawn("e - um x ?"))
    }

    @Test func digitsAreEquallyWide() {
        #expect(Set("0123456789".map { Canvas.width(of: String($0)) }) == [5])
    }

    @Test func colorsReadAndWriteTheirHexadecimalForm() {
        #expect(Color(hex: "#E69F00") == Color(230, 159, 0))
        #expect(Color(hex: "0072b2") == Color(0, 114, 178))
        #expect(Color(230, 5, 0).hex == "#e60500")
        #expect(Color(hex: "#12345") == nil)
        #expect(Color(hex: "#12345g") == nil)
        #expect(Color(hex: "+12345") == nil)
        #expect(Set((0..<12).map(Color.distinct)).count == 12)
        #expect(Color.distinct(12) == Color.distinct(0))
    }
}

extension Canvas {
    /// The rows with a mark for every pixel that is not black.
    var drawn: [String] {
        (0..<height).map { y in String((0..<width).map { x in self[x, y] == .black ? "." : "#" }) }
    }
}
