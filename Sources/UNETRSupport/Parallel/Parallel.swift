import Dispatch
import Foundation

/// Work split over threads, in the order-independent way that keeps results the same for every thread count.
public enum Parallel {
    /// Calls `body` once for each index in `0..<count`, on up to `threads` threads (all cores when nil); returns when all are done.
    ///
    /// The bodies must not touch each other's data. Once one throws, or the work is canceled (see `Cancellation`), no further index is
    /// begun; those under way end first. Bodies see the caller's cancellation.
    /// - Throws: of the errors thrown, that of the lowest index, which is the same for every thread count; `CancellationError` if the work
    ///   was canceled before all indices had begun.
    public static func forEach(_ count: Int, threads: Int? = nil, _ body: @Sendable (Int) throws -> Void) throws {
        let workers = min(count, threads ?? ProcessInfo.processInfo.activeProcessorCount)
        if workers <= 1 {
            for index in 0..<max(0, count) {
                try Cancellation.check()
                try body(index)
            }
            return
        }
        let indices = Indices(count)
        Cancellation.withCaller { cancellation in
            DispatchQueue.concurrentPerform(iterations: workers) { _ in
                Niceness.adopt()
                Cancellation.$current.withValue(cancellation) {
                    while let index = indices.next(unless: cancellation) {
                        do { try body(index) } catch { indices.stop(error, at: index) }
                    }
                }
            }
        }
        if let error = indices.error { throw error }
    }

    /// The same for a body that cannot fail; all indices are done, whether somebody cancels or not.
    public static func forEach(_ count: Int, threads: Int? = nil, _ body: @Sendable (Int) -> Void) {
        let workers = min(count, threads ?? ProcessInfo.processInfo.activeProcessorCount)
        if workers <= 1 {
            for index in 0..<max(0, count) { body(index) }
            return
        }
        let indices = Indices(count)
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
            Niceness.adopt()
            while let index = indices.next(unless: nil) { body(index) }
        }
    }

    /// Hands out indices in their order, until one fails.
    private final class Indices: @unchecked Sendable {
        private let lock = NSLock()
        private let count: Int
        private var value = 0
        private var failure: (index: Int, error: any Error)?
        private var wasCancelled = false

        init(_ count: Int) { self.count = count }

        /// An index that failed was handed out after all lower ones, so the lowest that fails is always among those that ran.
        var error: (any Error)? { lock.withLock { failure?.error ?? (wasCancelled ? CancellationError() : nil) } }

        func next(unless cancellation: Cancellation?) -> Int? {
            let isCancelled = cancellation?.isCancelled ?? false
            return lock.withLock {
                guard value < count, failure == nil, !wasCancelled else { return nil }
                if isCancelled {
                    wasCancelled = true
                    return nil
                }
                defer { value += 1 }
                return value
            }
        }

        func stop(_ error: any Error, at index: Int) {
            lock.withLock { if failure.map({ index < $0.index }) ?? true { failure = (index, error) } }
        }
    }
}
