/// Laying out elements that lie scattered by strides one after another.
enum StridedCopy {
    /// The strides, in elements, of an array in C order.
    static func contiguousStrides(_ shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] &* max(shape[axis + 1], 1) }
        return strides
    }

    /// The strides, in elements, of an array in Fortran order.
    static func fortranStrides(_ shape: [Int]) -> [Int] {
        Array(contiguousStrides(shape.reversed()).reversed())
    }

    /// Whether elements with these strides already lie in C order; axes of size 1 do not matter.
    static func isContiguous(_ shape: [Int], _ strides: [Int]) -> Bool {
        if shape.contains(0) { return true }
        return zip(shape, zip(strides, contiguousStrides(shape))).allSatisfy { size, pair in size == 1 || pair.0 == pair.1 }
    }

    /// The index of the last element plus one; nil when it cannot be counted or a stride is negative. The shape has no zero.
    static func reach(_ shape: [Int], _ strides: [Int], offset: Int) -> Int? {
        guard offset >= 0 else { return nil }
        var last = offset
        for (size, stride) in zip(shape, strides) {
            guard stride >= 0 else { return nil }
            let (span, overflow) = stride.multipliedReportingOverflow(by: size - 1)
            let (sum, secondOverflow) = last.addingReportingOverflow(span)
            if overflow || secondOverflow { return nil }
            last = sum
        }
        return last == Int.max ? nil : last + 1
    }

    /// A new block with the elements in C order. The caller has checked that they all lie within `bytes`.
    static func gather(_ bytes: StoredBytes, shape: [Int], strides: [Int], offset: Int, elementSize: Int) -> StoredBytes {
        let count = Shape.elementCount(shape) ?? 0
        // Axes of size 1 move nothing, and would be gone through for every row.
        let axes = shape.indices.filter { shape[$0] != 1 }
        let (shape, strides) = (axes.map { shape[$0] }, axes.map { strides[$0] })
        return StoredBytes(count: count * elementSize) { target in
            bytes.withUnsafeBytes { source in
                switch elementSize {
                case 1: gather(source, into: target.bindMemory(to: UInt8.self), shape, strides, offset)
                case 2: gather(source, into: target.bindMemory(to: UInt16.self), shape, strides, offset)
                case 4: gather(source, into: target.bindMemory(to: UInt32.self), shape, strides, offset)
                default: gather(source, into: target.bindMemory(to: UInt64.self), shape, strides, offset)
                }
            }
        }
    }

    private static func gather<Element: FixedWidthInteger & BitwiseCopyable>(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<Element>, _ shape: [Int], _ strides: [Int], _ offset: Int
    ) {
        if target.isEmpty { return }
        let (rowLength, rowStride) = (shape.last ?? 1, strides.last ?? 0)
        let size = MemoryLayout<Element>.size
        var index = [Int](repeating: 0, count: max(shape.count - 1, 0))
        var (rowStart, written) = (offset, 0)
        while written < target.count {
            for column in 0..<rowLength {
                target[written + column] = source.loadUnaligned(fromByteOffset: (rowStart + column * rowStride) * size, as: Element.self)
            }
            written += rowLength
            // The next row, as an odometer turns.
            for axis in index.indices.reversed() {
                index[axis] += 1
                rowStart += strides[axis]
                if index[axis] < shape[axis] { break }
                rowStart -= strides[axis] * shape[axis]
                index[axis] = 0
            }
        }
    }

    /// A new block with the bytes of each element reversed.
    static func swapped(_ bytes: StoredBytes, elementSize: Int) -> StoredBytes {
        if elementSize == 1 { return bytes }
        return StoredBytes(count: bytes.count) { target in
            bytes.withUnsafeBytes { source in
                for start in stride(from: 0, to: source.count - elementSize + 1, by: elementSize) {
                    for byte in 0..<elementSize { target[start + byte] = source[start + elementSize - 1 - byte] }
                }
            }
        }
    }
}
