public import UNETRSupport

/// Where the voxels of a volume are in the patient: its size and the map from voxel indices to millimeters.
public struct Geometry: Equatable, Sendable, Codable {
    /// Number of voxels along [D, H, W]; D is the slowest axis in memory and the file's third index.
    public var size: Size3

    /// Rows of the 4×4 matrix from the file's voxel index (i, j, k, 1) = (W, H, D index, 1) to RAS+ millimeters.
    public var affine: [[Double]]

    /// Distance between voxel centers along [D, H, W] in mm, as the file states it (always positive).
    public var spacing: [Double]

    /// A grid of `size` voxels [D, H, W] with an affine in mm (RAS+) and a spacing in mm.
    public init(size: Size3, affine: [[Double]], spacing: [Double]) {
        self.size = size
        self.affine = affine
        self.spacing = spacing
    }

    /// Spacings that a scan can have, in mm: from a tenth of a micrometer to a meter. Files that state another are refused, so that ratios
    /// of two spacings and sizes at another spacing stay numbers that can be computed with.
    public static let spacingRange = 1e-4...1e3

    /// No voxel of a scan lies farther from the origin, and none is larger, than this in mm (1000 km); files that say so are refused.
    public static let farthest = 1e9

    /// Number of voxels.
    public var count: Int { size.voxels }
}
