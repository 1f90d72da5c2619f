public import Foundation
import UNETRSupport

/// The labels that a data set or a model declares: names, regions, and the one to ignore.
public struct LabelDeclaration: Equatable, Sendable {
    /// Every structure but the background, by its first label.
    public var classes: [EvaluatedClass]
    /// The label whose voxels count nowhere.
    public var ignoredLabel: Int16?

    /// Every label that may occur, without background and ignored label.
    public var labels: Set<Int16> { Set(classes.flatMap(\.labels)) }

    public init(classes: [EvaluatedClass], ignoredLabel: Int16? = nil) {
        self.classes = classes
        self.ignoredLabel = ignoredLabel
    }

    /// Reads a `dataset.json` (Medical Segmentation Decathlon, nnU-Net v1 and v2), a plan of this project, or a folder that holds one of
    /// them, such as a model bundle.
    ///
    /// - Throws: `EvaluationError.unreadable`, which says what is wrong with the file.
    public init(contentsOf url: URL) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else { throw EvaluationError.missing(path: url.path) }
        var file = url
        if isFolder.boolValue {
            let names = ["dataset.json", "plan.json"]
            guard let name = names.first(where: { FileManager.default.fileExists(atPath: url.appendingPathComponent($0).path) }) else {
                throw EvaluationError.unreadable(path: url.path, problem: "the folder holds neither dataset.json nor plan.json")
            }
            file = url.appendingPathComponent(name)
        }
        func fail(_ problem: String) -> EvaluationError { .unreadable(path: file.path, problem: problem) }
        let data: Data
        do { data = try InputFile.contents(of: file) } catch let error as FileError { throw fail(error.problem) }
        guard let document = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] else { throw fail("it is not a JSON object") }
        do {
            switch document["labels"] {
            case let table as [String: Any]: self = try Self.read(table)
            case let list as [[String: Any]]: self = try Self.read(list, ignored: document["ignoreLabel"])
            default: throw Problem(sentence: "it has no field labels that is a table or a list of labels")
            }
        } catch let problem as Problem {
            throw fail(problem.sentence)
        }
        classes.sort { ($0.labels[0], $0.labels.count) < ($1.labels[0], $1.labels.count) }
    }

    private struct Problem: Error { var sentence: String }

    /// Value → name (Decathlon, nnU-Net v1), or name → value, values or the ignored one (nnU-Net v2).
    private static func read(_ table: [String: Any]) throws -> LabelDeclaration {
        var declaration = LabelDeclaration(classes: [])
        for (key, value) in table {
            if let name = value as? String, let label = Int16(key) {
                if label != 0 { declaration.classes.append(EvaluatedClass(label, name: name)) }
                continue
            }
            let labels = try labels(value, of: key)
            if key.lowercased() == "ignore" {
                declaration.ignoredLabel = labels.first
            } else if labels != [0] {
                declaration.classes.append(EvaluatedClass(labels: labels, name: key))
            }
        }
        return try declaration.checked()
    }

    /// The list of a plan: a name and its values each.
    private static func read(_ list: [[String: Any]], ignored: Any?) throws -> LabelDeclaration {
        var declaration = LabelDeclaration(classes: [])
        for entry in list {
            guard let name = entry["name"] as? String else { throw Problem(sentence: "one of its labels has no name") }
            let labels = try labels(entry["values"] ?? entry["value"] as Any, of: name)
            if labels != [0] { declaration.classes.append(EvaluatedClass(labels: labels, name: name)) }
        }
        if let ignored = ignored as? Int { declaration.ignoredLabel = Int16(exactly: ignored) }
        return try declaration.checked()
    }

    private static func labels(_ value: Any, of name: String) throws -> [Int16] {
        let numbers = (value as? [Any] ?? [value]).map { ($0 as? Int) ?? ($0 as? String).flatMap(Int.init) }
        let labels = numbers.compactMap { $0.flatMap { Int16(exactly: $0) } }
        guard !labels.isEmpty, labels.count == numbers.count else {
            throw Problem(sentence: "its label \(name) is neither a whole number nor a list of whole numbers")
        }
        return labels
    }

    private func checked() throws -> LabelDeclaration {
        guard !classes.isEmpty else { throw Problem(sentence: "it declares no label but the background") }
        return self
    }
}

extension EvaluatedClass {
    /// Reads a list such as "1,2,4+5" or "1+2+3=whole tumor,3": labels, regions joined by "+", each with a name after "=" if wanted.
    ///
    /// - Returns: nil if the text is not such a list.
    public static func list(_ text: String) -> [EvaluatedClass]? {
        let classes = text.split(separator: ",", omittingEmptySubsequences: false).map { part -> EvaluatedClass? in
            let halves = part.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            let numbers = halves.first?.split(separator: "+", omittingEmptySubsequences: false).map { Int16($0.trimmingCharacters(in: .whitespaces)) }
            guard let numbers, !numbers.isEmpty, !numbers.contains(nil) else { return nil }
            return EvaluatedClass(labels: numbers.compactMap { $0 }, name: halves.count > 1 ? halves[1] : nil)
        }
        return classes.contains(nil) ? nil : classes.compactMap { $0 }
    }
}
