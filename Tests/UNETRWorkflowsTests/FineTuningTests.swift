import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRTraining
import UNETRVolumes

@testable import UNETRWorkflows

/// A model that is tuned further on other data.
struct FineTuningTests {
    private static func labels(_ names: String..., regions: Bool = false) -> LabelSet {
        LabelSet(
            definitions: [.init(name: "background", value: 0)]
                + names.enumerated().map { .init(name: $1, values: regions ? Array(($0 + 1)...names.count) : [$0 + 1]) },
            regionOrder: regions ? Array(1...names.count) : nil)
    }

    @Test func `Outputs of one name go on, in whatever order; others are told`() {
        let match = OutputMatch(from: Self.labels("Liver", "spleen", "kidney"), to: Self.labels("spleen", "tumor", "liver"))
        #expect(match.former == [0, 2, nil, 1])
        #expect(match.notes == ["the outputs for tumor begin anew", "the model's outputs for kidney are left out"])
        let same = OutputMatch(from: Self.labels("a", "b"), to: Self.labels("a", "b"))
        #expect(same.former == [0, 1, 2] && same.notes.isEmpty)
        let regions = OutputMatch(from: Self.labels("whole", "core"), to: Self.labels("whole", "core", regions: true))
        #expect(regions.former == [1, 2])
        #expect(regions.notes == ["the model's outputs for background are left out", "outputs decide about regions instead of classes"])
    }

    @Test(arguments: [
        (1, 0.001, "encoder", nil, 100), (10, 0.001, "encoder", nil, 100), (11, 0.001, "none", 0.75, 200), (50, 0.001, "none", 0.75, 200),
        (51, 0.005, "none", 0.9, 500),
    ])
    func `Few cases change less of the model`(cases: Int, rate: Double, freeze: String, decay: Double?, epochs: Int) throws {
        let found = FineTuningRule(cases: cases).applied(to: .published)
        #expect(abs(found.learningRate - rate) < 1e-12 && found.freeze?.rawValue == freeze && found.layerDecay == decay && found.epochs == epochs)
        #expect(found.rescueEpoch == nil)
        try found.validate()
    }

    /// A tiny data set, a model of other structures, and the options for a run of two epochs of two steps.
    private static func options(_ folder: URL) throws -> (TrainingWorkflow.Options, ModelBundle) {
        let model = try TinyModel.bundle(
            TinyModel.plan([.init(name: "shell", value: 1), .init(name: "label 1", value: 2)], channelNames: ["T1", "T2"]), in: folder)
        var options = TrainingWorkflow.Options(dataset: try TinyData.dataset(in: folder), run: folder.appending(path: "run"))
        (options.epochs, options.iterations, options.seed) = (2, 2, 7)
        options.precision = .float32
        options.tuning = FineTuning(model: model.url)
        let settings = folder.appending(path: "settings.json")
        try Data(#"{"estimationIterations": 1, "finalValidation": false}"#.utf8).write(to: settings)
        options.settings = settings
        return (options, model)
    }

    private static func train(_ options: TrainingWorkflow.Options, _ notes: Notes = Notes()) throws {
        try TrainingWorkflow(options, logger: notes.logger).job().run { _ in }
    }

    @Test func `A run records the model that it tunes and what it could not take over, keeps the frozen part, and goes on anywhere`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let (options, model) = try Self.options(folder), notes = Notes()
            try Self.train(options, notes)
            let run = TrainingRun(folder: options.run), description = try run.readDescription(), plan = description.plan
            // The plan is the data's, the network the model's.
            #expect(plan.channelNames.count == 1 && plan.labels.outputCount == 2 && plan.targetSpacing == [1, 1, 1])
            #expect(plan.network == model.network.adapted(inputChannels: 1, classes: 2, patchSize: plan.patchSize))
            let tuned = try #require(description.finetuned), digest = try model.weightsDigest().text
            #expect(tuned.name == "m.unetrpp" && tuned.digest == digest && description.initial == "initial.safetensors")
            #expect(tuned.notes.contains("the model's outputs for shell are left out"), "\(tuned.notes)")
            #expect(tuned.notes.contains { $0.contains("for 2 channels are averaged and scaled for 1") }, "\(tuned.notes)")
            for line in tuned.notes { #expect(notes.lines.contains("notice: Tuning: \(line)")) }
            let card = try String(contentsOf: run.model.appending(path: "card.md"), encoding: .utf8)
            #expect(card.contains("tuned further from m.unetrpp, whose weights have the SHA-256 \(digest)") && tuned.notes.allSatisfy(card.contains))

            // Four cases: the encoder is frozen, the rest is not; what has a name goes on from it.
            #expect(description.configuration.freeze == .encoder && description.configuration.epochs == 2)
            let before = try StateDictionary(safetensors: options.run.appending(path: "initial.safetensors")),
                after = try ModelBundle(contentsOf: run.model).state()
            let network = model.network.configuration
            for entry in after.entries {
                // Statistics of batch normalization go on being taken.
                let isStatistic = entry.key.contains("running_") || entry.key.hasSuffix("num_batches_tracked")
                if network.encoderStage(of: entry.key) != nil, !isStatistic { #expect(entry.array == before[entry.key], "\(entry.key)") }
            }
            #expect(after["out1.conv.conv.bias"] != before["out1.conv.conv.bias"])
            let (old, new) = (try #require(model.state()["out1.conv.conv.bias"]).floats(), try #require(before["out1.conv.conv.bias"]).floats())
            #expect(new == [old[0], old[2]])

            // The folder may be moved, and the model may be gone.
            let moved = folder.appending(path: "moved")
            try FileManager.default.moveItem(at: options.run, to: moved)
            try FileManager.default.removeItem(at: model.url)
            var resumed = TrainingWorkflow.Options(dataset: nil, run: moved)
            resumed.resumes = true
            try Self.train(resumed)
            #expect(try TrainingRun(folder: moved).readDescription() == description)
        }
    }

    @Test func `Another model, a plan of another network and several networks are refused`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var (options, _) = try Self.options(folder)
            try Self.train(options)
            options.resumes = true
            let other = try TinyModel.bundle(in: folder, named: "other", seed: 6)
            options.tuning = FineTuning(model: other.url)
            let error = #expect(throws: WorkflowError.self) { try Self.train(options) }
            guard case .contradictsRun(_, let own, .model(path: other.url.path)) = error else { Issue.record("\(String(describing: error))"); return }
            #expect(own.hasPrefix("is tuned further from m.unetrpp"))

            options.run = folder.appending(path: "new")
            let plan = folder.appending(path: "plan.json")
            try TinyModel.plan().with(architecture: .unetr).write(to: plan)
            options.plan = plan
            #expect(throws: WorkflowError.otherNetwork(plan: plan.path, found: "unetr", model: "unetr-plus-plus")) { try Self.train(options) }
        }
    }

    @Test func `With the layer decay the stages of the encoder learn slower, the first the slowest`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let made = try Self.options(folder), model = made.1
            var options = made.0
            options.tuning?.freeze = TrainingConfiguration.FrozenPart.none
            options.tuning?.layerDecay = 0.01
            try Self.train(options)
            let before = try StateDictionary(safetensors: options.run.appending(path: "initial.safetensors"))
            let after = try ModelBundle(contentsOf: options.run.appending(path: "model.unetrpp")).state()
            func change(_ stage: Int?) throws -> Float {
                try after.entries.filter { model.network.configuration.encoderStage(of: $0.key) == stage && $0.key.hasSuffix("weight") }.reduce(0) {
                    largest, entry in
                    zip(entry.array.floats(), try #require(before[entry.key]).floats()).reduce(largest) { max($0, abs($1.0 - $1.1)) }
                }
            }
            let changes = try [change(nil), change(3), change(2)]
            #expect(changes[0] > 10 * changes[1] && changes[1] > 10 * changes[2], "\(changes)")
        }
    }
}
