public import Foundation
import UNETRSupport
public import UNETRVolumes

extension LabelSet {
    /// Reads a `dataset.json` (Medical Segmentation Decathlon, nnU-Net v1 and v2), a plan of this project, or a folder that holds one of
    /// them, such as a model bundle.
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
        guard let fields = (try? JSONDecoder().decode(JSONValue.self, from: data))?.object else { throw fail("it is not a JSON object") }
        do { self = try LabelSet(fields: fields) } catch let problem as LabelProblem { throw fail(problem.description) }
        // A label map could not hold such a label.
        if let label = foreground.first(where: { $0.values.isEmpty || $0.values.contains { Int16(exactly: $0) == nil } }) {
            throw fail(LabelProblem.notNumbers(label: label.name).description)
        }
        guard !foreground.isEmpty else { throw fail("it declares no label but the background") }
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
