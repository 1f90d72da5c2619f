import CTorch
import Foundation
import Testing

/// The promises of the C layer that its Swift callers rely on.
struct CLayerTests {
    private func zeros(_ shape: [Int64]) -> CTTensor {
        var out = CTTensor(pointer: nil)
        let status = shape.withUnsafeBufferPointer {
            ct_full(CTSizes(values: $0.baseAddress, count: Int64($0.count)), 0, CT_FLOAT32, CTDevice(kind: CT_CPU, index: 0), &out)
        }
        #expect(status == CT_OK)
        return out
    }

    @Test("A failing call leaves its out parameters untouched and says why")
    func untouchedOutParameters() {
        let (a, b) = (zeros([2, 3]), zeros([4, 5]))
        defer { ct_free(a); ct_free(b) }
        let mark = UnsafeMutableRawPointer(bitPattern: 0xABCD)
        var out = CTTensor(pointer: mark)
        #expect(ct_matmul(a, b, &out) == CT_TORCH_ERROR)
        #expect(out.pointer == mark)
        #expect(String(cString: ct_error_message()).contains("cannot be multiplied"))

        var bytes = [UInt8](repeating: 7, count: 3)
        #expect(ct_copy_bytes(a, &bytes, 3) == CT_TORCH_ERROR)
        #expect(bytes == [7, 7, 7])

        var sizes: [Int64] = [-5]
        var count: Int64 = -5
        #expect(ct_shape(a, &sizes, 1, &count) == CT_TORCH_ERROR)
        #expect(sizes == [-5] && count == -5)
    }

    @Test("A call that succeeds does not erase the message of the last failure")
    func messageStays() {
        let a = zeros([2, 3])
        defer { ct_free(a) }
        var out = CTTensor(pointer: nil)
        #expect(ct_squeeze(a, 9, &out) == CT_TORCH_ERROR)
        let message = String(cString: ct_error_message())
        #expect(message.contains("Dimension out of range"))
        let b = zeros([1])
        ct_free(b)
        #expect(String(cString: ct_error_message()) == message)
    }

    @Test("A message belongs to the thread of the failure")
    func messageOfThread() {
        let a = zeros([2, 3])
        defer { ct_free(a) }
        var out = CTTensor(pointer: nil)
        #expect(ct_squeeze(a, 9, &out) == CT_TORCH_ERROR)
        let mine = String(cString: ct_error_message())
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            #expect(String(cString: ct_error_message()) == "")
            let (x, y) = (zeros([1, 2]), zeros([3, 4]))
            var out = CTTensor(pointer: nil)
            #expect(ct_matmul(x, y, &out) == CT_TORCH_ERROR)
            ct_free(x)
            ct_free(y)
            done.signal()
        }
        thread.start()
        done.wait()
        #expect(String(cString: ct_error_message()) == mine)
    }

    @Test("Freeing the null handle does nothing")
    func freeingNull() {
        let before = ct_live_handles_of_thread()
        ct_free(CTTensor(pointer: nil))
        #expect(ct_live_handles_of_thread() == before)
    }
}
