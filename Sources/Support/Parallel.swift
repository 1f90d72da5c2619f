import Dispatch
import Foundation

/// Work split over threads, in the order-independent way that keeps results the same for every thread count.
public enum Parallel {
    /// Calls `body` once for each index in `0..<count`, on up to `threads` threads (all cores when nil); returns when all are done.
    ///
    /// The bodies must not touch each other's data. The first error thrown is rethrown after all have ended.
    public static func forEach(_ count: Int, threads: Int? = nil, _ body: @Sendable (Int) throws -> Void) throws {
        let failure = Failure()
        let workers = min(count, threads ?? ProcessInfo.processInfo.activeProcessorCount)
        if workers <= 1 {
            for index in 0..<count { try body(index) }
            return
        }
        let next = Counter()
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
            while let index = next.take(below: count) {
                do { try body(index) } catch { failure.keep(error); return }
            }
        }
        if let error = failure.first { throw error }
    }

    /// The same for a body that cannot fail.
    public static func forEach(_ count: Int, threads: Int? = nil, _ body: @Sendable (Int) -> Void) {
        try? forEach(count, threads: threads) { (index: Int) throws -> Void in body(index) }
    }

    private final class Failure: @unchecked Sendable {
        private let lock = NSLock()
        private var error: (any Error)?
        var first: (any Error)? { lock.withLock { error } }
        func keep(_ new: any Error) { lock.withLock { if error == nil { error = new } } }
    }

    private final class Counter: @unchecked Sendable {
        private let lock = NSLock()
        private var value = 0
        func take(below end: Int) -> Int? {
            lock.withLock {
                guard value < end else { return nil }
                defer { value += 1 }
                return value
            }
        }
    }
}
