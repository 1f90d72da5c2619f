public import Foundation
import UNETRSupport

/// The preparation of many cases into a folder: it can be stopped and continued, and one broken scan does not stop the others.
public struct PreparationJob: Sendable {
    /// What prepares.
    public let preparer: Preparer
    /// The cases.
    public let cases: [DatasetCase]

    /// Where the prepared cases go.
    public let folder: URL

    /// Whether cases that are there already, made with the same settings, are made again.
    public var force: Bool

    /// A job that writes to `folder`; with `force` it prepares everything anew.
    public init(preparer: Preparer, cases: [DatasetCase], folder: URL, force: Bool = false) {
        self.preparer = preparer
        self.cases = cases
        self.folder = folder
        self.force = force
    }

    /// What happened to one case, or at the end to all.
    public enum Event: Sendable, Equatable {
        /// A case was prepared.
        case prepared(name: String, seconds: Double)
        /// A case was prepared before, by the same plan.
        case alreadyThere(name: String)
        /// A case cannot be prepared; the others continue.
        case failed(name: String, problem: String)
        /// The job is done.
        case finished(Summary)
    }

    /// The names of the cases by what became of them.
    public struct Summary: Sendable, Equatable, Codable {
        /// Cases that were prepared.
        public var prepared: [String] = []
        /// Cases that were prepared before.
        public var alreadyThere: [String] = []
        /// Cases that cannot be prepared.
        public var failed: [Failure] = []

        /// True when the job was stopped before the last case.
        public var wasCancelled = false
    }

    /// A case that could not be prepared, and why.
    public struct Failure: Sendable, Equatable, Codable {
        /// The case.
        public var name: String
        /// Why.
        public var problem: String

        /// True if the case is in order but could not be written; the job ends there, for the next could not either.
        public var isOfOutput = false
    }

    /// Prepares one case after another, each on all threads, so that memory is bounded by one case.
    ///
    /// The last event is always `finished`. Ending the iteration, or the cancellation that this is called under, stops the job after the
    /// case at hand.
    public func events() -> AsyncThrowingStream<Event, any Error> {
        LongJob<Event> { report in try report(.finished(run(report))) }.events()
    }

    /// The same on the calling thread.
    ///
    /// - Parameter report: called with each event but `finished`; throwing from it ends the job.
    public func run(_ report: (Event) throws -> Void) throws -> Summary {
        var summary = Summary()
        for dataCase in cases {
            let event: Event
            do {
                try Cancellation.check()
                event = try self.event(for: dataCase)
            } catch is CancellationError {
                summary.wasCancelled = true
                break
            } catch {
                let isOfOutput = error is OutputFailure
                summary.failed.append(Failure(name: dataCase.name, problem: "\(error)", isOfOutput: isOfOutput))
                try report(.failed(name: dataCase.name, problem: "\(error)"))
                if isOfOutput { break }
                continue
            }
            if case .alreadyThere(let name) = event { summary.alreadyThere.append(name) } else { summary.prepared.append(dataCase.name) }
            try report(event)
        }
        return summary
    }

    private func event(for dataCase: DatasetCase) throws -> Event {
        if !force, PreparedCase.isComplete(dataCase.name, in: folder, plan: preparer.plan) { return .alreadyThere(name: dataCase.name) }
        let start = ContinuousClock.now
        let prepared = try preparer.prepare(dataCase)
        do { try prepared.write(to: folder) } catch { throw OutputFailure(description: "\(error)") }
        return .prepared(name: dataCase.name, seconds: (ContinuousClock.now - start) / .seconds(1))
    }

    /// A prepared case that could not be written.
    private struct OutputFailure: Error, CustomStringConvertible {
        var description: String
    }
}
