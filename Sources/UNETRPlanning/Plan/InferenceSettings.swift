/// How a whole scan's prediction is put together from patches.
public struct InferenceSettings: Equatable, Sendable, Codable {
    /// What is averaged over windows, mirrorings and models.
    public enum Aggregation: String, Codable, Sendable, CaseIterable {
        /// Probabilities, as UNETR++ and nnU-Net v1 do.
        case probabilities

        /// Logits, which become probabilities only on the grid of the scan, as nnU-Net v2 does. Near borders the two give other masks.
        case logits
    }

    /// What goes back from the prepared volume to the grid of the scan.
    public enum Restored: String, Codable, Sendable, CaseIterable {
        /// The averages, interpolated; each voxel of the scan is decided there.
        case averages

        /// Probabilities that averaged logits become before they are interpolated; each voxel of the scan is decided there.
        case probabilities

        /// The label that each voxel of the prepared volume was decided to be: a voxel of the scan takes the nearest.
        case nearestLabels = "nearest-labels"

        /// The same, the numbers of the labels interpolated linearly and rounded.
        case interpolatedLabels = "interpolated-labels"

        /// Whether voxels are decided on the prepared grid.
        package var decidesEarly: Bool { self == .nearestLabels || self == .interpolatedLabels }
    }

    /// Axes of the prepared volume that test-time augmentation mirrors; none: no mirroring.
    public var mirrorAxes: [Int]

    /// Distance of neighboring patches as a part of the patch size, within `stepRange`.
    public var stepFraction: Double

    /// What is averaged.
    public var aggregation: Aggregation

    /// Where windows lie and how much they count.
    public var windows: WindowRule

    /// What goes back to the scan.
    public var restored: Restored

    /// What logits are divided by before they become probabilities that somebody sees, within `temperatureRange`; nil: 1. Masks do not depend on it. `unetrpp calibrate`
    /// finds it on cases that the model was not trained on.
    public var temperature: Double?

    /// What `temperature` may be.
    public static let temperatureRange = 0.05...20

    /// What `stepFraction` may be: a smaller step would only repeat nearly the same patches.
    public static let stepRange = 0.01...1

    /// Settings for a sliding window.
    public init(
        mirrorAxes: [Int] = [0, 1, 2], stepFraction: Double = 0.5, aggregation: Aggregation = .probabilities, windows: WindowRule = .nnUNet,
        restored: Restored = .averages, temperature: Double? = nil
    ) {
        self.mirrorAxes = mirrorAxes
        self.stepFraction = stepFraction
        self.aggregation = aggregation
        self.windows = windows
        self.restored = restored
        self.temperature = temperature
    }

    private enum CodingKeys: String, CodingKey { case mirrorAxes, stepFraction, aggregation, windows, restored, temperature }

    /// Decodes; files of before the field `aggregation` average probabilities, and what else is missing is as nnU-Net does it.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        mirrorAxes = try values.decode([Int].self, forKey: .mirrorAxes)
        stepFraction = try values.decode(Double.self, forKey: .stepFraction)
        aggregation = try values.decodeIfPresent(Aggregation.self, forKey: .aggregation) ?? .probabilities
        windows = try values.decodeIfPresent(WindowRule.self, forKey: .windows) ?? .nnUNet
        restored = try values.decodeIfPresent(Restored.self, forKey: .restored) ?? .averages
        temperature = try values.decodeIfPresent(Double.self, forKey: .temperature)
    }

    /// Encodes what `init(from:)` reads; newer fields only where they are not as nnU-Net does it.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(mirrorAxes, forKey: .mirrorAxes)
        try values.encode(stepFraction, forKey: .stepFraction)
        try values.encode(aggregation, forKey: .aggregation)
        if windows != .nnUNet { try values.encode(windows, forKey: .windows) }
        if restored != .averages { try values.encode(restored, forKey: .restored) }
        try values.encodeIfPresent(temperature, forKey: .temperature)
    }
}
