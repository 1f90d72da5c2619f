public import Foundation
public import Logging
public import UNETREngines
import UNETREvaluation
import UNETRInference
import UNETRModels
import UNETRPictures
import UNETRPlanning
import UNETRPreparation
public import UNETRSupport
public import UNETRTorch
import UNETRTorchEngine
import UNETRVolumes

/// The segmentation of labeled scans with a model, each compared with its expert's labels, in figures and in a picture.
public struct Demonstration: Sendable {
    /// What is shown with what.
    public struct Options: Sendable {
        /// A data set's folder, with labels.
        public var data: URL
        /// A model bundle.
        public var model: URL
        /// A folder for masks and pictures.
        public var output: URL
        /// Whether files that are there already are replaced.
        public var replaces = false
        /// Which engine is wanted.
        public var engine = EngineChoice.auto
        /// Whether a model that was made for 8 bits is computed so where that is possible.
        public var eightBits = true
        /// Where it computes.
        public var device = Device.cpu
        /// What products and convolutions are computed in.
        public var precision = Precision.automatic

        /// Options with the usual settings.
        public init(data: URL, model: URL, output: URL) {
            self.data = data
            self.model = model
            self.output = output
        }
    }

    /// What came out of one scan.
    public struct Outcome: Encodable, Sendable {
        /// The case.
        public var `case`: String
        /// Dice of each structure; nil where neither mask has it.
        public var dice: [String: Double?]
        /// Volume of each structure in ml, as found and by the expert.
        public var millilitres: [String: Double]
        /// Volume of each structure in ml, by the expert.
        public var expertMillilitres: [String: Double]
        /// Seconds for the scan.
        public var seconds: Double
        /// Paths of the files.
        public var mask: String
        /// Path of the picture.
        public var picture: String
    }

    /// What happens; the last event is `finished`.
    public enum Event: Sendable {
        /// A scan is done.
        case done(Outcome, number: Int, of: Int)
        /// All outcomes, and the names of the structures in the model's order.
        case finished([Outcome], structures: [String])
    }

    /// What is shown.
    public let options: Options

    /// Gets notes about engines that cannot be used.
    let logger: Logger

    /// A demonstration with these options.
    public init(_ options: Options, logger: Logger) {
        self.options = options
        self.logger = logger
    }

    /// The workflow as a job.
    ///
    /// - Throws: `OutputError` before the work; `WorkflowError.unlabeledScan`; what reading and segmenting scans throws.
    public func job() -> LongJob<Event> { LongJob { try run($0) } }

    private func run(_ report: @escaping LongJob<Event>.Report) throws {
        let dataset = try Dataset(contentsOf: options.data)
        for scanCase in dataset.cases {
            for file in [maskFile(scanCase), pictureFile(scanCase)] { try OutputRule(replaces: options.replaces).check(file: file) }
        }
        let settings = EngineSettings(
            options.engine, device: options.device, mixedPrecision: options.precision.mixed(on: options.device), usesEightBits: options.eightBits)
        let segmenter = try Segmenter(model: ModelBundle(contentsOf: options.model), engines: .all, settings: settings) { logger.notice("\($0)") }
        let structures = segmenter.plan.labels.foreground
        let evaluator = Evaluator(classes: structures, surfaces: false)
        var outcomes: [Outcome] = []
        for scanCase in dataset.cases {
            try Cancellation.check()
            let outcome = try process(scanCase, segmenter, evaluator, structures)
            outcomes.append(outcome)
            try report(.done(outcome, number: outcomes.count, of: dataset.cases.count))
        }
        try report(.finished(outcomes, structures: structures.map(\.name)))
    }

    private func maskFile(_ scanCase: DatasetCase) -> URL {
        options.output.appending(path: scanCase.name + VolumeFile.maskEnding(for: scanCase.imageURLs[0]))
    }

    private func pictureFile(_ scanCase: DatasetCase) -> URL { options.output.appending(path: "\(scanCase.name).png") }

    private func process(
        _ scanCase: DatasetCase, _ segmenter: Segmenter, _ evaluator: Evaluator, _ structures: [LabelDefinition]
    ) throws -> Outcome {
        let scan = try scanCase.readScan(channelNames: segmenter.plan.channelNames)
        guard let expert = try scanCase.readLabels(on: scan.geometry, as: segmenter.plan.labels) else {
            throw WorkflowError.unlabeledScan(name: scanCase.name, folder: options.data.path)
        }
        let result = try segmenter.segment(scan, name: scanCase.name)
        let metrics = try evaluator.evaluate(result.labels, against: expert, case: scanCase.name)
        let (mask, picture) = (maskFile(scanCase), pictureFile(scanCase))
        try VolumeFile.write(labels: result.labels, like: VolumeFile.readHeader(scanCase.imageURLs[0]), to: mask)

        func byName<Value>(_ value: (LabelDefinition) -> Value) -> [String: Value] {
            Dictionary(structures.map { ($0.name, value($0)) }) { first, _ in first }
        }
        let dice = byName { label in metrics.classes[label.key]?.dice }
        let found = byName { label in label.values.reduce(0) { $0 + result.labels.millilitres(of: Int16($1)) } }
        let drawn = structures.enumerated().map { index, label in
            OverlayLabel(
                value: Int16(label.values[0]), name: label.name, color: label.color.flatMap(Color.init(hex:)) ?? .distinct(index),
                note: String(format: "%.2f ml, Dice %.3f", found[label.name] ?? 0, (dice[label.name] ?? nil) ?? .nan))
        }
        var overlay = Overlay(title: scanCase.name, subtitle: "UNETR++ in color, expert as outline", labels: drawn)
        overlay.referenceName = "expert (outline)"
        let input = OverlayInput(
            size: scan.geometry.size, spacing: scan.geometry.spacing, orientation: scan.geometry.orientation, intensities: scan.voxels,
            labels: result.labels.voxels, reference: expert.voxels)
        try overlay.render(input).writePNG(to: picture)
        return Outcome(
            case: scanCase.name, dice: dice, millilitres: found,
            expertMillilitres: byName { label in label.values.reduce(0) { $0 + expert.millilitres(of: Int16($1)) } },
            seconds: result.seconds, mask: mask.path, picture: picture.path)
    }
}
