import Foundation

/// The wish that work ends early: a flag that any thread may set and every step of the work looks at.
///
/// Whoever may be asked to stop makes one and binds it around the work; code below it asks `Cancellation.check()` between its steps:
///
///     let stop = Cancellation()
///     try Cancellation.$current.withValue(stop) { try job.run() }    // elsewhere: stop.cancel()
///
/// `Parallel` and `Background` hand the one that is bound on to their threads, together with the cancellation of the task they were
/// called in, which a dispatch thread knows nothing of by itself.
public final class Cancellation: @unchecked Sendable {
    /// The one that the running code was started under; nil where nobody asks it to stop.
    @TaskLocal public static var current: Cancellation?

    private let lock = NSLock()
    private var wasCancelled = false
    private let parent: Cancellation?
    /// The task that called, while it waits for the work under this cancellation.
    private let task: UnsafeCurrentTask?

    /// - Parameter parent: canceled together with this one, but not the other way round.
    public convenience init(parent: Cancellation? = Cancellation.current) { self.init(parent: parent, task: nil) }

    private init(parent: Cancellation?, task: UnsafeCurrentTask?) {
        self.parent = parent
        self.task = task
    }

    /// Asks the work to end. Cannot be taken back.
    public func cancel() { lock.withLock { wasCancelled = true } }

    /// Whether this one, one above it, or the task it stands for was canceled.
    public var isCancelled: Bool {
        lock.withLock { wasCancelled } || task?.isCancelled ?? false || parent?.isCancelled ?? false
    }

    /// - Throws: `CancellationError` once it is canceled.
    public func check() throws { if isCancelled { throw CancellationError() } }

    /// Whether the running code is asked to stop, by the cancellation it runs under or as a task.
    public static var isCancelled: Bool { Task.isCancelled || current?.isCancelled ?? false }

    /// - Throws: `CancellationError` when the running code is asked to stop.
    public static func check() throws { if isCancelled { throw CancellationError() } }

    /// Calls `body`, which returns when all its threads have ended, with a cancellation for them: what is bound here, and the task at hand.
    static func withCaller<Result>(_ body: (Cancellation?) throws -> Result) rethrows -> Result {
        let bound = current
        return try withUnsafeCurrentTask { task in
            try body(task.map { Cancellation(parent: bound, task: $0) } ?? bound)
        }
    }
}
