/// A PyTorch tensor as its file describes it: a view, by shape, strides and offset, into a storage that other tensors may share.
public struct StoredTensor: Sendable {
    /// The type of its elements.
    public let scalarType: ScalarType
    /// Elements along each axis, the slowest first.
    public let shape: [Int]
    /// Steps between neighbors along each axis, in elements.
    public let strides: [Int]
    /// The index of the first element in the storage.
    public let offset: Int
    /// The whole storage, where it lies in the file.
    public let storage: StoredBytes
    /// Whether the file was written by a big-endian machine.
    let isByteSwapped: Bool

    /// The tensor as an array in C order: a slice of the file if it lies so, otherwise one copy.
    ///
    /// - Throws: `ArchiveError.Problem` for a tensor that repeats a small storage a great many times.
    public func materialized() throws(ArchiveError.Problem) -> StoredArray {
        var bytes: StoredBytes
        if isContiguous {
            let start = byteCount == 0 ? 0 : offset * scalarType.byteCount
            bytes = storage[start..<start + byteCount]
        } else {
            // A view may repeat elements, so that a small file could ask for any amount of memory.
            guard byteCount <= Self.mostRepeatedBytes(storage.count) else {
                throw .expandedTensor(shape: shape, storageBytes: storage.count)
            }
            bytes = StridedCopy.gather(storage, shape: shape, strides: strides, offset: offset, elementSize: scalarType.byteCount)
        }
        if isByteSwapped { bytes = StridedCopy.swapped(bytes, elementSize: scalarType.byteCount) }
        return StoredArray(scalarType, shape, unchecked: bytes)
    }

    /// Whether `materialized` copies nothing.
    var isContiguous: Bool { StridedCopy.isContiguous(shape, strides) }

    /// Whether `materialized` makes a block of its own: for elements that lie scattered, or the other way round.
    var isCopied: Bool { !isContiguous || isByteSwapped }

    /// The bytes of all elements. The reader has checked that they can be counted.
    var byteCount: Int { Shape.byteCount(shape, scalarType) ?? 0 }

    /// What copies of views into storages of that size, all together, may take.
    static func mostRepeatedBytes(_ storageBytes: Int) -> Int { 4 * storageBytes + 1 << 24 }
}
