import UNETREngines
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

/// The way of averaged outputs from the prepared grid to a mask on the grid of the scan, as a plan says (`InferenceSettings.restored`).
///
/// Slices are taken one part after the other and never all held: what is kept are two slices of outputs, or the labels of the prepared volume.
final class WayBack: @unchecked Sendable {
    typealias Writer = @Sendable (RestoredPart) throws -> Void

    private let properties: CaseProperties
    private let decision: LabelDecision
    private let settings: InferenceSettings
    private let threads: Int?
    /// What logits become; nothing where probabilities were averaged.
    private let activation: Activation

    /// Restores averages or probabilities; nil where neither is asked for.
    private let stream: RestorationStream?
    private let write: Writer?

    /// Of the prepared volume, for plans that decide there.
    private var labels: [Int16] = []
    private var received = 0

    /// - Parameter probabilities: gets the probabilities on the grid of the scan, part by part.
    init(_ plan: Plan, _ settings: InferenceSettings, of properties: CaseProperties, threads: Int?, probabilities: Writer?) {
        let isLogits = settings.aggregation == .logits, areRegions = plan.labels.hasRegions
        var probabilities = probabilities
        if let own = probabilities, let temperature = settings.temperature {
            probabilities = { part in try own(part.tempered(by: temperature, areRegions: areRegions)) }
        }
        self.properties = properties
        self.settings = settings
        self.threads = threads
        activation = !isLogits ? .none : areRegions ? .sigmoid : .softmax
        switch settings.restored {
        case .averages:
            decision = plan.labels.decision(on: settings.aggregation)
            stream = RestorationStream(of: properties, decision: decision)
            if isLogits, let probabilities {
                write = { part in try probabilities(part.probabilities(areRegions: areRegions)) }
            } else {
                write = probabilities
            }
        case .probabilities:
            decision = plan.labels.decision
            stream = RestorationStream(of: properties, decision: decision)
            write = probabilities
        case .nearestLabels, .interpolatedLabels:
            decision = plan.labels.decision(on: settings.aggregation)
            // Labels go back as such; probabilities that somebody wants to see go beside them.
            stream = probabilities.map { _ in RestorationStream(of: properties, outputs: plan.labels.outputCount) }
            write = probabilities
            labels = [Int16](repeating: 0, count: properties.voxelCount)
        }
    }

    /// Takes the next slices, averages [K, n, H, W].
    func add(_ slab: FloatArray) throws {
        if settings.restored.decidesEarly { decide(slab) }
        guard let stream else { return }
        let values = settings.restored == .averages ? slab : slab.activated(activation, threads: threads)
        try values.values.withUnsafeBufferPointer { try stream.add($0, write: write) }
    }

    private func decide(_ slab: FloatArray) {
        let count = slab.shape.dropFirst().reduce(1, *)
        labels.withUnsafeMutableBufferPointer { labels in
            decision.decide(slab.values, to: UnsafeMutableBufferPointer(rebasing: labels[received..<(received + count)]), threads: threads)
        }
        received += count
    }

    /// The mask, when all slices have been added.
    func takeLabels(cleaning: PostProcessing?) throws -> LabelMap {
        func clean(_ labels: inout [Int16], _ size: Size3, on grid: PostProcessing.Grid) {
            if let cleaning, cleaning.grid == grid { cleaning.apply(to: &labels, size: size) }
        }
        var map: LabelMap
        if settings.restored.decidesEarly {
            clean(&labels, properties.size, on: .prepared)
            let restoration = Restoration(of: properties, threads: threads)
            map = try restoration.labels(from: labels, interpolates: settings.restored == .interpolatedLabels)
            labels = []
        } else {
            map = stream!.takeLabels()
        }
        clean(&map.voxels, map.geometry.size, on: .scan)
        return map
    }
}
