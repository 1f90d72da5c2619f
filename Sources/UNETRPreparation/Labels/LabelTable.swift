import Foundation
import UNETRSupport

/// The `labels` object of a `dataset.json`: value → name (nnU-Net v1, MSD) or name → value, values or "ignore" (nnU-Net v2).
struct LabelTable {
    let set: LabelSet

    struct Problem: Error {
        let sentence: String
    }

    init(_ labels: [String: JSONValue], order: JSONValue?) throws {
        let byValue = labels.values.allSatisfy { $0.string != nil } && labels.keys.allSatisfy { Int($0) != nil }
        var definitions = try labels.map { key, value in
            byValue
                ? LabelDefinition(name: value.string!, value: Int(key)!)
                : LabelDefinition(name: key, values: try Self.values(value, of: key))
        }
        var ignored: Int?
        if !byValue, let index = definitions.firstIndex(where: { $0.name.lowercased() == "ignore" }) {
            ignored = definitions.remove(at: index).values.first
        }
        if !definitions.contains(where: \.isBackground) { definitions.append(LabelDefinition(name: "background", value: 0)) }
        definitions.sort(by: Self.isBefore)
        var regionOrder: [Int]?
        if definitions.contains(where: { $0.values.count > 1 }) { regionOrder = order?.ints }
        set = LabelSet(definitions: definitions, ignoreValue: ignored, regionOrder: regionOrder)
        do { try set.validate() } catch PlanError.invalid(let field, let value, let rule) {
            throw Problem(sentence: "its \(field) are \(value), but \(rule)")
        }
    }

    /// Background first, then by the first value; of regions that begin alike the larger first.
    private static func isBefore(_ one: LabelDefinition, _ other: LabelDefinition) -> Bool {
        func key(_ label: LabelDefinition) -> (Int, Int, Int, String) {
            (label.isBackground ? 0 : 1, label.values.first ?? 0, -label.values.count, label.name)
        }
        return key(one) < key(other)
    }

    private static func values(_ value: JSONValue, of name: String) throws -> [Int] {
        if let single = value.int { return [single] }
        if let text = value.string, let single = Int(text) { return [single] }
        if let list = value.array {
            let numbers = list.compactMap(\.int)
            if numbers.count == list.count { return numbers }
        }
        throw Problem(sentence: "its label \(name) is neither a whole number nor a list of whole numbers")
    }
}
