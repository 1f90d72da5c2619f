import Foundation
import Testing
import UNETRSupport

@testable import UNETRAugmentation

/// Batches made in the background.
@Suite struct BatchLoaderTests {
    private static let patch = Size3(6, 8, 6)

    private static func sources(_ count: Int = 3, channels: Int = 2) throws -> [ArraySource] {
        try (0..<count).map { number in
            let size = Size3(9 + number, 10, 7 + 2 * number)
            var generator = CounterGenerator(seed: UInt64(number))
            let image = (0..<(channels * size.voxels)).map { _ in Float(generator.uniform(-1, 1)) }
            let labels = (0..<size.voxels).map { _ in Int16(generator.index(below: 4)) - 1 }
            return try ArraySource(image: image, channels: channels, labels: labels, size: size)
        }
    }

    private static func configuration(threads: Int = 1) -> BatchLoader.Configuration {
        var configuration = BatchLoader.Configuration(
            seed: 11, batchSize: 2, batchesPerEpoch: 3, levels: [patch, Size3(3, 4, 3)])
        configuration.threads = threads
        return configuration
    }

    private struct Contents: Equatable {
        var position: Batch.Position
        var image: [Float]
        var labels: [[Int16]]
        var origins: [Batch.Origin]

        init(_ batch: Batch) {
            position = batch.position
            image = batch.withImage { Array($0) }
            labels = batch.levels.indices.map { level in batch.withLabels(level) { Array($0) } }
            origins = batch.origins
        }
    }

    private func load(_ configuration: BatchLoader.Configuration, start: Batch.Position = .init(epoch: 0, batch: 0)) throws -> [Contents] {
        let augmenter = try Augmenter(plan: .published(zeroOutsideMask: [true, false]), patch: Self.patch)
        let loader = try BatchLoader(
            sources: Self.sources(), augmenter: augmenter, configuration: configuration, start: start, endEpoch: 2)
        var all: [Contents] = []
        while let batch = try loader.next() { all.append(Contents(batch)) }
        return all
    }

    @Test("Batches are the same bits for every number of threads and wherever loading begins")
    func batchesDoNotDependOnThreads() throws {
        let one = try load(Self.configuration())
        #expect(one.map(\.position.epoch) == [0, 0, 0, 1, 1, 1])
        #expect(one.map(\.position.batch) == [0, 1, 2, 0, 1, 2])
        var many = Self.configuration(threads: 4)
        many.ahead = 2
        #expect(try load(many) == one)
        #expect(try load(many, start: .init(epoch: 0, batch: 2)) == Array(one[2...]))
        #expect(Set(one.map { $0.image.hashValue }).count == 6)
        var other = Self.configuration()
        other.seed = 12
        #expect(try load(other)[0].image != one[0].image)
    }

    @Test("Processes share the samples of one batch, which are the same however many they are", arguments: [2, 3, 4])
    func processesShareABatch(count: Int) throws {
        var whole = Self.configuration()
        whole.batchSize = 4
        let all = try load(whole)
        var found = 0
        for rank in 0..<count {
            var part = whole
            part.rank = rank
            part.worldSize = count
            let size = all[0].image.count / 4
            for (batch, reference) in zip(try load(part), all) {
                #expect(batch.origins == Array(reference.origins[part.part]))
                #expect(batch.image == Array(reference.image[(part.part.lowerBound * size)..<(part.part.upperBound * size)]))
            }
            found += part.part.count
        }
        #expect(found == 4)
        #expect(all[0].origins.map(\.foreground) == [false, false, false, true])
        whole.worldSize = 5
        let error = #expect(throws: AugmentationError.self) { try self.load(whole) }
        #expect(error?.description == "Batch loader: batchSize must be from the number of processes, 5, to 1048576, found 4.")
    }

    @Test("A batch has its shapes, no label below 0, zeros outside the mask, and levels that are reductions of the patch")
    func batchContents() throws {
        let augmenter = try Augmenter(plan: .published(zeroOutsideMask: [true, false]), patch: Self.patch)
        let loader = try BatchLoader(sources: Self.sources(), augmenter: augmenter, configuration: Self.configuration())
        let batch = try #require(try loader.next())
        loader.cancel()
        #expect(batch.imageShape == [2, 2, 6, 8, 6])
        #expect(batch.labelShape(1) == [2, 3, 4, 3])
        let contents = Contents(batch)
        #expect(contents.image.count == 2 * 2 * 288)
        #expect(contents.labels[0].allSatisfy { (0...2).contains($0) })
        for sample in 0..<2 {
            let fine = Array(contents.labels[0][(sample * 288)..<((sample + 1) * 288)])
            let coarse = Array(contents.labels[1][(sample * 36)..<((sample + 1) * 36)])
            #expect(try LabelPyramid.downsample(fine, size: Self.patch, to: [Size3(3, 4, 3)]) == [coarse])
        }
    }

    @Test("Threads stop at the bound and end when canceled; waiting is counted")
    func boundAndCancellation() throws {
        let source = SlowSource(try Self.sources(1)[0])
        var configuration = Self.configuration(threads: 2)
        configuration.ahead = 2
        let augmenter = try Augmenter(plan: .none, patch: Self.patch)
        let loader = try BatchLoader(sources: [source], augmenter: augmenter, configuration: configuration)
        _ = try loader.next()
        // The first reading takes 200 ms, of which a little is over before `next()` is called.
        #expect(loader.waited > .milliseconds(50))
        // One batch taken and two ahead: six samples read, no more.
        let patience = ContinuousClock.now + .seconds(20)
        while source.reads < 6, .now < patience { Thread.sleep(forTimeInterval: 0.005) }
        Thread.sleep(forTimeInterval: 0.05)
        #expect(source.reads == 6)
        let waited = loader.waited
        _ = try loader.next()
        #expect(loader.waited - waited < .milliseconds(50), "a ready batch is handed out at once")
        loader.cancel()
        #expect(try loader.next() == nil)
        let after = source.reads
        Thread.sleep(forTimeInterval: 0.02)
        #expect(source.reads == after)
    }

    @Test("A case that cannot be read makes next() throw, naming the case")
    func failureIsPassedOn() throws {
        let good = try Self.sources(1)[0]
        let augmenter = try Augmenter(plan: .none, patch: Self.patch)
        let loader = try BatchLoader(sources: [LyingSource(good)], augmenter: augmenter, configuration: Self.configuration())
        #expect(throws: AugmentationError.source(case: 0, array: "image", expected: good.size.voxels * 2, found: good.size.voxels * 2 - 1)) {
            _ = try loader.next()
        }
        loader.cancel()
    }

    @Test("Settings that do not fit are refused with a sentence")
    func refusesWrongSettings() throws {
        let augmenter = try Augmenter(plan: .none, patch: Self.patch)
        let sources = try Self.sources()
        func error(_ change: (inout BatchLoader.Configuration) -> Void, sources list: [any SampleSource]? = nil) -> String {
            var configuration = Self.configuration()
            change(&configuration)
            do {
                _ = try BatchLoader(sources: list ?? sources, augmenter: augmenter, configuration: configuration)
                return "nothing"
            } catch { return "\(error)" }
        }
        #expect(error({ $0.rank = 1 }) == "Batch loader: rank must be 0 to 0, found 1.")
        #expect(error({ $0.threads = 0 }) == "Batch loader: threads must be at least 1, found 0.")
        #expect(error({ $0.levels = [] }) == "Batch loader: level 0 must be the patch 6×8×6, found no level.")
        #expect(error({ $0.levels[1] = Size3(0, 1, 1) }).contains("Label level"))
        #expect(error({ _ in }, sources: []).contains("at least one case"))
        #expect(error({ _ in }, sources: [sources[0], try! Self.sources(1, channels: 1)[0]]).contains("2 in every case, found 1"))
    }
}

/// A case whose first reading takes 200 ms, and that counts the readings.
private final class SlowSource: SampleSource, @unchecked Sendable {
    private let source: ArraySource
    private let lock = NSLock()
    private var count = 0

    init(_ source: ArraySource) { self.source = source }
    var channels: Int { source.channels }
    var size: Size3 { source.size }
    var foreground: [ForegroundClass] { source.foreground }
    var reads: Int { lock.withLock { count } }

    func withImage<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) throws -> Result {
        let number = lock.withLock {
            count += 1
            return count
        }
        if number == 1 { Thread.sleep(forTimeInterval: 0.2) }
        return try source.withImage(body)
    }
    func withLabels<Result>(_ body: (UnsafeBufferPointer<Int16>) throws -> Result) throws -> Result { try source.withLabels(body) }
}

/// A case whose image is one value short.
private struct LyingSource: SampleSource {
    private let source: ArraySource

    init(_ source: ArraySource) { self.source = source }
    var channels: Int { source.channels }
    var size: Size3 { source.size }
    var foreground: [ForegroundClass] { source.foreground }

    func withImage<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) throws -> Result {
        try source.withImage { try body(UnsafeBufferPointer(rebasing: $0.dropLast())) }
    }
    func withLabels<Result>(_ body: (UnsafeBufferPointer<Int16>) throws -> Result) throws -> Result { try source.withLabels(body) }
}
