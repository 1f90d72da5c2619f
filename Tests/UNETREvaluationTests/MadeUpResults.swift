import UNETREvaluation
import UNETRVolumes

/// Results whose figures are given, not measured.
enum MadeUp {
    /// Figures of a class: Dice in hundredths, HD95 (and all other distances) in mm, surface Dice at 1 mm; nil for what is undefined.
    static func figures(_ dice: Int?, hd95: Double? = nil, nsd: Double? = nil, surfaces: Bool = true) -> ClassMetrics {
        // Dice of 100 voxels each, of which so many are shared.
        let counts =
            dice.map { OverlapCounts(truePositives: $0, falsePositives: 100 - $0, falseNegatives: 100 - $0, trueNegatives: 1000) }
            ?? OverlapCounts(trueNegatives: 1200)
        var figures = ClassMetrics(counts: counts, voxelMillilitres: 0.01, definition: .default)
        if surfaces {
            figures.surface = SurfaceMetrics(
                hd: hd95, hd95: hd95, assd: hd95, predictionToReference: hd95, referenceToPrediction: hd95, nsd: [.init(tolerance: 1, value: nsd)])
        }
        return figures
    }

    /// A result of cases with the figures of each class by its key.
    static func result(
        _ classes: [LabelDefinition], _ cases: [(name: String, classes: [String: ClassMetrics])], definition: MetricDefinition = .default
    ) -> EvaluationResult {
        EvaluationResult(
            definition: definition, classes: classes,
            cases: cases.map { CaseMetrics(name: $0.name, voxels: 1200, voxelMillilitres: 0.01, diagonal: 20, classes: $0.classes) })
    }
}
