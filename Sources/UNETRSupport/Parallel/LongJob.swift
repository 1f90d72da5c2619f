import Foundation

/// Work that takes long, in the one form that it has everywhere: a sequence of events, the last of which is the summary.
///
///     let job = LongJob<Event> { report in
///         for step in steps { try Cancellation.check(); try report(.done(step)) }
///         try report(.finished(summary))
///     }
///     for try await event in job.events() { … }    // on a thread of its own
///     try job.run { event in … }                   // on the calling thread
///
/// Whoever ends the iteration, or cancels the task or the `Cancellation` that it was started under, asks the work to stop; the work looks
/// at that between two of its steps.
public struct LongJob<Event: Sendable>: Sendable {
    /// What the work calls with each event, on any of its threads, one call at a time. What it throws ends the work.
    public typealias Report = @Sendable (Event) throws -> Void

    private let body: @Sendable (@escaping Report) throws -> Void

    /// - Parameter body: the work, which asks `Cancellation.check()` between its steps.
    public init(_ body: @escaping @Sendable (_ report: @escaping Report) throws -> Void) { self.body = body }

    /// Does the work on the calling thread.
    ///
    /// - Throws: what the work or `report` throws; `CancellationError` where the work is asked to stop.
    public func run(_ report: (Event) throws -> Void) throws {
        try withoutActuallyEscaping(report) { report in
            let reader = Reader(report)
            try body { try reader.take($0) }
        }
    }

    /// One call at a time, from whichever thread.
    private final class Reader: @unchecked Sendable {
        private let lock = NSLock()
        private let report: (Event) throws -> Void

        init(_ report: @escaping (Event) throws -> Void) { self.report = report }

        func take(_ event: Event) throws { try lock.withLock { try report(event) } }
    }

    /// Starts the work on a thread of its own, so that it never holds one of those that tasks run on. The events wait for their reader.
    ///
    /// The sequence throws what the work throws.
    public func events() -> AsyncThrowingStream<Event, any Error> {
        let cancellation = Cancellation()
        let body = body
        return AsyncThrowingStream { continuation in
            continuation.onTermination = { if case .cancelled = $0 { cancellation.cancel() } }
            Thread.start {
                do {
                    try Cancellation.$current.withValue(cancellation) { try body { continuation.yield($0) } }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
        }
    }
}

extension Thread {
    /// Starts a thread with the stack of a main thread, which is more than a second one gets on some systems.
    static func start(_ body: @escaping @Sendable () -> Void) {
        let thread = Thread {
            Niceness.adopt()
            body()
        }
        thread.stackSize = 8 << 20
        thread.start()
    }
}
