/// How far predicted probabilities agree with what is the case.
public struct CalibrationMetrics: Equatable, Sendable, Codable {
    /// Expected calibration error over equally wide bins of the highest probability (Guo et al. 2017), over all voxels.
    public var expectedCalibrationError: Double
    /// The same over the voxels where the prediction or the reference is not background.
    public var foregroundCalibrationError: Double?
    /// Mean over voxels of Σ over classes of (probability − truth)², 0 to 2 (Brier 1950).
    public var brierScore: Double
    /// The same over the voxels where the prediction or the reference is not background.
    public var foregroundBrierScore: Double?

    /// Figures that were computed elsewhere.
    public init(
        expectedCalibrationError: Double, foregroundCalibrationError: Double?, brierScore: Double, foregroundBrierScore: Double?
    ) {
        self.expectedCalibrationError = expectedCalibrationError
        self.foregroundCalibrationError = foregroundCalibrationError
        self.brierScore = brierScore
        self.foregroundBrierScore = foregroundBrierScore
    }
}
