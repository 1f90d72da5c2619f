import Foundation
public import UNETRSupport

/// Background threads that make batches ahead of the training loop, always the same ones.
///
/// Batch k of an epoch depends on the seed, the epoch, k and the rank alone: not on the number of threads nor on their timing, and
/// not on where loading began. Processes share each batch, and its samples do not depend on how many they are.
public final class BatchLoader: Sendable {
    /// What is loaded, and how far ahead.
    public struct Configuration: Sendable, Codable, Equatable {
        /// Equal seeds give equal batches, whatever the number of threads.
        public var seed: UInt64
        /// Samples per batch, of all processes together.
        public var batchSize: Int
        /// Batches that every process draws in an epoch.
        public var batchesPerEpoch: Int
        /// The sizes of the label levels, finest first; level 0 must be the patch.
        public var levels: [Size3]
        /// The share of the batch that is centered on foreground.
        public var foregroundShare = 0.33
        /// The number of this process among `worldSize`.
        public var rank = 0
        /// Processes that train together.
        public var worldSize = 1
        /// Background threads that make batches.
        public var threads = 1
        /// Batches that may be ready or under way.
        public var ahead = 3

        /// The samples of each batch that this process makes: an equal part to within one, in the order of the ranks.
        public var part: Range<Int> { (batchSize * rank / worldSize)..<(batchSize * (rank + 1) / worldSize) }

        /// Settings for one process.
        public init(seed: UInt64, batchSize: Int, batchesPerEpoch: Int, levels: [Size3]) {
            self.seed = seed
            self.batchSize = batchSize
            self.batchesPerEpoch = batchesPerEpoch
            self.levels = levels
        }
    }

    private let queue: BatchQueue

    /// Starts loading.
    ///
    /// - Parameters:
    ///   - sources: the cases; each sample draws one of them, with equal chance.
    ///   - start: the first batch.
    ///   - endEpoch: loading ends before this epoch; never when nil.
    ///   - augmenter: what augments samples.
    ///   - configuration: what is loaded, and how far ahead.
    /// - Throws: `AugmentationError` when a number does not fit, or the cases differ in their channels.
    public init(
        sources: [any SampleSource], augmenter: Augmenter, configuration: Configuration,
        start: Batch.Position = .init(epoch: 0, batch: 0), endEpoch: Int? = nil
    ) throws {
        let maker = try BatchMaker(sources: sources, augmenter: augmenter, configuration: configuration)
        let first = start.epoch * configuration.batchesPerEpoch + start.batch
        let end = endEpoch.map { $0 * configuration.batchesPerEpoch }
        queue = BatchQueue(maker, first: first, end: end, ahead: configuration.ahead)
        for number in 0..<configuration.threads { queue.startThread(number) }
    }

    deinit { queue.cancel(wait: false) }

    /// The next batch, in order; waits until it is ready. Nil after the last one and after `cancel()`.
    ///
    /// - Throws: what reading a case threw.
    public func next() throws -> Batch? { try queue.next() }

    /// How long `next()` has waited in all: the time the network had nothing to do.
    public var waited: Duration { queue.waited }

    /// Ends the threads and waits until they have ended (at most the time of a sample).
    public func cancel() { queue.cancel(wait: true) }
}
