import Foundation
import TestSupport
import Testing

@testable import UNETRArchives

/// Elements of files as numbers of Swift, at the ends of every type.
@Suite struct NumberConversionTests {
    private func array<Element: FixedWidthInteger & BitwiseCopyable & Sendable>(_ values: [Element], _ type: ScalarType) throws -> StoredArray {
        try StoredArray(scalarType: type, shape: [values.count], bytes: StoredBytes(values.map(\.littleEndian)))
    }

    @Test func `Integers of every width keep their ends`() throws {
        #expect(try array([UInt64.max, 0], .uint64).doubles() == [0x1p64, 0] && array([UInt64.max, 0], .uint64).ints() == [.max, 0])
        #expect(try array([Int64.min, .max], .int64).ints() == [.min, .max] && array([Int64.min, .max], .int64).floats() == [-0x1p63, 0x1p63])
        #expect(try array([UInt32.max], .uint32).ints() == [4_294_967_295] && array([UInt32.max], .uint32).floats() == [0x1p32])
        #expect(try array([Int32.min, .max], .int32).doubles() == [-2_147_483_648, 2_147_483_647])
        #expect(try array([UInt16.max], .uint16).floats() == [65535] && array([Int16.min, .max], .int16).ints() == [-32768, 32767])
        #expect(try array([UInt8.max], .uint8).doubles() == [255] && array([Int8.min, .max], .int8).floats() == [-128, 127])
        // Any byte but 0 is true, as in C.
        #expect(try array([0, 1, 7] as [UInt8], .bool).doubles() == [0, 1, 1] && array([0, 1, 7] as [UInt8], .bool).ints() == [0, 1, 1])
    }

    /// Bits and values of IEEE 754: zeros, subnormals, the normal range's ends, infinities.
    @Test(
        arguments: [
            (0x0000, 0), (0x8000, -0.0), (0x0001, 0x1p-24), (0x03FF, 0x1.ff8p-15), (0x0400, 0x1p-14), (0x3C00, 1), (0x3C01, 1 + 0x1p-10), (0xC000, -2),
            (0x7BFF, 65504), (0x7C00, .infinity), (0xFC00, -.infinity),
        ] as [(UInt16, Float)])
    func `Half precision is widened exactly`(_ bits: UInt16, _ value: Float) throws {
        let half = try array([bits], .float16)
        #expect(half.floats().map(\.bitPattern) == [value.bitPattern] && half.doubles() == [Double(value)])
        // The upper half of a single.
        let brain = try array([UInt16(value.bitPattern >> 16)], .bfloat16)
        #expect(brain.floats().map(\.bitPattern) == [value.bitPattern & 0xFFFF_0000])
    }

    @Test func `What is no number stays none, and an integer of it is 0`() throws {
        let half = try array([0x7C01, 0x7E00, 0xFFFF] as [UInt16], .float16), brain = try array([0x7F81, 0xFFC0] as [UInt16], .bfloat16)
        #expect(half.floats().allSatisfy(\.isNaN) && half.ints() == [0, 0, 0])
        #expect(brain.doubles().allSatisfy(\.isNaN) && brain.ints() == [0, 0])
        #expect(try array([0x7C00, 0xFC00, 0xC100] as [UInt16], .float16).ints() == [.max, .min, -2], "infinities become the ends, −2.5 is cut off")
    }

    @Test func `Doubles become singles by rounding, and too large ones infinite`() {
        #expect(StoredArray([0.1, 1e300, -1e300, 1 + 0x1p-25]).floats() == [0.1, .infinity, -.infinity, 1])
    }

    @Test func `Arrays are equal by type, shape and bytes`() throws {
        let one = StoredArray([1, 2, 3, 4] as [Float], shape: [2, 2])
        #expect(one == StoredArray([1, 2, 3, 4] as [Float], shape: [2, 2]) && one != StoredArray([1, 2, 3, 4] as [Float], shape: [4]))
        #expect(one != StoredArray([1, 2, 3, 4] as [Double], shape: [2, 2]) && one != StoredArray([1, 2, 3, 5] as [Float], shape: [2, 2]))
        #expect(StoredArray([Float.nan]) == StoredArray([Float.nan]) && StoredArray([0] as [Float]) != StoredArray([-0.0] as [Float]))
        #expect(try one.reshaped([4, 1]).shape == [4, 1])
        #expect(throws: StoredArrayError.wrongByteCount(shape: [3], type: .float32, expected: 12, got: 16)) { try one.reshaped([3]) }
        #expect(throws: StoredArrayError.impossibleShape([1 << 62, 4])) { try one.reshaped([1 << 62, 4]) }
    }

    private func view(_ shape: [Int], _ strides: [Int], offset: Int = 0, swapped: Bool = false) -> StoredTensor {
        let numbers = (0..<24 as Range<Int32>).map { swapped ? $0.bigEndian : $0.littleEndian }
        return StoredTensor(scalarType: .int32, shape: shape, strides: strides, offset: offset, storage: StoredBytes(numbers), isByteSwapped: swapped)
    }

    @Test(arguments: [false, true])
    func `A view of a storage is laid out in the order of its axes, whoever wrote it`(swapped: Bool) throws {
        func values(_ shape: [Int], _ strides: [Int], offset: Int = 0) throws -> [Int] {
            let array = try view(shape, strides, offset: offset, swapped: swapped).materialized()
            #expect(array.shape == shape)
            return array.ints()
        }
        #expect(try values([2, 3], [3, 1], offset: 4) == [4, 5, 6, 7, 8, 9])
        #expect(try values([3, 2], [1, 3]) == [0, 3, 1, 4, 2, 5])
        #expect(try values([2, 2, 2], [12, 2, 6], offset: 1) == [1, 7, 3, 9, 13, 19, 15, 21])
        #expect(try values([2, 3], [0, 1], offset: 21) == [21, 22, 23, 21, 22, 23])
        #expect(try values([], [], offset: 23) == [23])
        #expect(try values([0, 5], [5, 1], offset: 24) == [])
        // The stride of an axis of one element means nothing.
        #expect(try values([2, 1, 2], [2, 999, 1], offset: 2) == [2, 3, 4, 5])
    }

    @Test func `A view that lies in order is a slice of the storage and no copy`() throws {
        let tensor = view([2, 3], [3, 1], offset: 4), array = try tensor.materialized()
        let (whole, part) = (tensor.storage.withUnsafeBytes { $0.baseAddress }, array.withUnsafeBytes { $0.baseAddress })
        #expect(part == whole.map { $0 + 16 })
        #expect(try view([3, 2], [1, 3]).materialized().withUnsafeBytes { $0.baseAddress } != whole)
    }

    @Test func `Bytes are sliced without being copied`() {
        let bytes = StoredBytes([10, 11, 12, 13, 14, 15] as [UInt8]), part = bytes[2..<6][1..<3]
        #expect(part.array == [13, 14] && part.count == 2 && bytes[3..<3].array == [])
        #expect(StoredBytes(count: 3) { $0.copyBytes(from: [7, 8, 9]) }.array == [7, 8, 9])
        #expect(StoredBytes([0x0102, 0x0304] as [UInt16]).array == (1.littleEndian == 1 ? [2, 1, 4, 3] : [1, 2, 3, 4]))
    }
}
