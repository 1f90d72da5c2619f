import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETREngines
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

/// Segmenters made of bundles on disk, with a kind of engine that needs no weights.
struct ModelGroupTests {
    private struct Provider: EngineProvider {
        var choice: EngineChoice { EngineChoice(rawValue: "plain") }
        var title: String { "the plain engine" }

        func obstacle(to network: NetworkDescription, _ settings: EngineSettings) -> EngineObstacle? { nil }

        func makeEngine(for bundle: ModelBundle, _ settings: EngineSettings, note: (String) -> Void) throws -> any PatchEngine {
            note("plain engines are slow")
            return ThresholdEngine(levels: bundle.plan.dataset == "darker" ? [5, 20, 40] : [0, 15, 25])
        }

        func memory(_ network: NetworkDescription, outputs: Int, engines: [any PatchEngine], _ settings: EngineSettings) -> EngineMemory {
            EngineMemory(base: engines.count << 20, pass: outputs << 20)
        }
    }

    private static let registry = EngineRegistry([Provider()])

    /// A bundle without weights.
    private static func bundle(_ name: String, in folder: URL, _ change: (inout Plan) throws -> Void = { _ in }) throws -> ModelBundle {
        var network = UNETRPlusPlusConfiguration(.synapse)
        (network.classes, network.patchSize, network.stem, network.featureSize) = (3, [16, 16, 16], [2, 2, 2], 2)
        (network.depths, network.decoderDepth, network.projectedTokens, network.decoderProjectedTokens) = ([1, 1, 1, 1], 1, [8, 8, 8, 1], 8)
        var plan = try ThresholdEngine.plan()
        (plan.dataset, plan.patchSize) = (name, [16, 16, 16])
        plan = plan.with(network: .unetrPlusPlus(network))
        try change(&plan)
        return try ModelBundle.write(plan: plan, state: StateDictionary([]), card: "", to: folder.appending(path: "\(name).unetrpp"))
    }

    @Test func `Models of one plan are averaged window by window; what is said of each is said of each`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let models = try ["lighter", "darker"].map { try Self.bundle($0, in: folder) }
            var notes: [String] = []
            let both = try Segmenter(models: models, engines: Self.registry, options: SegmenterOptions(mirroring: false)) { notes.append($0) }
            #expect(both.predictor.engines.count == 2 && both.memory.engine == EngineMemory(base: 2 << 20, pass: 3 << 20) && notes.count == 2)
            var scan = ThresholdEngine.scan
            for index in scan.voxels.indices { scan.voxels[index] = index == 0 ? 22 : 21 }
            // Of 21 the first says core (25 is nearest), the second says shell (20); together the second is surer.
            #expect(try both.segment(scan, name: "s").labels.voxels.allSatisfy { $0 == 1 })
            #expect(try Segmenter(model: models[0], engines: Self.registry).segment(scan, name: "s").labels.voxels.allSatisfy { $0 == 4 })
        }
    }

    @Test func `Models whose plans differ are not averaged window by window`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let first = try Self.bundle("first", in: folder)
            let changes: [(inout Plan) throws -> Void] = [
                { $0.targetSpacing = [2, 1, 1] }, { $0.inference.stepFraction = 0.4 }, { $0.normalization = [.init(scheme: .rescaleTo01)] },
                { $0.labels = LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "shell", value: 1), .init(name: "core", value: 5)]) },
            ]
            for (number, change) in changes.enumerated() {
                let other = try Self.bundle("other \(number)", in: folder, change)
                let error = try #require(throws: InferenceError.self) { try Segmenter(models: [first, other], engines: Self.registry) }
                #expect("\(error)" == "\(other.url.path) prepares scans differently from \(first.url.path), so the two cannot be averaged window by window")
            }
            // Names of structures and clean-up are no difference.
            let renamed = try Self.bundle("renamed", in: folder) { plan in
                plan.labels = LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "Schale", value: 1), .init(name: "Kern", value: 4)])
                plan.postProcessing = PostProcessing(keepLargest: [[1]])
            }
            #expect(try Segmenter(models: [first, renamed], engines: Self.registry).labels == first.plan.labels)
        }
    }

    @Test func `An ensemble says once what holds for all its members, and takes options for the mean`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let first = try Self.bundle("first", in: folder) { $0.postProcessing = PostProcessing(keepLargest: [[1, 4]]) }
            let second = try Self.bundle("second", in: folder) { $0.targetSpacing = [2, 1, 1] }
            var notes: [String] = []
            let core = try #require(first.plan.labels.foreground.last)
            let options = SegmenterOptions(mirroring: false, stepFraction: 1, structures: [core])
            let ensemble = try EnsembleSegmenter([[first], [second]], engines: Self.registry, options: options) { notes.append($0) }
            #expect(notes == ["plain engines are slow"] && ensemble.name == "first" && ensemble.channelNames == ["MRI"] && ensemble.members.count == 2)
            #expect(ensemble.members.allSatisfy { $0.options.structures == nil && !$0.options.postProcesses && $0.predictor.settings.stepFraction == 1 })
            let scan = ThresholdEngine.scan, found = try ensemble.segment(ensemble.load(scan, name: "s")).labels.voxels
            #expect(Set(found) == [0, 4] && found[0] == 0)
        }
    }

    @Test func `Members with other outputs, or that decide before their masks go back, make no ensemble`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let first = try Self.bundle("first", in: folder)
            let changes: [(inout Plan) throws -> Void] = [
                { $0.labels = LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "shell", value: 1), .init(name: "core", value: 5)]) },
                { ($0.compatibility, $0.inference.restored) = (.monai, .nearestLabels) },
            ]
            for (number, change) in changes.enumerated() {
                let other = try Self.bundle("other \(number)", in: folder, change)
                let error = try #require(throws: InferenceError.self) { try EnsembleSegmenter([[first], [other]], engines: Self.registry) }
                #expect(
                    "\(error)" == "\(other.url.path) has other labels or channels than \(first.url.path), or one of the two decides before its masks go back "
                        + "to the scan, so their probabilities cannot be averaged")
            }
        }
    }

    @Test func `The parts of a task take its step unless another is asked for, and keep all their structures`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let models = try ["part_1", "part_2"].map { try Self.bundle($0, in: folder) }
            let labels = LabelSet(definitions: ["background", "a", "b"].enumerated().map { LabelDefinition(name: $1, value: $0) })
            let task = ModelTask(
                name: "blocks", spacing: [1, 1, 1], stepFraction: 0.8, labels: labels,
                parts: [.init(bundle: "part_1.unetrpp", values: [0, 1, 0, 0, 0]), .init(bundle: "part_2.unetrpp", values: [0, 0, 0, 0, 2])])
            var notes: [String] = []
            let options = SegmenterOptions(mirroring: false, structures: [labels.definitions[2]])
            let segmenter = try TaskSegmenter(task, models: models, engines: Self.registry, options: options) { notes.append($0) }
            #expect(
                notes == ["plain engines are slow"] && segmenter.parts.allSatisfy { $0.predictor.settings.stepFraction == 0.8 && $0.options.structures == nil })
            let found = try segmenter.segment(segmenter.load(ThresholdEngine.scan, name: "s")).labels.voxels
            #expect(found == ThresholdEngine.mask.map { $0 == 4 ? 2 : 0 })
            let finer = try TaskSegmenter(task, models: models, engines: Self.registry, options: SegmenterOptions(stepFraction: 0.25))
            #expect(finer.parts.allSatisfy { $0.predictor.settings.stepFraction == 0.25 })
            #expect(finer.patchCount(of: ThresholdEngine.scan.geometry) == 2, "a scan smaller than the patch is one, for each part")
        }
    }

    @Test func `An engine that nobody has is refused with those that there are`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try Self.bundle("first", in: folder), settings = EngineSettings(EngineChoice(rawValue: "abacus"))
            let error = try #require(throws: EngineError.self) { try Segmenter(model: model, engines: Self.registry, settings: settings) }
            #expect("\(error)" == "there is no engine 'abacus'; expected auto, plain")
        }
    }
}
