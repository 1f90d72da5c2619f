import Foundation
import UNETRSupport

/// The bounded, ordered queue between the threads that make samples and the loop that takes batches.
///
/// Threads take numbered samples; a batch is ready when all of its samples are made. No sample of a batch is begun before there is
/// room for that batch.
final class BatchQueue: @unchecked Sendable {
    // Unchecked: all variables are touched under `condition` only.

    private struct UnderWay {
        let batch: Batch
        var missing: Int
    }

    private let maker: BatchMaker
    private let end: Int?
    private let ahead: Int
    private let condition = NSCondition()
    private var nextSample: (batch: Int, index: Int)
    private var nextOut: Int
    private var batches: [Int: UnderWay] = [:]
    private var failure: (any Error)?
    private var isCancelled = false
    private var liveThreads = 0
    private var waiting = Duration.zero

    init(_ maker: BatchMaker, first: Int, end: Int?, ahead: Int) {
        self.maker = maker
        self.end = end
        self.ahead = ahead
        nextSample = (first, 0)
        nextOut = first
    }

    func startThread(_ number: Int) {
        condition.withLock { liveThreads += 1 }
        let thread = Thread { self.work() }
        thread.name = "batch loader \(number)"
        thread.start()
    }

    var waited: Duration { condition.withLock { waiting } }

    func next() throws -> Batch? {
        try condition.withLock {
            let begin = ContinuousClock.now
            defer { waiting += begin.duration(to: .now) }
            while true {
                if let failure { throw failure }
                if isCancelled || end.map({ nextOut >= $0 }) ?? false { return nil }
                if let ready = batches[nextOut], ready.missing == 0 {
                    batches[nextOut] = nil
                    nextOut += 1
                    condition.broadcast()
                    return ready.batch
                }
                condition.wait()
            }
        }
    }

    func cancel(wait: Bool) {
        condition.withLock {
            isCancelled = true
            batches = [:]
            condition.broadcast()
            while wait, liveThreads > 0 { condition.wait() }
        }
    }

    private func work() {
        let scratch = Scratch()
        while let (batch, index) = takeSample() {
            do {
                finish(index, try maker.fill(index, of: batch, scratch), of: batch)
            } catch {
                condition.withLock {
                    if failure == nil { failure = error }
                    isCancelled = true
                    condition.broadcast()
                }
            }
        }
        condition.withLock {
            liveThreads -= 1
            condition.broadcast()
        }
    }

    /// The next sample to make; waits until there is room for its batch. Nil when there is nothing more to do.
    private func takeSample() -> (Batch, Int)? {
        condition.withLock {
            while true {
                if isCancelled || end.map({ nextSample.batch >= $0 }) ?? false { return nil }
                if nextSample.batch < nextOut + ahead { break }
                condition.wait()
            }
            let (number, index) = nextSample
            let batch = batches[number]?.batch ?? maker.makeBatch(number)
            if index == 0 { batches[number] = UnderWay(batch: batch, missing: batch.count) }
            nextSample = index + 1 < batch.count ? (number, index + 1) : (number + 1, 0)
            return (batch, index)
        }
    }

    private func finish(_ index: Int, _ origin: Batch.Origin, of batch: Batch) {
        condition.withLock {
            batch.origins[index] = origin
            let number = batch.position.epoch * maker.configuration.batchesPerEpoch + batch.position.batch
            batches[number]?.missing -= 1
            condition.broadcast()
        }
    }
}
