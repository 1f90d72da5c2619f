import UNETRSupport

/// A picture of a scan in three planes with its labels in color: outlined and translucent, with letters for the patient's sides,
/// a scale bar and a legend.
///
/// The planes go through the place where the labels show most. Every panel has the same scale, and a voxel is as large as its spacing
/// says. The picture follows the radiological convention: the patient's right is on its left.
public struct Overlay: Sendable {
    /// The heading.
    public var title: String
    /// The structures that are drawn.
    public var labels: [OverlayLabel]

    /// A line under the title, such as the case and how it was segmented.
    public var subtitle: String?

    /// The length in pixels of the longest side of all panels.
    public var panelSize = 440

    /// The length in pixels that no panel's longer side falls below; to reach it the others may grow beyond `panelSize`, up to 2000.
    public var smallestPanelSize = 300

    /// The parts of all voxels that are drawn black and white, in percent.
    public var window = (low: 0.5, high: 99.5)

    /// The intensities drawn black and white, such as −160…240 HU; in place of `window` if set.
    public var intensityRange: ClosedRange<Float>?

    /// What the legend calls the outlines of the input's `reference`.
    public var referenceName = "reference (outline)"

    /// How strongly a label covers the scan, 0…1; its outline covers it wholly.
    public var opacity = 0.35

    /// Settings for pictures of scan and mask.
    public init(title: String, subtitle: String? = nil, labels: [OverlayLabel]) {
        self.title = title
        self.subtitle = subtitle
        self.labels = labels
    }

    /// Draws the picture.
    ///
    /// `size` must have lengths of at least 1, `spacing` three positive numbers, and the arrays as many voxels as `size` says.
    public func render(_ input: OverlayInput) -> Canvas {
        let count = input.size.voxels
        precondition(count > 0 && input.spacing.count == 3 && input.spacing.allSatisfy { $0 > 0 && $0.isFinite })
        let lengths = [input.intensities.count, input.labels.count, input.reference?.count ?? count]
        precondition(lengths.allSatisfy { $0 == count }, "the arrays must have \(count) voxels, they have \(lengths)")
        let grid = PatientGrid(input)
        let scale = pixelsPerMillimeter(grid)
        let center = Self.center(input, grid, showing: labels.map(\.value))
        let fixed = intensityRange.map { (low: $0.lowerBound, high: max($0.upperBound, $0.lowerBound.nextUp)) }
        let range = fixed ?? Self.range(input.intensities, window)
        let panels = OverlayPlane.allCases.map { plane in
            panel(plane, index: center[plane.axes.across], grid: grid, input: input, scale: scale, range: range)
        }
        let page = OverlayPage(overlay: self, grid: grid, center: center, scale: scale, hasReference: input.reference != nil)
        return page.compose(panels)
    }

    /// One scale for all panels.
    private func pixelsPerMillimeter(_ grid: PatientGrid) -> Double {
        let extents = (0..<3).map { Double(grid.lengths[$0]) * grid.spacings[$0] }
        let sides = OverlayPlane.allCases.map { max(extents[$0.axes.column], extents[$0.axes.row]) }
        return min(max(Double(panelSize) / sides.max()!, Double(smallestPanelSize) / sides.min()!), 2000 / sides.max()!)
    }

    /// For each axis of the patient the plane that shows most of the labels: the largest sum, over labels, of the root of their area.
    ///
    /// The root makes a plane that cuts two structures win over one that cuts a little more of a single one. The middle if there are
    /// no labels.
    private static func center(_ input: OverlayInput, _ grid: PatientGrid, showing shown: [Int16]) -> [Int] {
        areas(input, grid, of: shown).map { slices in
            let scores = slices.map { areas in areas.dropFirst().reduce(0) { $0 + Double($1).squareRoot() } }
            let best = scores.max()!
            // Among equals (no labels at all, say) the one in the middle.
            let candidates = scores.indices.filter { scores[$0] == best }
            return candidates[candidates.count / 2]
        }
    }

    /// How many voxels of each shown label lie in each plane across x, y and z: `[axis][plane][1 + index of the label]`.
    private static func areas(_ input: OverlayInput, _ grid: PatientGrid, of shown: [Int16]) -> [[[Int]]] {
        // Labels that are not shown count as number 0, as background does.
        var number = [Int](repeating: 0, count: 1 << 16)
        for (index, label) in shown.enumerated() where label != 0 { number[Int(UInt16(bitPattern: label))] = index + 1 }
        var areas = grid.lengths.map { [[Int]](repeating: [Int](repeating: 0, count: shown.count + 1), count: $0) }
        let step = grid.offset([1, 0, 0]) - grid.offset([0, 0, 0])
        input.labels.withUnsafeBufferPointer { labels in
            for z in 0..<grid.lengths[2] {
                for y in 0..<grid.lengths[1] {
                    var offset = grid.offset([0, y, z])
                    for x in 0..<grid.lengths[0] {
                        let label = labels[offset]
                        offset += step
                        guard label != 0 else { continue }
                        let index = number[Int(UInt16(bitPattern: label))]
                        areas[0][x][index] += 1
                        areas[1][y][index] += 1
                        areas[2][z][index] += 1
                    }
                }
            }
        }
        return areas
    }

    /// The intensities drawn black and white: percentiles of the finite voxels (of at most a million of them, evenly spread).
    private static func range(_ intensities: [Float], _ window: (low: Double, high: Double)) -> (low: Float, high: Float) {
        let step = max(1, intensities.count / 1_000_000)
        let sample = stride(from: 0, to: intensities.count, by: step).map { intensities[$0] }.filter(\.isFinite).sorted()
        guard !sample.isEmpty else { return (0, 1) }
        func percentile(_ percent: Double) -> Float {
            sample[Int((percent / 100 * Double(sample.count - 1)).rounded())]
        }
        let (low, high) = (percentile(min(max(window.low, 0), 100)), percentile(min(max(window.high, 0), 100)))
        return high > low ? (low, high) : (low, max(low + 1, low.nextUp))
    }

    private func panel(
        _ plane: OverlayPlane, index: Int, grid: PatientGrid, input: OverlayInput, scale: Double, range: (low: Float, high: Float)
    ) -> Canvas {
        let image = PlaneImage(plane, index: index, grid: grid, input: input)
        let (columnSize, rowSize) = (grid.spacings[plane.axes.column] * scale, grid.spacings[plane.axes.row] * scale)
        let width = max(1, Int((Double(image.columns) * columnSize).rounded()))
        let height = max(1, Int((Double(image.rows) * rowSize).rounded()))
        var canvas = Canvas(width: width, height: height)
        let shown = EnlargedLabels(image.labels, of: image, width: width, height: height)
        let compared = image.reference.map { EnlargedLabels($0, of: image, width: width, height: height) }
        let colors = Dictionary(labels.map { ($0.value, $0.color) }, uniquingKeysWith: { first, _ in first })
        let contrast = 255 / (Double(range.high) - Double(range.low))
        let border = min(columnSize, rowSize) >= 4 ? 2 : 1
        for y in 0..<height {
            let row = (Double(y) + 0.5) / Double(height) * Double(image.rows) - 0.5
            for x in 0..<width {
                let column = (Double(x) + 0.5) / Double(width) * Double(image.columns) - 0.5
                let value = (image.intensity(column: column, row: row, low: range.low) - Double(range.low)) * contrast
                var color = Color(gray: UInt8(clampingRounded: value, .towardZero) ?? 0)
                let label = shown[x, y]
                if label != 0, let tint = colors[label] {
                    color = color.blended(with: tint, alpha: shown.isEdge(x, y, border: border) ? 1 : opacity)
                }
                if let compared, compared[x, y] != 0, compared.isEdge(x, y, border: 1) { color = .white }
                canvas[x, y] = color
            }
        }
        return canvas
    }
}
