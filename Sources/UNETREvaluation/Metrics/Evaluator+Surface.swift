import UNETRSupport
import UNETRVolumes

extension Evaluator {
    /// Adds what needs the shape of a class, not only its counts: distances between surfaces, and components.
    func addDistances(
        to figures: inout [ClassMetrics], of scored: [LabelDefinition], _ prediction: LabelMap, _ reference: LabelMap, _ table: ConfusionTable,
        unit: [Double], diagonal: Double
    ) throws {
        guard surfaces || lesions != nil else { return }
        for (index, structure) in scored.enumerated() {
            let labels = Set(structure.labels)
            let counts = figures[index].counts
            guard let box = table.box(of: labels), counts.predicted + counts.referenced > 0 else {
                if surfaces { figures[index].surface = emptySurface(counts, diagonal: diagonal) }
                if lesions != nil { figures[index].lesions = LesionMetrics(predicted: 0, referenced: 0, matchedPredictions: 0, detected: 0) }
                continue
            }
            let masks = MaskPair(prediction, reference, labels: labels, box: box, ignoring: ignoredLabel)
            if let lesions { figures[index].lesions = lesions.match(masks) }
            guard surfaces else { continue }
            figures[index].surface =
                counts.isPredictionEmpty || counts.isReferenceEmpty
                ? emptySurface(counts, diagonal: diagonal)
                : distances(masks, unit: unit).metrics(definition, tolerances: tolerances)
        }
    }

    /// The distances between the two surfaces, neither of them empty.
    private func distances(_ masks: MaskPair, unit: [Double]) -> SurfaceDistances {
        switch definition.surface {
        case .voxels, .wholeMask:
            let transform = DistanceTransform(size: masks.size, spacing: unit, threads: threads)
            let surface = definition.surface == .voxels ? masks.surfaceVoxels() : masks.bytes
            func directed(_ from: UInt8, _ to: UInt8) -> SurfaceDistances.Directed {
                let squares = transform.squaredDistances(marks: surface, from: from, to: to)
                return .init(distances: squares.map(root), areas: nil)
            }
            return SurfaceDistances(
                predictionToReference: directed(MaskPair.prediction, MaskPair.reference),
                referenceToPrediction: directed(MaskPair.reference, MaskPair.prediction))
        case .areaElements:
            return SurfaceElements(masks, spacing: unit).distances(threads: threads)
        }
    }

    private func root(_ square: Double) -> Double {
        definition.singlePrecision ? Double(Float(square.squareRoot())) : square.squareRoot()
    }

    /// The figures where at least one mask is empty, as the definition's policy says.
    func emptySurface(_ counts: OverlapCounts, diagonal: Double) -> SurfaceMetrics {
        let both = counts.isPredictionEmpty && counts.isReferenceEmpty
        let policy = definition.empty
        func value(_ one: EmptyValue, _ two: EmptyValue) -> Double? { (both ? two : one).number(diagonal: diagonal) }
        let average = value(policy.averageOfOne, policy.averageOfBoth)
        // An empty surface has no mean distance of its own; only where the policy sets all distances does it get one.
        let directed = definition.surface == .areaElements
        let surfaceDice = value(policy.surfaceDiceOfOne, policy.surfaceDiceOfBoth)
        return SurfaceMetrics(
            hd: value(policy.hausdorffOfOne, policy.hausdorffOfBoth), hd95: value(policy.percentileOfOne, policy.percentileOfBoth),
            assd: directed ? nil : average,
            predictionToReference: directed && counts.isPredictionEmpty ? nil : average,
            referenceToPrediction: directed && counts.isReferenceEmpty ? nil : average,
            nsd: tolerances.map { .init(tolerance: $0, value: surfaceDice) })
    }
}
