import Testing
import UNETREvaluation
import UNETRSupport
import UNETRVolumes

/// What each definition makes of empty masks, figure by figure, on 2 × 3 × 4 voxels of 3 × 2 × 1 mm.
struct EmptyMaskTests {
    /// √(6² + 6² + 4²).
    private static let diagonal = 88.0.squareRoot()

    /// One row: what a figure is where the structure is missed, invented, and in neither mask.
    struct Row: Sendable, CustomTestStringConvertible {
        var definition: MetricDefinition
        var dice, jaccard, hd, hd95, assd, nsd: [Double?]
        var testDescription: String { definition.name }
    }

    private static let inf = Double.infinity

    private static let rows = [
        Row(
            definition: .default, dice: [0, 0, nil], jaccard: [0, 0, nil], hd: [diagonal, diagonal, nil], hd95: [diagonal, diagonal, nil],
            assd: [diagonal, diagonal, nil], nsd: [0, 0, nil]),
        Row(
            definition: .medpy, dice: [0, 0, nil], jaccard: [0, 0, 1], hd: [nil, nil, nil], hd95: [nil, nil, nil], assd: [nil, nil, nil],
            nsd: [nil, nil, nil]),
        Row(
            definition: .medpy04, dice: [0, 0, 0], jaccard: [0, 0, nil], hd: [nil, nil, nil], hd95: [nil, nil, nil], assd: [nil, nil, nil],
            nsd: [nil, nil, nil]),
        Row(
            definition: .monai, dice: [0, nil, nil], jaccard: [0, 0, nil], hd: [inf, inf, nil], hd95: [nil, nil, nil], assd: [inf, inf, nil],
            nsd: [0, 0, nil]),
        Row(
            definition: .surfaceDistance, dice: [0, 0, nil], jaccard: [0, 0, nil], hd: [inf, inf, inf], hd95: [inf, inf, inf],
            assd: [nil, nil, nil], nsd: [0, 0, nil]),
        Row(
            definition: .simpleITK, dice: [0, 0, nil], jaccard: [0, 0, nil], hd: [nil, nil, nil], hd95: [nil, nil, nil], assd: [nil, nil, nil],
            nsd: [nil, nil, nil]),
        Row(
            definition: .metricsReloaded, dice: [0, 0, 1], jaccard: [0, 0, nil], hd: [nil, nil, 0], hd95: [nil, nil, 0], assd: [nil, nil, 0],
            nsd: [0, 0, 1]),
        Row(
            definition: .unetrPlusPlusScript, dice: [0, 0, 1], jaccard: [0, 0, nil], hd: [0, 0, 0], hd95: [0, 0, 0], assd: [0, 0, 0],
            nsd: [nil, nil, nil]),
    ]

    private static let empty = labelMap([2, 3, 4], spacing: [3, 2, 1]) { _, _, _ in 0 }
    private static let voxel = labelMap([2, 3, 4], spacing: [3, 2, 1]) { d, h, w in d == 1 && h == 2 && w == 3 ? 1 : 0 }

    @Test(arguments: rows)
    func `Missed, invented and absent structures have the figures that the definition says`(row: Row) throws {
        let evaluator = Evaluator(definition: row.definition, classes: [LabelDefinition(1)], tolerances: [1])
        let found = try [(Self.empty, Self.voxel), (Self.voxel, Self.empty), (Self.empty, Self.empty)].map {
            try #require(try evaluator.evaluate($0, against: $1, case: "a").classes["1"])
        }
        #expect(found.map(\.dice) == row.dice && found.map(\.jaccard) == row.jaccard)
        let surfaces = try found.map { try #require($0.surface) }
        #expect(surfaces.map(\.hd) == row.hd && surfaces.map(\.hd95) == row.hd95 && surfaces.map(\.assd) == row.assd)
        #expect(surfaces.map { $0.nsd[0].value } == row.nsd)
    }

    @Test func `Every definition is in the table`() { #expect(Self.rows.map(\.definition) == MetricDefinition.named) }

    @Test func `Ratios of nothing are undefined, but for medpy 0.4`() throws {
        for definition in MetricDefinition.named {
            let evaluator = Evaluator(definition: definition, classes: [LabelDefinition(1)], surfaces: false)
            let missed = try #require(try evaluator.evaluate(Self.empty, against: Self.voxel, case: "a").classes["1"])
            let invented = try #require(try evaluator.evaluate(Self.voxel, against: Self.empty, case: "a").classes["1"])
            let nothing: Double? = definition == .medpy04 ? 0 : nil
            #expect(missed.precision == nothing && missed.recall == 0 && invented.recall == nothing && invented.precision == 0, "\(definition.name)")
            #expect(missed.specificity == 1 && missed.accuracy == 23.0 / 24 && missed.volumeSimilarity == 0, "\(definition.name)")
            #expect(missed.surface == nil && missed.lesions == nil)
        }
    }

    @Test func `The policy is said in words, equal values together`() {
        #expect(
            MetricDefinition.default.empty.sentence
                == "One mask empty: Dice 0; Hausdorff, HD95, average distances: the image's diagonal; surface Dice: 0. Both empty: Dice, Jaccard, "
                + "Hausdorff, HD95, average distances, surface Dice: undefined (left out, counted).")
        #expect(
            MetricDefinition.monai.empty.sentence
                == "One mask empty: Dice 0 if the prediction is empty, undefined (left out, counted) if the reference is; Hausdorff, average distances: "
                + "infinite (left out, counted); HD95: undefined (left out, counted); surface Dice: 0. Both empty: Dice, Jaccard, Hausdorff, HD95, "
                + "average distances, surface Dice: undefined (left out, counted).")
        #expect(
            MetricDefinition.metricsReloaded.empty.sentence
                == "One mask empty: Dice 0; Hausdorff, HD95, average distances: undefined (left out, counted); surface Dice: 0. Both empty: Dice, "
                + "surface Dice: 1; Jaccard: undefined (left out, counted); Hausdorff, HD95, average distances: 0.")
    }

    /// One voxel each, 2 mm, 2 mm and 3 mm apart along three axes in turn: every distance is that one.
    @Test(arguments: [([0, 0, 1], 1.0), ([0, 1, 0], 2.0), ([1, 0, 0], 3.0), ([1, 2, 3], 34.0.squareRoot())])
    func `The distance of two single voxels is that of their centers, in mm and in voxels`(shift: [Int], millimeters: Double) throws {
        func single(_ place: [Int]) -> LabelMap { labelMap([2, 3, 4], spacing: [3, 2, 1]) { $0 == place[0] && $1 == place[1] && $2 == place[2] ? 1 : 0 } }
        let voxels = shift.reduce(0.0) { $0 + Double($1 * $1) }.squareRoot()
        for definition in [MetricDefinition.default, .medpy, .simpleITK, .metricsReloaded, .unetrPlusPlusScript] {
            let evaluator = Evaluator(definition: definition, tolerances: [0.5, 100])
            let surface = try #require(try evaluator.evaluate(single([0, 0, 0]), against: single(shift), case: "a").classes["1"]?.surface)
            let expected = definition.unit == .voxels ? voxels : millimeters
            #expect(
                [surface.hd, surface.hd95, surface.assd, surface.predictionToReference, surface.referenceToPrediction] == Array(repeating: expected, count: 5))
            #expect(surface.nsd[0].value == 0 && abs(surface.nsd[1].value! - 1) < 1e-7)
        }
    }

    @Test func `A mask that fills the volume has no specificity, and its border counts as surface`() throws {
        let full = labelMap([2, 3, 4], spacing: [3, 2, 1]) { _, _, _ in 1 }, inner = labelMap([3, 3, 3]) { d, h, w in [d, h, w] == [1, 1, 1] ? 1 : 0 }
        let metrics = try #require(try Evaluator().evaluate(full, against: full, case: "a").classes["1"])
        #expect(metrics.specificity == nil && metrics.accuracy == 1 && metrics.surface?.hd == 0 && metrics.surface?.nsd[0].value == 1)
        // 26 voxels of a 3 × 3 × 3 cube are surface, and each is 1, √2 or √3 from its middle: 6, 12 and 8 of them.
        let cube = labelMap([3, 3, 3]) { _, _, _ in 1 }
        let surface = try #require(try Evaluator().evaluate(cube, against: inner, case: "a").classes["1"]?.surface)
        let (edge, corner) = (2.0.squareRoot(), 3.0.squareRoot()), sum: Double = 6 + 12 * edge + 8 * corner
        #expect(abs(surface.predictionToReference! - sum / 26) < 1e-12)
        #expect(surface.referenceToPrediction == 1 && surface.hd == corner)
        #expect(abs(surface.assd! - (sum + 1) / 27) < 1e-12)
        // Within 1 mm lie six voxels of one surface and the one of the other.
        #expect(abs(surface.nsd[0].value! - 7.0 / 27) < 1e-12 && surface.nsd[1].value == 1)
    }
}
