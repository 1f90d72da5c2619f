import Foundation
import Logging
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTraining
import UNETRVolumes
import UNETRWorkflows

struct TrainingWorkflowTests {
    /// A tiny data set and the options for a run of two epochs of two steps.
    private static func options(_ folder: URL, cases: Int = 6) throws -> TrainingWorkflow.Options {
        var options = TrainingWorkflow.Options(
            dataset: try TinyData.dataset(in: folder, cases: cases), run: folder.appending(path: "run"))
        options.plan = folder.appending(path: "plan.json")
        try TinyModel.plan().write(to: options.plan!)
        (options.epochs, options.iterations, options.seed) = (2, 2, 7)
        options.precision = .float32
        return options
    }

    /// A word for each event.
    private static func word(_ event: TrainingWorkflow.Event) -> String {
        switch event {
        case .planning(let done, let count): "planning \(done)/\(count)"
        case .preparing(.prepared(let name, _), _): "prepared \(name)"
        case .preparing(.alreadyThere(let name), _): "there \(name)"
        case .preparing(.failed(let name, _), _): "failed \(name)"
        case .preparing(.finished, let count): "ready \(count)"
        case .begins(_, let epochs): "begins \(epochs)"
        case .training(.iteration(let epoch, let iteration, _, _)): "step \(epoch).\(iteration)"
        case .training(.validated): "validated"
        case .training(.epoch(let record, _)): "epoch \(record.epoch)"
        case .training(.finished(let summary)): "finished \(summary.epochs)"
        }
    }

    private static func words(_ options: TrainingWorkflow.Options, _ notes: Notes = Notes()) throws -> [String] {
        var words: [String] = []
        try TrainingWorkflow(options, logger: notes.logger).job().run { words.append(word($0)) }
        return words.filter { $0 != "validated" }
    }

    private static func refusal(_ options: TrainingWorkflow.Options) -> any Error {
        do { _ = try words(options) } catch { return error }
        return CancellationError()
    }

    @Test func `From a folder of scans to a model: prepared, trained, validated, in this order`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "unetrpp-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let options = try Self.options(folder)
        var words: [String] = [], last: TrainingSummary?
        for try await event in TrainingWorkflow(options, logger: Notes().logger).job().events() {
            words.append(Self.word(event))
            if case .training(.finished(let summary)) = event { last = summary }
        }
        let cases = (0..<6).map { "prepared case_\($0)" } + ["ready 6"]
        #expect(Array(words.prefix(7)).sorted() == cases.sorted())
        let steps = ["begins 0", "step 1.1", "step 1.2", "epoch 1", "step 2.1", "step 2.2", "epoch 2", "finished 2"]
        #expect(words.dropFirst(7).filter { $0 != "validated" } == steps)

        let run = TrainingRun(folder: options.run), recorded = try run.readDescription()
        #expect(recorded.fold == (try CrossValidation.folds((0..<6).map { "case_\($0)" })[0]))
        #expect(recorded.configuration.epochs == 2 && recorded.configuration.seed == 7 && recorded.split?.request.fold == "0")
        #expect(recorded.references.keys.sorted() == recorded.fold.validation.sorted())
        #expect(last?.model.path == run.model.path && last?.scores.map(\.name) == ["ball"])
        #expect(try ModelBundle(contentsOf: run.model).plan == TinyModel.plan())
    }

    @Test func `A run that is there goes on only where that is asked for, and only as it was started`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.options(folder)
            let stopped = Self.stopping(options, at: "step 2.1")
            #expect(stopped.last == "step 2.1")
            #expect(Self.refusal(options) as? TrainingError == .runExists(path: options.run.path))
            options.resumes = true

            func contradiction(_ change: (inout TrainingWorkflow.Options) -> Void) -> WorkflowError? {
                var changed = options
                change(&changed)
                return Self.refusal(changed) as? WorkflowError
            }
            let path = options.run.path
            #expect(
                contradiction { $0.epochs = 9 } == .contradictsRun(path: path, own: "has epochs 2", asked: .setting(name: "epochs", value: "9")))
            #expect(contradiction { $0.seed = .max } == .contradictsRun(path: path, own: "has seed 7", asked: .setting(name: "seed", value: "\(UInt64.max)")))
            #expect(
                contradiction {
                    $0.planning.architecture = .unetr; $0.plan = nil
                }
                    == .contradictsRun(path: path, own: "trains unetr-plus-plus", asked: .network(name: "unetr")))
            let other = folder.appending(path: "w.safetensors")
            #expect(
                contradiction { $0.initial = other } == .contradictsRun(path: path, own: "starts from new weights", asked: .initialWeights(path: other.path)))
            var plan = try TinyModel.plan()
            plan.targetSpacing = [2, 2, 2]
            let otherPlan = folder.appending(path: "other.json")
            try plan.write(to: otherPlan)
            #expect(contradiction { $0.plan = otherPlan } == .contradictsRun(path: path, own: "has another plan", asked: .plan(path: otherPlan.path)))
            var fold = options
            fold.split.fold = "1"
            #expect(Self.refusal(fold) as? SplitError == .contradiction(what: "fold", asked: "1", recorded: "0"))

            // With nothing but its folder: the epoch that was under way is done again.
            let short = {
                var short = TrainingWorkflow.Options(dataset: nil, run: options.run)
                short.resumes = true
                return short
            }()
            #expect(try Self.words(short) == ["begins 1", "step 2.1", "step 2.2", "epoch 2", "finished 2"])
            #expect(try Self.words(options).first == "there case_0")
        }
    }

    /// The words until the reader throws at one of them.
    private static func stopping(_ options: TrainingWorkflow.Options, at stop: String) -> [String] {
        var words: [String] = []
        #expect(throws: CancellationError.self) {
            try TrainingWorkflow(options, logger: Notes().logger).job().run {
                words.append(word($0))
                if words.last == stop { throw CancellationError() }
            }
        }
        return words
    }

    @Test func `Without a data set there must be a run; without cases that can be used there is no training`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var none = TrainingWorkflow.Options(dataset: nil, run: folder.appending(path: "none"))
            none.resumes = true
            let missing = "there is none to resume; give the data set to start one"
            #expect(Self.refusal(none) as? TrainingError == .notARun(path: none.run.path, problem: missing))
            #expect(!FileManager.default.fileExists(atPath: none.run.path))

            let options = try Self.options(folder)
            for name in ["case_1", "case_4"] { try Data("x".utf8).write(to: options.dataset!.appending(path: "images/\(name).nii.gz")) }
            #expect(Self.refusal(options) as? WorkflowError == .unusableCases(names: ["case_1", "case_4"], of: 6))
            #expect(
                "\(WorkflowError.unusableCases(names: ["case_1", "case_4"], of: 6))"
                    == "2 of 6 cases cannot be used: case_1, case_4; repair them or take them out of the data set")
        }
    }

    @Test func `Notes tell of the split, of copies of a scan, and of the first weights`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.options(folder)
            for kind in ["images", "labels"] {
                let file = options.dataset!.appending(path: "\(kind)/case_5.nii.gz")
                try FileManager.default.removeItem(at: file)
                try FileManager.default.copyItem(at: options.dataset!.appending(path: "\(kind)/case_2.nii.gz"), to: file)
            }
            options.initial = try TinyModel.bundle(in: folder).url
            options.epochs = 1
            let notes = Notes()
            _ = try Self.words(options, notes)
            #expect(notes.lines.contains("notice: case_2 and case_5 hold the same voxels"))
            #expect(notes.lines.contains { $0.hasPrefix("notice: Start: ") }, "\(notes.lines)")
            let fold = try TrainingRun(folder: options.run).readDescription().fold
            #expect(fold.validation.contains("case_2") == fold.validation.contains("case_5"))
        }
    }

    @Test func `A data set is planned for where no plan is given, every case counted`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let dataset = try Dataset(contentsOf: TinyData.dataset(in: folder, cases: 3))
            var request = PlanningRequest()
            request.featureSize = 4
            let (notes, counts) = (Notes(), Notes())
            let plan = try request.plan(for: dataset, logger: notes.logger) { counts.logger.info("\($0)/\($1)") }
            #expect(counts.lines == ["info: 0/3", "info: 1/3", "info: 2/3", "info: 3/3"] && notes.lines.isEmpty)
            #expect(plan.targetSpacing == [1, 1, 1] && plan.labels.foregroundValues == [1])
            request.architecture = .unetr
            #expect(try request.applied(to: plan).networkDescription().architecture == .unetr)
            request.architecture = nil
            #expect(try request.applied(to: plan) == plan)
        }
    }
}
