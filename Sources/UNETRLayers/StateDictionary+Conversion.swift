public import UNETRArchives
public import UNETRTorch

extension StateDictionary {
    /// The same with floating-point values stored as `dtype`; whole numbers stay.
    /// - Throws: `StateConversionError` where a finite value would become infinite.
    public func converted(to dtype: DType) throws -> StateDictionary {
        try StateDictionary(
            entries.map { entry in
                guard entry.array.scalarType.isFloatingPoint, entry.array.scalarType != dtype.scalarType else { return entry }
                let before = try Tensor.from(entry.array)
                let after = try before.to(dtype)
                let lost = try before.isFinite().to(.int64).sum().item() - after.isFinite().to(.int64).sum().item()
                guard lost == 0 else { throw StateConversionError(key: entry.key, count: Int(lost), dtype: "\(dtype)") }
                return (entry.key, try after.stored())
            })
    }
}

/// Weights with values that a type cannot hold.
public struct StateConversionError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The key of the tensor.
    public var key: String
    /// How many of its values do not fit.
    public var count: Int
    /// The type they do not fit.
    public var dtype: String

    /// Values of the tensor `key` that do not fit the type.
    public init(key: String, count: Int, dtype: String) {
        self.key = key
        self.count = count
        self.dtype = dtype
    }

    /// One sentence: what is wrong, where, and what to do.
    public var description: String { "\(count) values of \(key) are too large for \(dtype); store the weights as bfloat16 or float32" }
}
