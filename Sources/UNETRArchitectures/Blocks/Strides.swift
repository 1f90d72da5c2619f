package import UNETRSupport

extension Collection<Size3> {
    /// The product along each axis: what these strides divide a patch by.
    package var product: Size3 { reduce([1, 1, 1]) { $0.multiplied(by: $1) } }
}

extension PoolingRule {
    /// The first strides of the rule, at most so many; at least one, for tiny patches too.
    func strides(atMost count: Int) -> [Size3] { poolingKernels.isEmpty ? [[1, 1, 1]] : Array(poolingKernels.prefix(count)) }
}
