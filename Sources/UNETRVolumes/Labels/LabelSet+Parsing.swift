public import UNETRSupport

/// What is wrong with labels in a file, as the end of a sentence about it.
public enum LabelProblem: Error, Equatable, Sendable, CustomStringConvertible {
    /// There are no labels.
    case noLabels
    /// A label has no name.
    case noName
    /// The values of this label are not whole numbers.
    case notNumbers(label: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .noLabels: "it has no field labels that is a table or a list of labels"
        case .noName: "one of its labels has no name"
        case .notNumbers(let label): "its label \(label) is neither a whole number nor a list of whole numbers"
        }
    }
}

extension LabelSet {
    /// Takes the labels from the fields of a `dataset.json` or a plan.
    ///
    /// `labels` is the table value → name (Medical Segmentation Decathlon, nnU-Net v1), the table name → value, values or the label "ignore"
    /// (nnU-Net v2), or a list of names and values (a plan). A background is added where none is declared. Whether the labels can be trained
    /// with is not checked.
    /// - Throws: `LabelProblem`
    public init(fields: [String: JSONValue]) throws {
        var ignored: Int?
        switch fields["labels"] {
        case .object(let table):
            let isByValue = table.allSatisfy { key, value in value.string != nil && Int(key) != nil }
            definitions = try table.map { key, value in
                if isByValue, let name = value.string, let number = Int(key) { return LabelDefinition(name: name, value: number) }
                return LabelDefinition(name: key, values: try Self.values(value, of: key))
            }
            if !isByValue, let index = definitions.firstIndex(where: { $0.name.lowercased() == "ignore" }) {
                ignored = definitions.remove(at: index).values.first
            }
        case .array(let list):
            definitions = try list.map { entry in
                guard let name = entry["name"]?.string else { throw LabelProblem.noName }
                return LabelDefinition(name: name, values: try Self.values(entry["values"] ?? entry["value"] ?? .null, of: name))
            }
            ignored = fields["ignoreLabel"]?.int
        default: throw LabelProblem.noLabels
        }
        if !definitions.contains(where: \.isBackground) { definitions.append(LabelDefinition(name: "background", value: 0)) }
        definitions.sort(by: Self.isBefore)
        ignoreValue = ignored
        regionOrder = nil
        if hasRegions { regionOrder = (fields["regionOrder"] ?? fields["regions_class_order"])?.ints }
    }

    /// Background first, then by the first value; of regions that begin alike the larger first.
    private static func isBefore(_ one: LabelDefinition, _ other: LabelDefinition) -> Bool {
        func key(_ label: LabelDefinition) -> (Int, Int, Int, String) {
            (label.isBackground ? 0 : 1, label.values.first ?? 0, -label.values.count, label.name)
        }
        return key(one) < key(other)
    }

    /// A number, or the list of those of a region; numbers may be written as text.
    private static func values(_ value: JSONValue, of name: String) throws -> [Int] {
        let numbers = (value.array ?? [value]).map { number in number.int ?? number.string.flatMap { Int($0) } }
        guard !numbers.contains(nil) else { throw LabelProblem.notNumbers(label: name) }
        return numbers.compactMap(\.self)
    }
}
