import CTorch

/// An operation that libtorch refused: what was called, on what shapes, and libtorch's own sentence.
public struct TorchError: Error, CustomStringConvertible, Sendable {
    /// Name of the operation, such as "matmul".
    public var operation: String

    /// Shapes of the tensors it was called with, in the order of its parameters.
    public var shapes: [[Int]]

    /// What libtorch says about it.
    public var message: String

    /// An error of an operation on tensors of these shapes.
    public init(operation: String, shapes: [[Int]], message: String) {
        self.operation = operation
        self.shapes = shapes
        self.message = message
    }

    /// Whether the memory of the device, or of the host, was not enough.
    ///
    /// libtorch's C++ errors have no other mark of it than their text.
    public var isOutOfMemory: Bool { message.contains("out of memory") || message.contains("can't allocate memory") }

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        let inputs = shapes.map { "[\($0.map(String.init).joined(separator: ", "))]" }.joined(separator: " and ")
        return inputs.isEmpty ? "\(operation): \(message)" : "\(operation) of \(inputs): \(message)"
    }
}

/// There is no libtorch, and something needs it.
public struct LibtorchMissingError: Error, CustomStringConvertible, Sendable {
    /// What the system's loader says.
    public var reason: String

    /// An error for that reason.
    public init(reason: String) { self.reason = reason }

    /// One sentence: what is wrong.
    public var description: String { reason }
}

/// Throws the error of a failing call. Everything that calls the C layer goes through here, so that no status is left unread.
///
/// `inputs` is evaluated only on failure; naming the tensors there also keeps them alive until the call has returned.
@inline(__always)
func check(_ operation: StaticString, _ inputs: @autoclosure () -> [Tensor], _ status: CTStatus) throws {
    guard status == CT_OK else {
        let message = String(cString: ct_error_message())
        if status == CT_NOT_LOADED { throw LibtorchMissingError(reason: message) }
        throw TorchError(operation: "\(operation)", shapes: inputs().map { $0.shape }, message: message)
    }
}

/// Calls an operation that yields one tensor, and takes ownership of it.
@inline(__always)
func yields(
    _ operation: StaticString, _ inputs: @autoclosure () -> [Tensor], _ call: (UnsafeMutablePointer<CTTensor>) -> CTStatus
) throws -> Tensor {
    var out = CTTensor(pointer: nil)
    let status = call(&out)
    try check(operation, inputs(), status)
    return Tensor(owning: out)
}

extension [Int] {
    /// Lends the numbers to a C call as `CTSizes`.
    @inline(__always)
    func withSizes<Result>(_ body: (CTSizes) throws -> Result) rethrows -> Result {
        try withUnsafeBufferPointer { numbers in
            try numbers.withMemoryRebound(to: Int64.self) { try body(CTSizes(values: $0.baseAddress, count: Int64($0.count))) }
        }
    }
}

extension [Tensor] {
    /// Lends the handles to a C call as `CTTensors`; the tensors live until it returns.
    @inline(__always)
    func withHandles<Result>(_ body: (CTTensors) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) {
            try map(\.handle).withUnsafeBufferPointer { try body(CTTensors(tensors: $0.baseAddress, count: Int64($0.count))) }
        }
    }
}

extension Tensor? {
    /// The handle, or the null handle that stands for "none" in the C layer.
    var handleOrNone: CTTensor { self?.handle ?? CTTensor(pointer: nil) }
}
