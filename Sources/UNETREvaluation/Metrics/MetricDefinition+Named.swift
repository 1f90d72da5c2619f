extension MetricDefinition {
    /// Millimeters; the larger of the two directed 95th percentiles; a missed or invented structure is as far off as the image is
    /// large; a structure that is in neither is left out and counted.
    public static let `default` = MetricDefinition(
        name: "default", unit: .millimeters, surface: .voxels, percentile: .largerOfDirected, average: .pooled,
        surfaceDice: .pooled, singlePrecision: false,
        empty: EmptyPolicy(
            distanceOfOne: .imageDiagonal, distanceOfBoth: .undefined, surfaceDiceOfOne: .zero, surfaceDiceOfBoth: .undefined),
        sentences: [
            "Distances in mm between surface voxels (a six-neighbor outside the mask).",
            "HD95 is the larger of the two directed 95th percentiles, ASSD the mean over both surfaces together.",
            "NSD is the part of both surfaces within the tolerance.",
        ])

    /// medpy 0.5: HD95 is the percentile of both lists together. Where a mask is empty medpy stops with an error: undefined here.
    public static let medpy: MetricDefinition = {
        var definition = MetricDefinition(
            name: "medpy", unit: .millimeters, surface: .voxels, percentile: .pooled, average: .pooled,
            surfaceDice: .meanOfDirected, singlePrecision: false,
            empty: EmptyPolicy(
                distanceOfOne: .undefined, distanceOfBoth: .undefined, surfaceDiceOfOne: .undefined, surfaceDiceOfBoth: .undefined),
            sentences: [
                "Distances in mm between surface voxels (a six-neighbor outside the mask), as medpy 0.5.",
                "HD95 is the 95th percentile of both directed lists together, ASSD the mean over both lists together.",
                "NSD, which medpy lacks, is nnU-Net's, built on medpy: the mean of the two parts within the tolerance.",
            ])
        definition.empty.jaccardOfBoth = .one
        return definition
    }()

    /// medpy 0.4, which UNETR++ and nnFormer pin: ASSD is the mean of the two directed means, ratios of nothing are 0.
    public static let medpy04: MetricDefinition = {
        var definition = medpy
        definition.name = "medpy-0.4"
        definition.average = .meanOfDirected
        definition.empty.diceOfBoth = .zero
        definition.empty.jaccardOfBoth = .undefined
        definition.empty.ratioOfNothing = .zero
        definition.sentences = [
            "Distances in mm between surface voxels (a six-neighbor outside the mask), as medpy 0.4.",
            "HD95 is the 95th percentile of both directed lists together, ASSD the mean of the two directed means.",
            "NSD, which medpy lacks, is nnU-Net's, built on medpy: the mean of the two parts within the tolerance.",
        ]
        return definition
    }()

    /// MONAI 1.x: float32 distances; Dice leaves out cases without reference (`ignore_empty`).
    public static let monai: MetricDefinition = {
        var definition = MetricDefinition(
            name: "monai", unit: .millimeters, surface: .voxels, percentile: .largerOfDirected, average: .pooled,
            surfaceDice: .pooled, singlePrecision: true,
            empty: EmptyPolicy(
                distanceOfOne: .infinite, distanceOfBoth: .undefined, surfaceDiceOfOne: .zero, surfaceDiceOfBoth: .undefined),
            sentences: [
                "Distances in mm between surface voxels (a six-neighbor outside the mask), in float32, as MONAI 1.6 with spacing.",
                "HD95 is the larger of the two directed 95th percentiles, ASSD the mean over both surfaces together (symmetric).",
                "NSD is the part of both surfaces within the tolerance.",
            ])
        definition.empty.percentileOfOne = .undefined
        definition.empty.diceOfReference = .undefined
        return definition
    }()

    /// DeepMind's surface-distance: marching-cubes surface elements weighted by area.
    public static let surfaceDistance: MetricDefinition = {
        var definition = MetricDefinition(
            name: "surface-distance", unit: .millimeters, surface: .areaElements, percentile: .largerOfDirected,
            average: .meanOfDirected, surfaceDice: .pooled, singlePrecision: false,
            empty: EmptyPolicy(
                distanceOfOne: .infinite, distanceOfBoth: .undefined, surfaceDiceOfOne: .zero, surfaceDiceOfBoth: .undefined),
            sentences: [
                "Distances in mm between marching-cubes surface elements, weighted by their area, as the surface-distance package.",
                "HD95 is the larger of the two directed area-weighted 95th percentiles, the ASSD the mean of the two directed averages "
                    + "(the package prints them apart).",
                "NSD is the area of both surfaces within the tolerance over their whole area.",
            ])
        definition.empty.hausdorffOfBoth = .infinite
        definition.empty.percentileOfBoth = .infinite
        return definition
    }()

    /// SimpleITK's Hausdorff filter: distances of all voxels of a mask, inner ones too. It stops where a mask is empty: undefined here.
    public static let simpleITK = MetricDefinition(
        name: "simpleitk", unit: .millimeters, surface: .wholeMask, percentile: .largerOfDirected, average: .meanOfDirected,
        surfaceDice: .pooled, singlePrecision: false,
        empty: EmptyPolicy(
            distanceOfOne: .undefined, distanceOfBoth: .undefined, surfaceDiceOfOne: .undefined, surfaceDiceOfBoth: .undefined),
        sentences: [
            "Distances in mm from ALL voxels of one mask to the other mask, 0 where they overlap, as SimpleITK's Hausdorff filter.",
            "HD and ASSD (the filter's average Hausdorff distance, the mean of the two directed means) are the filter's; far smaller "
                + "averages than between surfaces.",
            "HD95 and NSD, which the filter lacks, follow the same rule.",
        ])

    /// In the style of Metrics Reloaded (Maier-Hein et al. 2024): both empty is a right answer, a missed structure undefined, to be
    /// set to the worst case by whoever aggregates.
    public static let metricsReloaded: MetricDefinition = {
        var definition = MetricDefinition(
            name: "metrics-reloaded", unit: .millimeters, surface: .voxels, percentile: .largerOfDirected, average: .pooled,
            surfaceDice: .pooled, singlePrecision: false,
            empty: EmptyPolicy(
                distanceOfOne: .undefined, distanceOfBoth: .zero, surfaceDiceOfOne: .zero, surfaceDiceOfBoth: .one),
            sentences: [
                "Distances in mm between surface voxels (a six-neighbor outside the mask), in the style of Metrics Reloaded.",
                "HD95 is the larger of the two directed 95th percentiles, ASSD the mean over both surfaces together.",
                "NSD is the part of both surfaces within the tolerance.",
            ])
        definition.empty.diceOfBoth = .one
        return definition
    }()

    /// The script behind UNETR++'s printed Synapse numbers (nnFormer's before it): voxel units, medpy's pooled HD95, and a missed or
    /// invented organ counts as HD95 = 0. Offered to stand beside the printed numbers, never beside millimeters.
    public static let unetrPlusPlusScript: MetricDefinition = {
        var definition = MetricDefinition(
            name: "unetr++-script", unit: .voxels, surface: .voxels, percentile: .pooled, average: .meanOfDirected,
            surfaceDice: .meanOfDirected, singlePrecision: false,
            empty: EmptyPolicy(
                distanceOfOne: .zero, distanceOfBoth: .zero, surfaceDiceOfOne: .undefined, surfaceDiceOfBoth: .undefined),
            sentences: [
                "As the released inference script: distances in VOXELS, whatever the spacing, and a missed organ counts as HD95 = 0.",
                "HD95 is the 95th percentile of both directed lists together (medpy 0.4 without spacing). Do not compare with mm.",
                "Only Dice and HD95 are the script's; the other figures follow the same units and rules.",
            ])
        definition.empty.diceOfBoth = .one
        return definition
    }()

    /// All definitions with a name, the default first.
    public static let named: [MetricDefinition] = [
        .default, .medpy, .medpy04, .monai, .surfaceDistance, .simpleITK, .metricsReloaded, .unetrPlusPlusScript,
    ]

    /// The definition of a name; nil if there is none.
    public static func named(_ name: String) -> MetricDefinition? { named.first { $0.name == name } }
}
