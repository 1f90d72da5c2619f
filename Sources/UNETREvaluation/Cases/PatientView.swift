import UNETRSupport
import UNETRVolumes

/// A volume's voxels in the patient's order: x to the right, y to the front, z to the head, whichever way the file stores them.
struct PatientView: Sendable {
    /// The planes a radiologist looks at: the patient's axes (0 = x, 1 = y, 2 = z) along columns, along rows, and across.
    enum Plane: CaseIterable {
        case axial, coronal, sagittal

        var axes: (column: Int, row: Int, across: Int) {
            switch self {
            case .axial: (0, 1, 2)
            case .coronal: (0, 2, 1)
            case .sagittal: (1, 2, 0)
            }
        }

        var name: String {
            switch self {
            case .axial: "axial"
            case .coronal: "coronal"
            case .sagittal: "sagittal"
            }
        }
    }

    /// Number of voxels along the patient's x, y, z.
    let lengths: [Int]
    /// Distance between voxels along x, y, z in mm.
    let spacing: [Double]
    /// Whether the file says which way its axes run; otherwise its axes are taken as they are.
    let isOriented: Bool
    private let strides: [Int]
    private let start: Int

    init(_ geometry: Geometry) {
        let size = geometry.size
        // File axes i, j, k are W, H, D.
        let (counts, steps) = ([size[2], size[1], size[0]], [1, size[2], size[1] * size[2]])
        let directions = geometry.directions
        var (lengths, spacing, strides, start) = ([0, 0, 0], [0.0, 0, 0], [0, 0, 0], 0)
        for file in 0..<3 {
            let axis = directions?[file].axis ?? (index: file, sign: 1)
            lengths[axis.index] = counts[file]
            spacing[axis.index] = geometry.spacing[2 - file]
            strides[axis.index] = axis.sign > 0 ? steps[file] : -steps[file]
            if axis.sign < 0 { start += (counts[file] - 1) * steps[file] }
        }
        (self.lengths, self.spacing, self.strides, self.start) = (lengths, spacing, strides, start)
        isOriented = directions != nil
    }

    /// Where the voxel at (x, y, z) is in memory.
    func offset(_ position: [Int]) -> Int {
        start + position[0] * strides[0] + position[1] * strides[1] + position[2] * strides[2]
    }
}
