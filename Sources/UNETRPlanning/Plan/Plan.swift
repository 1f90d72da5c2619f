public import Foundation
public import UNETRArchitectures
public import UNETRSupport
public import UNETRVolumes

/// Everything that a scan meets on its way into a network and back: one readable file, `plan.json`.
///
/// Lists with one entry an axis (`targetSpacing`, `patchSize`) are in the order of the prepared volume, after `axisOrder`.
public struct Plan: Equatable, Sendable {
    /// Version of the file's form that this code writes. Version 1 is read as well; its keys were spelled `normalisation` and `colour`.
    public static let version = 2

    /// Name of the data set the plan was made for.
    public var dataset: String

    /// What the channels are, such as ["MRI"] or ["CT"].
    public var channelNames: [String]

    /// The structures to segment.
    public var labels: LabelSet

    /// Whether the network sees one slice at a time: the slices of a prepared volume are then as far apart as the scan's own, and a patch has
    /// a depth of 1. nnU-Net calls this configuration `2d`.
    public var isTwoDimensional: Bool

    /// Voxel spacing of prepared volumes in mm. The first one says nothing where `isTwoDimensional`.
    public var targetSpacing: [Double]

    /// The directions in which a scan's file axes are made to run before all else, such as "RAS"; its mask goes back. Nil: as stored.
    public var orientation: AxisCodes?

    /// Order of the scan's axes in the prepared volume, after it was turned to `orientation`.
    public var axisOrder: AxisOrder

    /// Voxels of one network input.
    public var patchSize: Size3

    /// Patches in a training step.
    public var batchSize: Int

    /// One entry for each channel.
    public var normalization: [IntensityNormalization]

    /// The arithmetic of resampling.
    public var compatibility: Compatibility

    /// The network; nil where a plan was taken over from a program whose network is not known here. `networkDescription` checks it.
    public var network: NetworkDescription?

    /// How predictions are put together.
    public var inference: InferenceSettings

    /// Clean-up of predicted masks, decided on cross-validation results; nil: none.
    public var postProcessing: PostProcessing?

    /// A plan from its parts, validated.
    ///
    /// - Throws: `PlanError.invalid`.
    public init(
        dataset: String, channelNames: [String], labels: LabelSet, isTwoDimensional: Bool = false, targetSpacing: [Double],
        orientation: AxisCodes? = nil,
        axisOrder: AxisOrder = .identity, patchSize: Size3, batchSize: Int = 2, normalization: [IntensityNormalization], compatibility: Compatibility = .modern,
        network: NetworkDescription? = nil, inference: InferenceSettings = InferenceSettings(), postProcessing: PostProcessing? = nil
    ) throws {
        self.dataset = dataset
        self.channelNames = channelNames
        self.labels = labels
        self.isTwoDimensional = isTwoDimensional
        self.targetSpacing = targetSpacing
        self.orientation = orientation
        self.axisOrder = axisOrder
        self.patchSize = patchSize
        self.batchSize = batchSize
        self.normalization = normalization
        self.compatibility = compatibility
        self.network = network
        self.inference = inference
        self.postProcessing = postProcessing
        try validate()
    }

    /// Reads and validates a plan.
    /// - Throws: `PlanError`, a sentence with the field, what it holds and what it should.
    public init(contentsOf url: URL) throws { self = try Self.decode(Self.self, from: url) }

    /// Decodes a file that holds a plan.
    /// - Throws: `PlanError`, as `init(contentsOf:)` does.
    package static func decode<Value: Decodable>(_: Value.Type, from url: URL) throws -> Value {
        let data: Data
        do { data = try InputFile.contents(of: url, most: Self.mostBytes) } catch let error as FileError {
            throw PlanError.unreadable(path: url.path, problem: "the file \(error.problem)")
        }
        do { return try JSONText.decode(from: data) } catch let error as PlanError {
            throw PlanError.inFile(path: url.path, problem: "\(error)")
        } catch let error as ConfigurationError {
            throw PlanError.inFile(path: url.path, problem: "the plan's network: \(error)")
        } catch let error as JSONProblem {
            throw PlanError.unreadable(path: url.path, problem: error.sentence)
        }
    }

    /// No plan is longer; a file that is, is something else.
    static let mostBytes = 64 << 20

    /// The plan as JSON, keys sorted.
    public func json() throws -> Data { try JSONText.encode(self) }

    /// Writes the plan, atomically.
    public func write(to url: URL) throws { try AtomicFile.write(json(), to: url) }

    /// A short text that changes whenever a setting changes that prepared cases depend on.
    public var preparationDigest: String {
        let relevant = PreparationSettings(
            channels: channelNames.count, labels: labels.foregroundValues, spacing: targetSpacing, axes: axisOrder,
            orientation: orientation?.text, normalization: normalization, compatibility: compatibility,
            dimensions: isTwoDimensional ? 2 : nil)
        var hash = FNV1a()
        for byte in (try? JSONText.encode(relevant, .plainLine)) ?? Data() { hash.add(UInt64(byte)) }
        return hash.text
    }

    private struct PreparationSettings: Encodable {
        let channels: Int
        let labels: [Int]
        let spacing: [Double]
        let axes: AxisOrder
        let orientation: String?
        let normalization: [IntensityNormalization]
        let compatibility: Compatibility
        /// Nil for three, which is what files say nothing about.
        let dimensions: Int?

        /// The keys of version 1: the digests of cases that were prepared before stay valid.
        private enum CodingKeys: String, CodingKey {
            case channels, labels, spacing, axes, orientation, compatibility, dimensions
            case normalization = "normalisation"
        }
    }
}
