public import UNETRPictures
public import UNETRVolumes

/// A picture of one case: prediction, reference and their difference, side by side, in the three planes in which they differ most.
public struct ComparisonPicture: Sendable {
    /// Colors by label.
    public var colors: [Int16: Color]
    /// The length in pixels of the longest side of a panel.
    public var panelSize: Int

    static let missed = Color(213, 94, 0)
    static let invented = Color(0, 158, 225)
    static let mistaken = Color(240, 228, 66)
    static let agreed = Color(gray: 120)
    private static let paper = Color(gray: 18)

    /// Settings: a color for each label, and the size of a panel in pixels.
    public init(colors: [Int16: Color] = [:], panelSize: Int = 260) {
        self.colors = colors
        self.panelSize = panelSize
    }

    /// Draws the picture.
    ///
    /// - Parameters:
    ///   - prediction: the label map that was scored, on the reference's grid.
    ///   - scan: what both were drawn on, on the same grid; without it the ground is plain.
    ///   - reference: the expert's label map.
    public func render(_ prediction: LabelMap, _ reference: LabelMap, scan: Scan? = nil) -> Canvas {
        precondition(prediction.voxels.count == reference.voxels.count, "prediction and reference must lie on one grid")
        let view = PatientView(reference.geometry)
        let scene = Scene(view: view, prediction: prediction.voxels, reference: reference.voxels, scan: scan)
        let rows = PatientView.Plane.allCases.map { plane in
            [Content.prediction, .reference, .difference].map { panel(scene, plane, $0) }
        }
        return page(rows, view)
    }

    private enum Content { case prediction, reference, difference }

    /// The panels under their headings, with the key of the difference below.
    private func page(_ rows: [[Canvas]], _ view: PatientView) -> Canvas {
        let (gap, head, foot) = (8, 30, 30)
        let width = rows.flatMap { $0 }.map(\.width).max()!
        let height = rows.reduce(0) { $0 + $1[0].height + gap }
        var page = Canvas(width: max(3 * width + 4 * gap, 620), height: head + height + foot, background: Self.paper)
        for (column, title) in ["prediction", "reference", "difference"].enumerated() {
            page.text(title, x: gap + column * (width + gap), y: 8, .white, scale: 2)
        }
        var y = head
        for (row, plane) in zip(rows, PatientView.Plane.allCases) {
            for (column, panel) in row.enumerated() { page.draw(panel, x: gap + column * (width + gap) + (width - panel.width) / 2, y: y) }
            if view.isOriented {
                page.fill(x: gap, y: y, width: Canvas.width(of: plane.name, scale: 2) + 8, height: 22, Self.paper, alpha: 0.7)
                page.text(plane.name, x: gap + 4, y: y + 4, .white, scale: 2)
            }
            y += row[0].height + gap
        }
        var x = gap
        for (color, name) in [
            (Self.missed, "missed"), (Self.invented, "invented"), (Self.mistaken, "another label"), (Self.agreed, "agreed"),
        ] {
            page.fill(x: x, y: y + 3, width: 14, height: 14, color)
            page.text(name, x: x + 20, y: y + 3, .white, scale: 2)
            x += 20 + Canvas.width(of: name, scale: 2) + 18
        }
        return page
    }

    /// One plane of one content, each voxel as large as its spacing says.
    private func panel(_ scene: Scene, _ plane: PatientView.Plane, _ content: Content) -> Canvas {
        let axes = plane.axes
        let (columns, rows) = (scene.window[axes.column], scene.window[axes.row])
        let (dx, dy) = (scene.view.spacing[axes.column], scene.view.spacing[axes.row])
        let (wide, high) = (Double(columns.count) * dx, Double(rows.count) * dy)
        let scale = Double(panelSize) / max(wide, high)
        let (width, height) = (max(1, Int(wide * scale)), max(1, Int(high * scale)))
        var canvas = Canvas(width: width, height: height, background: .black)
        var position = [0, 0, 0]
        position[axes.across] = scene.cut[axes.across]
        let start = scene.view.offset(position)
        // Head and front are at the top, the patient's right at the left: both run against the axis. A voxel's place is the sum of its column's and its row's.
        func places(_ axis: Int, _ shown: Range<Int>, pixels: Int, step: Double) -> [Int] {
            (0..<pixels).map { pixel in
                position[axis] = shown.upperBound - 1 - min(shown.count - 1, Int(Double(pixel) / scale / step))
                defer { position[axis] = 0 }
                return scene.view.offset(position) - start
            }
        }
        let across = places(axes.column, columns, pixels: width, step: dx), down = places(axes.row, rows, pixels: height, step: dy)
        for y in 0..<height {
            for x in 0..<width { canvas[x, y] = color(scene, start + down[y] + across[x], content) }
        }
        return canvas
    }

    private func color(_ scene: Scene, _ at: Int, _ content: Content) -> Color {
        let (p, r) = (scene.prediction[at], scene.reference[at])
        let ground = Color(gray: scene.gray(at))
        switch content {
        case .prediction: return p == 0 ? ground : ground.blended(with: color(of: p), alpha: 0.6)
        case .reference: return r == 0 ? ground : ground.blended(with: color(of: r), alpha: 0.6)
        case .difference:
            if p == r { return p == 0 ? ground : ground.blended(with: Self.agreed, alpha: 0.45) }
            let wrong = p == 0 ? Self.missed : r == 0 ? Self.invented : Self.mistaken
            return ground.blended(with: wrong, alpha: 0.9)
        }
    }

    private func color(of label: Int16) -> Color { colors[label] ?? .distinct(max(0, Int(label) - 1)) }
}

/// What all panels of a picture share: the voxels, the part that is shown, and where the planes cut.
private struct Scene {
    let view: PatientView
    let prediction: [Int16]
    let reference: [Int16]
    /// The voxels shown along the patient's x, y, z.
    let window: [Range<Int>]
    /// The plane across each axis: where most voxels differ, or where most are labeled if none do.
    let cut: [Int]
    private let intensities: [Float]?
    private let low: Float
    private let range: Float

    init(view: PatientView, prediction: [Int16], reference: [Int16], scan: Scan?) {
        self.view = view
        self.prediction = prediction
        self.reference = reference
        var labeled = view.lengths.map { [Int](repeating: 0, count: $0) }
        var different = labeled
        for z in 0..<view.lengths[2] {
            for y in 0..<view.lengths[1] {
                for x in 0..<view.lengths[0] {
                    let at = view.offset([x, y, z])
                    let (p, r) = (prediction[at], reference[at])
                    guard p != 0 || r != 0 else { continue }
                    for (axis, index) in [x, y, z].enumerated() {
                        labeled[axis][index] += 1
                        if p != r { different[axis][index] += 1 }
                    }
                }
            }
        }
        window = (0..<3).map { axis in
            guard let first = labeled[axis].firstIndex(where: { $0 > 0 }), let last = labeled[axis].lastIndex(where: { $0 > 0 }) else {
                return 0..<view.lengths[axis]
            }
            // A rim of 15 mm shows where in the body it is.
            let rim = Int((15 / view.spacing[axis]).rounded(.up))
            return max(0, first - rim)..<min(view.lengths[axis], last + rim + 1)
        }
        cut = (0..<3).map { axis in
            let counts = different[axis].contains { $0 > 0 } ? different[axis] : labeled[axis]
            let most = counts.max() ?? 0
            return most > 0 ? counts.firstIndex(of: most)! : view.lengths[axis] / 2
        }
        let usable = scan.map { Array($0.voxels.prefix($0.geometry.count)) }.flatMap { $0.count == reference.count ? $0 : nil }
        let sample = (usable ?? []).enumerated().filter { $0.offset % 101 == 0 && $0.element.isFinite }.map { Double($0.element) }
        intensities = usable
        low = Float(Quantiles.linear(sample, 0.005) ?? 0)
        range = max(Float(Quantiles.linear(sample, 0.995) ?? 1) - low, .leastNormalMagnitude)
    }

    func gray(_ at: Int) -> UInt8 {
        guard let value = intensities?[at], value.isFinite else { return 0 }
        return UInt8(max(0, min(1, (value - low) / range)) * 255)
    }
}
