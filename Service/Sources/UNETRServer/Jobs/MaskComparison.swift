import Foundation
import UNETREvaluation
import UNETRVolumes
import UNETRWork

/// How well a mask agrees with a reference.
struct MaskComparison: Codable, Equatable, Sendable {
    struct Structure: Codable, Equatable, Sendable {
        var name: String
        /// Nil where neither mask has the structure.
        var dice: Double?
        /// The 95th percentile of the distances of the surfaces in mm; nil where one mask lacks the structure.
        var hd95: Double?

        private enum Key: CodingKey { case name, dice, hd95 }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(name, forKey: .name)
            try container.encode(dice, forKey: .dice)
            try container.encode(hd95, forKey: .hd95)
        }
    }

    var structures: [Structure]

    /// Compares two files.
    ///
    /// - Throws: `EvaluationError`, `VolumeError`.
    init(mask: URL, reference: URL, model: ModelDescription) throws {
        let labels = LabelSet(model).foreground
        let evaluator = Evaluator(classes: labels)
        let metrics = try evaluator.evaluate(VolumeFile.readLabels(mask), against: VolumeFile.readLabels(reference), case: "the mask")
        structures = labels.map { label in
            let figures = metrics.classes[label.key]
            let isWhole = (figures?.predictionVolume ?? 0) > 0 && (figures?.referenceVolume ?? 0) > 0
            return Structure(name: label.name, dice: figures?.dice, hd95: isWhole ? figures?.surface?.hd95 : nil)
        }
    }
}
