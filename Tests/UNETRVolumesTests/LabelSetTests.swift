import Testing
import UNETRSupport
import UNETRVolumes

@Suite struct LabelSetTests {
    private let set = LabelSet(
        definitions: [.init(name: "background", value: 0), .init(name: "anterior", value: 1), .init(name: "posterior", value: 2)])

    @Test func `The tables of a dataset and the list of a plan declare the same labels`() throws {
        let forms: [[String: JSONValue]] = [
            ["labels": ["0": "background", "2": "posterior", "1": "anterior"]],
            ["labels": ["posterior": 2, "background": 0, "anterior": [1]]],
            ["labels": ["posterior": "2", "anterior": ["1"]]],
            ["labels": [["name": "posterior", "values": [2]], ["name": "background", "values": [0]], ["name": "anterior", "value": 1]]],
        ]
        for fields in forms { #expect(try LabelSet(fields: fields) == set) }
    }

    @Test func `Regions keep their order, larger ones first, and the label to ignore is none of them`() throws {
        let set = try LabelSet(fields: ["labels": ["core": [2, 3], "whole": [2, 3, 1], "edge": [2], "Ignore": 9], "regions_class_order": [1, 2, 3]])
        #expect(set.foreground.map(\.name) == ["whole", "core", "edge"])
        #expect(set.foreground.map(\.key) == ["1+2+3", "2+3", "2"])
        #expect(set.foreground.map(\.nnUNetKey) == ["(1, 2, 3)", "(2, 3)", "2"])
        #expect(set.ignoreValue == 9 && set.regionOrder == [1, 2, 3] && set.foregroundValues == [1, 2, 3])
    }

    @Test func `What declares no labels says why`() {
        #expect(throws: LabelProblem.noLabels) { try LabelSet(fields: [:]) }
        #expect(throws: LabelProblem.noLabels) { try LabelSet(fields: ["labels": 3]) }
        #expect(throws: LabelProblem.noName) { try LabelSet(fields: ["labels": [["values": [1]]]]) }
        #expect(throws: LabelProblem.notNumbers(label: "a")) { try LabelSet(fields: ["labels": ["a": 1.5]]) }
        #expect(throws: LabelProblem.notNumbers(label: "a")) { try LabelSet(fields: ["labels": ["a": [1, "b"]]]) }
    }
}
