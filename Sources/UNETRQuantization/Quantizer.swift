public import Foundation
import UNETRArchitectures
public import UNETREngines
import UNETREvaluation
import UNETRInference
public import UNETRModels
import UNETROpenVINO
import UNETRPlanning
public import UNETRPreparation
import UNETRSupport
import UNETRVolumes

/// Makes a model ready to be computed in 8 bits by the compiled engine.
///
///     let quantizer = try Quantizer(ModelBundle(contentsOf: model), scans: scans)
///     var quantization = try quantizer.calibrate()
///     quantization.report = try quantizer.compare(quantization)
///     try quantizer.save(quantization, to: target)
///
/// Weights become whole numbers with a scale for each output channel; activations become whole numbers on ranges measured on real scans.
/// Everything but the convolutions over neighbors (`Graph.eightBitConvolutions`) stays in bfloat16 where the processor has it, else in float32; so do the full-resolution blocks
/// where they run in kernels of their own.
public struct Quantizer: Sendable {
    /// The mean Dice of the masks against those of float32 under which a model is not saved.
    public static let requiredAgreement = 0.995

    /// The model.
    public let bundle: ModelBundle
    /// The scans for calibration.
    public let scans: [DatasetCase]

    /// Patches that ranges are measured on, in all; but at least one of each scan.
    public let patchLimit: Int

    /// Threads, cache and place of OpenVINO; the rest is what 8 bits need.
    private let settings: EngineSettings
    private let provider: OpenVINOProvider
    private let library: OpenVINOLibrary.Loaded
    private let weightsDigest: String

    /// - Parameters:
    ///   - provider: what makes the compiled engines.
    ///   - settings: of these threads, cache and the place of OpenVINO count.
    ///   - patchLimit: the greatest number of patches that ranges are measured on.
    ///   - bundle: the float32 model.
    ///   - scans: scans like those that the model will see; they need no labels.
    /// - Throws: `OpenVINOError` where OpenVINO is absent; `QuantizationError` for other networks and processors, or no scans.
    public init(
        _ bundle: ModelBundle, scans: [DatasetCase], provider: OpenVINOProvider = OpenVINOProvider(), settings: EngineSettings = EngineSettings(),
        patchLimit: Int = 64
    ) throws {
        guard bundle.network.hasGraph else { throw QuantizationError.architecture(bundle.network.architecture.rawValue) }
        guard Processor.current.hasEightBitProducts else { throw QuantizationError.processor }
        guard !scans.isEmpty else { throw QuantizationError.noScans }
        self.bundle = bundle
        self.scans = scans
        self.patchLimit = patchLimit
        self.provider = provider
        var own = EngineSettings(.compiled, threads: settings.threads)
        (own.cache, own.openVINO) = (settings.cache, settings.openVINO)
        self.settings = own
        library = try provider.loadOpenVINO(from: settings.openVINO)
        try bundle.weights.check()
        weightsDigest = try bundle.weights.claimed().text
    }

    /// Measures the ranges on the fullest windows of each scan.
    /// - Parameter progress: called after each scan.
    /// - Throws: what reading and preparing a scan throws; `QuantizationError.nonFinite`, `.nothingToGain`.
    public func calibrate(_ progress: (DatasetCase) throws -> Void = { _ in }) throws -> Quantization {
        let observer = try RangeObserver(bundle, threads: settings.threads)
        let predictor = SlidingWindowPredictor(engines: [], plan: bundle.plan), preparer = Preparer(plan: bundle.plan)
        for scan in scans {
            let (image, _) = try preparer.input(scan.readScan(channelNames: bundle.plan.channelNames), name: scan.imageURLs[0].path)
            for patch in predictor.task(of: image).fullestWindows(atMost: max(1, patchLimit / scans.count)) { try observer.observe(patch) }
            try progress(scan)
        }
        return Quantization(weights: weightsDigest, ranges: observer.ranges, scans: scans.map(\.name), patches: observer.patches)
    }

    /// Segments every scan in float32 and in 8 bits, without mirroring, and compares the masks.
    /// - Parameter progress: called after each scan.
    /// - Parameter quantization: the measured ranges.
    public func compare(_ quantization: Quantization, _ progress: (DatasetCase) throws -> Void = { _ in }) throws -> QuantizationReport {
        let segmenter = try Segmenter(
            model: bundle, engines: EngineRegistry([provider]), settings: settings, options: SegmenterOptions(mirroring: false))
        let segmenters = [segmenter, try inEightBits(segmenter, quantization)]
        let structures = bundle.plan.labels.foreground
        let classes = structures
        let evaluator = Evaluator(classes: classes)
        var figures = structures.map { _ in [(dice: Double, hd95: Double)]() }
        var seconds: [[Double]] = [[], []]
        for scan in scans {
            let (image, properties) = try segmenter.prepare(
                scan.readScan(channelNames: bundle.plan.channelNames), name: scan.imageURLs[0].path)
            let masks = try segmenters.enumerated().map { index, segmenter in
                var patches = 1
                let result = try segmenter.segment(image, of: properties, progress: { _, total in patches = total })
                seconds[index].append(result.networkSeconds / Double(patches))
                return result.labels
            }
            let metrics = try evaluator.evaluate(masks[1], against: masks[0], case: scan.name)
            for (index, scored) in classes.enumerated() {
                guard let figure = metrics.classes[scored.key], let dice = figure.dice else { continue }
                figures[index].append((dice, figure.surface?.hd95 ?? metrics.diagonal))
            }
            try progress(scan)
        }
        let medians = seconds.map { $0.sorted()[$0.count / 2] }
        return QuantizationReport(structures.map(\.name), figures, secondsInFloat32: medians[0], secondsInEightBits: medians[1])
    }

    /// The same segmenter with the network in 8 bits.
    private func inEightBits(_ segmenter: Segmenter, _ quantization: Quantization) throws -> Segmenter {
        let engine = try CompiledEngine(
            bundle.network, weights: { try bundle.state() }, weightsDigest: weightsDigest, library: library,
            precision: Processor.current.hasBFloat16 ? .bfloat16 : .float32, eightBits: quantization.ranges, threads: settings.threads,
            cache: settings.cache)
        return Segmenter(engines: [engine], plan: bundle.plan, memory: segmenter.memory.engine, options: segmenter.options)
    }

    /// Writes the model with `quantization.json` and a section about it in its card, in one move.
    ///
    /// - Parameters:
    ///   - disagreeing: whether it is saved even if the masks agree less than `requiredAgreement`, or were not compared.
    ///   - replacing: whether it may take the place of what is there already.
    ///   - quantization: the measured ranges.
    ///   - url: the folder of the new bundle.
    /// - Throws: `QuantizationError.disagreement`, `.nothingToCompare`; `.exists` if there is something at the place already; `FileError`.
    @discardableResult
    public func save(
        _ quantization: Quantization, to url: URL, evenIf disagreeing: Bool = false, replacing: Bool = false
    ) throws -> ModelBundle {
        let files = FileManager.default
        guard replacing || !files.fileExists(atPath: url.path) else { throw QuantizationError.exists(path: url.path) }
        if !disagreeing {
            guard let agreement = quantization.report?.agreement else { throw QuantizationError.nothingToCompare(scans: scans.count) }
            guard agreement >= Self.requiredAgreement else {
                throw QuantizationError.disagreement(found: agreement, limit: Self.requiredAgreement)
            }
        }
        try ModelBundle.replace(url) { folder in
            let source = bundle.url.resolvingSymlinksInPath()
            try AtomicFile.makeFolder(folder)
            for name in try BundleDigests.names(in: source) where name != Quantization.earlierFileName {
                try files.copyItem(at: source.appending(path: name).resolvingSymlinksInPath(), to: folder.appending(path: name))
            }
            try quantization.write(to: folder.appending(path: Quantization.fileName))
            let card = folder.appending(path: ModelBundle.cardFile)
            if let section = quantization.report?.cardSection(scans: quantization.scans.count, patches: quantization.patches) {
                let text = (try? String(contentsOf: card, encoding: .utf8)) ?? ""
                try AtomicFile.write(Data((Self.withoutSection(text) + section).utf8), to: card)
            }
            try BundleDigests(measuring: folder).write(to: folder)
        }
        return try ModelBundle(contentsOf: url)
    }

    /// A card without the section of an earlier calibration, which ends it.
    private static func withoutSection(_ card: String) -> String {
        let text = card.range(of: "\n## 8 bits\n").map { String(card[..<$0.lowerBound]) } ?? card
        return text.trimmingCharacters(in: .newlines)
    }
}
