internal import CTorch

/// Reductions over the given axes, or over all when the list is empty. `keep` leaves the axes there with size 1.
extension Tensor {
    /// Sum over these axes; none: over all. `keep` leaves them with size 1.
    public func sum(_ axes: [Int] = [], keep: Bool = false) throws -> Tensor {
        try yields("sum", [self]) { out in axes.withSizes { ct_sum(handle, $0, keep, out) } }
    }

    /// Mean over these axes; none: over all. `keep` leaves them with size 1.
    public func mean(_ axes: [Int] = [], keep: Bool = false) throws -> Tensor {
        try yields("mean", [self]) { out in axes.withSizes { ct_mean(handle, $0, keep, out) } }
    }

    /// The population variance (divided by n).
    public func variance(_ axes: [Int] = [], keep: Bool = false) throws -> Tensor {
        try yields("variance", [self]) { out in axes.withSizes { ct_variance(handle, $0, keep, out) } }
    }

    /// Maximum over these axes; none: over all. `keep` leaves them with size 1.
    public func max(_ axes: [Int] = [], keep: Bool = false) throws -> Tensor {
        try yields("max", [self]) { out in axes.withSizes { ct_amax(handle, $0, keep, out) } }
    }

    /// Minimum over these axes; none: over all. `keep` leaves them with size 1.
    public func min(_ axes: [Int] = [], keep: Bool = false) throws -> Tensor {
        try yields("min", [self]) { out in axes.withSizes { ct_amin(handle, $0, keep, out) } }
    }

    /// The Euclidean norm.
    public func norm(_ axes: [Int] = [], keep: Bool = false) throws -> Tensor {
        try yields("norm", [self]) { out in axes.withSizes { ct_norm(handle, $0, keep, out) } }
    }

    /// Index of the largest element along `axis` (the first, among equals), int64.
    public func argmax(_ axis: Int) throws -> Tensor { try yields("argmax", [self]) { ct_argmax(handle, Int64(axis), $0) } }

    /// Softmax along an axis.
    public func softmax(_ axis: Int) throws -> Tensor { try yields("softmax", [self]) { ct_softmax(handle, Int64(axis), $0) } }

    /// Logarithm of the softmax along an axis.
    public func logSoftmax(_ axis: Int) throws -> Tensor { try yields("log softmax", [self]) { ct_log_softmax(handle, Int64(axis), $0) } }
}
