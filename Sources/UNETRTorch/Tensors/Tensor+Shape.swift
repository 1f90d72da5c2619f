internal import CTorch

extension Tensor {
    /// The same elements in C-order under another shape; one size may be −1.
    public func reshaped(_ shape: [Int]) throws -> Tensor {
        try yields("reshape", [self]) { out in shape.withSizes { ct_reshape(handle, $0, out) } }
    }

    /// Axis `i` of the result is axis `axes[i]` of this.
    public func permuted(_ axes: [Int]) throws -> Tensor {
        try yields("permute", [self]) { out in axes.withSizes { ct_permute(handle, $0, out) } }
    }

    /// A view with two axes exchanged.
    public func transposed(_ first: Int, _ second: Int) throws -> Tensor {
        try yields("transpose", [self]) { ct_transpose(handle, Int64(first), Int64(second), $0) }
    }

    /// Axes of size 1 repeated, without copying.
    public func expanded(_ shape: [Int]) throws -> Tensor {
        try yields("expand", [self]) { out in shape.withSizes { ct_expand(handle, $0, out) } }
    }

    /// A view without an axis of size 1.
    public func squeezed(_ axis: Int) throws -> Tensor { try yields("squeeze", [self]) { ct_squeeze(handle, Int64(axis), $0) } }

    /// A view with a new axis of size 1.
    public func unsqueezed(_ axis: Int) throws -> Tensor { try yields("unsqueeze", [self]) { ct_unsqueeze(handle, Int64(axis), $0) } }

    /// The axes from `first` to `last`, both included, as one.
    public func flattened(from first: Int, to last: Int = -1) throws -> Tensor {
        try yields("flatten", [self]) { ct_flatten(handle, Int64(first), Int64(last), $0) }
    }

    /// The part of `axis` that `range` covers, without copying.
    public func narrowed(_ axis: Int, _ range: Range<Int>) throws -> Tensor {
        try yields("narrow", [self]) { ct_narrow(handle, Int64(axis), Int64(range.lowerBound), Int64(range.count), $0) }
    }

    /// One index of `axis`, which disappears.
    public func selected(_ axis: Int, _ index: Int) throws -> Tensor {
        try yields("select", [self]) { ct_select(handle, Int64(axis), Int64(index), $0) }
    }

    /// The elements of an axis at these indices.
    public func indexed(_ axis: Int, by indices: Tensor) throws -> Tensor {
        try yields("index select", [self, indices]) { ct_index_select(handle, Int64(axis), indices.handle, $0) }
    }

    /// Tensors one after the other along an axis.
    public static func concatenated(_ tensors: [Tensor], axis: Int) throws -> Tensor {
        try yields("concatenate", tensors) { out in tensors.withHandles { ct_cat($0, Int64(axis), out) } }
    }

    /// Tensors of equal shape along a new axis.
    public static func stacked(_ tensors: [Tensor], axis: Int = 0) throws -> Tensor {
        try yields("stack", tensors) { out in tensors.withHandles { ct_stack($0, Int64(axis), out) } }
    }

    /// The order along each of the axes reversed.
    public func flipped(_ axes: [Int]) throws -> Tensor {
        try yields("flip", [self]) { out in axes.withSizes { ct_flip(handle, $0, out) } }
    }

    /// Elements moved along the axes by the shifts, those that fall off coming in at the other end.
    public func rolled(by shifts: [Int], axes: [Int]) throws -> Tensor {
        try yields("roll", [self]) { out in shifts.withSizes { s in axes.withSizes { ct_roll(handle, s, $0, out) } } }
    }

    /// Constant values added before and after: pairs, the last axis first.
    public func padded(_ amounts: [Int], value: Double = 0) throws -> Tensor {
        try yields("pad", [self]) { out in amounts.withSizes { ct_pad(handle, $0, value, out) } }
    }
}
