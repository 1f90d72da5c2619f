/// Whose arithmetic a plan's preparation follows.
///
/// The published UNETR++ weights were trained on data that scikit-image 0.18 and batchgenerators 0.21 had resampled. Later releases
/// of both changed the result, not only the speed, and nnU-Net v2 changed the order of steps, so a network meets slightly other images
/// than it was trained on unless its own rule is kept for it. The preparation keeps the differences in one file, `Compatibility+Rules`.
public enum Compatibility: String, Codable, Sendable, CaseIterable {
    /// The library versions that UNETR++ pins: for the five published benchmarks and for imported checkpoints.
    case unetrPlusPlus = "unetr++"

    /// Today's rule, for new plans.
    case modern

    /// nnU-Net v2: intensities are normalized before the scan is resampled.
    case nnUNetV2 = "nnunet-v2"

    /// nnU-Net v2 with `resample_torch_fornnunet` and `force_separate_z: false`: linear interpolation along all three axes.
    case nnUNetV2Linear = "nnunet-v2-linear"

    /// nnU-Net v2 with `resample_torch_fornnunet`: linear interpolation, the nearest slice along a coarse axis.
    case nnUNetV2LinearBySlices = "nnunet-v2-linear-slices"

    /// MONAI: linear interpolation between grids whose first voxels lie at one place; the scan is not cropped to its data.
    case monai

    /// Whether a coarse axis is resampled by taking the nearest slice.
    package var separatesCoarseAxis: Bool { self != .nnUNetV2Linear && self != .monai }
}
