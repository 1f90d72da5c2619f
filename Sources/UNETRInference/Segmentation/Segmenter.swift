import Foundation
public import UNETREngines
public import UNETRModels
public import UNETRPlanning
public import UNETRPreparation
import UNETRSupport
public import UNETRVolumes

/// Turns scans into masks with a trained model.
///
///     let segmenter = try Segmenter(model: ModelBundle(contentsOf: url), engines: .all)
///     let mask = try segmenter.segment(NIfTI.readScan(scan), name: "patient 7").labels
///
/// May be used by several threads; an engine computes one window after the other.
public struct Segmenter: Sendable {
    /// The result of one scan.
    public struct Segmentation: Sendable {
        /// One label per voxel, in the geometry of the scan.
        public var labels: LabelMap
        /// Seconds spent in the network, and in all.
        public var networkSeconds: Double
        /// Seconds for the scan.
        public var seconds: Double
        /// How many windows were computed where some were left out; nil where none was.
        public var windows: WindowShare?
        /// How far the scan lies from those that the model was trained on; nil for a model that does not know.
        public var trainingDistance: TrainingDistance?
    }

    /// The plan of the models.
    public let plan: Plan
    /// How it segments.
    public let options: SegmenterOptions
    /// The sliding window.
    public let predictor: SlidingWindowPredictor

    /// About how much memory a scan takes.
    public let memory: SegmentationMemory

    /// What the training scans are like; nil for a model that does not say. Of several models it is that of the first that does.
    public let profile: TrainingProfile?

    /// What brings scans into the form the networks take.
    let preparer: Preparer

    /// - Parameters:
    ///   - models: bundles of one plan; the probabilities of several, such as the folds of a cross-validation, are averaged.
    ///   - engines: the kinds of engines to choose from.
    ///   - settings: what is wanted of the engine.
    ///   - note: told why an engine that was wanted is not used, in a sentence.
    ///   - options: how it is done.
    /// - Throws: `InferenceError.differentPlans`; `EngineError` where no engine can compute the models; what reading the models throws.
    public init(
        models: [ModelBundle], engines: EngineRegistry, settings: EngineSettings = EngineSettings(), options: SegmenterOptions = SegmenterOptions(),
        note: (String) -> Void = { _ in }
    ) throws {
        precondition(!models.isEmpty)
        let plan = models[0].plan
        for model in models.dropFirst() where !model.plan.agrees(with: plan) {
            throw InferenceError.differentPlans(path: model.url.path, first: models[0].url.path)
        }
        let (engines, memory) = try engines.engines(for: models, settings, note: note)
        let profile = try models.lazy.compactMap { try $0.trainingProfile() }.first
        self.init(engines: engines, plan: plan, memory: memory, options: options.with(threads: settings.threads), profile: profile)
    }

    /// The same for one model.
    public init(
        model: ModelBundle, engines: EngineRegistry, settings: EngineSettings = EngineSettings(), options: SegmenterOptions = SegmenterOptions(),
        note: (String) -> Void = { _ in }
    ) throws {
        try self.init(models: [model], engines: engines, settings: settings, options: options, note: note)
    }

    /// A segmenter with engines that are there already, such as that of a network in training.
    /// - Parameter memory: what the engines take.
    /// - Parameter plan: how scans are prepared, and what the outputs mean.
    /// - Parameter engines: the engines whose results are averaged.
    /// - Parameter options: how it is done.
    /// - Parameter profile: what the training scans are like.
    public init(
        engines: [any PatchEngine], plan: Plan, memory: EngineMemory, options: SegmenterOptions = SegmenterOptions(), profile: TrainingProfile? = nil
    ) {
        let settings = options.settings(for: plan)
        self.profile = profile
        self.plan = plan
        self.options = options
        self.memory = SegmentationMemory(plan: plan, stepFraction: settings.stepFraction, engine: memory)
        predictor = SlidingWindowPredictor(
            engines: engines, plan: plan, settings: settings, reusesConstantWindows: options.reusesConstantWindows, threads: options.threads)
        preparer = Preparer(plan: plan)
    }

    /// The same models and engines with other options.
    public func with(_ options: SegmenterOptions) -> Segmenter {
        Segmenter(engines: predictor.engines, plan: plan, memory: memory.engine, options: options.with(threads: self.options.threads), profile: profile)
    }

    /// - Parameters:
    ///   - name: what errors call the scan.
    ///   - progress: called after each patch with the number done and to do; throwing from it stops the work.
    ///   - scan: a scan with the plan's channels, on any grid.
    /// - Throws: `PreparationError` or `InferenceError` for a scan the model cannot take.
    public func segment(_ scan: Scan, name: String, progress: (Int, Int) throws -> Void = { _, _ in }) throws -> Segmentation {
        let start = Date()
        try check(scan, name: name)
        let (image, properties) = try prepare(scan, name: name)
        var result = try segment(image, of: properties, progress: progress)
        result.seconds = -start.timeIntervalSinceNow
        return result
    }

    /// That a scan has numbers only, and the model's channels.
    func check(_ scan: Scan, name: String) throws {
        let nonFinite = scan.nonFiniteCount
        guard nonFinite == 0 else { throw InferenceError.nonFinite(scan: name, count: nonFinite) }
        guard scan.channels == plan.channelNames.count else {
            throw InferenceError.channels(scan: name, found: scan.channels, expected: plan.channelNames.count, names: plan.channelNames)
        }
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
    ///   - region: a box of the scan, outside of which there is background; windows that do not meet it are left out. Within it the mask is that of the
    ///     whole scan, until it is cleaned up. Nil: the whole scan.
    ///   - properties: geometry and crop of the case.
    public func segment(
        _ image: FloatArray, of properties: CaseProperties, within region: CropBox? = nil, probabilities: (@Sendable (RestoredPart) throws -> Void)? = nil,
        progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> Segmentation {
        let start = Date()
        let way = WayBack(plan, predictor.settings, of: properties, threads: options.threads, probabilities: probabilities)
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
        // A region outside of the data is empty.
        let box = region.map { properties.prepared($0) ?? CropBox(lower: [0, 0, 0], upper: [1, 1, 1]) }
        var blank = box.map {
            RegionBlank($0, outputs: plan.labels.outputCount, isLogits: predictor.settings.aggregation == .logits, areRegions: plan.labels.hasRegions)
        }
        do {
            try predictor.forEachSlab(of: image, within: box, progress: progress) { slab in
                let slab = blank?.apply(to: slab) ?? slab
                try settle()
                restoring = Background { try way.add(slab) }
            }
        } catch {
            try? settle()  // it writes where the caller is about to clean up
            throw error
        }
        let networkSeconds = -networkStart.timeIntervalSinceNow - waiting
        try settle()
        let cleaning = options.postProcesses ? plan.postProcessing : nil, cleansLater = region != nil && cleaning?.grid == .scan
        var labels = try way.takeLabels(cleaning: cleansLater ? nil : cleaning)
        if let region {
            labels.clear(outside: region)
            if cleansLater { cleaning?.apply(to: &labels.voxels, size: labels.geometry.size) }
        }
        if let structures = options.structures { labels.keep(only: structures) }
        let share = box.map { box in
            let window = predictor.task(of: image).window, corners = window.corners
            return WindowShare(computed: corners.count { box.meets($0, of: window) }, all: corners.count)
        }
        return Segmentation(
            labels: labels, networkSeconds: networkSeconds, seconds: -start.timeIntervalSinceNow, windows: share,
            trainingDistance: trainingDistance(of: image, properties))
    }

    private func trainingDistance(of image: FloatArray, _ properties: CaseProperties) -> TrainingDistance? {
        guard let profile else { return nil }
        return profile.distance(of: image.values.withUnsafeBufferPointer { ScanProfile($0, properties) }, channels: plan.channelNames)
    }
}

extension Preparer {
    /// A prepared scan as an array [C, D, H, W].
    package func input(_ scan: Scan, name: String) throws -> (image: FloatArray, properties: CaseProperties) {
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
