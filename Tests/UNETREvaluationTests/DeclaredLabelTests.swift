import Foundation
import TestSupport
import Testing
import UNETREvaluation
import UNETRVolumes

@Suite struct DeclaredLabelTests {
    private func declaration(_ text: String, name: String = "dataset.json") throws -> LabelSet {
        try Fixtures.withTemporaryFolder { folder in
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
            return try LabelSet(declaredBy: folder)
        }
    }

    @Test("The Decathlon's and nnU-Net v1's table: value to name")
    func decathlon() throws {
        let labels = try declaration(#"{"labels": {"0": "background", "2": "Posterior", "1": "Anterior"}}"#)
        #expect(labels.foreground == [LabelDefinition(1, name: "Anterior"), LabelDefinition(2, name: "Posterior")] && labels.ignoreValue == nil)
    }

    @Test("nnU-Net v2's table: name to value, regions, and the label to ignore")
    func nnUNet() throws {
        let labels = try declaration(#"{"labels": {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "enhancing": 3, "ignore": 4}}"#)
        #expect(labels.foreground.map(\.key) == ["1+2+3", "2+3", "3"] && labels.ignoreValue == 4)
        var evaluator = Evaluator()
        evaluator.score(labels)
        #expect(evaluator.classes == labels.foreground && evaluator.declaredLabels == [1, 2, 3] && evaluator.ignoredLabel == 4)
    }

    @Test("A plan of this project: a list of names and values")
    func plan() throws {
        let labels = try declaration(
            #"{"labels": [{"name": "background", "values": [0]}, {"name": "liver", "values": [6]}], "ignoreLabel": 9}"#, name: "plan.json")
        #expect(labels == LabelSet(definitions: [LabelDefinition(0, name: "background"), LabelDefinition(6, name: "liver")], ignoreValue: 9))
    }

    @Test(
        "Files that declare no labels say what is wrong",
        arguments: [
            ("{}", "no field labels"), ("[1]", "not a JSON object"), (#"{"labels": {"liver": "six"}}"#, "label liver is neither"),
            (#"{"labels": {"liver": 99999}}"#, "label liver is neither"), (#"{"labels": {"0": "background"}}"#, "no label but the background"),
            (#"{"labels": [{"values": [1]}]}"#, "has no name"),
        ])
    func refused(_ text: String, _ words: String) throws {
        let error = try #require(throws: EvaluationError.self) { try declaration(text) }
        #expect(error.description.contains(words) && error.description.contains("dataset.json"))
    }

    @Test("A folder without either file, and a path that is not there, are named")
    func missing() throws {
        try Fixtures.withTemporaryFolder { folder in
            #expect(throws: EvaluationError.unreadable(path: folder.path, problem: "the folder holds neither dataset.json nor plan.json")) {
                try LabelSet(declaredBy: folder)
            }
            let gone = folder.appendingPathComponent("gone.json")
            #expect(throws: EvaluationError.missing(path: gone.path)) { try LabelSet(declaredBy: gone) }
        }
    }

    @Test("A list of classes is read from text, regions and names included")
    func lists() {
        #expect(LabelDefinition.list("1, 3,2+1") == [LabelDefinition(1), LabelDefinition(3), LabelDefinition(labels: [1, 2])])
        #expect(LabelDefinition.list("3+2+1=whole tumor,3=enhancing")?.map(\.name) == ["whole tumor", "enhancing"])
        for text in ["", "a", "1,,2", "1+", "99999", "=x"] { #expect(LabelDefinition.list(text) == nil, "\(text)") }
    }
}
