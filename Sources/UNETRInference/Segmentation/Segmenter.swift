import Foundation
import UNETRArchitectures
public import UNETREngines
import UNETRLayers
public import UNETRNetworks
public import UNETRPreparation
import UNETRSupport
public import UNETRTorch
public import UNETRVolumes

/// Turns scans into masks with a trained model.
///
///     let segmenter = try Segmenter(model: ModelBundle(contentsOf: url))
///     let mask = try segmenter.segment(VolumeFile.readScan(scan), name: "patient 7").labels
public struct Segmenter: Sendable {
    /// The result of one scan.
    public struct Segmentation: Sendable {
        /// One label per voxel, in the geometry of the scan.
        public var labels: LabelMap
        /// Seconds spent in the network, and in all.
        public var networkSeconds: Double
        public var seconds: Double
    }

    public let plan: Plan
    public let options: SegmenterOptions
    public let predictor: SlidingWindowPredictor

    /// About how much memory a scan takes.
    public let memory: SegmentationMemory

    /// What brings scans into the form the networks take.
    let preparer: Preparer

    /// - Parameters:
    ///   - models: bundles of one plan; the probabilities of several, such as the folds of a cross-validation, are averaged.
    ///   - maker: what makes their engines.
    ///   - note: told why an engine that was wanted is not used, in a sentence.
    /// - Throws: `InferenceError.notABundle` for models whose plans differ; what reading the models throws.
    public init(
        models: [ModelBundle], maker: EngineMaker, options: SegmenterOptions = SegmenterOptions(), note: (String) -> Void = { _ in }
    ) throws {
        precondition(!models.isEmpty)
        let plan = models[0].plan
        for model in models.dropFirst() where model.plan.preparationDigest != plan.preparationDigest || model.plan.patchSize != plan.patchSize {
            throw InferenceError.notABundle(
                path: model.url.path, problem: "its plan prepares scans differently from \(models[0].url.path), so the two cannot be averaged")
        }
        let engines = try models.map { try maker.engine(for: $0, note: note) }
        let compiled = engines.compactMap { $0 as? CompiledEngine }
        let memory = SegmentationMemory(
            plan: plan, network: models[0].network, parameters: engines.reduce(0) { $0 + $1.parameterCount },
            stepFraction: options.stepFraction ?? plan.inference.stepFraction,
            engine: compiled.isEmpty ? .torch : .compiled(count: compiled.count, anew: compiled.contains { !$0.cameFromCache }),
            isHalf: maker.mixedPrecision != nil && (compiled.isEmpty || maker.processor.hasBFloat16), isOnHost: maker.device == .cpu)
        self.init(engines: engines, plan: plan, memory: memory, options: options)
    }

    /// A segmenter with engines that are there already.
    /// - Parameter memory: how much a scan takes with these engines and options.
    public init(engines: [any PatchEngine], plan: Plan, memory: SegmentationMemory, options: SegmenterOptions = SegmenterOptions()) {
        self.plan = plan
        self.options = options
        self.memory = memory
        predictor = SlidingWindowPredictor(
            engines: engines, plan: plan, settings: options.settings(for: plan), reusesConstantWindows: options.reusesConstantWindows,
            threads: options.threads)
        preparer = Preparer(plan: plan)
    }

    /// A segmenter with a network in memory, such as one in training, computed by libtorch.
    public init(
        network: any SegmentationNetwork, plan: Plan, device: Device = .cpu, mixedPrecision: DType? = nil,
        options: SegmenterOptions = SegmenterOptions()
    ) throws {
        let memory = SegmentationMemory(
            plan: plan, network: try plan.networkDescription(), parameters: network.store.parameterCount,
            stepFraction: options.stepFraction ?? plan.inference.stepFraction, engine: .torch, isHalf: mixedPrecision != nil,
            isOnHost: device == .cpu)
        let engine = TorchEngine(network, device: device, mixedPrecision: mixedPrecision)
        self.init(engines: [engine], plan: plan, memory: memory, options: options)
    }

    /// - Parameters:
    ///   - engine: what computes; libtorch unless another is wanted.
    ///   - eightBits: whether models made for 8 bits are computed so by the compiled engine, where the processor can.
    public init(
        models: [ModelBundle], engine: EngineChoice = .torch, device: Device = .cpu, mixedPrecision: DType? = nil, eightBits: Bool = false,
        options: SegmenterOptions = SegmenterOptions(), note: (String) -> Void = { _ in }
    ) throws {
        var maker = EngineMaker(engine, device: device, mixedPrecision: mixedPrecision)
        maker.usesEightBits = eightBits
        try self.init(models: models, maker: maker, options: options, note: note)
    }

    public init(model: ModelBundle, device: Device = .cpu, mixedPrecision: DType? = nil, options: SegmenterOptions = SegmenterOptions()) throws {
        try self.init(models: [model], device: device, mixedPrecision: mixedPrecision, options: options)
    }

    /// The same models and engines with other options.
    public func with(_ options: SegmenterOptions) -> Segmenter {
        var memory = memory
        memory.stepFraction = options.stepFraction ?? plan.inference.stepFraction
        return Segmenter(engines: predictor.engines, plan: plan, memory: memory, options: options)
    }

    /// - Parameters:
    ///   - name: what errors call the scan.
    ///   - progress: called after each patch with the number done and to do; throwing from it stops the work.
    /// - Throws: `PreparationError` or `InferenceError` for a scan the model cannot take.
    public func segment(_ scan: Scan, name: String, progress: (Int, Int) throws -> Void = { _, _ in }) throws -> Segmentation {
        let start = Date()
        let nonFinite = scan.nonFiniteCount
        guard nonFinite == 0 else { throw InferenceError.nonFinite(scan: name, count: nonFinite) }
        guard scan.channels == plan.channelNames.count else {
            throw InferenceError.channels(scan: name, found: scan.channels, expected: plan.channelNames.count, names: plan.channelNames)
        }
        let (image, properties) = try prepare(scan, name: name)
        var result = try segment(image, of: properties, progress: progress)
        result.seconds = -start.timeIntervalSinceNow
        return result
    }

    /// The scan as the networks take it, [C, D, H, W], and what the way back to its own grid needs.
    /// - Throws: `PreparationError` for a scan the model cannot take.
    public func prepare(_ scan: Scan, name: String) throws -> (image: FloatArray, properties: CaseProperties) {
        try preparer.input(scan, name: name)
    }

    /// Segments a scan that has been prepared with the model's plan.
    ///
    /// Probabilities are restored to the scan's grid and decided there as soon as they are complete, on another thread, while the
    /// network goes on; they are never all in memory.
    /// - Parameters:
    ///   - image: [C, D, H, W], from `prepare(_:name:)`.
    ///   - probabilities: gets the probabilities of all outputs on the scan's grid, part by part, on another thread; nothing outside the crop.
    ///   - progress: called after each patch with the number done and to do; throwing from it stops the work.
    public func segment(
        _ image: FloatArray, of properties: CaseProperties, probabilities: (@Sendable (RestoredPart) throws -> Void)? = nil,
        progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> Segmentation {
        let start = Date()
        let stream = RestorationStream(of: properties, decision: plan.labels.decision)
        var waiting = 0.0
        var restoring: Background<Void>?
        func settle() throws {
            let start = Date()
            defer { waiting -= start.timeIntervalSinceNow }
            // Forgotten first: its result is handed over once, also when that is an error.
            let running = restoring
            restoring = nil
            try running?.take()
        }
        let networkStart = Date()
        do {
            try predictor.forEachSlab(of: image, progress: progress) { slab in
                try settle()
                restoring = Background { try slab.values.withUnsafeBufferPointer { try stream.add($0, write: probabilities) } }
            }
        } catch {
            try? settle()  // it writes where the caller is about to clean up
            throw error
        }
        let networkSeconds = -networkStart.timeIntervalSinceNow - waiting
        try settle()
        var labels = stream.takeLabels()
        if options.postProcesses { plan.postProcessing?.apply(to: &labels.voxels, size: labels.geometry.size) }
        if let structures = options.structures { labels.keep(only: structures) }
        return Segmentation(labels: labels, networkSeconds: networkSeconds, seconds: -start.timeIntervalSinceNow)
    }
}

extension Preparer {
    /// A prepared scan as an array [C, D, H, W].
    func input(_ scan: Scan, name: String) throws -> (image: FloatArray, properties: CaseProperties) {
        let prepared = try prepare(scan, name: name)
        return (FloatArray(prepared.image, shape: [prepared.properties.channels] + prepared.properties.size), prepared.properties)
    }
}

extension LabelMap {
    /// Makes every voxel background that belongs to none of the structures.
    mutating func keep(only structures: [LabelDefinition]) {
        let kept = Set(structures.flatMap(\.values))
        let table = (0..<(1 << 16)).map { kept.contains(Int(Int16(bitPattern: UInt16($0)))) }
        table.withUnsafeBufferPointer { table in
            voxels.withUnsafeMutableBufferPointer { voxels in
                var index = 0
                while index < voxels.count {
                    if !table[Int(UInt16(bitPattern: voxels[index]))] { voxels[index] = 0 }
                    index &+= 1
                }
            }
        }
    }
}
