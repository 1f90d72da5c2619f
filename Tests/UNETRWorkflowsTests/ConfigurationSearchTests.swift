import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTorchEngine
import UNETRTraining
import UNETRVolumes
import UNETRWorkflows

struct ConfigurationSearchTests {
    private static func coarse() throws -> Plan {
        var plan = try TinyModel.plan()
        plan.targetSpacing = [1.5, 1.25, 1.25]
        return plan
    }

    private static func search(
        _ places: [URL], to output: URL, _ change: (inout ConfigurationSearch.Options) -> Void = { _ in }
    ) throws -> (choice: ConfigurationChoice, decision: PostProcessingDecision, steps: Int) {
        var options = ConfigurationSearch.Options(configurations: places, output: output)
        (options.engine, options.mirroring, options.precision) = (.torch, false, .float32)
        change(&options)
        var result: (ConfigurationChoice, PostProcessingDecision)?, steps = 0
        try ConfigurationSearch(options, logger: Notes().logger).job().run { event in
            switch event {
            case .segmented(let done, let count):
                steps += 1
                #expect(done == steps && done <= count)
            case .finished(let choice, let decision): result = (choice, decision)
            }
        }
        let (choice, decision) = try #require(result)
        return (choice, decision, steps)
    }

    private static func refusal(_ places: [URL], _ output: URL) -> ChoiceError? {
        do { _ = try search(places, to: output) } catch { return error as? ChoiceError }
        return nil
    }

    /// The mean Dice of the ball over the four cases, computed from the scans by the networks that have not seen them.
    private static func dice(_ places: [URL]) throws -> Double {
        let raw = SegmenterOptions(mirroring: false, postProcesses: false)
        var sum = 0.0
        for number in 0..<4 {
            let (scan, labels) = TinyModel.ball(number)
            let members = try places.map { try Segmenter(model: ModelBundle(contentsOf: $0.appending(path: "fold_\(number % 2)/model.unetrpp")), options: raw) }
            let segmenter = EnsembleSegmenter(members, postProcesses: false)
            let mask = try segmenter.segment(segmenter.load(scan, name: "s")).labels
            let both = zip(mask.voxels, labels.voxels).filter { $0 == 1 && $1 == 1 }.count
            sum += 2 * Double(both) / Double(mask.voxels.filter { $0 == 1 }.count + labels.voxels.filter { $0 == 1 }.count)
        }
        return sum / 4
    }

    @Test func `Configurations and their pair get the mean Dice of the networks that have not seen a case, and the best is opened like a model`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let dataset = try TinyData.dataset(in: folder, cases: 4), output = folder.appending(path: "choice.json")
            let places = [
                try TinyCrossValidation.configuration("fine", in: folder, dataset: dataset, plan: TinyModel.plan(), seed: 5),
                try TinyCrossValidation.configuration("coarse", in: folder, dataset: dataset, plan: Self.coarse(), seed: 8),
            ]
            let (choice, decision, steps) = try Self.search(places, to: output)
            let expected = try [[places[0]], [places[1]], places].map(Self.dice)
            #expect(steps == 8 && choice.cases == 4 && choice.dataset == "Balls")
            #expect(choice.candidates.map(\.members) == [["fine"], ["coarse"], ["fine", "coarse"]])
            for (candidate, dice) in zip(choice.candidates, expected) {
                #expect(abs((candidate.dice ?? -1) - dice) < 1e-12 && candidate.structures["ball"] == candidate.dice)
            }
            #expect(Set(expected).count == 3 && expected.allSatisfy { $0 > 0 && $0 < 1 })
            let best = expected.indices.max { expected[$0] < expected[$1] } ?? 0
            #expect(choice.chosen.map(\.name) == choice.candidates[best].members)
            #expect(abs((decision.rawDice[1] ?? -1) - expected[best]) < 1e-12 && choice.keepLargest == decision.postProcessing.keepLargest)

            // Opened, it is the models in groups, with the clean-up that was decided; paths hold when the folder moves.
            let moved = folder.appending(path: "moved")
            try FileManager.default.createDirectory(at: moved, withIntermediateDirectories: true)
            for name in ["fine", "coarse", "choice.json"] {
                try FileManager.default.moveItem(at: folder.appending(path: name), to: moved.appending(path: name))
            }
            let opened = try ModelOpener(cache: folder.appending(path: "cache")).open(moved.appending(path: "choice.json"))
            #expect(opened.groups.map(\.count) == choice.chosen.map { _ in 2 } && opened.task == nil)
            #expect(opened.groups.map { $0[1].url.path } == choice.chosen.map { moved.appending(path: "\($0.name)/fold_1/model.unetrpp").path })
            let cleaning = choice.keepLargest.isEmpty ? nil : PostProcessing(keepLargest: choice.keepLargest)
            #expect(opened.bundles.allSatisfy { $0.plan.postProcessing == cleaning })

            // A network that was trained anew is not the one that was chosen.
            let first = opened.bundles[0]
            try TinyModel.bundle(first.plan, in: first.url.deletingLastPathComponent(), named: "model", seed: 99).store(card: "new")
            let error = #expect(throws: ConfigurationChoiceError.self) { try ModelOpener(cache: folder).open(moved.appending(path: "choice.json")) }
            #expect(error?.problem.contains("has other weights than when it was chosen") == true)
        }
    }

    @Test func `Of equal configurations the first is chosen, alone, and without pairs none is tried`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let dataset = try TinyData.dataset(in: folder, cases: 4), output = folder.appending(path: "choice.json")
            let places = try ["one", "two"].map {
                try TinyCrossValidation.configuration($0, in: folder, dataset: dataset, plan: TinyModel.plan(), seed: 5)
            }
            let (choice, _, _) = try Self.search(places, to: output)
            #expect(Set(choice.candidates.map(\.dice)).count == 1 && choice.candidates.count == 3)
            #expect(choice.chosen.map(\.name) == ["one"] && choice.chosen[0].models.map(\.path) == ["one/fold_0/model.unetrpp", "one/fold_1/model.unetrpp"])
            #expect(throws: OutputError.exists(path: output.path)) { try Self.search(places, to: output) }
            let (alone, _, _) = try Self.search(places, to: output) { ($0.replaces, $0.ensembles) = (true, false) }
            #expect(alone.candidates == Array(choice.candidates.prefix(2)) && alone.chosen == choice.chosen)
            // A run by itself is a configuration too.
            let (run, _, steps) = try Self.search([places[0].appending(path: "fold_1")], to: output) { $0.replaces = true }
            #expect(run.cases == 2 && steps == 2 && run.chosen.map(\.models.count) == [1])
        }
    }

    @Test func `What cannot be compared is refused by name, before anything is segmented`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let dataset = try TinyData.dataset(in: folder, cases: 4), output = folder.appending(path: "choice.json")
            func make(_ name: String, _ plan: Plan? = nil, folds: [[Int]] = [[0, 2], [1, 3]]) throws -> URL {
                try TinyCrossValidation.configuration(name, in: folder, dataset: dataset, plan: plan ?? TinyModel.plan(), folds: folds, seed: 5)
            }
            let first = try make("first")
            #expect(Self.refusal([dataset], output) == .noRuns(path: dataset.path))
            #expect(Self.refusal([first, first], output) == .sameTwice(path: first.path))
            var other = try TinyModel.plan()
            other.dataset = "Cubes"
            let cubes = try make("cubes", other)
            #expect(
                Self.refusal([first, cubes], output)
                    == .differs(path: cubes.path, what: "the data set", found: "Cubes", first: first.path, expected: "Balls"))
            let two = try make("two", TinyModel.plan([.init(name: "a", value: 1), .init(name: "b", value: 2)]))
            #expect(
                Self.refusal([first, two], output)
                    == .differs(path: two.path, what: "the labels", found: "a (1), b (2)", first: first.path, expected: "ball (1)"))
            let fewer = try make("fewer", folds: [[0, 2], [1]])
            #expect(Self.refusal([first, fewer], output) == .otherCases(path: fewer.path, missing: ["case_3"], added: [], first: first.path))
            let twice = try TinyCrossValidation.configuration(
                "twice", in: folder, dataset: dataset, plan: TinyModel.plan(), folds: [[0], [1]], seed: 5)
            try FileManager.default.copyItem(at: twice.appending(path: "fold_0"), to: twice.appending(path: "fold_2"))
            #expect(
                Self.refusal([twice], output)
                    == .validatedTwice(
                        case: "case_0", run: twice.appending(path: "fold_2").path, other: twice.appending(path: "fold_0").path))
            let mixed = try make("mixed"), foreign = try make("foreign", Self.coarse())
            try FileManager.default.removeItem(at: mixed.appending(path: "fold_1"))
            try FileManager.default.moveItem(at: foreign.appending(path: "fold_1"), to: mixed.appending(path: "fold_1"))
            #expect(
                Self.refusal([mixed], output)
                    == .severalPlans(run: mixed.appending(path: "fold_1").path, first: mixed.appending(path: "fold_0").path))
            try FileManager.default.removeItem(at: first.appending(path: "prepared/case_2.json"))
            #expect(
                Self.refusal([first], output)
                    == .notPrepared(
                        case: "case_2", folder: first.appending(path: "prepared").path, run: first.appending(path: "fold_0").path))
            try FileManager.default.removeItem(at: first.appending(path: "fold_0/model.unetrpp"))
            #expect(Self.refusal([first], output) == .unfinished(run: first.appending(path: "fold_0").path))
            #expect(!FileManager.default.fileExists(atPath: output.path))
        }
    }
}
