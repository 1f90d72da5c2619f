/// How the voxels of a pair of masks fall: the four counts from which every overlap metric follows.
public struct OverlapCounts: Equatable, Sendable, Codable {
    /// Voxels in both masks.
    public var truePositives: Int
    /// Voxels of the prediction only.
    public var falsePositives: Int
    /// Voxels of the reference only.
    public var falseNegatives: Int
    /// Voxels in neither.
    public var trueNegatives: Int

    /// More voxels than any file holds; sums of such counts stay within `Int`.
    static let most = 1 << 55

    /// Counts of voxels.
    public init(truePositives: Int = 0, falsePositives: Int = 0, falseNegatives: Int = 0, trueNegatives: Int = 0) {
        self.truePositives = truePositives
        self.falsePositives = falsePositives
        self.falseNegatives = falseNegatives
        self.trueNegatives = trueNegatives
    }

    /// Number of voxels of the prediction.
    public var predicted: Int { truePositives + falsePositives }
    /// Number of voxels of the reference.
    public var referenced: Int { truePositives + falseNegatives }
    /// Whether no voxel is predicted.
    public var isPredictionEmpty: Bool { predicted == 0 }
    /// Whether no voxel is in the reference.
    public var isReferenceEmpty: Bool { referenced == 0 }

    /// 2 TP / (2 TP + FP + FN); nil if both masks are empty (Dice 1945).
    public var dice: Double? { ratio(2 * truePositives, predicted + referenced) }
    /// TP / (TP + FP + FN); nil if both masks are empty (Jaccard 1912).
    public var jaccard: Double? { ratio(truePositives, truePositives + falsePositives + falseNegatives) }
    /// TP / (TP + FP), the positive predictive value; nil if the prediction is empty.
    public var precision: Double? { ratio(truePositives, predicted) }
    /// TP / (TP + FN), the sensitivity; nil if the reference is empty.
    public var recall: Double? { ratio(truePositives, referenced) }
    /// TN / (TN + FP); nil if the reference fills the volume.
    public var specificity: Double? { ratio(trueNegatives, trueNegatives + falsePositives) }
    /// (TP + TN) / all.
    public var accuracy: Double? { ratio(truePositives + trueNegatives, predicted + falseNegatives + trueNegatives) }
    /// 1 − |FN − FP| / (2 TP + FP + FN): agreement of the sizes alone, wherever they lie; nil if both masks are empty
    /// (Taha and Hanbury 2015).
    public var volumeSimilarity: Double? {
        ratio(abs(falseNegatives - falsePositives), predicted + referenced).map { 1 - $0 }
    }

    private func ratio(_ numerator: Int, _ denominator: Int) -> Double? {
        denominator == 0 ? nil : Double(numerator) / Double(denominator)
    }
}
