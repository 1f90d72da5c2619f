import Foundation
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
public final class Segmenter {
    /// The result of one scan.
    public struct Segmentation: Sendable {
        /// One label a voxel, in the geometry of the scan.
        public var labels: LabelMap
        /// Seconds spent in the network, and in all.
        public var networkSeconds: Double
        public var seconds: Double
    }

    public let plan: Plan
    public var predictor: SlidingWindowPredictor

    /// Structures to keep; every voxel that belongs to none of them becomes background. Nil: all.
    public var structures: [LabelDefinition]?

    /// Whether masks are cleaned up as the plan says.
    public var postProcesses = true

    /// About how much memory a scan takes.
    public let memory: SegmentationMemory

    /// What brings scans into the form the networks take.
    let preparer: Preparer

    /// - Parameters:
    ///   - models: bundles of one plan; the probabilities of several, such as the folds of a cross-validation, are averaged.
    ///   - maker: what makes their engines.
    ///   - mirroring: test-time mirroring as the plan says, or none.
    ///   - note: told why an engine that was wanted is not used, in a sentence.
    public init(
        models: [ModelBundle], maker: EngineMaker, mirroring: Bool = true, stepFraction: Double? = nil, note: (String) -> Void = { _ in }
    ) throws {
        precondition(!models.isEmpty)
        plan = models[0].plan
        for model in models.dropFirst() where model.plan.preparationDigest != plan.preparationDigest || model.plan.patchSize != plan.patchSize {
            throw InferenceError.notABundle(
                path: model.url.path, problem: "its plan prepares scans differently from \(models[0].url.path), so the two cannot be averaged")
        }
        predictor = SlidingWindowPredictor(engines: try models.map { try maker.engine(for: $0, note: note) }, plan: plan, device: maker.device)
        if !mirroring { predictor.settings.mirrorAxes = [] }
        if let stepFraction { predictor.settings.stepFraction = stepFraction }
        preparer = Preparer(plan: plan)
        let compiled = predictor.engines.compactMap { $0 as? CompiledEngine }
        memory = SegmentationMemory(
            plan: plan, network: models[0].network, parameters: predictor.engines.reduce(0) { $0 + $1.parameterCount },
            stepFraction: predictor.settings.stepFraction,
            engine: compiled.isEmpty ? .torch : .compiled(count: compiled.count, anew: compiled.contains { !$0.cameFromCache }),
            isHalf: maker.mixedPrecision != nil && (compiled.isEmpty || maker.processor.hasBFloat16), isOnHost: maker.device == .cpu)
    }

    /// A segmenter with a network in memory, such as one in training, computed by libtorch.
    public init(network: any SegmentationNetwork, plan: Plan, device: Device = .cpu, mixedPrecision: DType? = nil) throws {
        self.plan = plan
        predictor = SlidingWindowPredictor(networks: [network], plan: plan, device: device, mixedPrecision: mixedPrecision)
        preparer = Preparer(plan: plan)
        memory = SegmentationMemory(
            plan: plan, network: try plan.networkDescription(), parameters: network.store.parameterCount,
            stepFraction: predictor.settings.stepFraction, engine: .torch, isHalf: mixedPrecision != nil, isOnHost: device == .cpu)
    }

    /// - Parameters:
    ///   - engine: what computes; libtorch unless another is wanted.
    ///   - eightBits: whether models made for 8 bits are computed so by the compiled engine, where the processor can.
    public convenience init(
        models: [ModelBundle], engine: EngineChoice = .torch, device: Device = .cpu, mixedPrecision: DType? = nil, eightBits: Bool = false,
        mirroring: Bool = true, stepFraction: Double? = nil, note: (String) -> Void = { _ in }
    ) throws {
        var maker = EngineMaker(engine, device: device, mixedPrecision: mixedPrecision)
        maker.usesEightBits = eightBits
        try self.init(models: models, maker: maker, mirroring: mirroring, stepFraction: stepFraction, note: note)
    }

    public convenience init(model: ModelBundle, device: Device = .cpu, mixedPrecision: DType? = nil, mirroring: Bool = true) throws {
        try self.init(models: [model], device: device, mixedPrecision: mixedPrecision, mirroring: mirroring)
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

    /// The scan as the networks take it, and what leads back.
    /// - Throws: `PreparationError` for a scan the model cannot take.
    public func prepare(_ scan: Scan, name: String) throws -> (image: Tensor, properties: CaseProperties) {
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
        _ image: Tensor, of properties: CaseProperties, probabilities: (@Sendable (RestoredPart) throws -> Void)? = nil,
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
                restoring = Background { try slab.withUnsafeElements(of: Float.self) { try stream.add($0, write: probabilities) } }
            }
        } catch {
            try? settle()  // it writes where the caller is about to clean up
            throw error
        }
        let networkSeconds = -networkStart.timeIntervalSinceNow - waiting
        try settle()
        var labels = stream.takeLabels()
        if postProcesses { plan.postProcessing?.apply(to: &labels.voxels, size: labels.geometry.size) }
        if let structures { labels.keep(only: structures) }
        return Segmentation(labels: labels, networkSeconds: networkSeconds, seconds: -start.timeIntervalSinceNow)
    }
}

extension Preparer {
    /// A prepared scan as a tensor [C, D, H, W].
    func input(_ scan: Scan, name: String) throws -> (image: Tensor, properties: CaseProperties) {
        let prepared = try prepare(scan, name: name)
        return (try Tensor(prepared.image, shape: [prepared.properties.channels] + prepared.properties.size), prepared.properties)
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
