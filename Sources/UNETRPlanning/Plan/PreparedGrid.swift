public import UNETRSupport
public import UNETRVolumes

/// The grid of one scan's prepared volume, and how the scan comes onto it.
public struct PreparedGrid: Equatable, Sendable {
    /// Where the scan's axes lie.
    public let axes: AxisMap

    /// From the scan, its axes in the prepared order, to the prepared volume.
    public let resampling: ResamplingGrid

    /// Distance of neighboring voxels of the prepared volume along its axes, in mm.
    public let spacing: [Double]

    /// Voxels of the prepared volume.
    public var size: Size3 { resampling.outputSize }
}

extension Plan {
    /// The grid of a scan's prepared volume.
    ///
    /// - Parameters:
    ///   - scan: where the scan lies.
    ///   - box: voxels [D, H, W] of the part of it that is kept, in the scan's own order of axes; nil: all.
    public func preparedGrid(of scan: Geometry, box: Size3? = nil) -> PreparedGrid {
        let axes = axisMap(of: scan), size = axes.order.apply(box ?? scan.size), own = axes.order.apply(scan.spacing)
        let targetSpacing = isTwoDimensional ? [own[0]] + targetSpacing.dropFirst() : targetSpacing
        if compatibility == .monai {
            let rule = SpacingRule(scan, axes, target: targetSpacing)
            return PreparedGrid(axes: axes, resampling: rule.grid(from: size), spacing: rule.isUnchanged(size) ? rule.own : rule.spacing)
        }
        let grid = ResamplingGrid(from: size, spacing: own, to: targetSpacing, compatibility: compatibility)
        return PreparedGrid(axes: axes, resampling: grid, spacing: targetSpacing)
    }
}
