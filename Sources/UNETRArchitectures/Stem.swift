public import UNETRSupport

/// How many voxels [d, h, w] a token of the finest stage takes, as the published networks choose it.
public enum Stem {
    /// 4 along fine axes, halved for each doubling of the spacing, and halved until two units of stem × 8 fit the scan.
    ///
    /// With the spacing at which a patch is a cube, and the patch as the scan, this gives the stems of all published networks: [2, 4, 4] for 64×128×128.
    /// - Parameters:
    ///   - spacing: mm, or any unit, along [D, H, W].
    ///   - size: voxels [D, H, W] of a usual scan, or of the patch where no scan is known.
    public static func usual(spacing: [Double], scan size: Size3) -> Size3 {
        let finest = spacing.min() ?? 1
        return Size3 { axis in
            var stem = 4, coarseness = spacing[axis] / finest
            while coarseness >= 2, stem > 1 { (stem, coarseness) = (stem / 2, coarseness / 2) }
            while stem > 1, 2 * stem * 8 > size[axis] { stem /= 2 }
            return stem
        }
    }

    /// The spacing, in units of the finest axis, at which a patch is a cube: what is assumed where no scan says better.
    public static func cubicSpacing(of patchSize: Size3) -> [Double] {
        let longest = patchSize.max() ?? 1
        return patchSize.map { Double(longest) / Double(max($0, 1)) }
    }
}
