public import UNETRSupport

/// From which grid to which grid a volume is resampled, and whether one axis is too coarse to interpolate along.
public struct ResamplingGrid: Equatable, Sendable {
    /// Voxels along [D, H, W] before and after.
    public var inputSize: Size3
    /// Voxels along each axis afterwards.
    public var outputSize: Size3

    /// The axis along which the nearest slice is taken instead of interpolating; nil when all three are interpolated.
    public var coarseAxis: Int?

    /// For each axis how far neighbors of the output lie apart on the input, in input voxels, where the first voxels of both lie at one
    /// place; nil where the outer edges of both do.
    public var steps: [Double]?

    /// A grid; a coarse axis is resampled separately.
    public init(from inputSize: Size3, to outputSize: Size3, coarseAxis: Int? = nil, steps: [Double]? = nil) {
        self.inputSize = inputSize
        self.outputSize = outputSize
        self.coarseAxis = coarseAxis
        self.steps = steps
    }

    /// The grid that covers the same extent with voxels of another spacing (mm), with nnU-Net's rule for the coarse axis.
    ///
    /// Sizes are rounded half to even; an axis keeps at least one voxel.
    public init(from inputSize: Size3, spacing: [Double], to targetSpacing: [Double], compatibility: Compatibility = .modern) {
        self.init(
            from: inputSize, to: Self.size(inputSize, spacing: spacing, target: targetSpacing),
            coarseAxis: compatibility.separatesCoarseAxis ? Self.coarseAxis(spacing, else: targetSpacing) : nil)
    }

    /// No axis gets more voxels than this, whatever the spacings; whoever resamples refuses a grid that reaches it (`isTooLarge`).
    public static let longestAxis = 1 << 16

    /// Number of voxels that fill the same extent at another spacing, rounded half to even; at most `longestAxis`.
    public static func size(_ size: Size3, spacing: [Double], target: [Double]) -> Size3 {
        Size3 {
            let count = Int(clampingRounded: spacing[$0] / target[$0] * Double(size[$0]), .toNearestOrEven) ?? 1
            return min(max(1, count), longestAxis)
        }
    }

    /// Whether a grid has more voxels than prepared cases can have: 2³¹ in all, or `longestAxis` along one axis.
    public static func isTooLarge(_ size: Size3) -> Bool {
        size.contains { $0 >= longestAxis } || size.saturatingProduct() >= 1 << 31
    }

    /// The axis along which slices are too far apart to interpolate between: spacing anisotropy above 3 with one largest spacing.
    ///
    /// `first` decides; where it is not that anisotropic, `second` does.
    public static func coarseAxis(_ first: [Double], else second: [Double]) -> Int? {
        for spacing in [first, second] {
            guard let largest = spacing.max(), let smallest = spacing.min(), largest / smallest > 3 else { continue }
            let axes = spacing.indices.filter { spacing[$0] == largest }
            return axes.count == 1 ? axes[0] : nil
        }
        return nil
    }

    /// Voxels before.
    package var inputCount: Int { inputSize.voxels }
    /// Voxels afterwards.
    package var outputCount: Int { outputSize.voxels }

    /// True when input and output are the same grid.
    public var isIdentity: Bool { (0..<3).allSatisfy(isIdentity) }

    /// True when input and output have the same samples along an axis.
    package func isIdentity(along axis: Int) -> Bool { inputSize[axis] == outputSize[axis] && (steps.map { $0[axis] == 1 } ?? true) }
}

/// A scan with a spacing that leads to more voxels than prepared cases can have.
public struct GridTooLarge: Error, Equatable, Sendable, CustomStringConvertible {
    /// What errors call the scan.
    public let scan: String
    /// Voxels after resampling.
    public let size: Size3
    /// The scan's spacing in mm.
    public let spacing: [Double]
    /// The plan's spacing in mm.
    public let target: [Double]

    /// The grid that a scan would get.
    public init(scan: String, size: Size3, spacing: [Double], target: [Double]) {
        self.scan = scan
        self.size = size
        self.spacing = spacing
        self.target = target
    }

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        "\(scan) would have \(size.text(" × ")) voxels after resampling from \(spacing) to \(target) mm, but a prepared "
            + "scan has less than 2³¹ voxels, and less than 65536 along an axis; check its spacing and the plan's targetSpacing"
    }
}
