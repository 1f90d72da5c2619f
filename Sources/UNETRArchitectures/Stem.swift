/// How many voxels [d, h, w] a token of the finest stage takes, as the published networks choose it.
public enum Stem {
    /// 4 along fine axes, halved for each doubling of the spacing, and where two units of stem × 8 would not fit the patch.
    ///
    /// With the spacing at which the patch is a cube this gives the stems of all published networks: [2, 4, 4] for 64×128×128.
    public static func usual(spacing: [Double], patchSize: [Int]) -> [Int] {
        let finest = spacing.min() ?? 1
        return zip(spacing, patchSize).map { spacing, size in
            var stem = 4, coarseness = spacing / finest
            while coarseness >= 2, stem > 1 { (stem, coarseness) = (stem / 2, coarseness / 2) }
            while stem > 1, 2 * stem * 8 > size { stem /= 2 }
            return stem
        }
    }

    /// The spacing, in units of the finest axis, at which a patch is a cube: what is assumed where no scan says better.
    public static func cubicSpacing(of patchSize: [Int]) -> [Double] {
        let longest = patchSize.max() ?? 1
        return patchSize.map { Double(longest) / Double(max($0, 1)) }
    }
}
