public import Foundation

/// The preparation of many cases into a folder: it can be stopped and continued, and one broken scan does not stop the others.
public struct PreparationJob: Sendable {
    public let preparer: Preparer
    public let cases: [DatasetCase]

    /// Where the prepared cases go.
    public let folder: URL

    /// Whether cases that are there already, made with the same settings, are made again.
    public var force: Bool

    public init(preparer: Preparer, cases: [DatasetCase], folder: URL, force: Bool = false) {
        self.preparer = preparer
        self.cases = cases
        self.folder = folder
        self.force = force
    }

    /// What happened to one case, or at the end to all.
    public enum Event: Sendable, Equatable {
        case prepared(name: String, seconds: Double)
        case alreadyThere(name: String)
        case failed(name: String, problem: String)
        case finished(Summary)
    }

    /// The names of the cases by what became of them.
    public struct Summary: Sendable, Equatable, Codable {
        public var prepared: [String] = []
        public var alreadyThere: [String] = []
        public var failed: [Failure] = []

        /// True when the job was stopped before the last case.
        public var wasCancelled = false
    }

    /// A case that could not be prepared, and why.
    public struct Failure: Sendable, Equatable, Codable {
        public var name: String
        public var problem: String
    }

    /// Prepares one case after another, each on all threads, so that memory is bounded by one case.
    ///
    /// The last event is always `finished`. Ending the iteration stops the job after the case at hand.
    public func run() -> AsyncStream<Event> {
        AsyncStream { continuation in
            let task = Task.detached {
                var summary = Summary()
                for dataCase in cases {
                    if Task.isCancelled { summary.wasCancelled = true; break }
                    let event = event(for: dataCase)
                    switch event {
                    case .prepared(let name, _): summary.prepared.append(name)
                    case .alreadyThere(let name): summary.alreadyThere.append(name)
                    case .failed(let name, let problem): summary.failed.append(Failure(name: name, problem: problem))
                    case .finished: break
                    }
                    continuation.yield(event)
                }
                continuation.yield(.finished(summary))
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func event(for dataCase: DatasetCase) -> Event {
        if !force, PreparedCase.isComplete(dataCase.name, in: folder, plan: preparer.plan) { return .alreadyThere(name: dataCase.name) }
        let start = ContinuousClock.now
        do {
            try preparer.prepare(dataCase).write(to: folder)
        } catch {
            return .failed(name: dataCase.name, problem: "\(error)")
        }
        return .prepared(name: dataCase.name, seconds: (ContinuousClock.now - start) / .seconds(1))
    }
}
