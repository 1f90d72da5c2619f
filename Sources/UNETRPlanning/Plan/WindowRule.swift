/// Where the windows of a sliding window lie, and how much each of their voxels counts.
public struct WindowRule: Equatable, Sendable {
    /// Where windows lie along an axis.
    public enum Placement: String, Codable, Sendable, CaseIterable {
        /// As few as the step allows, spread evenly, as nnU-Net does.
        case nnUNet = "nnunet"

        /// At every whole multiple of the step, rounded down to voxels, the last one moved back to end with the volume, as MONAI does.
        case monai
    }

    /// How much the voxels of a window count where windows overlap.
    public enum Weight: String, Codable, Sendable, CaseIterable {
        /// nnU-Net's Gaussian: σ is an eighth of the patch, the peak lies on a voxel.
        case nnUNet = "nnunet"

        /// MONAI's: σ is `sigmaScale` of the patch, the peak lies in its middle, and no weight is below 0.001.
        case gaussian

        /// All alike.
        case constant
    }

    /// What stands around a volume that is smaller than a window.
    public enum Padding: String, Codable, Sendable, CaseIterable {
        /// 0.
        case zeros
        /// The volume's nearest voxel.
        case edge
    }

    /// Where windows lie.
    public var placement: Placement

    /// How much their voxels count.
    public var weight: Weight

    /// Of the weight `gaussian`: σ as a part of the patch.
    public var sigmaScale: Double

    /// What stands around small volumes.
    public var padding: Padding

    /// nnU-Net's rule.
    public static let nnUNet = WindowRule(placement: .nnUNet, weight: .nnUNet)

    /// MONAI's rule, of which some things can be chosen.
    public static func monai(_ weight: Weight = .constant, sigmaScale: Double = 0.125, padding: Padding = .zeros) -> WindowRule {
        WindowRule(placement: .monai, weight: weight, sigmaScale: sigmaScale, padding: padding)
    }

    /// A rule from its parts.
    public init(placement: Placement, weight: Weight, sigmaScale: Double = 0.125, padding: Padding = .zeros) {
        self.placement = placement
        self.weight = weight
        self.sigmaScale = sigmaScale
        self.padding = padding
    }
}

extension WindowRule: Codable {
    private enum CodingKeys: String, CodingKey { case placement, weight, sigmaScale, padding }

    /// Decodes; what is missing is nnU-Net's.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        placement = try values.decodeIfPresent(Placement.self, forKey: .placement) ?? .nnUNet
        weight = try values.decodeIfPresent(Weight.self, forKey: .weight) ?? .nnUNet
        sigmaScale = try values.decodeIfPresent(Double.self, forKey: .sigmaScale) ?? 0.125
        padding = try values.decodeIfPresent(Padding.self, forKey: .padding) ?? .zeros
    }
}
