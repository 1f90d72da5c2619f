/// The figures of one class in one case. Values that the definition leaves undefined are nil; infinite distances are `.infinity`.
public struct ClassMetrics: Equatable, Sendable {
    /// Voxels by agreement.
    public var counts: OverlapCounts
    /// See ``Figure/dice``; nil where it is undefined.
    public var dice: Double?
    /// See ``Figure/jaccard``; nil where it is undefined.
    public var jaccard: Double?
    /// See ``Figure/precision``; nil where it is undefined.
    public var precision: Double?
    /// See ``Figure/recall``; nil where it is undefined.
    public var recall: Double?
    /// See ``Figure/specificity``; nil where it is undefined.
    public var specificity: Double?
    /// See ``Figure/accuracy``; nil where it is undefined.
    public var accuracy: Double?
    /// 1 − |difference of volumes| / sum of volumes.
    public var volumeSimilarity: Double?
    /// Volume of the prediction in ml.
    public var predictionVolume: Double
    /// Volume of the reference in ml.
    public var referenceVolume: Double
    /// Distances and surface overlap; nil where only overlap was asked for.
    public var surface: SurfaceMetrics?
    /// Detection of the class's components; nil where it was not asked for.
    public var lesions: LesionMetrics?

    /// Prediction minus reference in ml.
    public var volumeDifference: Double { predictionVolume - referenceVolume }

    /// The overlap figures that follow from counts under a definition.
    ///
    /// - Parameter voxelMillilitres: the volume of a voxel in ml.
    /// - Parameter counts: voxels by agreement.
    /// - Parameter definition: what the metrics mean.
    public init(counts: OverlapCounts, voxelMillilitres: Double, definition: MetricDefinition) {
        let empty = definition.empty
        func value(_ rule: EmptyValue) -> Double? { rule.number(diagonal: 0) }
        self.counts = counts
        switch (counts.isPredictionEmpty, counts.isReferenceEmpty) {
        case (true, true):
            dice = value(empty.diceOfBoth)
            jaccard = value(empty.jaccardOfBoth)
        case (false, true):
            dice = value(empty.diceOfReference)
            jaccard = counts.jaccard
        default:
            dice = counts.dice
            jaccard = counts.jaccard
        }
        precision = counts.precision ?? value(empty.ratioOfNothing)
        recall = counts.recall ?? value(empty.ratioOfNothing)
        specificity = counts.specificity
        accuracy = counts.accuracy
        volumeSimilarity = counts.volumeSimilarity
        predictionVolume = Double(counts.predicted) * voxelMillilitres
        referenceVolume = Double(counts.referenced) * voxelMillilitres
    }
}

/// The figures of a class that are made from distances between the two surfaces, in the definition's unit.
public struct SurfaceMetrics: Equatable, Sendable {
    /// Hausdorff distance: the largest distance from one surface to the other.
    public var hd: Double?
    /// The 95th percentile of the distances, as the definition says.
    public var hd95: Double?
    /// Average symmetric surface distance, as the definition says.
    public var assd: Double?
    /// Mean distance from the prediction's surface to the reference's.
    public var predictionToReference: Double?
    /// Mean distance from the reference's surface to the prediction's.
    public var referenceToPrediction: Double?
    /// Normalized surface Dice by tolerance, in the order asked for.
    public var nsd: [SurfaceDice]

    /// The normalized surface Dice at one tolerance.
    public struct SurfaceDice: Equatable, Sendable {
        /// How far a surface may be off, in the definition's unit.
        public var tolerance: Double
        /// The part of the surfaces within the tolerance; nil where it is undefined.
        public var value: Double?

        /// A value at one tolerance.
        public init(tolerance: Double, value: Double?) {
            self.tolerance = tolerance
            self.value = value
        }

        /// The tolerance as results print it: "1", "2", "0.5".
        public var key: String { tolerance == tolerance.rounded() && abs(tolerance) < 1e15 ? String(Int(tolerance)) : String(tolerance) }
    }

    /// Figures that were computed elsewhere.
    public init(
        hd: Double?, hd95: Double?, assd: Double?, predictionToReference: Double?, referenceToPrediction: Double?, nsd: [SurfaceDice]
    ) {
        self.hd = hd
        self.hd95 = hd95
        self.assd = assd
        self.predictionToReference = predictionToReference
        self.referenceToPrediction = referenceToPrediction
        self.nsd = nsd
    }
}
