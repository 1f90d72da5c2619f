import Testing
import UNETRTorch

/// What libtorch refuses comes back with the operation, the shapes, and libtorch's own sentence.
struct ErrorTests {
    private func refusal(_ body: () throws -> Void) throws -> TorchError {
        try #require(throws: TorchError.self, performing: body)
    }

    @Test("A product of matrices that do not fit names both shapes")
    func matmul() throws {
        let (a, b) = (try Tensor.zeros([2, 3]), try Tensor.zeros([4, 5]))
        let error = try refusal { _ = try a.matmul(b) }
        #expect(error.operation == "matmul")
        #expect(error.shapes == [[2, 3], [4, 5]])
        #expect(error.message.contains("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"))
        #expect("\(error)".hasPrefix("matmul of [2, 3] and [4, 5]: "))
        #expect(!error.message.contains("frame #"), "no stack of C++ functions in a sentence for people")
    }

    @Test("A shape of another size is refused")
    func reshape() throws {
        let error = try refusal { _ = try Tensor.zeros([2, 3]).reshaped([4]) }
        #expect(error.operation == "reshape")
        #expect(error.shapes == [[2, 3]])
        #expect(error.message.contains("shape '[4]' is invalid for input of size 6"))
    }

    @Test("Sums of shapes that do not broadcast, and lists of unequal tensors, are refused")
    func broadcasting() throws {
        let (a, b) = (try Tensor.zeros([2, 3]), try Tensor.zeros([2, 4]))
        #expect(try refusal { _ = try a + b }.shapes == [[2, 3], [2, 4]])
        #expect(try refusal { _ = try Tensor.concatenated([a, b], axis: 0) }.shapes == [[2, 3], [2, 4]])
        #expect(try refusal { _ = try Tensor.stacked([a, b]) }.operation == "stack")
    }

    @Test("An operation of a network names input and weight")
    func convolution() throws {
        let (x, weight) = (try Tensor.zeros([1, 2, 4, 4, 4]), try Tensor.zeros([3, 5, 3, 3, 3]))
        let error = try refusal { _ = try x.convolution3d(weight) }
        #expect(error.operation == "convolution")
        #expect(error.shapes == [[1, 2, 4, 4, 4], [3, 5, 3, 3, 3]])
        #expect(error.message.contains("expected input[1, 2, 4, 4, 4] to have 5 channels, but got 2 channels"))
    }

    @Test("Values and shape that do not belong together are refused")
    func makingOfValues() throws {
        let error = try refusal { _ = try Tensor([1, 2, 3] as [Float], shape: [2, 2]) }
        #expect(error.operation == "tensor")
        #expect(error.message == "12 bytes for a tensor of 16 bytes")
    }

    @Test("A tensor of several elements is not a number")
    func item() throws {
        #expect(try refusal { _ = try Tensor.zeros([2]).item() }.message == "a tensor of one element is expected")
    }

    @Test("Memory is lent only of the right type and in C-order")
    func lending() throws {
        let tensor = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
        #expect(try refusal { try tensor.withUnsafeElements(of: Double.self) { _ in } }.message == "elements are float32, not float64")
        let transposed = try tensor.transposed(0, 1)
        #expect(try refusal { try transposed.withUnsafeElements(of: Float.self) { _ in } }.message.contains("contiguous CPU tensors"))
        #expect(try tensor.withUnsafeElements(of: Float.self) { Array($0) } == [1, 2, 3, 4, 5, 6])
    }

    @Test("Backward from a tensor that was not computed from parameters is refused")
    func backwardWithoutRecord() throws {
        let message = try refusal { try Tensor.zeros([1]).backward() }.message
        #expect(message.contains("does not require grad and does not have a grad_fn"))
    }

    @Test("A tensor on a device that is not there is refused by libtorch")
    func tensorOnAbsentDevice() throws {
        let error = try refusal { _ = try Tensor.zeros([1], on: .cuda(99)) }
        #expect(error.operation == "full")
        #expect(!error.message.isEmpty)
    }

    @Test("Devices are found by name, unknown and absent ones refused with what to do")
    func deviceNames() throws {
        #expect(try Device(named: "cpu") == .cpu)
        #expect(try Device(named: "auto") == Device.best)
        #expect(throws: DeviceError.unknown(name: "tpu")) { try Device(named: "tpu") }
        #expect(throws: DeviceError.unknown(name: "cuda:x")) { try Device(named: "cuda:x") }
        #expect(throws: DeviceError.unknown(name: "cuda:-1")) { try Device(named: "cuda:-1") }
        let count = Runtime.deviceCount(.cuda(0))
        let absent = DeviceError.absent(device: .cuda(count + 90), available: count)
        #expect(throws: absent) { try Device(named: "cuda:\(count + 90)") }
        #expect("\(absent)".contains("libtorch sees \(count) CUDA devices"))
    }
}
