import Dispatch
import Foundation

/// A computation on a thread of its own, whose result is waited for where it is needed. It sees the cancellation it was started under.
public final class Background<Value: Sendable>: @unchecked Sendable {
    private enum State {
        case running, ended(Result<Value, any Error>), taken
    }

    private let lock = NSLock()
    private let running = DispatchGroup()
    private var state = State.running

    /// Starts `body` on a thread of its own.
    public init(_ body: @escaping @Sendable () throws -> Value) {
        let cancellation = Cancellation.current
        running.enter()
        // Not on a dispatch queue: on Linux its few threads are also those that tasks run on, and whoever waits here may hold one of them.
        Thread.start { [self] in
            let result = Result { try Cancellation.$current.withValue(cancellation) { try body() } }
            lock.withLock { state = .ended(result) }
            running.leave()
        }
    }

    /// Waits for the end and hands the result over; a value once, so that nothing of it is kept here.
    /// - Throws: what the computation threw, however often it is asked; `BackgroundError.alreadyTaken` for a value that was handed over.
    public func take() throws -> Value {
        running.wait()
        return try lock.withLock {
            switch state {
            case .ended(.success(let value)):
                state = .taken
                return value
            case .ended(.failure(let error)): throw error
            case .running, .taken: throw BackgroundError.alreadyTaken
            }
        }
    }

    /// Waits for the end, whatever it is, and drops the result: what is written has been written, and no file is used any more.
    public func end() { _ = try? take() }
}

/// A mistake in the use of `Background`.
public enum BackgroundError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The result was taken before.
    case alreadyTaken

    /// One sentence: what is wrong, where, and what to do.
    public var description: String { "the result of a background computation was taken twice; this is a mistake in the program" }
}
