import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRModels
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// Tasks on disk, and the parts of TotalSegmentator as one.
struct ModelTaskTests {
    private static let plain = LabelSet(definitions: ["background", "a", "b"].enumerated().map { LabelDefinition(name: $1, value: $0) })

    private func bundle(_ name: String, labels: LabelSet = plain, in folder: URL) throws -> ModelBundle {
        let plan = try ModelExportTests.plan(labels: labels)
        let state = try StateDictionary([("w", StoredArray([Float(name.utf8.count)], shape: [1]))])
        return try ModelBundle.write(plan: plan, state: state, card: "", to: folder.appending(path: "\(name).unetrpp"))
    }

    private let task = ModelTask(
        name: "two", spacing: [1.5, 1.5, 2], stepFraction: 0.8,
        labels: LabelSet(definitions: ["background", "x", "y", "z"].enumerated().map { LabelDefinition(name: $1, value: $0) }),
        parts: [.init(bundle: "p.unetrpp", values: [0, 1, 2]), .init(bundle: "qq.unetrpp", values: [0, 3, 0])])

    @Test func `A task is written and opened as it is`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let place = folder.appending(path: "two.unetrpp")
            try task.write([bundle("p", in: folder), bundle("qq", in: folder)], to: place)
            let opened = try ModelOpener(cache: folder.appending(path: "cache")) { state, _ in state }.open(place)
            #expect(opened.task == task && opened.imported == nil)
            #expect(try opened.bundles.map { try $0.state()["w"]?.floats() } == [[1], [2]])
            #expect(throws: ModelImportError.nothingToChoose(path: place.path)) {
                try ModelOpener(cache: folder.appending(path: "cache")) { state, _ in state }.open(place, ModelChoice(folds: ["1"]))
            }
        }
    }

    @Test func `What is wrong with a task is told with its file`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundles = try [bundle("p", in: folder), bundle("qq", in: folder)], place = folder.appending(path: "two.unetrpp")
            func refusal(_ change: (inout ModelTask) -> Void) throws -> String {
                var task = task
                change(&task)
                return try #require(throws: ModelTaskError.self) { try task.write(bundles, to: place) }.description
            }
            let file = place.appending(path: "task.json").path
            #expect(try refusal { $0.spacing = [1, 1] } == "\(file): its spacing is [1.0, 1.0]; expected three numbers of 0.0001 to 1000.0 mm")
            #expect(try refusal { $0.spacing[0] = .nan }.contains("its spacing is [nan"))
            #expect(try refusal { $0.stepFraction = 0 } == "\(file): its stepFraction is 0.0; expected 0.01 to 1.0")
            #expect(try refusal { $0.parts = [] }.contains("it has 0 parts; expected 1 to 64"))
            #expect(try refusal { $0.parts[1].bundle = "../evil" }.contains("is '../evil', which is no name of a file"))
            #expect(try refusal { $0.parts[1].bundle = "p.unetrpp" }.contains("two of its parts have one name"))
            #expect(try refusal { $0.parts[0].values = [0, 1, 9] }.contains("the values of p.unetrpp are not among its labels"))
            #expect(try refusal { $0.parts[0].values = [1, 2, 3] }.contains("or do not begin with 0"))
            #expect(try refusal { $0.parts[0].values = [0, 1] }.contains("p.unetrpp has the labels [1, 2], but the task has values for 1 of them"))
            #expect(!FileManager.default.fileExists(atPath: place.path))
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Data("{".utf8).write(to: URL(fileURLWithPath: file))
            #expect(try #require(throws: ModelTaskError.self) { try ModelTask.open(place) }.description.hasPrefix("\(file): the file is not JSON"))
        }
    }

    /// A folder as TotalSegmentator has it, with made models of as many structures as the real ones.
    private func weights(_ models: [(number: Int, structures: Int)], in folder: URL) throws {
        for (number, structures) in models {
            let labels = LabelSet(
                definitions: (0..<structures + 1).map { LabelDefinition(name: $0 == 0 ? "background" : "s\($0)", value: $0) })
            var plan = try ModelExportTests.plan(labels: labels)
            plan.inference.mirrorAxes = []
            let state = try StateDictionary([("w", StoredArray([Float(number)], shape: [1]))])
            let model = try ModelBundle.write(plan: plan, state: state, card: "", to: folder.appending(path: "\(number).unetrpp"))
            try NNUNetV2Exporter([model]) { state, _ in state }.write(to: folder.appending(path: "results/Dataset\(number)_TotalSegmentator_part"))
        }
    }

    @Test func `The five parts become one task, numbered as TotalSegmentator numbers its 117 structures`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try weights([(291, 24), (292, 26), (293, 18), (294, 23), (295, 26)], in: folder)
            let opener = ModelOpener(cache: folder.appending(path: "cache")) { state, _ in state }
            let (task, bundles, notes) = try TotalSegmentatorFolder(folder.appending(path: "results")).task(opener: opener)
            #expect(task.name == "TotalSegmentator total" && task.spacing == [1.5, 1.5, 1.5] && task.stepFraction == 0.8)
            #expect(try bundles.map { try $0.state()["w"]?.floats() } == [[291], [292], [293], [294], [295]])
            let names = Dictionary(uniqueKeysWithValues: task.labels.definitions.map { ($0.values[0], $0.name) })
            #expect(names.count == 118 && Set(names.values).count == 118)
            // From the program's published table.
            for (value, name) in [
                (1, "spleen"), (5, "liver"), (24, "kidney_cyst_right"), (25, "sacrum"), (50, "vertebrae_C1"), (51, "heart"), (52, "aorta"),
                (69, "humerus_left"),
                (90, "brain"), (91, "skull"), (92, "rib_left_1"), (115, "rib_right_12"), (116, "sternum"), (117, "costal_cartilages"),
            ] { #expect(names[value] == name) }
            #expect(task.parts.map(\.values.first) == [0, 0, 0, 0, 0] && task.parts.map(\.values.last) == [24, 50, 68, 91, 117])
            #expect(notes.count == 6 && notes[0].hasPrefix("Scans are turned to RAS+ and resampled to 1.5 mm"))
        }
    }

    @Test func `The fast tasks and those of MR have their own spacing; what is missing is named`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try weights([(852, 50), (297, 117)], in: folder)
            let results = folder.appending(path: "results"), opener = ModelOpener(cache: folder.appending(path: "cache")) { state, _ in state }
            let fast = try TotalSegmentatorFolder(results).task(named: "total-mr-fast", opener: opener).task
            #expect(fast.spacing == [3, 3, 3] && fast.labels.definitions[19].name == "vertebrae" && fast.parts.map(\.values) == [Array(0...50)])
            #expect(throws: ModelImportError.several(path: results.path, what: "tasks", names: ["total-fast", "total-mr-fast"])) {
                try TotalSegmentatorFolder(results).task(opener: opener)
            }
            #expect(throws: ModelImportError.missing(path: results.path, what: "task brain", present: TotalSegmentatorFolder.tasks)) {
                try TotalSegmentatorFolder(results).task(named: "brain", opener: opener)
            }
            try weights([(291, 24)], in: folder)
            let missing = try #require(throws: ModelImportError.self) { try TotalSegmentatorFolder(results).task(named: "total", opener: opener) }
            #expect(missing.description.contains("has no folder Dataset292_… of the task total"))
            try weights([(853, 3)], in: folder)
            let other = try #require(throws: ModelImportError.self) { try TotalSegmentatorFolder(results).task(named: "total-mr-fastest", opener: opener) }
            #expect(other.description.contains("has no model of the 50 structures of the task total-mr-fastest, only one of the labels [1, 2, 3]"))
            #expect(throws: ModelImportError.self) { try TotalSegmentatorFolder(folder.appending(path: "cache")).task(opener: opener) }
        }
    }
}
