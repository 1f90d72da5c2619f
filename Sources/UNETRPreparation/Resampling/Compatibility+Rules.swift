import UNETRPlanning

extension Compatibility {
    /// How images are interpolated.
    ///
    /// scikit-image 0.18 sent two-dimensional images, and volumes whose last axis keeps its size, to a routine of its own that
    /// convolves with a cubic kernel instead of fitting a B-spline.
    var interpolation: Interpolation {
        switch self {
        case .unetrPlusPlus: .planarCubicConvolution
        case .modern, .nnUNetV2: .cubicSpline
        case .nnUNetV2Linear, .nnUNetV2LinearBySlices, .monai: .linear
        }
    }

    /// How a resampled voxel gets its label.
    ///
    /// batchgenerators 0.21 wrote each label, in ascending order, where at least half of the weight was its own; a voxel where three
    /// labels meet and none has half stayed background. The arg-max gives such a voxel to the label with most weight.
    var labelVote: LabelVote { self == .unetrPlusPlus ? .half : .most }

    /// Whether intensities are normalized before the scan is resampled, and not after.
    var normalizesFirst: Bool {
        switch self {
        case .unetrPlusPlus, .modern, .monai: false
        case .nnUNetV2, .nnUNetV2Linear, .nnUNetV2LinearBySlices: true
        }
    }

    /// Whether a scan is cropped to the part that is not 0.
    var cropsToData: Bool { self != .monai }
}

/// How images are interpolated.
enum Interpolation: Sendable {
    /// The cubic B-spline that passes through the samples.
    case cubicSpline

    /// The same, but where the method has two dimensions cubic convolution (Keys 1981, a = −0.5, also called Catmull-Rom), indices clamped
    /// to the line.
    case planarCubicConvolution

    /// Linear between neighboring samples.
    case linear
}

/// A rule that turns the weights of the labels around a position into one label.
enum LabelVote: Sendable {
    /// The largest label with at least half of the weight, else 0.
    case half

    /// The label with the largest weight; the smallest such label in a tie.
    case most
}
