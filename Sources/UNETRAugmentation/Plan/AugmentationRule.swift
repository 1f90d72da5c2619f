/// Which release's arithmetic the augmentations follow where releases differ.
///
/// The published weights were trained with batchgenerators 0.21. Its later release 0.25.5 turns about the true middle, lets gamma
/// keep the mean, and decides otherwise between labels; everything else is equal.
public enum AugmentationRule: String, Codable, Sendable, CaseIterable {
    /// batchgenerators 0.21, as UNETR++ was trained.
    case unetrPlusPlus
    /// batchgenerators 0.25.5.
    case modern

    /// The coordinate, in voxels from the first voxel's center, about which an axis of `count` voxels is rotated and scaled.
    ///
    /// The older release rounds n/2 (half to even), which is half a voxel beside the middle for even n.
    func center(of count: Int) -> Double {
        switch self {
        case .unetrPlusPlus: (Double(count) / 2).rounded(.toNearestOrEven)
        case .modern: Double(count) / 2 - 0.5
        }
    }

    /// Whether the gamma augmentation that keeps the statistics really keeps the mean.
    ///
    /// The older release shifts to the old mean *before* it rescales to the old deviation, so the mean is scaled along.
    var gammaKeepsMean: Bool { self == .modern }
}
