import Foundation

/// Stops work whose callback cannot throw when what the callback does fails.
///
///     let result = try StopOnError.run { stop in
///         job.run { event in stop.catching { try report(event) } }
///     }
public final class StopOnError: @unchecked Sendable {
    private let cancellation = Cancellation()
    private let lock = NSLock()
    private var first: (any Error)?

    private var error: (any Error)? { lock.withLock { first } }

    /// Does `work` under a cancellation of its own, which the first error that `catching` meets cancels.
    ///
    /// - Throws: that error, once the work has ended; else what the work throws.
    public static func run<Value>(_ work: (StopOnError) throws -> Value) throws -> Value {
        let stop = StopOnError()
        let result = Result { try Cancellation.$current.withValue(stop.cancellation) { try work(stop) } }
        if let error = stop.error { throw error }
        return try result.get()
    }

    /// Calls `body`, unless there was an error before.
    public func catching(_ body: () throws -> Void) {
        guard error == nil else { return }
        do { try body() } catch {
            lock.withLock { first = first ?? error }
            cancellation.cancel()
        }
    }
}
