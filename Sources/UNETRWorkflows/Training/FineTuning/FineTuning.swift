public import Foundation
import UNETRArchitectures
public import UNETRModels
import UNETRNetworks
import UNETRPlanning
import UNETRPreparation
import UNETRTorch
public import UNETRTraining
import UNETRVolumes

/// A model that is tuned further on a data set, and how.
public struct FineTuning: Sendable {
    /// A bundle, or another tool's model.
    public var model: URL
    /// Which of several networks of another tool's model is meant.
    public var choice = ModelChoice()
    /// What opens the model.
    public var opener = ModelOpener()
    /// What keeps its weights; nil: by the number of training cases.
    public var freeze: TrainingConfiguration.FrozenPart?
    /// The rate of each stage of the encoder as a part of the next one's; nil: by the number of training cases.
    public var layerDecay: Double?

    /// A model to tune with the usual settings.
    public init(model: URL) { self.model = model }

    /// The model's only network.
    /// - Throws: `WorkflowError.severalNetworks`, and what opening the model throws.
    func open() throws -> ModelBundle {
        let bundles = try opener.open(model, choice).bundles
        guard bundles.count == 1 else { throw WorkflowError.severalNetworks(path: model.path, count: bundles.count) }
        return bundles[0]
    }

    /// What a run records of the model.
    func record(of bundle: ModelBundle, notes: [String] = []) throws -> TrainingRun.TunedModel {
        TrainingRun.TunedModel(name: model.lastPathComponent, digest: try bundle.weightsDigest().text, notes: notes)
    }

    /// Writes the first weights of a run, made from the model's.
    ///
    /// - Returns: what was not taken over as it was, in sentences.
    static func writeWeights(of model: ModelBundle, for plan: Plan, seed: UInt64, to url: URL) throws -> [String] {
        let outputs = OutputMatch(from: model.plan.labels, to: plan.labels)
        let transfer = WeightTransfer(from: model.network, to: try plan.networkDescription(), outputs: outputs.former)
        let result = try transfer.apply(to: model.state(), generator: Generator(seed: seed))
        try WeightsFile.write(result.state, to: url)
        return outputs.notes + result.notes + differences(model, plan)
    }

    /// What of the model's plan does not hold for the new one.
    private static func differences(_ model: ModelBundle, _ new: Plan) -> [String] {
        let old = model.plan
        func mm(_ plan: Plan) -> String { plan.targetSpacing.map { String(format: "%g", $0) }.joined(separator: " × ") + " mm" }
        func schemes(_ plan: Plan) -> String { plan.normalization.map(\.scheme.rawValue).joined(separator: ", ") }
        func orientation(_ plan: Plan) -> String { plan.orientation.map { "turned to \($0.text)" } ?? "taken as stored" }
        var lines: [String] = []
        if old.targetSpacing != new.targetSpacing { lines.append("voxels are \(mm(new)) instead of \(mm(old))") }
        if old.patchSize != new.patchSize { lines.append("the patch is \(new.patchSize) instead of \(old.patchSize)") }
        if old.channelNames != new.channelNames {
            lines.append("the channels are \(new.channelNames.joined(separator: ", ")) instead of \(old.channelNames.joined(separator: ", "))")
        }
        if schemes(old) != schemes(new) {
            lines.append("intensities are normalized by \(schemes(new)) instead of \(schemes(old))")
        } else if old.normalization != new.normalization {
            lines.append("intensities are normalized by numbers of the new data instead of the model's")
        }
        if old.orientation != new.orientation { lines.append("scans are \(orientation(new)) instead of \(orientation(old))") }
        if old.axisOrder != new.axisOrder { lines.append("the axes of scans are in another order than the model's") }
        if old.compatibility != new.compatibility { lines.append("scans are resampled in another way than the model's") }
        if old.postProcessing != nil { lines.append("the model's clean-up of masks is left out") }
        if model.isQuantized { lines.append("the model's numbers for 8 bits are left out") }
        return lines
    }
}

/// Which outputs of a network go on from those of another: the ones of the same name, whatever its case.
struct OutputMatch: Equatable {
    /// For each new output the number of the old one; nil: it begins anew.
    let former: [Int?]
    /// What is told about them.
    let notes: [String]

    init(from old: LabelSet, to new: LabelSet) {
        let (oldNames, newNames) = (Self.names(old), Self.names(new))
        let matches = newNames.map { name in oldNames.firstIndex { $0.lowercased() == name.lowercased() } }
        former = matches
        let fresh = zip(newNames, matches).filter { $0.1 == nil }.map(\.0)
        let left = oldNames.indices.filter { !matches.contains($0) }.map { oldNames[$0] }
        var notes: [String] = []
        if !fresh.isEmpty { notes.append("the outputs for \(fresh.joined(separator: ", ")) begin anew") }
        if !left.isEmpty { notes.append("the model's outputs for \(left.joined(separator: ", ")) are left out") }
        if old.hasRegions != new.hasRegions {
            notes.append(new.hasRegions ? "outputs decide about regions instead of classes" : "outputs decide about classes instead of regions")
        }
        self.notes = notes
    }

    /// A name for each output of a network.
    private static func names(_ labels: LabelSet) -> [String] {
        (labels.hasRegions ? labels.foreground : labels.definitions).map { $0.isBackground ? "background" : $0.name }
    }
}
