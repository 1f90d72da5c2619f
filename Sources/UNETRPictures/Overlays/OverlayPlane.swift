/// One of the three planes through the patient. Columns and rows run from right, front and head to left, back and feet, as radiologists
/// hang their pictures: the patient faces the viewer, or lies with the feet towards the viewer.
enum OverlayPlane: CaseIterable {
    case axial, coronal, sagittal

    var name: String {
        switch self {
        case .axial: "Axial"
        case .coronal: "Coronal"
        case .sagittal: "Sagittal"
        }
    }

    /// The patient's axes (0 = x, 1 = y, 2 = z) along columns, along rows, and across the plane.
    var axes: (column: Int, row: Int, across: Int) {
        switch self {
        case .axial: (0, 1, 2)
        case .coronal: (0, 2, 1)
        case .sagittal: (1, 2, 0)
        }
    }

    /// The letters at the left, right, upper and lower edge.
    var letters: (left: String, right: String, top: String, bottom: String) {
        let ends = [("R", "L"), ("A", "P"), ("S", "I")]
        return (ends[axes.column].0, ends[axes.column].1, ends[axes.row].0, ends[axes.row].1)
    }
}

/// The voxels of one plane, row by row as they are shown.
struct PlaneImage {
    let columns: Int
    let rows: Int
    let intensities: [Float]
    let labels: [Int16]
    let reference: [Int16]?

    init(_ plane: OverlayPlane, index: Int, grid: PatientGrid, input: OverlayInput) {
        let axes = plane.axes
        columns = grid.lengths[axes.column]
        rows = grid.lengths[axes.row]
        var intensities: [Float] = []
        var labels: [Int16] = []
        var reference: [Int16]? = input.reference == nil ? nil : []
        intensities.reserveCapacity(columns * rows)
        labels.reserveCapacity(columns * rows)
        var position = [0, 0, 0]
        position[axes.across] = index
        for row in 0..<rows {
            position[axes.row] = rows - 1 - row
            for column in 0..<columns {
                position[axes.column] = columns - 1 - column
                let offset = grid.offset(position)
                intensities.append(input.intensities[offset])
                labels.append(input.labels[offset])
                if let other = input.reference?[offset] { reference?.append(other) }
            }
        }
        self.intensities = intensities
        self.labels = labels
        self.reference = reference
    }

    /// The intensity at a place between voxel centers, linear between its four neighbors; voxels that are not finite count as `low`.
    func intensity(column: Double, row: Double, low: Float) -> Double {
        let x = min(max(column, 0), Double(columns - 1))
        let y = min(max(row, 0), Double(rows - 1))
        let (x0, y0) = (Int(x), Int(y))
        let (x1, y1) = (min(x0 + 1, columns - 1), min(y0 + 1, rows - 1))
        let (fx, fy) = (x - Double(x0), y - Double(y0))
        func at(_ x: Int, _ y: Int) -> Double {
            let value = intensities[y * columns + x]
            return Double(value.isFinite ? value : low)
        }
        return (at(x0, y0) * (1 - fx) + at(x1, y0) * fx) * (1 - fy) + (at(x0, y1) * (1 - fx) + at(x1, y1) * fx) * fy
    }
}

/// The labels of a plane at the size of a panel: each pixel has the label of the voxel it lies in, so that edges are the voxels' own.
struct EnlargedLabels {
    private let values: [Int16]
    private let width: Int
    private let height: Int

    init(_ labels: [Int16], of image: PlaneImage, width: Int, height: Int) {
        self.width = width
        self.height = height
        values = (0..<height).flatMap { y in
            let row = (2 * y + 1) * image.rows / (2 * height)
            return (0..<width).map { x in labels[row * image.columns + (2 * x + 1) * image.columns / (2 * width)] }
        }
    }

    subscript(x: Int, y: Int) -> Int16 { values[y * width + x] }

    /// Whether a pixel is within `border` pixels of one with another label.
    func isEdge(_ x: Int, _ y: Int, border: Int) -> Bool {
        let label = self[x, y]
        for distance in 1...border {
            if x >= distance, self[x - distance, y] != label { return true }
            if x + distance < width, self[x + distance, y] != label { return true }
            if y >= distance, self[x, y - distance] != label { return true }
            if y + distance < height, self[x, y + distance] != label { return true }
        }
        return false
    }
}
