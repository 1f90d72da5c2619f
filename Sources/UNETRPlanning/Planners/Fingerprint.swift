public import UNETRSupport
public import UNETRVolumes

/// What a training set is like: the sizes and spacings of its scans and the intensities of its structures. A plan follows from it.
public struct Fingerprint: Equatable, Sendable, Codable {
    /// One scan.
    public struct Case: Equatable, Sendable, Codable {
        /// The case.
        public var name: String

        /// Voxels along the scan's [D, H, W] before and after cropping to the data.
        public var originalSize: Size3
        /// Voxels after cropping.
        public var size: Size3

        /// Spacing along the scan's [D, H, W] in mm.
        public var spacing: [Double]

        /// The directions of the file's axes, such as "RAS"; nil where they are not known.
        public var orientation: String?

        /// The label values that occur, ascending.
        public var labels: [Int]

        /// A case that was measured elsewhere.
        public init(name: String, originalSize: Size3, size: Size3, spacing: [Double], orientation: String? = nil, labels: [Int]) {
            self.name = name
            self.originalSize = originalSize
            self.size = size
            self.spacing = spacing
            self.orientation = orientation
            self.labels = labels
        }

        /// What part of the voxels the crop left.
        public var sizeReduction: Double {
            zip(size, originalSize).reduce(1) { $0 * Double($1.0) / Double($1.1) }
        }
    }

    /// What the channels are.
    public var channelNames: [String]

    /// Sorted by name.
    public var cases: [Case]

    /// For each channel the intensities of foreground voxels (label above 0) of all cases.
    public var intensities: [IntensityStatistics]

    /// A fingerprint that was measured elsewhere.
    public init(channelNames: [String], cases: [Case], intensities: [IntensityStatistics]) {
        self.channelNames = channelNames
        self.cases = cases
        self.intensities = intensities
    }

    /// A label for each value above 0 that occurs, for data sets that name none.
    public var plainLabels: LabelSet {
        let values = Set(cases.flatMap(\.labels)).filter { $0 > 0 }.sorted()
        return LabelSet(
            definitions: [LabelDefinition(name: "background", value: 0)] + values.map { LabelDefinition(name: "label \($0)", value: $0) })
    }
}

extension Fingerprint {
    /// The fingerprint of the same scans, each turned so that its axes run as `codes` say. Without codes, or for a scan whose directions are not known,
    /// they stay as they are stored.
    func turned(to codes: AxisCodes?) -> Fingerprint {
        var turned = self
        for index in turned.cases.indices {
            let scan = turned.cases[index]
            let order = AxisMap(of: scan.orientation.flatMap { AxisCodes($0)?.directions }, to: codes, order: .identity).order
            turned.cases[index].originalSize = order.apply(scan.originalSize)
            turned.cases[index].size = order.apply(scan.size)
            turned.cases[index].spacing = order.axes.map { scan.spacing[$0] }
            if let codes, scan.orientation != nil { turned.cases[index].orientation = codes.text }
        }
        return turned
    }

    /// Refuses data sets in which one scan, at the spacing that suits all, would be too large to prepare.
    /// - Throws: `GridTooLarge`.
    func checkSizes() throws {
        let target = PlanningRules.targetSpacing(cases.map(\.spacing), cases.map { $0.size.map(Double.init) })
        for scan in cases {
            let size = ResamplingGrid.size(scan.size, spacing: scan.spacing, target: target)
            if ResamplingGrid.isTooLarge(size) {
                throw GridTooLarge(scan: scan.name, size: size, spacing: scan.spacing, target: target)
            }
        }
    }
}
