import Foundation
import Testing
import UNETRPictures
import UNETRSupport

@Suite struct OverlayTests {
    private let red = Color(255, 0, 0)
    private let blue = Color(0, 0, 255)

    /// A 6 × 5 × 4 mm volume (x, y, z from left, back, feet) stored so that its file axes run as `orientation` says, with label 1 in
    /// the voxel most to the right, front and head and label 2 in the one most to the left, back and feet.
    private func input(_ orientation: String) -> OverlayInput {
        let lengths = ["R": 6, "L": 6, "A": 5, "P": 5, "S": 4, "I": 4]
        let letters = orientation.map(String.init)
        let size = Size3(letters.reversed().map { lengths[$0]! })!
        var labels = [Int16](repeating: 0, count: 120)
        let far = zip(letters, [1, size[2], size[2] * size[1]]).reduce(0) { total, axis in
            "RAS".contains(axis.0) ? total + (lengths[axis.0]! - 1) * axis.1 : total
        }
        labels[far] = 1
        labels[119 - far] = 2
        return OverlayInput(
            size: size, spacing: [1, 1, 1], orientation: orientation,
            intensities: labels.map { $0 == 1 ? 100 : 0 }, labels: labels)
    }

    private func overlay() -> Overlay {
        var overlay = Overlay(
            title: "t", labels: [OverlayLabel(value: 1, name: "one", color: red), OverlayLabel(value: 2, name: "two", color: blue)])
        overlay.panelSize = 60
        overlay.smallestPanelSize = 60
        return overlay
    }

    /// The box around all pixels of a color: left, top, right, bottom.
    private func box(_ canvas: Canvas, _ color: Color, below top: Int = 0) -> [Int] {
        var found = [Int.max, Int.max, Int.min, Int.min]
        for y in top..<canvas.height {
            for x in 0..<canvas.width where canvas[x, y] == color {
                found = [min(found[0], x), min(found[1], y), max(found[2], x), max(found[3], y)]
            }
        }
        return found
    }

    @Test(arguments: ["LAS", "LPI", "SRA", "PIR", "ASL"])
    func theSamePatientGivesTheSamePictureHoweverStored(_ orientation: String) {
        #expect(overlay().render(input(orientation)) == overlay().render(input("RAS")))
    }

    @Test func thePatientsRightFrontAndHeadAreLeftAndAbove() {
        let canvas = overlay().render(input("RAS"))
        // 6 mm would be 60 pixels long; the sagittal panel's 5 mm must be, so a mm has 12 pixels: panels 72, 72 and 60 wide, gaps of 20.
        let left = (canvas.width - (72 + 72 + 60 + 40)) / 2
        // Label 1 is one square of 12 × 12 pixels in the upper left corner of each panel, outlined where it meets another voxel.
        let top = box(canvas, red)[1]
        for panel in [left, left + 92, left + 184] {
            #expect(canvas[panel + 11, top] == red)
            #expect(canvas[panel + 12, top] != red)
            #expect(canvas[panel, top + 11] == red)
            #expect(canvas[panel, top + 12] != red)
            // Inside it is translucent: 35 % red over white.
            #expect(canvas[panel + 5, top + 5] == Color.white.blended(with: red, alpha: 0.35))
        }
    }

    @Test func unlistedLabelsAreNotDrawn() {
        var plain = overlay()
        plain.labels = []
        let canvas = plain.render(input("RAS"))
        #expect(box(canvas, red) == [Int.max, Int.max, Int.min, Int.min])
        #expect(box(canvas, blue) == [Int.max, Int.max, Int.min, Int.min])
    }

    @Test func theReferenceIsOutlinedInWhite() {
        var input = input("RAS")
        input.intensities = [Float](repeating: 0, count: 120)
        let without = overlay().render(input)
        input.reference = [Int16](repeating: 1, count: 120)
        input.reference![119] = 0  // the voxel of label 1, which all planes go through
        let with = overlay().render(input)
        #expect(with.width == without.width)
        // In each of three panels two sides of 12 pixels and no corner; some of these pixels were letters or frames before.
        let added = (0..<with.width * with.height).count { pixel in
            let (x, y) = (pixel % with.width, pixel / with.width)
            return y < with.height - 80 && with[x, y] == .white && without[x, y] != .white
        }
        #expect(added == 3 * 2 * 12)
    }

    @Test func voxelsThatAreNotFiniteAndEvenScansAreDrawn() {
        var input = input("RAS")
        input.intensities = [Float](repeating: .nan, count: 120)
        let outline = count(overlay().render(self.input("RAS")), red)
        #expect(outline > 3 * 23)
        #expect(count(overlay().render(input), red) == outline)
        input.intensities = [Float](repeating: 7, count: 120)
        input.intensities[5] = .infinity
        #expect(count(overlay().render(input), red) == outline)
    }

    @Test func withoutAnOrientationThereAreNoLetters() {
        var unknown = input("RAS")
        unknown.orientation = "RRS"
        var none = input("RAS")
        none.orientation = nil
        let canvas = overlay().render(unknown)
        #expect(canvas == overlay().render(none))
        #expect(canvas != overlay().render(input("RAS")))
    }

    @Test func voxelsAreAsLargeAsTheirSpacing() {
        // 2 × 2 × 2 voxels of 1 × 2 × 4 mm (x, y, z): panels of 2 × 4, 2 × 8 and 4 × 8 mm, the longest side, 8 mm, 320 pixels.
        let input = OverlayInput(
            size: [2, 2, 2], spacing: [4, 2, 1], orientation: "RAS", intensities: [Float](repeating: 0, count: 8),
            labels: [Int16](repeating: 1, count: 8))
        var overlay = overlay()
        overlay.panelSize = 320
        overlay.opacity = 1
        let canvas = overlay.render(input)
        let left = (canvas.width - (80 + 80 + 160 + 40)) / 2
        // Row 5 of the panels is above the scale bars and beside the letters.
        let top = box(canvas, red)[1] + 5
        let colored = (0..<canvas.width).filter { canvas[$0, top] == red }
        #expect(colored.first == left)
        #expect(colored.last == left + 359)
        #expect(colored.count >= 320 - 3 * 14)  // three letters hide some
    }

    private func count(_ canvas: Canvas, _ color: Color) -> Int {
        (0..<canvas.width * canvas.height).count { canvas[$0 % canvas.width, $0 / canvas.width] == color }
    }
}
