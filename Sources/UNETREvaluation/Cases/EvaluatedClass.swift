/// A structure that is scored: one label, or a region that is the union of several (BraTS: whole tumor = 1 ∪ 2 ∪ 3).
public struct EvaluatedClass: Hashable, Sendable, Codable {
    /// Its key in results: the label as a number ("1"), or the labels of a region joined by "+" ("1+2+3").
    public let key: String

    /// What it is called in reports.
    public var name: String

    /// The labels whose union it is, ascending, without duplicates.
    public let labels: [Int16]

    /// A structure of the given labels; without a name its key serves as one.
    public init(labels: [Int16], name: String? = nil) {
        self.labels = Set(labels).sorted()
        key = self.labels.map(String.init).joined(separator: "+")
        self.name = name ?? key
    }

    /// A structure that is one label.
    public init(_ label: Int16, name: String? = nil) { self.init(labels: [label], name: name) }

    /// The key as nnU-Net v2 writes it: "1", and "(1, 2, 3)" for a region.
    public var nnUNetKey: String {
        labels.count == 1 ? key : "(\(labels.map(String.init).joined(separator: ", ")))"
    }
}

extension EvaluatedClass {
    /// The three regions of BraTS in the label values of the Medical Segmentation Decathlon: whole tumor 1 ∪ 2 ∪ 3, tumor core
    /// 2 ∪ 3, enhancing tumor 3.
    public static let bratsRegions = [
        EvaluatedClass(labels: [1, 2, 3], name: "whole tumor"), EvaluatedClass(labels: [2, 3], name: "tumor core"),
        EvaluatedClass(3, name: "enhancing tumor"),
    ]
}
