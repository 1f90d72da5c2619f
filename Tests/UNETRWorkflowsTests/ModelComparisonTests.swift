import Foundation
import TestSupport
import Testing
import UNETREvaluation
import UNETRSupport
import UNETRVolumes
import UNETRWorkflows

/// Models compared from their masks and from what an evaluation wrote.
struct ModelComparisonTests {
    private static let geometry = Geometry(size: [1, 1, 10], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])

    /// A folder of label maps of a row of ten voxels, the first so many of each case labeled.
    private static func write(_ folder: URL, _ counts: [Int]) throws -> URL {
        for (number, count) in counts.enumerated() {
            let map = LabelMap(geometry: geometry, voxels: (0..<10).map { $0 < count ? 1 : 0 })
            try NIfTI.write(labels: map, to: folder.appending(path: "case \(number).nii.gz"))
        }
        return folder
    }

    /// Three models and the expert, whose structure has four voxels in both cases.
    private func withModels(_ body: (URL, ModelComparison.Options) throws -> Void) throws {
        try Fixtures.withTemporaryFolder { folder in
            let models = try [("gut", [4, 4]), ("mäßig", [3, 4]), ("schlecht", [1, 2])].map { name, counts in
                ModelComparison.Model(name: name, source: try Self.write(folder.appending(path: name), counts))
            }
            var options = ModelComparison.Options(models: models)
            options.references = try Self.write(folder.appending(path: "expert"), [4, 4])
            options.scoring.surfaces = false
            try body(folder, options)
        }
    }

    private func run(_ options: ModelComparison.Options) throws -> (events: [String], report: ComparisonReport) {
        var events: [String] = [], report: ComparisonReport?
        try ModelComparison(options).job().run { event in
            switch event {
            case .scored(let model, let done, let count): events.append("\(model) \(done)/\(count)")
            case .finished(let finished): report = finished
            }
        }
        return (events, try #require(report))
    }

    @Test func `The first is compared with each other one, and more than two are ranked`() throws {
        try withModels { _, options in
            let (events, report) = try run(options)
            #expect(events == ["gut 1/2", "gut 2/2", "mäßig 1/2", "mäßig 2/2", "schlecht 1/2", "schlecht 2/2"])
            #expect(report.name == "gut" && report.opponents.map(\.name) == ["mäßig", "schlecht"])
            // Dice of m of n voxels is 2m ⁄ (m + n): 6 ⁄ 7 and 1; 2 ⁄ 5 and 2 ⁄ 3.
            let rows = report.opponents.map { $0.comparison.rows[0] }
            #expect(rows.map { $0.pairs.map(\.b) } == [[6.0 / 7, 1], [0.4, 2.0 / 3]] && rows.allSatisfy { $0.pairs.map(\.a) == [1, 1] })
            #expect(rows.map(\.wins) == [1, 2] && rows.map(\.ties) == [1, 0])
            #expect(report.rankings.map(\.figure) == [.dice] && report.rankings[0].entries.map(\.name) == ["gut", "mäßig", "schlecht"])
            // 1 and 1.5; 2 and 1.5; 3 and 3.
            #expect(report.rankings[0].entries.map(\.meanRank) == [1.25, 1.75, 3])
            var two = options
            two.models.removeLast()
            #expect(try run(two).report.rankings.isEmpty)
        }
    }

    @Test func `Scores that were written stand for the masks they were made of`() throws {
        try withModels { folder, options in
            var evaluation = FolderEvaluation.Options(predictions: options.models[1].source, references: options.references!)
            (evaluation.output, evaluation.scoring) = (folder.appending(path: "report"), options.scoring)
            try FolderEvaluation(evaluation).job().run { _ in }
            var scored = options
            scored.models[1].source = folder.appending(path: "report/evaluation.json")
            #expect(scored.models.map(\.isScored) == [false, true, false])
            let (events, report) = try run(scored)
            #expect(events == ["gut 1/2", "gut 2/2", "schlecht 1/2", "schlecht 2/2"], "nothing is scored again")
            #expect(try report.json() == run(options).report.json())
            // With scores of all there need be no references.
            scored.models = [scored.models[1], scored.models[1]]
            scored.references = nil
            #expect(try run(scored).report.opponents[0].comparison.rows.allSatisfy { $0.ties == 2 })
            scored.models = options.models
            #expect(throws: EvaluationError.noReferences(predictions: options.models[0].source.path)) { try run(scored) }
        }
    }

    @Test func `Both files are written, and replaced only where that is asked for`() throws {
        try withModels { folder, options in
            var options = options
            let place = folder.appending(path: "out")
            options.output = place
            let report = try run(options).report
            #expect(try Data(contentsOf: place.appending(path: "comparison.json")) == report.json())
            #expect(try String(contentsOf: place.appending(path: "comparison.html"), encoding: .utf8) == report.html)
            let first = place.appending(path: "comparison.json")
            #expect(throws: OutputError.exists(path: first.path)) { try run(options) }
            try FileManager.default.removeItem(at: first)
            #expect(throws: OutputError.exists(path: place.appending(path: "comparison.html").path)) { try run(options) }
            options.replaces = true
            #expect(try run(options).report.html == report.html)
        }
    }

    @Test func `A case that one model lacks is an error, or left out of all`() throws {
        try withModels { _, options in
            var options = options
            try FileManager.default.removeItem(at: options.models[2].source.appending(path: "case 1.nii.gz"))
            #expect(throws: EvaluationError.unmatched(predictions: [], references: ["case 1"])) { try run(options) }
            // The others have it still, so that they cannot be compared.
            options.scoring.onlyMatched = true
            #expect(throws: EvaluationError.notComparable("these cases are in one of them only: case 1")) { try run(options) }
            for model in options.models.dropLast() { try FileManager.default.removeItem(at: model.source.appending(path: "case 1.nii.gz")) }
            #expect(try run(options).report.opponents[1].comparison.rows[0].pairs.map(\.name) == ["case 0"])
        }
    }

    @Test func `The seed of the bootstrap is in the intervals`() throws {
        try withModels { _, options in
            func interval(_ seed: UInt64, repetitions: Int = 50) throws -> ClosedRange<Double>? {
                var options = options
                options.bootstrap = Bootstrap(repetitions: repetitions, confidence: 0.9, seed: seed)
                return try run(options).report.opponents[1].comparison.rows[0].difference?.interval
            }
            let once = try interval(1)
            #expect(try interval(1) == once)
            // Of one sample an interval is one mean; another seed draws another.
            let bounds = try (0..<20).map { try #require(try interval($0, repetitions: 1)).lowerBound }
            #expect(Set(bounds).count > 1)
        }
    }

    @Test func `A reader that throws stops the scoring`() throws {
        try withModels { _, options in
            struct Enough: Error {}
            var seen = 0
            #expect(throws: Enough.self) {
                try ModelComparison(options).job().run { _ in
                    seen += 1
                    throw Enough()
                }
            }
            #expect(seen == 1)
        }
    }

    @Test func `Models are named after their folders, and by whole paths where two have one name`() {
        func names(_ paths: [String]) -> [String] { ModelComparison.Model.named(after: paths.map { URL(fileURLWithPath: $0) }).map(\.name) }
        #expect(names(["/a/one", "/b/two/evaluation.json"]) == ["one", "two"])
        #expect(names(["/a/run", "/b/run/evaluation.json"]) == ["/a/run", "/b/run/evaluation.json"])
    }
}
