/// How a whole scan's prediction is put together from patches.
public struct InferenceSettings: Equatable, Sendable, Codable {
    /// What is averaged over windows, mirrorings and models.
    public enum Aggregation: String, Codable, Sendable, CaseIterable {
        /// Probabilities, as UNETR++ and nnU-Net v1 do.
        case probabilities

        /// Logits, which become probabilities only on the grid of the scan, as nnU-Net v2 does. Near borders the two give other masks.
        case logits
    }

    /// Axes of the prepared volume that test-time augmentation mirrors; none: no mirroring.
    public var mirrorAxes: [Int]

    /// Distance of neighboring patches as a part of the patch size, within `stepRange`.
    public var stepFraction: Double

    /// What is averaged.
    public var aggregation: Aggregation

    /// What `stepFraction` may be: a smaller step would only repeat nearly the same patches.
    public static let stepRange = 0.01...1

    /// Settings for a sliding window.
    public init(mirrorAxes: [Int] = [0, 1, 2], stepFraction: Double = 0.5, aggregation: Aggregation = .probabilities) {
        self.mirrorAxes = mirrorAxes
        self.stepFraction = stepFraction
        self.aggregation = aggregation
    }

    /// Decodes; files of before the field `aggregation` average probabilities.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        mirrorAxes = try values.decode([Int].self, forKey: .mirrorAxes)
        stepFraction = try values.decode(Double.self, forKey: .stepFraction)
        aggregation = try values.decodeIfPresent(Aggregation.self, forKey: .aggregation) ?? .probabilities
    }
}
