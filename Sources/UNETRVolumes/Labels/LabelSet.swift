/// The labels of a data set or a plan, and what follows from them.
public struct LabelSet: Equatable, Sendable, Codable {
    /// Background first, then ascending by their first value as the data set lists them.
    public var definitions: [LabelDefinition]

    /// The value of voxels that neither training nor evaluation looks at.
    public var ignoreValue: Int?

    /// For overlapping regions: the value written for each region in turn, later ones over earlier ones.
    public var regionOrder: [Int]?

    /// A label set; it is checked where it is used in a plan.
    public init(definitions: [LabelDefinition], ignoreValue: Int? = nil, regionOrder: [Int]? = nil) {
        self.definitions = definitions
        self.ignoreValue = ignoreValue
        self.regionOrder = regionOrder
    }

    /// True when the network decides about overlapping regions one by one instead of about one class a voxel.
    public var hasRegions: Bool { definitions.contains { $0.values.count > 1 } }

    /// Every label without the background.
    public var foreground: [LabelDefinition] { definitions.filter { !$0.isBackground } }

    /// Every value that occurs in label maps, without 0 and without the one to ignore, ascending.
    public var foregroundValues: [Int] { Set(foreground.flatMap(\.values)).sorted() }

    /// For each output of a network in turn, the value that label maps get for it; the background's is 0.
    public var outputValues: [Int] { hasRegions ? regionOrder ?? foreground.map { $0.values[0] } : definitions.map { $0.values[0] } }

    /// Number of outputs of a network: one for each label with the background, or one for each region.
    public var outputCount: Int { hasRegions ? foreground.count : definitions.count }
}
