public import UNETRVolumes

/// The figures of a set of cases by one definition.
public struct EvaluationResult: Equatable, Sendable {
    /// What the names of metrics mean.
    public var definition: MetricDefinition
    /// The classes that were scored.
    public var classes: [LabelDefinition]
    /// One entry a case, in the order of their names.
    public var cases: [CaseMetrics]

    /// The metrics of these cases under one definition.
    public init(definition: MetricDefinition, classes: [LabelDefinition], cases: [CaseMetrics]) {
        self.definition = definition
        self.classes = classes
        self.cases = cases
    }

    /// The values of one figure of a class over the cases, nil where it is undefined.
    public func values(_ figure: Figure, of key: String) -> [Double?] {
        cases.map { $0.classes[key].flatMap { figure.value(in: $0) } }
    }

    /// Mean Dice of a class over the cases for which it is defined; nil if there is none.
    public func meanDice(of key: String) -> Double? { Summary.mean(of: values(.dice, of: key)) }

    /// Mean over the classes of their mean Dice, nnU-Net's "foreground mean"; nil if none is defined.
    public var meanDice: Double? { Summary.mean(of: classes.map { meanDice(of: $0.key) }) }
}

/// A figure of a class, by the name it has in results.
public struct Figure: Hashable, Sendable {
    /// The name in JSON and CSV.
    public let name: String
    /// The name in reports.
    public let title: String
    /// In what it is measured: "" for a ratio or count, "ml", or "distance" for the definition's unit.
    public let unit: String
    /// Whether more is better; nil for a quantity that is neither.
    public let moreIsBetter: Bool?
    private let read: @Sendable (ClassMetrics) -> Double?

    init(_ name: String, _ title: String, unit: String = "", moreIsBetter: Bool?, _ read: @escaping @Sendable (ClassMetrics) -> Double?) {
        self.name = name
        self.title = title
        self.unit = unit
        self.moreIsBetter = moreIsBetter
        self.read = read
    }

    /// Its value; nil where it is undefined or was not computed.
    public func value(in metrics: ClassMetrics) -> Double? { read(metrics) }

    /// Figures are equal if their names are.
    public static func == (left: Figure, right: Figure) -> Bool { left.name == right.name }
    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Figure {
    /// Overlap: twice the intersection, divided by the sum of both masks.
    public static let dice = Figure("dice", "Dice", moreIsBetter: true) { $0.dice }
    /// Overlap: the intersection divided by the union.
    public static let jaccard = Figure("jaccard", "Jaccard", moreIsBetter: true) { $0.jaccard }
    /// The part of the predicted voxels that is right.
    public static let precision = Figure("precision", "Precision", moreIsBetter: true) { $0.precision }
    /// The part of the reference's voxels that is found.
    public static let recall = Figure("recall", "Recall", moreIsBetter: true) { $0.recall }
    /// The part of the voxels outside the reference that is predicted as outside.
    public static let specificity = Figure("specificity", "Specificity", moreIsBetter: true) { $0.specificity }
    /// The part of all voxels that is right.
    public static let accuracy = Figure("accuracy", "Accuracy", moreIsBetter: true) { $0.accuracy }
    /// Volume of the prediction in ml.
    public static let predictionVolume = Figure("predictionVolume", "Predicted volume", unit: "ml", moreIsBetter: nil) { $0.predictionVolume }
    /// Volume of the reference in ml.
    public static let referenceVolume = Figure("referenceVolume", "Reference volume", unit: "ml", moreIsBetter: nil) { $0.referenceVolume }
    /// Prediction minus reference, in ml.
    public static let volumeDifference = Figure("volumeDifference", "Volume difference", unit: "ml", moreIsBetter: nil) { $0.volumeDifference }
    /// One minus the absolute volume difference divided by the sum of both volumes.
    public static let volumeSimilarity = Figure("volumeSimilarity", "Volume similarity", moreIsBetter: true) { $0.volumeSimilarity }
    /// Hausdorff distance.
    public static let hd = Figure("hd", "Hausdorff distance", unit: "distance", moreIsBetter: false) { $0.surface?.hd }
    /// 95th percentile of the surface distances, as the definition says.
    public static let hd95 = Figure("hd95", "HD95", unit: "distance", moreIsBetter: false) { $0.surface?.hd95 }
    /// Average symmetric surface distance.
    public static let assd = Figure("assd", "ASSD", unit: "distance", moreIsBetter: false) { $0.surface?.assd }
    /// The part of the predicted lesions that match one of the reference.
    public static let lesionPrecision = Figure("lesionPrecision", "Lesion precision", moreIsBetter: true) { $0.lesions?.precision }
    /// The part of the reference's lesions that are detected.
    public static let lesionRecall = Figure("lesionRecall", "Lesion recall", moreIsBetter: true) { $0.lesions?.recall }
    /// Harmonic mean of lesion precision and recall.
    public static let lesionF1 = Figure("lesionF1", "Lesion F1", moreIsBetter: true) { $0.lesions?.f1 }

    /// The normalized surface Dice at the tolerance of this key.
    public static func nsd(_ key: String) -> Figure {
        Figure("nsd\(key)", "NSD \(key)", moreIsBetter: true) { $0.surface?.nsd.first { $0.key == key }?.value ?? nil }
    }

    /// Every figure but the surface Dice, whose tolerances vary.
    public static let fixed: [Figure] = [
        .dice, .jaccard, .precision, .recall, .specificity, .accuracy, .predictionVolume, .referenceVolume, .volumeDifference,
        .volumeSimilarity, .hd, .hd95, .assd, .lesionPrecision, .lesionRecall, .lesionF1,
    ]
}
