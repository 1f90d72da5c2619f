/// Which arithmetic a plan's resampling follows.
///
/// The published UNETR++ weights were trained on data that scikit-image 0.18 and batchgenerators 0.21 had resampled. Later releases
/// of both changed the result, not only the speed, so a network meets slightly other images than it was trained on unless the old
/// rule is kept for it. This file is the only place that holds the difference.
public enum Compatibility: String, Codable, Sendable, CaseIterable {
    /// The library versions that UNETR++ pins: for the five published benchmarks and for imported checkpoints.
    case unetrPlusPlus = "unetr++"

    /// Today's rule, for new plans.
    case modern

    /// How images are interpolated where the method has two dimensions.
    ///
    /// scikit-image 0.18 sent two-dimensional images, and volumes whose last axis keeps its size, to a routine of its own that
    /// convolves with a cubic kernel instead of fitting a B-spline.
    var planarCubic: PlanarCubic { self == .unetrPlusPlus ? .cubicConvolution : .spline }

    /// How a resampled voxel gets its label.
    ///
    /// batchgenerators 0.21 wrote each label, in ascending order, where at least half of the weight was its own; a voxel where three
    /// labels meet and none has half stayed background. The arg-max gives such a voxel to the label with most weight.
    var labelVote: LabelVote { self == .unetrPlusPlus ? .half : .most }
}

/// A way to interpolate with cubic polynomials inside a plane.
enum PlanarCubic: Sendable {
    /// The B-spline that passes through the samples.
    case spline

    /// Cubic convolution (Keys 1981, a = −0.5, also called Catmull-Rom), indices clamped to the line.
    case cubicConvolution
}

/// A rule that turns the weights of the labels around a position into one label.
enum LabelVote: Sendable {
    /// The largest label with at least half of the weight, else 0.
    case half

    /// The label with the largest weight; the smallest such label in a tie.
    case most
}
