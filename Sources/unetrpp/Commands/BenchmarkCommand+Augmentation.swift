import Foundation
import UNETRAugmentation
import UNETRSupport
import UNETRTorch

extension BenchmarkCommand {
    /// Times the making of training samples: the published augmentation of a patch out of a case that is about half as large again, by as
    /// many threads as the network would have. In seconds a batch.
    func timeAugmentation(patch: Size3, channels: Int) throws -> Double {
        let size = Size3 { patch[$0] * 3 / 2 }
        var generator = CounterGenerator(seed: 1)
        let image = (0..<(channels * size.voxels)).map { _ in Float(generator.uniform(-2, 2)) }
        // Two structures, a ball in a shell, as wide as a quarter of the shortest side.
        let radius = Double(size.min()!) / 4
        let labels = (0..<size.voxels).map { index -> Int16 in
            let place = [index / (size.height * size.width), index / size.width % size.height, index % size.width]
            let distance = zip(place, size).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1) / 2, 2) }.squareRoot()
            return distance < radius * 2 / 3 ? 1 : distance < radius ? 2 : 0
        }
        let source = try ArraySource(image: image, channels: channels, labels: labels, size: size)
        var loading = BatchLoader.Configuration(seed: 1, batchSize: batch, batchesPerEpoch: repetitions + 1, levels: [patch])
        loading.threads = Runtime.threads
        let loader = try BatchLoader(sources: [source], augmenter: Augmenter(plan: .published(), patch: patch), configuration: loading)
        defer { loader.cancel() }
        _ = try loader.next()
        // Threads work ahead of the one that asks, so only the whole is timed.
        let start = Date()
        for _ in 0..<repetitions { _ = try loader.next() }
        return -start.timeIntervalSinceNow / Double(repetitions)
    }
}
