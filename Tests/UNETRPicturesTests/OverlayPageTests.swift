import Testing
import UNETRPictures
import UNETRSupport

/// What stands around and in the planes of an overlay: 6 × 5 × 4 mm (x, y, z), 60 pixels a mm, panels of 360 × 300, 360 × 240 and 300 × 240.
struct OverlayPageTests {
    private static let bright = Color(236, 239, 244), quiet = Color(150, 158, 170), ground = Color(16, 18, 22)
    private static let red = Color(255, 0, 0)

    /// A cube of label 1 at x 2…3, y 1…2, z 2…3 (from left, back, feet), its intensities 100, all else 0.
    private static let input: OverlayInput = {
        var labels = [Int16](repeating: 0, count: 120)
        for z in 2...3 { for y in 1...2 { for x in 2...3 { labels[(z * 5 + y) * 6 + x] = 1 } } }
        return OverlayInput(
            size: [4, 5, 6], spacing: [1, 1, 1], orientation: "RAS", intensities: labels.map { $0 == 1 ? 100 : 0 }, labels: labels)
    }()

    private static func overlay(_ names: [String] = ["one"], title: String = "t", subtitle: String? = nil, panelSize: Int = 300) -> Overlay {
        var overlay = Overlay(
            title: title, subtitle: subtitle,
            labels: names.enumerated().map { OverlayLabel(value: Int16($0 + 1), name: $1, color: $0 == 0 ? red : .distinct($0)) })
        (overlay.panelSize, overlay.smallestPanelSize) = (panelSize, panelSize)
        return overlay
    }

    /// The panels' left edges, behind a margin of 24 and 20 apart, and their upper edge on a page without subtitle.
    private static let panels = [24, 404, 784], header = 24 + 33 + 14, top = header + 26

    /// Whether all dots of a line of text are there in a color.
    private func has(_ page: Canvas, _ text: String, x: Int, y: Int, _ color: Color, scale: Int = 2) -> Bool {
        var dots = Canvas(width: Canvas.width(of: text, scale: scale), height: Canvas.lineHeight(scale: scale))
        dots.text(text, x: 0, y: 0, .white, scale: scale)
        return (0..<dots.height).allSatisfy { row in (0..<dots.width).allSatisfy { dots[$0, row] == .black || page[x + $0, y + row] == color } }
    }

    @Test func `The page has room for the panels, the widest line and the rows of the legend`() {
        let plain = Self.overlay().render(Self.input)
        #expect(plain.width == 24 + 360 + 20 + 360 + 20 + 300 + 24)
        // Header, caption and panel, legend of one row, convention, margin.
        #expect(plain.height == Self.header + 22 + 4 + 300 + 18 + 28 + 22 + 24)
        #expect(Self.overlay(subtitle: "s").render(Self.input).height == plain.height + 22)
        let title = String(repeating: "W", count: 90), wide = Self.overlay(title: title).render(Self.input)
        #expect(wide.width == Canvas.width(of: title, scale: 2) + 48 && wide.width > plain.width)
        // Beyond 4000 pixels a line is cut off.
        #expect(Self.overlay(title: String(repeating: "W", count: 400)).render(Self.input).width == 4048)
    }

    @Test func `Title, subtitle, captions and convention stand where they should, slices counted from 1`() {
        let page = Self.overlay(title: "Fall 1", subtitle: "UNETR++").render(Self.input)
        #expect(has(page, "Fall 1", x: 24, y: 24, Self.bright, scale: 3) && has(page, "UNETR++", x: 24, y: 59, Self.quiet))
        // Of two slices that show as much the second.
        for (panel, caption) in zip(Self.panels, ["Axial 4/4", "Coronal 3/5", "Sagittal 4/6"]) {
            #expect(has(page, caption, x: panel, y: Self.header + 22, Self.bright), "\(caption)")
        }
        #expect(has(page, "Radiological convention: the patient's right is on the left.", x: 24, y: page.height - 24 - 18, Self.quiet))
        let long = String(repeating: "M", count: 80)
        #expect(has(Self.overlay(title: long).render(Self.input), long, x: 24, y: 24, Self.bright, scale: 2), "a long title is written smaller")
        // Panels of 72, 72 and 60 pixels in the middle of the page: captions that are too wide for theirs are written smaller too.
        let small = Self.overlay(panelSize: 60).render(Self.input)
        #expect(has(small, "Sagittal 4/6", x: (small.width - 244) / 2 + 184, y: Self.header, Self.bright, scale: 1))
    }

    @Test func `Each panel has a frame and the letters of its sides`() {
        let page = Self.overlay().render(Self.input)
        let sizes = [(360, 300), (360, 240), (300, 240)], letters = [["R", "L", "A", "P"], ["R", "L", "S", "I"], ["A", "P", "S", "I"]]
        for (number, x) in Self.panels.enumerated() {
            let (wide, high) = sizes[number], (middleX, middleY) = (x + wide / 2 - 5, Self.top + high / 2 - 7)
            for corner in [(x - 1, Self.top - 1), (x + wide, Self.top - 1), (x - 1, Self.top + high), (x + wide, Self.top + high)] {
                #expect(page[corner.0, corner.1] == Color(gray: 70))
            }
            #expect(has(page, letters[number][0], x: x + 6, y: middleY, .white) && has(page, letters[number][1], x: x + wide - 16, y: middleY, .white))
            #expect(has(page, letters[number][2], x: middleX, y: Self.top + 6, .white))
            #expect(has(page, letters[number][3], x: middleX, y: Self.top + high - 20, .white))
        }
        var unknown = Self.input
        unknown.orientation = nil
        #expect(has(Self.overlay().render(unknown), "Orientation unknown: planes as stored.", x: 24, y: page.height - 24 - 18, Self.quiet))
    }

    /// At most a quarter of a panel of 360 pixels, which is one and a half voxels.
    @Test(arguments: [(1.0, 60, "1 mm"), (0.25, 48, "0.2 mm"), (4, 75, "5 mm"), (30, 40, "20 mm"), (700, 86, "1000 mm")])
    func `The scale bar is 1, 2 or 5 times a power of ten long, and says so`(spacing: Double, pixels: Int, label: String) {
        var input = Self.input
        input.spacing = [spacing, spacing, spacing]
        let page = Self.overlay([]).render(input), x = Self.panels[0], bottom = Self.top + 300
        #expect((0..<120).filter { page[x + $0, bottom - 11] == .white } == Array(10..<10 + pixels))
        #expect(page[x + 9, bottom - 11] == .black && page[x + 10 + pixels, bottom - 11] == .black)
        #expect(has(page, label, x: x + 10, y: bottom - 32, .white))
    }

    @Test func `The legend has a swatch, the name and the note of each label, and goes on in the next row`() {
        var overlay = Self.overlay(["liver", "spleen"])
        overlay.labels[0].note = "1.52 ml"
        let page = overlay.render(Self.input), top = Self.top + 300 + 18
        #expect(page[24, top - 1] == Self.red && page[39, top + 14] == Self.red)
        // 60 % red over the page.
        #expect(page[32, top + 7] == Color(159, 7, 9))
        let (name, note) = (Canvas.width(of: "liver", scale: 2), Canvas.width(of: "1.52 ml", scale: 2))
        #expect(has(page, "liver", x: 48, y: top, Self.bright) && has(page, "1.52 ml", x: 60 + name, y: top, Self.quiet))
        let second = 24 + 24 + name + 12 + note + 28
        #expect(page[second, top - 1] == .distinct(1) && has(page, "spleen", x: second + 24, y: top, Self.bright))

        let many = Self.overlay([String](repeating: "a rather long name", count: 12)).render(Self.input)
        let inRow = 1060 / (24 + Canvas.width(of: "a rather long name", scale: 2) + 28), rows = (12 + inRow - 1) / inRow
        #expect(rows > 2 && many.height == page.height + 28 * (rows - 1))
        #expect(many[24, top - 1 + 28] == .distinct(inRow) && many[24, top - 1 + 56] == .distinct(2 * inRow))
    }

    @Test func `The outlines of a reference have an entry of their own`() {
        var input = Self.input, overlay = Self.overlay([])
        overlay.referenceName = "Dr. Müller"
        let top = Self.top + 300 + 18
        #expect(overlay.render(input).height == top + 22 + 24, "no entry, no row")
        input.reference = input.labels
        let page = overlay.render(input)
        #expect(page[24, top - 1] == .white && page[32, top + 7] == Self.ground && has(page, "Dr. Müller", x: 48, y: top, Self.bright))
    }

    // MARK: Intensities

    /// The gray of the corner at the left and the back, and that of the cube, in the axial plane. Without labels the middle slice is shown.
    ///
    /// Columns run from the patient's right and rows from the front: voxel x is at 60 · (5 − x), voxel y at 60 · (4 − y).
    private func grays(_ change: (inout Overlay, inout OverlayInput) -> Void) -> (dark: Color, light: Color) {
        var overlay = Self.overlay([]), input = Self.input
        change(&overlay, &input)
        let page = overlay.render(input), x = Self.panels[0]
        return (page[x + 310, Self.top + 250], page[x + 180, Self.top + 180])
    }

    @Test func `A range that is given is black and white; what lies beyond is no darker or lighter`() {
        let wide = grays { overlay, _ in overlay.intensityRange = 0...200 }
        #expect(wide.dark == .black && wide.light == Color(gray: 127))
        let low = grays { overlay, _ in overlay.intensityRange = -100...0 }
        // The upper end itself may come to 254.99… and is cut to 254.
        #expect(low.dark.red >= 254 && low.light == .white)
        let high = grays { overlay, _ in overlay.intensityRange = 100...300 }
        #expect(high.dark == .black && high.light == .black)
        let none = grays { overlay, _ in overlay.intensityRange = 50...50 }
        #expect(none.dark == .black && none.light == .white)
    }

    @Test func `Without one it is that of the percentiles of finite voxels`() {
        let own = grays { _, _ in }
        #expect(own.dark == .black && own.light.red >= 254)
        // Eight of 120 voxels are bright: the 90th percentile is dark still, and then the range is 1 wide.
        let narrow = grays { overlay, _ in overlay.window = (0, 90) }
        #expect(narrow.dark == .black && narrow.light == .white)
        // From 0 to the 200 of one voxel in the first slice.
        let one = grays { overlay, input in
            overlay.window = (0, 100)
            (input.intensities[3], input.intensities[4]) = (200, .infinity)
        }
        #expect(one.dark == .black && one.light == Color(gray: 127))
    }

    @Test func `Between voxels intensities are interpolated, labels are not`() {
        let x = Self.panels[0], y = Self.top + 180
        let page = Self.overlay([]).render(Self.input)
        // From the middle of the dark voxel x = 4, at 90, to that of the bright voxel x = 3, at 150.
        for pixel in 90..<150 {
            let part = (Double(pixel) + 0.5) / 60 - 1.5
            #expect(abs(Double(page[x + pixel, y].red) - 255 * part) <= 1, "\(pixel)")
        }
        let covered = Self.overlay().render(Self.input), before = covered[x + 119, y]
        #expect(covered[x + 120, y] == Self.red && before.red == before.green, "the label begins with its voxel")
    }
}
