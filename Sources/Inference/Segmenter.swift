import Foundation
public import Preparation
public import Torch
public import Volumes
import Layers
import Networks

/// Turns scans into masks with a trained model.
///
///     let segmenter = try Segmenter(model: ModelBundle(contentsOf: url))
///     let mask = try segmenter.segment(NIfTI.readScan(scan), name: "patient 7").labels
public final class Segmenter {
    /// The result of one scan.
    public struct Segmentation {
        /// One label a voxel, in the geometry of the scan.
        public var labels: LabelMap
        /// Seconds spent in the network, and in all.
        public var networkSeconds: Double
        public var seconds: Double
    }

    public let plan: Plan
    public var predictor: SlidingWindowPredictor
    private let preparer: Preparer

    /// - Parameters:
    ///   - models: bundles of one plan; the probabilities of several are averaged.
    ///   - mirroring: test-time mirroring as the plan says, or none.
    public init(
        models: [ModelBundle], device: Device = .cpu, mixedPrecision: DType? = nil, mirroring: Bool = true, stepFraction: Double? = nil
    ) throws {
        precondition(!models.isEmpty)
        plan = models[0].plan
        for model in models.dropFirst() where model.plan.preparationDigest != plan.preparationDigest || model.plan.patchSize != plan.patchSize {
            throw InferenceError.notABundle(
                path: model.url.path, problem: "its plan prepares scans differently from \(models[0].url.path), so the two cannot be averaged")
        }
        predictor = SlidingWindowPredictor(
            networks: try models.map { try $0.makeNetwork(device: device) }, plan: plan, device: device, mixedPrecision: mixedPrecision)
        if !mirroring { predictor.settings.mirrorAxes = [] }
        if let stepFraction { predictor.settings.stepFraction = stepFraction }
        preparer = Preparer(plan: plan)
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
        let prepared = try preparer.prepare(scan, name: name)
        let image = try Tensor(prepared.image, shape: [scan.channels] + prepared.properties.size)
        let networkStart = Date()
        let probabilities = try predictor.probabilities(of: image, progress: progress)
        let networkSeconds = -networkStart.timeIntervalSinceNow
        var labels = try preparer.restore(probabilities.array(of: Float.self), of: prepared.properties)
        plan.postProcessing?.apply(to: &labels.voxels, size: labels.geometry.size)
        return Segmentation(labels: labels, networkSeconds: networkSeconds, seconds: -start.timeIntervalSinceNow)
    }
}
