/// What a metric's name means: units, surface, percentile, average, and what an empty mask counts as.
///
/// Tools that print "HD95" or "surface Dice" compute different numbers. A definition is a value; the named ones
/// (`MetricDefinition.named`) reproduce each tool, and every result carries the definition it was made by.
public struct MetricDefinition: Equatable, Sendable, Codable {
    /// The name on the command line and in results.
    public var name: String

    /// In what distances and tolerances are measured.
    public enum Unit: String, Sendable, Codable {
        /// Distances in mm, by the spacing of the grid.
        case millimeters = "mm"
        /// Every voxel counts as 1 × 1 × 1, whatever the spacing. Not comparable with millimeters.
        case voxels
    }
    /// The unit of distances.
    public var unit: Unit

    /// What a surface consists of.
    public enum Surface: String, Sendable, Codable {
        /// The voxels of the mask that have one of their six neighbors outside it (the border of the volume counts as outside).
        case voxels
        /// The elements of the marching-cubes surface, weighted by their area (Nikolov et al. 2018, arXiv 1809.04430).
        case areaElements
        /// All voxels of the mask, inner ones too, whose distance is 0 wherever the masks overlap: averages come out far smaller.
        case wholeMask
    }
    /// What the surface of a mask is.
    public var surface: Surface

    /// How the two lists of distances, prediction to reference and back, give one percentile.
    public enum Percentile: String, Sendable, Codable {
        /// The larger of the two directed percentiles.
        case largerOfDirected
        /// The percentile of both lists together.
        case pooled
    }
    /// How the directed distances become HD95.
    public var percentile: Percentile

    /// How the two lists give one average.
    public enum Average: String, Sendable, Codable {
        /// The mean over both lists together (ASSD).
        case pooled
        /// The mean of the two directed means (MASD).
        case meanOfDirected
    }
    /// How the directed distances become ASSD.
    public var average: Average

    /// How the normalized surface Dice joins the two surfaces.
    public enum SurfaceDice: String, Sendable, Codable {
        /// The part of both surfaces together that lies within the tolerance.
        case pooled
        /// The mean of the two parts; nnU-Net's and UNETR++'s metrics module, whose denominator carries 1e-8.
        case meanOfDirected
    }
    /// How the surfaces become a surface Dice.
    public var surfaceDice: SurfaceDice

    /// Whether distances are rounded to float32 before they are used, as MONAI does.
    public var singlePrecision: Bool

    /// What counts where one mask, or both, are empty.
    public var empty: EmptyPolicy

    /// One sentence a figure, for reports.
    public var sentences: [String]
}

/// What a value is where a mask is empty.
public enum EmptyValue: String, Sendable, Codable {
    /// No value: left out of means, and counted.
    case undefined
    /// 0.
    case zero
    /// 1.
    case one
    /// The diagonal of the whole image in the definition's unit: the worst a distance could be.
    case imageDiagonal
    /// Infinite.
    case infinite

    /// The number, nil for `undefined`.
    func number(diagonal: Double) -> Double? {
        switch self {
        case .undefined: nil
        case .zero: 0
        case .one: 1
        case .imageDiagonal: diagonal
        case .infinite: .infinity
        }
    }
}

/// The values of metrics whose masks are empty, one by one, because the tools differ in every one.
public struct EmptyPolicy: Equatable, Sendable, Codable {
    /// Dice where both masks are empty.
    public var diceOfBoth: EmptyValue
    /// Jaccard where both masks are empty.
    public var jaccardOfBoth: EmptyValue
    /// Dice where only the reference is empty (0 by the formula; MONAI leaves the case out).
    public var diceOfReference: EmptyValue
    /// Precision and recall whose denominator is 0.
    public var ratioOfNothing: EmptyValue

    /// Hausdorff distance where one mask is empty.
    public var hausdorffOfOne: EmptyValue
    /// The Hausdorff distance if both masks are empty.
    public var hausdorffOfBoth: EmptyValue
    /// 95th percentile where one mask is empty.
    public var percentileOfOne: EmptyValue
    /// HD95 if both masks are empty.
    public var percentileOfBoth: EmptyValue
    /// Average distances where one mask is empty.
    public var averageOfOne: EmptyValue
    /// ASSD if both masks are empty.
    public var averageOfBoth: EmptyValue
    /// Normalized surface Dice where one mask is empty.
    public var surfaceDiceOfOne: EmptyValue
    /// The surface Dice if both masks are empty.
    public var surfaceDiceOfBoth: EmptyValue

    /// All distances alike, the rest by the formulas.
    public init(distanceOfOne: EmptyValue, distanceOfBoth: EmptyValue, surfaceDiceOfOne: EmptyValue, surfaceDiceOfBoth: EmptyValue) {
        diceOfBoth = .undefined
        jaccardOfBoth = .undefined
        diceOfReference = .zero
        ratioOfNothing = .undefined
        hausdorffOfOne = distanceOfOne
        hausdorffOfBoth = distanceOfBoth
        percentileOfOne = distanceOfOne
        percentileOfBoth = distanceOfBoth
        averageOfOne = distanceOfOne
        averageOfBoth = distanceOfBoth
        self.surfaceDiceOfOne = surfaceDiceOfOne
        self.surfaceDiceOfBoth = surfaceDiceOfBoth
    }

    /// The policy in words, for reports.
    public var sentence: String {
        let one = Self.grouped([
            ("Hausdorff", hausdorffOfOne), ("HD95", percentileOfOne), ("average distances", averageOfOne), ("surface Dice", surfaceDiceOfOne),
        ])
        let both = Self.grouped([
            ("Dice", diceOfBoth), ("Jaccard", jaccardOfBoth), ("Hausdorff", hausdorffOfBoth), ("HD95", percentileOfBoth),
            ("average distances", averageOfBoth), ("surface Dice", surfaceDiceOfBoth),
        ])
        let dice = diceOfReference == .zero ? "Dice 0" : "Dice 0 if the prediction is empty, \(diceOfReference.words) if the reference is"
        return "One mask empty: \(dice); \(one). Both empty: \(both)."
    }

    /// Metrics with the same value together: "Hausdorff, HD95: 0; surface Dice: undefined".
    private static func grouped(_ values: [(name: String, value: EmptyValue)]) -> String {
        var groups: [(names: [String], value: EmptyValue)] = []
        for (name, value) in values {
            if let index = groups.firstIndex(where: { $0.value == value }) { groups[index].names.append(name) } else { groups.append(([name], value)) }
        }
        return groups.map { "\($0.names.joined(separator: ", ")): \($0.value.words)" }.joined(separator: "; ")
    }
}

extension EmptyValue {
    fileprivate var words: String {
        switch self {
        case .undefined: "undefined (left out, counted)"
        case .zero: "0"
        case .one: "1"
        case .imageDiagonal: "the image's diagonal"
        case .infinite: "infinite (left out, counted)"
        }
    }
}
