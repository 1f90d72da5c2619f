public import UNETRVolumes

/// Scores predictions against references: which classes, by which definition, with which figures.
///
///     let evaluator = Evaluator()
///     let metrics = try evaluator.evaluate(prediction, against: reference, case: "hippocampus_001")
///     print(metrics.classes["1"]?.dice ?? .nan, metrics.classes["1"]?.surface?.hd95 ?? .nan)
public struct Evaluator: Sendable {
    /// What the names of metrics mean.
    public var definition: MetricDefinition

    /// The classes to score; nil scores every label above 0 that occurs.
    public var classes: [LabelDefinition]?

    /// The labels that may occur, background and ignored label aside; nil allows any.
    public var declaredLabels: Set<Int16>?

    /// Label of the reference whose voxels count nowhere, in neither mask (nnU-Net's ignore label).
    public var ignoredLabel: Int16?

    /// Tolerances of the normalized surface Dice, in the definition's unit.
    public var tolerances: [Double]

    /// Whether distances are computed; overlap alone is a single pass.
    public var surfaces: Bool

    /// How the components of a class are matched; nil leaves lesion-wise detection out.
    public var lesions: LesionMatching?

    /// Threads to use; nil for all cores. The figures do not depend on it.
    public var threads: Int?

    /// An evaluator. Without `classes` every label that occurs is scored; `tolerances` are those of the surface Dice, in the definition's unit.
    public init(
        definition: MetricDefinition = .default, classes: [LabelDefinition]? = nil, declaredLabels: Set<Int16>? = nil,
        ignoredLabel: Int16? = nil, tolerances: [Double] = [1, 2], surfaces: Bool = true, lesions: LesionMatching? = nil,
        threads: Int? = nil
    ) {
        self.definition = definition
        self.classes = classes
        self.declaredLabels = declaredLabels
        self.ignoredLabel = ignoredLabel
        self.tolerances = tolerances
        self.surfaces = surfaces
        self.lesions = lesions
        self.threads = threads
    }

    /// The figures of one case.
    ///
    /// - Parameters:
    ///   - prediction: the label map to score, [D, H, W].
    ///   - reference: the truth, on the same grid.
    ///   - name: the case's name, for the result and for errors.
    /// - Throws: `EvaluationError` if the two do not lie on one grid, hold several channels, undeclared labels, or far too many.
    public func evaluate(_ prediction: LabelMap, against reference: LabelMap, case name: String) throws -> CaseMetrics {
        try check(prediction, reference, name)
        let table = try ConfusionTable(prediction: prediction, reference: reference, ignoring: ignoredLabel, name: name)
        try checkDeclared(prediction, reference, table, name)
        let geometry = reference.geometry
        let millilitres = geometry.spacing.reduce(1, *) / 1000
        let unit = definition.unit == .millimeters ? geometry.spacing : [1, 1, 1]
        let diagonal = zip(geometry.size, unit).reduce(0) { $0 + (Double($1.0) * $1.1) * (Double($1.0) * $1.1) }.squareRoot()

        let scored = classes ?? table.labels.filter { $0 > 0 && $0 != ignoredLabel }.map { LabelDefinition($0) }
        var figures: [ClassMetrics] = scored.map {
            ClassMetrics(counts: table.counts(of: Set($0.labels)), voxelMillilitres: millilitres, definition: definition)
        }
        try addDistances(to: &figures, of: scored, prediction, reference, table, unit: unit, diagonal: diagonal)
        return CaseMetrics(
            name: name, voxels: table.total, voxelMillilitres: millilitres, diagonal: diagonal,
            classes: Dictionary(zip(scored.map(\.key), figures), uniquingKeysWith: { first, _ in first }))
    }

    /// Figures of a class that neither map of a case holds, from the case's size alone.
    func absent(in metrics: CaseMetrics) -> ClassMetrics {
        var figures = ClassMetrics(
            counts: OverlapCounts(trueNegatives: metrics.voxels), voxelMillilitres: metrics.voxelMillilitres, definition: definition)
        if surfaces { figures.surface = emptySurface(figures.counts, diagonal: metrics.diagonal) }
        if lesions != nil { figures.lesions = LesionMetrics(predicted: 0, referenced: 0, matchedPredictions: 0, detected: 0) }
        return figures
    }

    private func check(_ prediction: LabelMap, _ reference: LabelMap, _ name: String) throws {
        for (map, what) in [(prediction, "prediction"), (reference, "reference")] where map.channels != 1 {
            throw EvaluationError.severalChannels(file: "\(name) (\(what))", channels: map.channels)
        }
        guard prediction.geometry.size == reference.geometry.size else {
            throw EvaluationError.shapesDiffer(case: name, prediction: prediction.geometry.size, reference: reference.geometry.size)
        }
        if let problem = reference.geometry.problem { throw EvaluationError.unusableGeometry(case: name, problem: problem) }
        if let difference = prediction.geometry.difference(from: reference.geometry) {
            throw EvaluationError.geometriesDiffer(case: name, difference: difference)
        }
        for tolerance in tolerances where !(tolerance >= 0 && tolerance.isFinite) { throw EvaluationError.badTolerance(tolerance) }
    }

    private func checkDeclared(_ prediction: LabelMap, _ reference: LabelMap, _ table: ConfusionTable, _ name: String) throws {
        guard var declared = declaredLabels else { return }
        declared.insert(0)
        if let ignoredLabel { declared.insert(ignoredLabel) }
        guard !table.labels.allSatisfy(declared.contains) else { return }
        for (map, what) in [(prediction, "prediction"), (reference, "reference")] {
            let strange = Set(map.voxels).subtracting(declared).sorted()
            if !strange.isEmpty {
                throw EvaluationError.undeclaredLabels(file: "\(name) (\(what))", labels: strange, declared: declared.sorted())
            }
        }
    }
}
