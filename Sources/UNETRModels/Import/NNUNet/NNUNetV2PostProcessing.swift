import Foundation
import UNETRArchives
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// The clean-up of masks that nnU-Net v2 has decided on: `crossval_results_folds_…/postprocessing.json` or `.pkl`.
enum NNUNetV2PostProcessing {
    private static let known = "remove_all_but_largest_component_from_segmentation"

    /// A decision, nil where masks are not cleaned up, and how it is told.
    typealias Decision = (processing: PostProcessing?, note: String)

    /// The decision in a training's folder; nil where there is none.
    /// - Parameter name: the folder of the decision that counts; nil: the first there is.
    static func find(in folder: URL, named name: String?, labels: LabelSet) throws -> Decision? {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasPrefix("crossval_results_folds_") }
        for name in (name.map { [$0] } ?? []) + names.sorted() {
            if let decision = try read(folder.appending(path: name), labels: labels) { return decision }
        }
        return nil
    }

    /// The decision in a folder of results; nil where there is none.
    static func read(_ folder: URL, labels: LabelSet) throws -> Decision? {
        for (file, read) in [("postprocessing.json", json), ("postprocessing.pkl", pickle)] {
            let url = folder.appending(path: file), place = "\(folder.lastPathComponent)/\(file)"
            guard FileManager.default.fileExists(atPath: url.path) else { continue }
            let sets = try read(url)
            let unknown = Set(sets.joined()).subtracting(labels.foregroundValues)
            guard unknown.isEmpty else {
                throw ModelImportError.postProcessing(
                    path: url.path, problem: "it cleans up the values \(unknown.sorted()), which are no labels of the data set")
            }
            if sets.isEmpty { return (nil, "\(place) says that masks are not cleaned up.") }
            return (PostProcessing(keepLargest: sets), "Masks are cleaned up as \(place) says: the largest part of \(sets) is kept.")
        }
        return nil
    }

    /// For each step the label values whose largest part is kept.
    private static func json(_ url: URL) throws -> [[Int]] {
        let source = try? JSONDecoder().decode(JSONValue.self, from: try InputFile.contents(of: url, most: 1 << 28))
        return try sets(
            url, source?["postprocessing_fns"]?.array?.map { $0.string }, source?["postprocessing_kwargs"]?.array?.map { $0["labels_or_regions"] },
            number: \.int, parts: \.array)
    }

    private static func pickle(_ url: URL) throws -> [[Int]] {
        let source = try PickleFile.read(url)
        return try sets(
            url, source[0]?.elements?.map { $0.object?.name }, source[1]?.elements?.map { $0["labels_or_regions"] }, number: \.intValue,
            parts: \.elements)
    }

    /// The sets of a list of functions and the labels or regions that each was given, in either form of the file.
    private static func sets<Value>(
        _ url: URL, _ functions: [String?]?, _ labels: [Value?]?, number: (Value) -> Int?, parts: (Value) -> [Value]?
    ) throws -> [[Int]] {
        func fail(_ problem: String) -> ModelImportError { .postProcessing(path: url.path, problem: problem) }
        /// A label, or a list of labels and regions.
        func values(_ value: Value) -> [Int]? {
            if let label = number(value) { return [label] }
            return parts(value).flatMap { parts in
                let found = parts.compactMap(values)
                return found.count == parts.count ? Array(Set(found.joined())).sorted() : nil
            }
        }
        guard let functions, let labels, functions.count == labels.count else {
            throw fail("it has no postprocessing_fns with as many postprocessing_kwargs")
        }
        return try zip(functions, labels).map { function, labels in
            guard function == known else { throw fail("its \(function ?? "step without a name") is not known here; \(known) is") }
            guard let values = labels.flatMap(values), !values.isEmpty else { throw fail("a step has no labels_or_regions") }
            return values
        }
    }
}
