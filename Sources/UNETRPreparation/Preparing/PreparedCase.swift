public import UNETRPlanning
public import UNETRSupport
public import UNETRVolumes

/// A scan as the network sees it, with what is needed to lead a prediction back to the scan.
public struct PreparedCase: Equatable, Sendable {
    /// Where the volume comes from and how it was made.
    public var properties: CaseProperties

    /// Normalized intensities, C-order [C, D, H, W] with [D, H, W] = `properties.size`.
    public var image: [Float]

    /// Labels [D, H, W]; −1 lies outside the scanned region. Nil for a scan without labels.
    public var labels: [Int16]?

    /// Voxels to center training patches on.
    public var foreground: ForegroundLocations

    /// A prepared case from its parts.
    public init(properties: CaseProperties, image: [Float], labels: [Int16]? = nil, foreground: ForegroundLocations = .init()) {
        precondition(image.count == properties.channels * properties.voxelCount)
        precondition(labels.map { $0.count == properties.voxelCount } ?? true)
        self.properties = properties
        self.image = image
        self.labels = labels
        self.foreground = foreground
    }
}

/// What happened to a scan on its way into a prepared case. Stored as `CASE.json`.
public struct CaseProperties: Equatable, Sendable, Codable {
    /// The case's name, without channel number and file ending.
    public var name: String

    /// The scan's own geometry: size along [D, H, W], affine, spacing (mm).
    public var geometry: Geometry

    /// Number of image channels.
    public var channels: Int

    /// The part of the scan that holds data, in voxels of the scan.
    public var cropBox: CropBox

    /// Order of the scan's axes in the prepared volume.
    public var axisOrder: AxisOrder

    /// The axes of the prepared volume that run against those of the scan; nil where all run with them.
    private var flips: [Int]?

    /// Voxels of the prepared volume along its axes [D, H, W].
    public var size: Size3

    /// Spacing of the prepared volume along its axes in mm.
    public var spacing: [Double]

    /// The arithmetic it was resampled with.
    public var compatibility: Compatibility

    /// `Plan.preparationDigest` of the plan it was made with.
    public var planDigest: String

    /// Properties from their parts.
    public init(
        name: String, geometry: Geometry, channels: Int, cropBox: CropBox, axisOrder: AxisOrder, flippedAxes: [Int] = [], size: Size3,
        spacing: [Double], compatibility: Compatibility, planDigest: String
    ) {
        self.name = name
        self.geometry = geometry
        self.channels = channels
        self.cropBox = cropBox
        self.axisOrder = axisOrder
        flips = flippedAxes.isEmpty ? nil : flippedAxes
        self.size = size
        self.spacing = spacing
        self.compatibility = compatibility
        self.planDigest = planDigest
    }

    /// Voxels of the prepared volume.
    public var voxelCount: Int { size.voxels }

    private enum CodingKeys: String, CodingKey {
        case name, geometry, channels, cropBox, axisOrder, size, spacing, compatibility, planDigest
        case flips = "flippedAxes"
    }

    /// The axes of the prepared volume that run against those of the scan, ascending.
    public var flippedAxes: [Int] { flips ?? [] }

    /// Where the scan's axes lie in the prepared volume.
    var axes: AxisMap { AxisMap(order: axisOrder, flipped: flippedAxes) }

    /// The grid from the cropped scan to the prepared volume, both in the prepared order of axes.
    var preparationGrid: ResamplingGrid {
        if compatibility == .monai {
            var grid = SpacingRule(geometry, axes, target: spacing).grid(from: axisOrder.apply(cropBox.size))
            grid.outputSize = size
            return grid
        }
        return ResamplingGrid(
            from: axisOrder.apply(cropBox.size), to: size,
            coarseAxis: compatibility.separatesCoarseAxis ? ResamplingGrid.coarseAxis(axisOrder.apply(geometry.spacing), else: spacing) : nil)
    }

    /// The grid from the prepared volume back to the cropped scan. A coarse axis remains one.
    var restorationGrid: ResamplingGrid {
        if compatibility == .monai {
            var grid = SpacingRule(geometry, axes, target: spacing).inverse(to: axisOrder.apply(cropBox.size))
            grid.inputSize = size
            return grid
        }
        let grid = preparationGrid
        return ResamplingGrid(from: grid.outputSize, to: grid.inputSize, coarseAxis: grid.coarseAxis)
    }
}
