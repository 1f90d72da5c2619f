import Foundation
import TestSupport
import Testing
import UNETRPlanning
import UNETRVolumes

@testable import UNETRModels

/// The clean-up that nnU-Net v2 decided on, in both forms of its file.
struct PostProcessingFileTests {
    private static let known = "remove_all_but_largest_component_from_segmentation"
    private static let labels = LabelSet(definitions: (0...4).map { LabelDefinition(name: "l\($0)", value: $0) })

    /// A step's labels in JSON, and as `pickle.dumps(…, protocol=0)` writes them.
    private struct Step {
        var json: String
        var pickle: String
        init(_ json: String, _ pickle: String) { (self.json, self.pickle) = (json, pickle) }
    }

    private static func json(_ steps: [Step], function: String = known) -> String {
        let names = steps.map { _ in "\"\(function)\"" }.joined(separator: ", ")
        return
            "{\"postprocessing_fns\": [\(names)], \"postprocessing_kwargs\": [\(steps.map { "{\"labels_or_regions\": \($0.json)}" }.joined(separator: ", "))]}"
    }

    private static func pickle(_ steps: [Step], function: String = known) -> String {
        "((l" + steps.map { _ in "cnnunetv2.postprocessing.remove_connected_components\n\(function)\na" }.joined() + "(l"
            + steps.map { "(S'labels_or_regions'\n\($0.pickle)da" }.joined() + "t."
    }

    private func read(_ text: String, _ file: String) throws -> NNUNetV2PostProcessing.Decision? {
        try Fixtures.withTemporaryFolder { root in
            let folder = root.appending(path: "crossval_results_folds_0_1")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: folder.appending(path: file))
            return try NNUNetV2PostProcessing.read(folder, labels: Self.labels)
        }
    }

    private func problem(_ text: String, _ file: String) -> String? {
        let error = #expect(throws: ModelImportError.self) { try read(text, file) }
        guard case .postProcessing(let path, let problem) = error else { return error?.description }
        #expect(path.hasSuffix("crossval_results_folds_0_1/\(file)"))
        return problem
    }

    private static let cases: [([Step], [[Int]])] = [
        ([Step("[1, 2]", "(lI1\naI2\na")], [[1, 2]]), ([Step("3", "I3\n")], [[3]]), ([Step("[[1, 2], 4]", "(l(I1\nI2\ntaI4\na")], [[1, 2, 4]]),
        ([Step("[2, 1, 2]", "(lI2\naI1\naI2\na")], [[1, 2]]), ([Step("[1]", "(lI1\na"), Step("[[2, 3]]", "(l(I2\nI3\nta")], [[1], [2, 3]]),
    ]

    @Test func `Labels and regions of every step become a set, in JSON and in a pickle`() throws {
        for (steps, expected) in Self.cases {
            for (text, file) in [(Self.json(steps), "postprocessing.json"), (Self.pickle(steps), "postprocessing.pkl")] {
                let decision = try #require(try read(text, file))
                #expect(decision.processing == PostProcessing(keepLargest: expected), "\(text)")
                #expect(
                    decision.note
                        == "Masks are cleaned up as crossval_results_folds_0_1/\(file) says: the largest part of \(expected) is kept.")
            }
        }
    }

    @Test func `A file without steps says that nothing is cleaned up, and a folder without a file says nothing`() throws {
        for (text, file) in [(Self.json([]), "postprocessing.json"), (Self.pickle([]), "postprocessing.pkl")] {
            let decision = try #require(try read(text, file))
            #expect(decision.processing == nil && decision.note == "crossval_results_folds_0_1/\(file) says that masks are not cleaned up.")
        }
        #expect(try read("", "other.json") == nil)
    }

    @Test func `A step that is not known, or cleans up what is no label, is told`() {
        let one = [Step("[1]", "(lI1\na")]
        for (make, file) in [(Self.json, "postprocessing.json"), (Self.pickle, "postprocessing.pkl")] as [(([Step], String) -> String, String)] {
            #expect(problem(make(one, "smooth"), file) == "its smooth is not known here; \(Self.known) is")
            #expect(
                problem(make([Step("[1, 7, 0]", "(lI1\naI7\naI0\na")], Self.known), file)
                    == "it cleans up the values [0, 7], which are no labels of the data set")
            for empty in [Step("[]", "(l"), Step("[[]]", "(l(ta"), Step("\"1\"", "S'1'\n"), Step("null", "N"), Step("[1, \"x\"]", "(lI1\naS'x'\na")] {
                #expect(problem(make([empty], Self.known), file) == "a step has no labels_or_regions", "\(empty.json)")
            }
        }
        for text in ["{}", "[]", "", #"{"postprocessing_fns": [], "postprocessing_kwargs": [{}]}"#, #"{"postprocessing_fns": ["a"]}"#] {
            #expect(problem(text, "postprocessing.json") == "it has no postprocessing_fns with as many postprocessing_kwargs", "\(text)")
        }
        for text in ["N.", "((lt.", "((l(lI1\nat.", "(I1\nI2\nt."] {
            #expect(problem(text, "postprocessing.pkl") == "it has no postprocessing_fns with as many postprocessing_kwargs", "\(text)")
        }
        #expect(
            problem(#"{"postprocessing_fns": [3], "postprocessing_kwargs": [{}]}"#, "postprocessing.json")?.hasPrefix("its step without a name is not known")
                == true)
    }

    @Test func `The decision that counts comes first, then any other there is`() throws {
        try Fixtures.withTemporaryFolder { root in
            for (name, label) in [("crossval_results_folds_0", 1), ("crossval_results_folds_1", 2), ("other", 3)] {
                let folder = root.appending(path: name)
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                try Data(Self.json([Step("\(label)", "")]).utf8).write(to: folder.appending(path: "postprocessing.json"))
            }
            func found(_ name: String?) throws -> [[Int]]? {
                try NNUNetV2PostProcessing.find(in: root, named: name, labels: Self.labels)?.processing?.keepLargest
            }
            #expect(
                try found(nil) == [[1]] && found("crossval_results_folds_1") == [[2]] && found("crossval_results_folds_9") == [[1]] && found("other") == [[3]])
            // JSON before the pickle.
            try Data(Self.pickle([Step("", "I4\n")]).utf8).write(to: root.appending(path: "other/postprocessing.pkl"))
            #expect(try found("other") == [[3]])
            try FileManager.default.removeItem(at: root.appending(path: "other/postprocessing.json"))
            #expect(try found("other") == [[4]])
            #expect(try NNUNetV2PostProcessing.find(in: root.appending(path: "none"), named: nil, labels: Self.labels) == nil)
        }
    }
}
