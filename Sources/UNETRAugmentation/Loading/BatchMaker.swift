import UNETRSupport

/// Makes samples by their numbers: what `BatchLoader`'s threads run.
struct BatchMaker: Sendable {
    let sources: [any SampleSource]
    let augmenter: Augmenter
    let configuration: BatchLoader.Configuration
    private let sampler: PatchSampler
    private let channels: Int

    init(sources: [any SampleSource], augmenter: Augmenter, configuration: BatchLoader.Configuration) throws {
        func require(_ condition: Bool, _ field: String, _ expected: String, _ found: String) throws {
            guard condition else { throw AugmentationError.loader(field: field, expected: expected, found: found) }
        }
        try require(!sources.isEmpty, "the list of cases", "at least one case", "none")
        let numbers = [
            ("batchSize", configuration.batchSize), ("batchesPerEpoch", configuration.batchesPerEpoch),
            ("threads", configuration.threads), ("ahead", configuration.ahead), ("worldSize", configuration.worldSize),
        ]
        for (field, number) in numbers { try require(number >= 1, field, "at least 1", "\(number)") }
        for (field, number, most) in [("threads", configuration.threads, 1024), ("worldSize", configuration.worldSize, 1 << 20)] {
            try require(number <= most, field, "at most \(most)", "\(number)")
        }
        try require(
            (0..<configuration.worldSize).contains(configuration.rank), "rank", "0 to \(configuration.worldSize - 1)",
            "\(configuration.rank)")
        try require(
            configuration.batchSize >= configuration.worldSize && configuration.batchSize <= 1 << 20, "batchSize",
            "from the number of processes, \(configuration.worldSize), to \(1 << 20)", "\(configuration.batchSize)")
        try require(
            (0...1).contains(configuration.foregroundShare), "foregroundShare", "0 to 1", "\(configuration.foregroundShare)")
        try require(
            configuration.levels.first == augmenter.patch, "level 0", "the patch \(augmenter.patch.text())",
            configuration.levels.first?.text() ?? "no level")
        try LabelPyramid.check(configuration.levels, of: augmenter.patch)
        channels = sources[0].channels
        let sample = 4 * channels * augmenter.patch.voxels + configuration.levels.reduce(0) { $0 + 2 * $1.voxels }
        let limit = MemoryLimit.current
        let bytes = [configuration.part.count, sample, configuration.ahead].saturatingProduct()
        try require(
            bytes <= limit.bytes, "batchSize",
            "so small that \(configuration.ahead) batches fit \(limit.reason)",
            "\(configuration.part.count), which takes \(bytes >> 20) MB")
        for source in sources {
            try require(source.channels == channels, "the number of channels", "\(channels) in every case", "\(source.channels)")
        }
        self.sources = sources
        self.augmenter = augmenter
        self.configuration = configuration
        sampler = PatchSampler(
            patch: augmenter.patch, enlarged: augmenter.enlarged, foregroundShare: configuration.foregroundShare)
    }

    /// An empty batch number `index`, counted over all epochs.
    func makeBatch(_ index: Int) -> Batch {
        let position = Batch.Position(
            epoch: index / configuration.batchesPerEpoch, batch: index % configuration.batchesPerEpoch)
        return Batch(position: position, count: configuration.part.count, channels: channels, levels: configuration.levels)
    }

    /// Makes sample `index` of the batch in place. Different samples may be made at the same time.
    func fill(_ index: Int, of batch: Batch, _ scratch: Scratch) throws -> Batch.Origin {
        let sample = configuration.part.lowerBound + index
        var generator = generator(batch.position, sample)
        let number = generator.index(below: sources.count)
        let source = sources[number]
        let foreground = sampler.isForeground(sample, of: configuration.batchSize)
        let corner = sampler.origin(in: source, foreground: foreground, using: &generator)
        let volume = augmenter.patch.voxels
        let image = UnsafeMutableBufferPointer(rebasing: batch.image[(index * channels * volume)..<((index + 1) * channels * volume)])
        let labels = UnsafeMutableBufferPointer(rebasing: batch.labels[0][(index * volume)..<((index + 1) * volume)])
        do {
            try augmenter.augment(source, at: corner, using: &generator, into: image, labels, scratch)
        } catch AugmentationError.source(_, let array, let expected, let found) {
            throw AugmentationError.source(case: number, array: array, expected: expected, found: found)
        }
        for (level, size) in configuration.levels.enumerated().dropFirst() {
            NearestReduction(from: augmenter.patch, to: size)
                .apply(labels.baseAddress!, to: batch.labels[level].baseAddress! + index * size.voxels)
        }
        return Batch.Origin(source: number, corner: corner, foreground: foreground)
    }

    /// A stream of numbers of the sample's own.
    private func generator(_ position: Batch.Position, _ sample: Int) -> CounterGenerator {
        var epoch = CounterGenerator(seed: configuration.seed, stream: UInt64(position.epoch))
        return CounterGenerator(seed: epoch.next(), stream: UInt64(position.batch) << 32 | UInt64(sample))
    }
}
