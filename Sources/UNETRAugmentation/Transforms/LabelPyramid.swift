/// Labels at the coarser resolutions that deep supervision compares with.
public enum LabelPyramid {
    /// Labels reduced to each of the sizes, nearest to the center of each coarse cell (ties upwards).
    ///
    /// - Parameters:
    ///   - labels: `[D, H, W]` of `size`.
    ///   - sizes: no axis larger than in `size`; the same size copies.
    ///   - size: voxels along each axis.
    /// - Throws: `AugmentationError.size` when a size does not fit.
    public static func downsample(_ labels: [Int16], size: Extent, to sizes: [Extent]) throws -> [[Int16]] {
        guard labels.count == size.count else {
            throw AugmentationError.size(of: "Labels of \(size)", expected: "\(size.count) values", found: "\(labels.count)")
        }
        try check(sizes, of: size)
        return labels.withUnsafeBufferPointer { source in
            sizes.map { reduced in
                [Int16](unsafeUninitializedCapacity: reduced.count) { target, count in
                    if let base = source.baseAddress, let output = target.baseAddress {
                        NearestReduction(from: size, to: reduced).apply(base, to: output)
                    }
                    count = reduced.count
                }
            }
        }
    }

    /// The size at a scale: n · scale, rounded half to even.
    public static func size(of size: Extent, scale: [Double]) -> Extent {
        let sizes = (0..<3).map { Int((Double(size[$0]) * scale[$0]).rounded(.toNearestOrEven)) }
        return Extent(sizes[0], sizes[1], sizes[2])
    }

    static func check(_ sizes: [Extent], of size: Extent) throws {
        for reduced in sizes where !(0..<3).allSatisfy({ reduced[$0] >= 1 && reduced[$0] <= size[$0] }) {
            throw AugmentationError.size(of: "Label level", expected: "1×1×1 to \(size)", found: "\(reduced)")
        }
    }
}
