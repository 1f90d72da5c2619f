import Foundation
import UNETRArchives
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// The clean-up of masks that nnU-Net v2 has decided on: `crossval_results_folds_…/postprocessing.json` or `.pkl`.
enum NNUNetV2PostProcessing {
    private static let known = "remove_all_but_largest_component_from_segmentation"

    /// The decision beside a training, and its file's name; nil where there is none.
    static func find(in folder: URL, labels: LabelSet) throws -> (file: String, PostProcessing)? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for name in names.sorted() where name.hasPrefix("crossval_results_folds_") {
            for (file, read) in [("postprocessing.json", json), ("postprocessing.pkl", pickle)] {
                let url = folder.appending(path: name).appending(path: file)
                guard FileManager.default.fileExists(atPath: url.path) else { continue }
                let sets = try read(url)
                let unknown = Set(sets.joined()).subtracting(labels.foregroundValues)
                guard unknown.isEmpty, !sets.contains(where: \.isEmpty) else {
                    throw ModelImportError.postProcessing(
                        path: url.path, problem: "it cleans up the values \(unknown.sorted()), which are no labels of the data set")
                }
                return ("\(name)/\(file)", PostProcessing(keepLargest: sets))
            }
        }
        return nil
    }

    /// For each step the label values whose largest part is kept.
    private static func json(_ url: URL) throws -> [[Int]] {
        let source = try? JSONDecoder().decode(JSONValue.self, from: try InputFile.contents(of: url, most: 1 << 28))
        func fail(_ problem: String) -> ModelImportError { .postProcessing(path: url.path, problem: problem) }
        guard let functions = source?["postprocessing_fns"]?.array?.compactMap(\.string), let settings = source?["postprocessing_kwargs"]?.array,
            functions.count == settings.count
        else { throw fail("it has no postprocessing_fns with as many postprocessing_kwargs") }
        return try zip(functions, settings).map { function, settings in
            guard function == known else { throw fail("its \(function) is not known here; \(known) is") }
            guard let values = settings["labels_or_regions"].flatMap(values) else { throw fail("a step has no labels_or_regions") }
            return values
        }
    }

    private static func values(_ value: JSONValue) -> [Int]? {
        if let number = value.int { return [number] }
        return value.array.flatMap { parts in
            let found = parts.compactMap(values)
            return found.count == parts.count ? Array(Set(found.joined())).sorted() : nil
        }
    }

    private static func pickle(_ url: URL) throws -> [[Int]] {
        func fail(_ problem: String) -> ModelImportError { .postProcessing(path: url.path, problem: problem) }
        let source = try PickleFile.read(url)
        guard let functions = source[0]?.elements, let settings = source[1]?.elements, functions.count == settings.count else {
            throw fail("it is no pair of functions and their settings")
        }
        return try zip(functions, settings).map { function, settings in
            guard case .object(let object) = function, object.name == known else { throw fail("a step is not known here; \(known) is") }
            guard let values = settings["labels_or_regions"].flatMap(values) else { throw fail("a step has no labels_or_regions") }
            return values
        }
    }

    private static func values(_ value: PickleValue) -> [Int]? {
        if let number = value.intValue { return [number] }
        return value.elements.flatMap { parts in
            let found = parts.compactMap(values)
            return found.count == parts.count ? Array(Set(found.joined())).sorted() : nil
        }
    }
}
