/// A structure to segment: its name and the values it has in label maps.
public struct LabelDefinition: Equatable, Sendable, Codable {
    public var name: String

    /// One value for an ordinary label; several for a region, such as "whole tumor" = 1, 2 and 3.
    public var values: [Int]

    /// The color in pictures, as "#rrggbb"; nil leaves the choice to whoever draws.
    public var color: String?

    public init(name: String, values: [Int], color: String? = nil) {
        self.name = name
        self.values = values
        self.color = color
    }

    public init(name: String, value: Int, color: String? = nil) { self.init(name: name, values: [value], color: color) }

    public var isBackground: Bool { values == [0] }

    private enum CodingKeys: String, CodingKey {
        case name, values, color
        case colorOfVersion1 = "colour"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        values = try container.decode([Int].self, forKey: .values)
        color = try container.decodeIfPresent(String.self, forKey: .color) ?? container.decodeIfPresent(String.self, forKey: .colorOfVersion1)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(values, forKey: .values)
        try container.encodeIfPresent(color, forKey: .color)
    }
}

/// The labels of a data set or a plan, and what follows from them.
public struct LabelSet: Equatable, Sendable, Codable {
    /// Background first, then ascending by their first value as the data set lists them.
    public var definitions: [LabelDefinition]

    /// The value of voxels that neither training nor evaluation looks at.
    public var ignoreValue: Int?

    /// For overlapping regions: the value written for each region in turn, later ones over earlier ones.
    public var regionOrder: [Int]?

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

    /// Number of outputs of a network: one for each label with the background, or one for each region.
    public var outputCount: Int { hasRegions ? foreground.count : definitions.count }

    /// How the network's outputs become one label a voxel.
    public var decision: LabelDecision {
        if hasRegions {
            let order = regionOrder ?? foreground.map { $0.values[0] }
            return .regions(values: order.map { Int16(truncatingIfNeeded: $0) })
        }
        return .largest(values: definitions.map { Int16(truncatingIfNeeded: $0.values[0]) })
    }
}

/// How the outputs of a network become one label a voxel.
public enum LabelDecision: Equatable, Sendable {
    /// The value that belongs to the largest output; the first of equal ones.
    case largest(values: [Int16])

    /// For each output above ½ in turn its value, later ones over earlier ones; 0 where there is none.
    case regions(values: [Int16])

    var count: Int {
        switch self {
        case .largest(let values), .regions(let values): values.count
        }
    }
}
