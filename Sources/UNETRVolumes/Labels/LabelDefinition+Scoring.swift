import Foundation

extension LabelDefinition {
    /// A structure of the given labels, ascending and without duplicates; without a name its key serves as one.
    public init(labels: [Int16], name: String? = nil) {
        let values = Set(labels).sorted()
        self.init(name: name ?? values.map(String.init).joined(separator: "+"), values: values.map { Int($0) })
    }

    /// A structure that is one label.
    public init(_ label: Int16, name: String? = nil) { self.init(labels: [label], name: name) }

    /// The values that a label map can hold, ascending, without duplicates.
    public var labels: [Int16] { Set(values.compactMap { Int16(exactly: $0) }).sorted() }

    /// Its key in results: the label as a number ("1"), or the labels of a region joined by "+" ("1+2+3").
    public var key: String { labels.map(String.init).joined(separator: "+") }

    /// The key as nnU-Net v2 writes it: "1", and "(1, 2, 3)" for a region.
    public var nnUNetKey: String {
        let labels = labels
        return labels.count == 1 ? key : "(\(labels.map(String.init).joined(separator: ", ")))"
    }

    /// Reads a list such as "1,2,4+5" or "1+2+3=whole tumor,3": labels, regions joined by "+", each with a name after "=" if wanted.
    ///
    /// - Returns: nil if the text is not such a list.
    public static func list(_ text: String) -> [LabelDefinition]? {
        let structures = text.split(separator: ",", omittingEmptySubsequences: false).map { part -> LabelDefinition? in
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
            let numbers = halves.first?.split(separator: "+", omittingEmptySubsequences: false).map { Int16($0.trimmingCharacters(in: .whitespaces)) }
            guard let numbers, !numbers.isEmpty, !numbers.contains(nil) else { return nil }
            return LabelDefinition(labels: numbers.compactMap { $0 }, name: halves.dropFirst().first { !$0.isEmpty })
        }
        return structures.contains(nil) ? nil : structures.compactMap { $0 }
    }
}
