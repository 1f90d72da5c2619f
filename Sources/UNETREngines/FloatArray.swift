/// An array of float32 in C-order: what scans, patches and logits are between the parts of inference, whatever computes them.
public struct FloatArray: Equatable, Sendable {
    /// Size along each axis, such as [channels, D, H, W].
    public let shape: [Int]
    /// The elements in row-major order.
    public let values: [Float]

    /// - Parameter values: as many as the shape says.
    /// - Parameter shape: elements along each axis.
    public init(_ values: [Float], shape: [Int]) {
        precondition(values.count == shape.reduce(1, *))
        self.values = values
        self.shape = shape
    }

    /// An array that `body` fills; it must give every value.
    init(shape: [Int], filledBy body: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows {
        let count = shape.reduce(1, *)
        values = try [Float](unsafeUninitializedCapacity: count) { values, initialized in
            try body(UnsafeMutableBufferPointer(rebasing: values[..<count]))
            initialized = count
        }
        self.shape = shape
    }

    /// Arrays that differ in the second axis only, such as slices of probabilities [classes, n, H, W], one behind the other along it.
    public init(joining parts: [FloatArray]) {
        if parts.count == 1 { self = parts[0]; return }
        let first = parts[0].shape, rest = first.dropFirst(2).reduce(1, *)
        var values: [Float] = []
        values.reserveCapacity(parts.reduce(0) { $0 + $1.values.count })
        for k in 0..<first[0] {
            for part in parts {
                let count = part.shape[1] * rest
                values += part.values[k * count..<(k + 1) * count]
            }
        }
        self.init(values, shape: [first[0], parts.reduce(0) { $0 + $1.shape[1] }] + first.dropFirst(2))
    }

    /// Lends the array's memory for reading.
    public func withView<Result>(_ body: (FloatView) throws -> Result) rethrows -> Result {
        try values.withUnsafeBufferPointer { try body(FloatView($0, shape: shape)) }
    }
}

/// The same in memory of somebody else, valid until the call ends that hands it out.
public struct FloatView {
    /// Elements along each axis, the slowest first.
    public let shape: [Int]
    /// The elements in row-major order; valid as long as their owner.
    public let values: UnsafeBufferPointer<Float>

    /// - Parameter values: as many as the shape says.
    /// - Parameter shape: elements along each axis.
    public init(_ values: UnsafeBufferPointer<Float>, shape: [Int]) {
        precondition(values.count == shape.reduce(1, *))
        self.values = values
        self.shape = shape
    }

    /// One of the parts along the first axis.
    public subscript(index: Int) -> FloatView {
        let part = Array(shape.dropFirst()), count = part.reduce(1, *)
        return FloatView(UnsafeBufferPointer(rebasing: values[index * count..<(index + 1) * count]), shape: part)
    }

    /// An array with a copy of the values.
    public func copied() -> FloatArray { FloatArray(Array(values), shape: shape) }
}
