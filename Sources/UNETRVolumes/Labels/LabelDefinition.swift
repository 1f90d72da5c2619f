/// A structure to segment: its name and the values it has in label maps.
public struct LabelDefinition: Hashable, Sendable, Codable {
    /// Its name.
    public var name: String

    /// One value for an ordinary label; several for a region, such as "whole tumor" = 1, 2 and 3.
    public var values: [Int]

    /// The color in pictures, as "#rrggbb"; nil leaves the choice to whoever draws.
    public var color: String?

    /// A structure with one or more values.
    public init(name: String, values: [Int], color: String? = nil) {
        self.name = name
        self.values = values
        self.color = color
    }

    /// A structure with one value.
    public init(name: String, value: Int, color: String? = nil) { self.init(name: name, values: [value], color: color) }

    /// Whether it is the value 0 alone.
    public var isBackground: Bool { values == [0] }

    private enum CodingKeys: String, CodingKey {
        case name, values, color
        case colorOfVersion1 = "colour"
    }

    /// Decodes and validates.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        values = try container.decode([Int].self, forKey: .values)
        color = try container.decodeIfPresent(String.self, forKey: .color) ?? container.decodeIfPresent(String.self, forKey: .colorOfVersion1)
    }

    /// Encodes what `init(from:)` reads.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(values, forKey: .values)
        try container.encodeIfPresent(color, forKey: .color)
    }
}
