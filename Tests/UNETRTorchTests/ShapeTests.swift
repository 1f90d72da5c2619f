import Testing
import UNETRTorch

struct ShapeTests {
    /// 0…23 as [2, 3, 4]: element [a, b, c] is 12a + 4b + c.
    private func counting() throws -> Tensor { try Tensor.arange(0..<24).reshaped([2, 3, 4]) }

    @Test("Whole numbers in a row")
    func arange() throws {
        #expect(try Tensor.arange(3..<7).array(of: Int64.self) == [3, 4, 5, 6])
        #expect(try Tensor.arange(0..<2, .float16).dtype == .float16)
    }

    @Test("Axes are permuted, transposed, flattened, inserted and removed")
    func axes() throws {
        let x = try counting()
        #expect(try x.permuted([2, 0, 1]).shape == [4, 2, 3])
        #expect(try Array(x.permuted([2, 0, 1]).array(of: Int64.self)[..<6]) == [0, 4, 8, 12, 16, 20])
        #expect(try x.transposed(0, -1).shape == [4, 3, 2])
        #expect(try x.flattened(from: 1).shape == [2, 12])
        #expect(try x.flattened(from: 0, to: 1).shape == [6, 4])
        #expect(try x.reshaped([-1, 8]).shape == [3, 8])
        #expect(try x.unsqueezed(1).shape == [2, 1, 3, 4])
        #expect(try x.unsqueezed(1).squeezed(1).shape == [2, 3, 4])
        #expect(x.rank == 3 && x.count == 24)
    }

    @Test("Parts are taken by range, index and list of indices")
    func parts() throws {
        let x = try counting()
        #expect(try x.narrowed(2, 1..<3).array(of: Int64.self) == [1, 2, 5, 6, 9, 10, 13, 14, 17, 18, 21, 22])
        #expect(try x.selected(1, 2).array(of: Int64.self) == [8, 9, 10, 11, 20, 21, 22, 23])
        #expect(try x.indexed(2, by: Tensor([3, 0] as [Int64], shape: [2])).array(of: Int64.self) == [3, 0, 7, 4, 11, 8, 15, 12, 19, 16, 23, 20])
        #expect(throws: TorchError.self) { try x.narrowed(2, 3..<6) }
        #expect(throws: TorchError.self) { try x.selected(1, 3) }
    }

    @Test("Tensors are joined along an old or a new axis")
    func joining() throws {
        let (a, b) = (try Tensor([1, 2] as [Int32], shape: [1, 2]), try Tensor([3, 4] as [Int32], shape: [1, 2]))
        #expect(try Tensor.concatenated([a, b], axis: 1).array(of: Int32.self) == [1, 2, 3, 4])
        #expect(try Tensor.concatenated([a, b], axis: 0).shape == [2, 2])
        #expect(try Tensor.stacked([a, b], axis: 2).array(of: Int32.self) == [1, 3, 2, 4])
        #expect(try Tensor.stacked([a, b]).shape == [2, 1, 2])
    }

    @Test("Elements are mirrored, rolled, padded and repeated")
    func moving() throws {
        let x = try Tensor([1, 2, 3, 4, 5, 6] as [Int32], shape: [2, 3])
        #expect(try x.flipped([0, 1]).array(of: Int32.self) == [6, 5, 4, 3, 2, 1])
        #expect(try x.rolled(by: [1], axes: [1]).array(of: Int32.self) == [3, 1, 2, 6, 4, 5])
        #expect(try x.rolled(by: [1, -1], axes: [0, 1]).array(of: Int32.self) == [5, 6, 4, 2, 3, 1])
        #expect(try x.padded([1, 0, 0, 1], value: 9).array(of: Int32.self) == [9, 1, 2, 3, 9, 4, 5, 6, 9, 9, 9, 9])
        #expect(try Tensor([7, 8] as [Int32], shape: [2, 1]).expanded([2, 3]).array(of: Int32.self) == [7, 7, 7, 8, 8, 8])
    }

    @Test("Channels-last memory holds the same tensor in another order")
    func memoryFormats() throws {
        let x = try Tensor.arange(0..<48).reshaped([1, 6, 2, 2, 2])
        let last = try x.contiguous(.channelsLast)
        #expect(last.isContiguous(.channelsLast) && !last.isContiguous())
        #expect(try last.array(of: Int64.self) == x.array(of: Int64.self))
        #expect(try last.contiguous().isContiguous())
    }

    @Test("Writing into a lent buffer writes into the tensor")
    func lending() throws {
        let x = try Tensor.zeros([2, 2])
        try x.withUnsafeMutableElements(of: Float.self) { $0[3] = 5 }
        #expect(try x.array(of: Float.self) == [0, 0, 0, 5])
    }
}
