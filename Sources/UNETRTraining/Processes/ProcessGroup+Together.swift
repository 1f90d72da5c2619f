import Foundation
import UNETRSupport

/// How the work of one process ended.
private enum Outcome {
    case underWay, succeeded, failed, stopped

    init(_ error: (any Error)?) { self = error == nil ? .succeeded : error is CancellationError ? .stopped : .failed }
}

/// What all processes know of each other.
private struct Agreement {
    let allEnded: Bool
    let someStopped: Bool
    let failed: Int?
    let wishesToStop: Bool

    /// - Parameter wish: whether this process was asked to stop.
    init(_ outcome: Outcome, wish: Bool, among processes: any ProcessGroup) throws {
        var own = [Double](repeating: 0, count: 3 + processes.count)
        own[0] = outcome == .underWay ? 0 : 1
        own[1] = outcome == .stopped ? 1 : 0
        own[2] = wish ? 1 : 0
        if outcome == .failed { own[3 + processes.rank] = 1 }
        let sums = try processes.sum(own)
        allEnded = sums[0] == Double(processes.count)
        (someStopped, wishesToStop) = (sums[1] > 0, sums[2] > 0)
        failed = sums.dropFirst(3).firstIndex { $0 > 0 }.map { $0 - 3 }
    }

    /// Gives what a process made, or throws what all agree on; its own error first.
    func give<Result>(_ result: Swift.Result<Result, any Error>) throws -> Result {
        if case .failure(let error) = result, !(error is CancellationError) { throw error }
        if let failed { throw TrainingError.otherProcess(rank: failed) }
        if someStopped { throw CancellationError() }
        return try result.get()
    }
}

extension ProcessGroup {
    /// Runs `body` in all processes, however long it takes in each: they let each other know that they are still there. Where one fails or is
    /// stopped, the others are stopped, too. `body` must not call the group.
    ///
    /// - Throws: what `body` throws here; `TrainingError.otherProcess` when it threw elsewhere; `CancellationError` when one was stopped.
    public func together<Result>(_ body: () throws -> Result) throws -> Result {
        guard count > 1 else { return try body() }
        let pulse = Pulse(self)
        let result = Swift.Result { try Cancellation.$current.withValue(pulse.stop) { try body() } }
        var problem: (any Error)?
        if case .failure(let error) = result { problem = error }
        return try pulse.end(Outcome(problem)).give(result)
    }

    /// Runs `body` on rank 0 while the others wait. What it throws is thrown there; the others throw `TrainingError.otherProcess`.
    public func onFirst(_ body: () throws -> Void) throws {
        try together { if rank == 0 { try body() } }
    }

    /// Runs `body`, which takes about equally long in all processes, and asks whether one failed or is to stop: then all throw as with `together`.
    public func inStep<Result>(_ body: () throws -> Result) throws -> Result {
        guard count > 1 else { return try body() }
        let result = Swift.Result { () throws -> Result in
            try Cancellation.check()
            return try body()
        }
        var problem: (any Error)?
        if case .failure(let error) = result { problem = error }
        return try Agreement(Outcome(problem), wish: false, among: self).give(result)
    }
}

/// Tells the other processes every second that this one is still at work, and hears the same of them.
private final class Pulse: @unchecked Sendable {
    // Unchecked: the outcome is touched under `condition` only.

    /// What the work runs under; canceled when the work of another process has failed or is to stop.
    let stop = Cancellation()

    private let condition = NSCondition()
    private var outcome = Outcome.underWay
    private var listener: Background<Agreement>?

    init(_ processes: any ProcessGroup) {
        let stop = stop
        listener = Background { [self] in
            do {
                while true {
                    let outcome = waitForOutcome()
                    let agreement = try Agreement(outcome, wish: stop.isCancelled, among: processes)
                    if agreement.allEnded { return agreement }
                    if agreement.failed != nil || agreement.someStopped || agreement.wishesToStop { stop.cancel() }
                }
            } catch {
                stop.cancel()
                throw error
            }
        }
    }

    private func waitForOutcome() -> Outcome {
        condition.withLock {
            if outcome == .underWay { _ = condition.wait(until: Date(timeIntervalSinceNow: 1)) }
            return outcome
        }
    }

    /// Tells how the work ended, and waits for that of the others.
    func end(_ outcome: Outcome) throws -> Agreement {
        condition.withLock {
            self.outcome = outcome
            condition.signal()
        }
        guard let listener else { preconditionFailure("a pulse has a listener") }
        return try listener.take()
    }
}
