import Foundation
public import UNETRSupport

extension AugmentationPlan {
    /// The size of the crop to sample for a patch, so that rotation and scaling find image around it.
    ///
    /// It is nnU-Net v1's `get_patch_size`: the largest |coordinate| the patch's corner reaches by the largest angle about each axis
    /// by itself (at most 90°), over the scale, cut to whole voxels. Only one sense of each rotation is tried, as there.
    /// Whole numbers for every plan that `validate` accepts: at most 20 times the patch's diagonal. The patch itself when the plan neither rotates nor scales.
    public func enlargedExtent(of patch: Size3) -> Size3 {
        guard changesGeometry else { return patch }
        let angles = rotationDegrees.map { min(90, max(abs($0.lowerBound), abs($0.upperBound))) / 360 * 2 * Double.pi }
        let corner = patch.map(Double.init)
        var reach = corner
        func widen(_ first: Int, _ second: Int, by angle: Double) {
            reach[first] = max(reach[first], abs(cos(angle) * corner[first] + sin(angle) * corner[second]))
            reach[second] = max(reach[second], abs(cos(angle) * corner[second] - sin(angle) * corner[first]))
        }
        if inPlane {
            widen(1, 2, by: angles[0])
            return Size3(patch.depth, Int(reach[1] / enlargementScale), Int(reach[2] / enlargementScale))
        }
        widen(1, 2, by: angles[0])
        widen(2, 0, by: angles[1])
        widen(0, 1, by: angles[2])
        return Size3 { Int(reach[$0] / enlargementScale) }
    }
}
