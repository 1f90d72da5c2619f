import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETREvaluation
import UNETRPlanning
import UNETRSupport
import UNETRVolumes
import UNETRWorkflows

struct FolderEvaluationTests {
    /// Two references and two predictions of a row of ten voxels: Dice 1 and 2·3 ⁄ (5 + 3) = 0.75.
    private static func folders(_ folder: URL) throws -> FolderEvaluation.Options {
        let rows: [(String, [Int16], [Int16])] = [
            ("a", [1, 1, 1, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]),
            ("b", [0, 1, 1, 1, 0, 0, 0, 0, 0, 0], [0, 1, 1, 1, 1, 1, 0, 0, 0, 0]),
        ]
        let geometry = Geometry(size: [1, 1, 10], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
        let sides = ["found", "expert"].map { folder.appending(path: $0) }
        for side in sides { try FileManager.default.createDirectory(at: side, withIntermediateDirectories: true) }
        for (name, found, expert) in rows {
            for (side, voxels) in zip(sides, [found, expert]) {
                try VolumeFile.write(labels: LabelMap(geometry: geometry, voxels: voxels), to: side.appending(path: "\(name).nii.gz"))
            }
        }
        var options = FolderEvaluation.Options(predictions: sides[0], references: sides[1])
        options.scoring.surfaces = false
        return options
    }

    private static func result(_ options: FolderEvaluation.Options) throws -> (counts: [Int], result: EvaluationResult) {
        var counts: [Int] = [], result: EvaluationResult?
        try FolderEvaluation(options).job().run { event in
            switch event {
            case .scored(let done, let count):
                counts.append(done)
                #expect(count == 2)
            case .finished(let finished): result = finished
            }
        }
        return (counts, try #require(result))
    }

    @Test func `Files of one name are scored together, and the result comes last`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let (counts, result) = try Self.result(Self.folders(folder))
            #expect(counts == [1, 2])
            #expect(result.cases.map(\.name) == ["a", "b"] && result.cases.map { $0.classes["1"]?.dice } == [1, 0.75])
        }
    }

    @Test func `The files of an evaluation hold the result; they are replaced only where that is asked for`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.folders(folder)
            options.output = folder.appending(path: "report")
            let result = try Self.result(options).result
            #expect(try FileManager.default.contentsOfDirectory(atPath: options.output!.path).sorted() == EvaluationFiles.names.sorted())
            let stored = try JSONText.decode(EvaluationResult.self, from: Data(contentsOf: options.output!.appending(path: "evaluation.json")))
            #expect(stored.cases.map { $0.classes["1"]?.dice } == [1, 0.75] && stored.definition == result.definition)
            let table = try String(contentsOf: options.output!.appending(path: "metrics.csv"), encoding: .utf8).components(separatedBy: "\r\n")
            #expect(table.count == 4 && table[1].hasPrefix("a,1,1,") && table[2].hasPrefix("b,1,1,"))
            let first = options.output!.appending(path: EvaluationFiles.names[0])
            #expect(throws: OutputError.exists(path: first.path)) { try Self.result(options) }
            options.replaces = true
            #expect(try Self.result(options).result == result)
        }
    }

    @Test func `A case without counterpart is an error, or left out`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.folders(folder)
            try FileManager.default.removeItem(at: options.predictions.appending(path: "b.nii.gz"))
            #expect(throws: EvaluationError.unmatched(predictions: [], references: ["b"])) { try Self.result(options) }
            options.scoring.onlyMatched = true
            var last: EvaluationResult?
            try FolderEvaluation(options).job().run { if case .finished(let result) = $0 { last = result } }
            #expect(last?.cases.map(\.name) == ["a"])
        }
    }

    @Test func `Labels are declared beside the files, in the folder that is named, or not at all`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let options = try Self.folders(folder)
            var request = options.scoring
            #expect(try request.evaluator(beside: [options.references]).classes == nil)
            let declaration = Data(#"{"labels": {"background": 0, "liver": 1, "spleen": 2, "ignore": 9}}"#.utf8)
            try declaration.write(to: folder.appending(path: "dataset.json"))
            let found = try request.evaluator(beside: [options.references])
            #expect(found.classes?.map(\.name) == ["liver", "spleen"] && found.ignoredLabel == 9)
            request.classes = [LabelDefinition(labels: [1, 2], name: "both")]
            #expect(try request.evaluator(beside: [options.references]).classes?.map(\.key) == ["1+2"])
            request.classes = nil
            request.ignoredLabel = 7
            #expect(try request.evaluator(beside: [options.references]).ignoredLabel == 7)
        }
    }

    @Test func `A reader that throws stops the scoring`() throws {
        try Fixtures.withTemporaryFolder { folder in
            struct Enough: Error {}
            var options = try Self.folders(folder)
            options.scoring.threads = 1
            var seen = 0
            #expect(throws: Enough.self) {
                try FolderEvaluation(options).job().run { _ in
                    seen += 1
                    throw Enough()
                }
            }
            #expect(seen == 1)
        }
    }
}
