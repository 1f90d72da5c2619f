public import UNETRSupport

/// A batch of training samples in contiguous memory.
public final class Batch: @unchecked Sendable {
    // Unchecked: the loader's threads write disjoint samples, and hand the batch out only when all are written; then nobody writes.

    /// Where a batch stands in a training run.
    public struct Position: Hashable, Sendable, Codable {
        /// The epoch, from 0.
        public var epoch: Int
        /// The number of the batch within its epoch.
        public var batch: Int

        /// The batch number `batch` of an epoch, both from 0.
        public init(epoch: Int, batch: Int) {
            self.epoch = epoch
            self.batch = batch
        }
    }

    /// Where a sample came from.
    public struct Origin: Equatable, Sendable {
        /// The number of its case among the loader's sources.
        public var source: Int
        /// The first voxel of the enlarged crop.
        public var corner: SIMD3<Int>
        /// Whether it was to be centered on foreground.
        public var foreground: Bool
    }

    /// Where in the training it belongs.
    public let position: Position
    /// The number of samples.
    public let count: Int
    /// Number of image channels.
    public let channels: Int
    /// The size of the image, and of each level of labels; level 0 is the patch.
    public let levels: [Size3]
    /// The case and place of each patch.
    public internal(set) var origins: [Origin]

    let image: UnsafeMutableBufferPointer<Float>
    let labels: [UnsafeMutableBufferPointer<Int16>]

    init(position: Position, count: Int, channels: Int, levels: [Size3]) {
        self.position = position
        self.count = count
        self.channels = channels
        self.levels = levels
        origins = Array(repeating: Origin(source: 0, corner: .zero, foreground: false), count: count)
        image = .allocate(capacity: count * channels * levels[0].voxels)
        image.initialize(repeating: 0)
        labels = levels.map { size in
            let buffer = UnsafeMutableBufferPointer<Int16>.allocate(capacity: count * size.voxels)
            buffer.initialize(repeating: 0)
            return buffer
        }
    }

    deinit {
        image.deallocate()
        for buffer in labels { buffer.deallocate() }
    }

    /// The shape of the image, `[N, C, D, H, W]`.
    public var imageShape: [Int] { [count, channels] + levels[0] }

    /// The shape of a level of labels, `[N, D, H, W]`.
    public func labelShape(_ level: Int) -> [Int] { [count] + levels[level] }

    /// Calls `body` with the images `[N, C, D, H, W]`; the memory lives as long as the batch.
    public func withImage<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(UnsafeBufferPointer(image)) }
    }

    /// Calls `body` with a level of labels `[N, D, H, W]`; the memory lives as long as the batch.
    public func withLabels<Result>(_ level: Int, _ body: (UnsafeBufferPointer<Int16>) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(UnsafeBufferPointer(labels[level])) }
    }
}
