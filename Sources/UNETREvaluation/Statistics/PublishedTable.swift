public import UNETRVolumes

/// A published table: what others print for a benchmark, as printed, with what it takes to compare with it.
public struct PublishedTable: Sendable, Equatable {
    /// The name on the command line.
    public var name: String
    /// The heading.
    public var title: String
    /// The classes that the published mean is over.
    public var classes: [LabelDefinition]
    /// Labels of the data set that are not scored, but may occur.
    public var otherLabels: [Int16]
    /// The published methods.
    public var rows: [Row]
    /// What is comparable and what is not.
    public var remarks: [String]

    /// One method, Dice in per cent.
    public struct Row: Sendable, Equatable {
        /// Name of the method.
        public var method: String
        /// Mean Dice in percent.
        public var dice: Double
        /// HD95 as printed.
        public var hd95: Double?
        /// Dice by class key, where printed.
        public var perClass: [String: Double]

        init(_ method: String, _ dice: Double, hd95: Double? = nil, perClass: [String: Double] = [:]) {
            self.method = method
            self.dice = dice
            self.hd95 = hd95
            self.perClass = perClass
        }
    }

    /// The table of a name; nil if there is none.
    public static func named(_ name: String) -> PublishedTable? { all.first { $0.name == name } }

    /// Every table.
    public static let all = [synapse, btcv, acdc, brats, lung, hippocampus]
}

extension PublishedTable {
    private static func classes(_ names: KeyValuePairs<Int16, String>) -> [LabelDefinition] {
        names.map { LabelDefinition($0.key, name: $0.value) }
    }

    private static let anotherSplit = "Comparable only on the same cases: the published numbers are of one fixed split."

    /// Synapse multi-organ CT.
    public static let synapse = PublishedTable(
        name: "synapse", title: "Synapse, 8 organs (CT), Dice % and HD95 as printed",
        classes: classes([
            1: "spleen", 2: "right kidney", 3: "left kidney", 4: "gallbladder", 6: "liver", 7: "stomach", 8: "aorta", 11: "pancreas",
        ]),
        otherLabels: [5, 9, 10, 12, 13],
        rows: [
            Row(
                "UNETR++", 87.22, hd95: 7.53,
                perClass: [
                    "1": 95.77, "2": 87.18, "3": 87.54, "4": 71.25, "6": 96.42, "7": 86.01, "8": 92.52, "11": 81.10,
                ]),
            Row("nnFormer", 86.57, hd95: 10.63), Row("Swin UNETR", 83.48, hd95: 10.55), Row("UNETR", 78.35, hd95: 18.59),
        ],
        remarks: [
            anotherSplit,
            "Dice is comparable if both empty counts as 1 (definition unetr++-script); with the default such organs are left out.",
            "The printed HD95 is in voxels and counts a missed organ as 0: compare it only with the definition unetr++-script, never with mm.",
        ])

    /// BTCV multi-organ CT.
    public static let btcv = PublishedTable(
        name: "btcv", title: "BTCV, 13 organs (CT), Dice %",
        classes: classes([
            1: "spleen", 2: "right kidney", 3: "left kidney", 4: "gallbladder", 5: "oesophagus", 6: "liver", 7: "stomach", 8: "aorta",
            9: "inferior vena cava", 10: "portal and splenic veins", 11: "pancreas", 12: "right adrenal gland", 13: "left adrenal gland",
        ]),
        otherLabels: [],
        rows: [
            Row("UNETR++", 83.28), Row("nnU-Net", 83.16), Row("nnFormer", 81.62), Row("Swin UNETR", 80.44), Row("UNETR", 76.00),
        ],
        remarks: [anotherSplit, "HD95 is not among the published rows."])

    /// ACDC cardiac MRI.
    public static let acdc = PublishedTable(
        name: "acdc", title: "ACDC (cardiac MRI), Dice %",
        classes: classes([1: "right ventricle", 2: "myocardium", 3: "left ventricle"]), otherLabels: [],
        rows: [Row("UNETR++", 92.83), Row("nnFormer", 92.06), Row("UNETR", 86.61)],
        remarks: [
            anotherSplit,
            "The released script scores the end-diastolic and end-systolic volumes as separate cases, without spacing.",
        ])

    /// BraTS brain tumors.
    public static let brats = PublishedTable(
        name: "brats", title: "BraTS (Decathlon Task01, brain MRI), mean Dice % of three regions",
        classes: LabelDefinition.bratsRegions, otherLabels: [],
        rows: [Row("UNETR++", 82.8), Row("nnFormer", 82.3), Row("Swin UNETR", 81.5), Row("UNETR", 81.2)],
        remarks: [
            anotherSplit,
            "Regions in the Decathlon's label values: whole tumor 1 ∪ 2 ∪ 3, tumor core 2 ∪ 3, enhancing 3; the challenge's own files "
                + "number the labels otherwise.",
        ])

    /// Lung tumors of the Medical Segmentation Decathlon.
    public static let lung = PublishedTable(
        name: "lung", title: "MSD lung (Task06, CT), Dice %", classes: classes([1: "tumor"]), otherLabels: [],
        rows: [
            Row("UNETR++", 80.68), Row("nnFormer", 77.95), Row("Swin UNETR", 75.55), Row("nnU-Net", 74.31), Row("UNETR", 73.29),
        ],
        remarks: [anotherSplit])

    /// Hippocampus of the Medical Segmentation Decathlon.
    public static let hippocampus = PublishedTable(
        name: "hippocampus", title: "MSD hippocampus (Task04, MRI), Dice %", classes: classes([1: "anterior", 2: "posterior"]),
        otherLabels: [],
        rows: [
            Row("nnU-Net v2, 5 folds", 89.04, perClass: ["1": 89.85, "2": 88.23]),
            Row("nnU-Net v2, fold 0", 89.225, perClass: ["1": 90.05, "2": 88.40]),
        ],
        remarks: [anotherSplit, "Not in the UNETR++ paper. The mean of fold 0 is computed from its two printed classes."])
}
