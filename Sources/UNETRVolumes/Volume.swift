/// Voxel values with their geometry.
public struct Volume<Scalar: Sendable>: Sendable {
    /// The grid.
    public var geometry: Geometry

    /// Number of channels C (1 for a plain scan or a label map; the 4th dimension of a file with more).
    public var channels: Int

    /// The values, C-order [C, D, H, W].
    public var voxels: [Scalar]

    /// A volume of `channels` × voxels, row by row.
    public init(geometry: Geometry, channels: Int = 1, voxels: [Scalar]) {
        precondition(voxels.count == channels * geometry.count, "\(voxels.count) voxels for \(channels) × \(geometry.size)")
        self.geometry = geometry
        self.channels = channels
        self.voxels = voxels
    }
}

/// A scan: intensities as float32 after the file's slope and intercept.
public typealias Scan = Volume<Float>

/// A label map: one whole number a voxel, 0 = background.
public typealias LabelMap = Volume<Int16>
