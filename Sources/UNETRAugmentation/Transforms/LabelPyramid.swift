public import UNETRSupport

/// Labels at the coarser resolutions that deep supervision compares with.
public enum LabelPyramid {
    /// Labels reduced to each of the sizes, nearest to the center of each coarse cell (ties upwards).
    ///
    /// - Parameters:
    ///   - labels: `[D, H, W]` of `size`.
    ///   - sizes: no axis larger than in `size`; the same size copies.
    ///   - size: voxels along each axis.
    /// - Throws: `AugmentationError.size` when a size does not fit.
    public static func downsample(_ labels: [Int16], size: Size3, to sizes: [Size3]) throws -> [[Int16]] {
        guard labels.count == size.voxels else {
            throw AugmentationError.size(of: "Labels of \(size.text())", expected: "\(size.voxels) values", found: "\(labels.count)")
        }
        try check(sizes, of: size)
        return labels.withUnsafeBufferPointer { source in
            sizes.map { reduced in
                [Int16](unsafeUninitializedCapacity: reduced.voxels) { target, count in
                    if let base = source.baseAddress, let output = target.baseAddress {
                        NearestReduction(from: size, to: reduced).apply(base, to: output)
                    }
                    count = reduced.voxels
                }
            }
        }
    }

    /// The size at a scale: n · scale, rounded half to even.
    public static func size(of size: Size3, scale: [Double]) -> Size3 {
        Size3 { Int((Double(size[$0]) * scale[$0]).rounded(.toNearestOrEven)) }
    }

    static func check(_ sizes: [Size3], of size: Size3) throws {
        for reduced in sizes where !(0..<3).allSatisfy({ reduced[$0] >= 1 && reduced[$0] <= size[$0] }) {
            throw AugmentationError.size(of: "Label level", expected: "1×1×1 to \(size.text())", found: reduced.text())
        }
    }
}
