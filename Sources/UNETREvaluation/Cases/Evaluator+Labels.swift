public import Foundation
import UNETRSupport
public import UNETRVolumes

extension LabelSet {
    /// Reads a `dataset.json` (Medical Segmentation Decathlon, nnU-Net v1 and v2), a plan of this project, a folder that holds one of
    /// them, such as a model bundle, or a lookup table of a BIDS data set (`dseg.tsv`).
    ///
    /// - Throws: `EvaluationError.missing`, and `.unreadable`, which says what is wrong with the file.
    public init(declaredBy url: URL) throws {
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
        if file.pathExtension.lowercased() == "tsv" {
            guard let text = String(data: data, encoding: .utf8) else { throw fail("it is not text (UTF-8)") }
            self = try Self.lookupTable(CSV.rows(of: text), fail)
            return
        }
        guard let fields = (try? JSONDecoder().decode(JSONValue.self, from: data))?.object else { throw fail("it is not a JSON object") }
        do { self = try LabelSet(fields: fields) } catch let problem as LabelProblem { throw fail(problem.description) }
        // A label map could not hold such a label.
        if let label = foreground.first(where: { $0.values.isEmpty || $0.values.contains { Int16(exactly: $0) == nil } }) {
            throw fail(LabelProblem.notNumbers(label: label.name).description)
        }
        guard !foreground.isEmpty else { throw fail("it declares no label but the background") }
    }

    /// The labels of a table with the columns `index`, `name` and perhaps `color`.
    private static func lookupTable(_ rows: [[String]], _ fail: (String) -> EvaluationError) throws -> LabelSet {
        let head = rows.first ?? []
        guard let index = head.firstIndex(of: "index"), let name = head.firstIndex(of: "name") else { throw fail("it has no columns index and name") }
        let color = head.firstIndex(of: "color")
        let labels = try rows.dropFirst().enumerated().map { number, row in
            guard row.count > max(index, name), let value = Int16(row[index]), !row[name].isEmpty else {
                throw fail("row \(number + 1) has no whole number up to \(Int16.max) as index, or no name")
            }
            return LabelDefinition(name: row[name], value: Int(value), color: color.flatMap { row.indices.contains($0) && row[$0] != "n/a" ? row[$0] : nil })
        }
        let structures = labels.filter { !$0.isBackground }
        guard !structures.isEmpty else { throw fail("it declares no label but the background") }
        guard Set(structures.flatMap(\.values)).count == structures.count else { throw fail("it has an index twice") }
        return LabelSet(definitions: [LabelDefinition(name: "background", value: 0)] + structures.sorted { $0.values[0] < $1.values[0] })
    }
}

extension Evaluator {
    /// Scores the structures of these labels and allows no others; those to ignore are ignored.
    public mutating func score(_ labels: LabelSet) {
        classes = labels.foreground.sorted { ($0.labels[0], $0.labels.count) < ($1.labels[0], $1.labels.count) }
        declaredLabels = Set(labels.foreground.flatMap(\.labels))
        ignoredLabel = labels.ignoreValue.flatMap { Int16(exactly: $0) }
    }
}

extension LabelSet {
    /// Classes to be scored, for references that know names only; nil where no class has a name.
    init?(namedBy classes: [LabelDefinition]?) {
        guard let classes, classes.contains(where: { $0.name != $0.key }) else { return nil }
        self.init(definitions: classes)
    }
}
