package import UNETRSupport

extension Collection<Size3> {
    /// The product along each axis: what these strides divide a patch by.
    package var product: Size3 { reduce([1, 1, 1]) { $0.multiplied(by: $1) } }
}

extension PoolingRule {
    /// The first strides of the rule, at most so many; at least one, for tiny patches too.
    func strides(atMost count: Int) -> [Size3] { poolingKernels.isEmpty ? [[1, 1, 1]] : Array(poolingKernels.prefix(count)) }
}

extension NetworkTask {
    /// Levels of MONAI's U-Nets for the data: at most four strides by nnU-Net's rule, 16 channels doubled at each level, and a patch that fits.
    var levelsOfMONAI: (channels: [Int], strides: [Size3], patchSize: Size3) {
        let strides = PoolingRule(spacing: spacing, patchSize: patchSize).strides(atMost: 4)
        return ((0...strides.count).map { 16 << $0 }, strides, patch(inUnitsOf: strides.product))
    }
}
