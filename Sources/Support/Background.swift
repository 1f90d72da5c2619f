import Dispatch

/// A computation on a thread of its own, whose result is waited for where it is needed.
public final class Background<Value: Sendable>: @unchecked Sendable {
    private let finished = DispatchSemaphore(value: 0)
    private var result: Result<Value, any Error>?

    public init(_ body: @escaping @Sendable () throws -> Value) {
        DispatchQueue.global().async { [self] in
            result = Result { try body() }
            finished.signal()
        }
    }

    /// Waits for the end and hands the result over, once; nothing of it is kept here.
    /// - Throws: what the computation threw.
    public func take() throws -> Value {
        finished.wait()
        defer { result = nil }
        return try result!.get()
    }
}
