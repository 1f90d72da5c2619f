/// The figures of one case: one prediction against one reference.
public struct CaseMetrics: Equatable, Sendable {
    /// Name of the case: the file name without its extension.
    public var name: String
    /// Path of the prediction, as given; nil if it came from memory.
    public var predictionFile: String?
    /// Path of the reference, as given; nil if it came from memory.
    public var referenceFile: String?
    /// Number of voxels counted (those of the ignored label are not).
    public var voxels: Int
    /// Volume of one voxel in ml.
    public var voxelMillilitres: Double
    /// Diagonal of the image in the definition's unit.
    public var diagonal: Double
    /// The figures by the class's key.
    public var classes: [String: ClassMetrics]
    /// Agreement of probabilities with frequencies; nil where none were given.
    public var calibration: CalibrationMetrics?

    /// Figures that were computed elsewhere.
    public init(
        name: String, predictionFile: String? = nil, referenceFile: String? = nil, voxels: Int, voxelMillilitres: Double,
        diagonal: Double, classes: [String: ClassMetrics], calibration: CalibrationMetrics? = nil
    ) {
        self.name = name
        self.predictionFile = predictionFile
        self.referenceFile = referenceFile
        self.voxels = voxels
        self.voxelMillilitres = voxelMillilitres
        self.diagonal = diagonal
        self.classes = classes
        self.calibration = calibration
    }

    /// Mean Dice of the classes for which it is defined; nil if there is none.
    public var meanDice: Double? { Summary.mean(of: classes.values.map(\.dice)) }
}

/// Mean of the values that are there and finite; the others are left out.
enum Summary {
    static func mean(of values: [Double?]) -> Double? {
        let defined = values.compactMap { $0 }.filter(\.isFinite)
        return defined.isEmpty ? nil : defined.reduce(0, +) / Double(defined.count)
    }
}
