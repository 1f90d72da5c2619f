import Foundation
import Logging
import NetworkTestSupport
import Synchronization
import TestSupport
import Testing
import UNETREngines
import UNETRInference
import UNETRModels
import UNETRSupport
import UNETRTorch
import UNETRTorchEngine
import UNETRVolumes
import UNETRWork
import UNETRWorker
import UNETRWorkflows

struct WorkerTests {
    private static let package = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent()
    private static let shipped = package.appending(path: "Models")
    private static let scan = package.appending(path: "Examples/hippocampus/images").appending(path: "hippocampus_143.nii.gz")

    /// Events as they come, to wait for.
    private final class Events: Sendable {
        private let all = Mutex<[WorkerEvent]>([])
        private let came = DispatchSemaphore(value: 0)

        @Sendable func add(_ event: WorkerEvent) {
            all.withLock { $0.append(event) }
            came.signal()
        }

        var list: [WorkerEvent] { all.withLock { $0 } }

        func wait(until holds: ([WorkerEvent]) -> Bool) {
            while !holds(list) { guard came.wait(timeout: .now() + 120) == .success else { return } }
        }
    }

    /// Lets a worker do requests, each after the event that it waits for has come; returns all events.
    private func run(
        _ models: URL, memory: Int? = nil, _ requests: [(WorkerRequest, after: @Sendable ([WorkerEvent]) -> Bool)], until: ([WorkerEvent]) -> Bool
    ) throws -> [WorkerEvent] {
        var settings = Worker.Settings(models: [models], engines: .all, version: "7")
        settings.engine = .torch
        settings.training = { try $0.run(from: $1, on: .cpu, report: $2) }
        if let memory { settings.memory = MemoryLimit(bytes: memory) }
        let events = Events(), rest = Mutex(requests[...])
        let worker = try Worker(settings, note: { _ in }, report: events.add)
        try withoutActuallyEscaping(until) { until in
            try worker.run {
                guard let (request, after) = rest.withLock({ $0.popFirst() }) else {
                    events.wait(until: until)
                    return nil
                }
                events.wait(until: after)
                return request
            }
        }
        return events.list
    }

    private func isEnd(_ event: WorkerEvent, of job: String) -> Bool {
        switch event {
        case .done(job, _, _), .failed(job, _, _), .canceled(job), .scored(job, _), .trained(job): true
        default: false
        }
    }

    private static let isReady: @Sendable ([WorkerEvent]) -> Bool = { !$0.isEmpty }

    private struct Unexpected: Error { var event: WorkerEvent? }

    private func ends(_ job: String) -> @Sendable ([WorkerEvent]) -> Bool { { events in events.contains { isEnd($0, of: job) } } }

    private func order(_ job: String, _ model: String, _ scan: URL, in folder: URL, _ choices: SegmentationChoices = .init()) -> WorkerRequest {
        .segment(
            order: .init(
                job: job, model: model, scans: [scan.path], mask: folder.appending(path: "\(job).nii.gz").path,
                statistics: folder.appending(path: "\(job).json").path, choices: choices))
    }

    @Test func `The shipped model's mask is the one of the cohort, to the byte; the second order finds the model warm`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let choices = SegmentationChoices(mirroring: false, precision: .float32)
            let events = try run(
                Self.shipped,
                [
                    (order("a", "hippocampus", Self.scan, in: folder, choices), Self.isReady),
                    (order("b", "hippocampus", Self.scan, in: folder, choices), ends("a")),
                ], until: ends("b"))
            guard case .ready(let worker) = events.first else { throw Unexpected(event: events.first) }
            #expect(worker.version == "7" && worker.device == "cpu" && worker.models.map(\.name) == ["acdc", "hippocampus"])
            let model = worker.models[1]
            #expect(model.title == "Hippocampus" && model.architecture == "unetr-plus-plus" && model.channels == [.init(name: "MRI")])
            #expect(model.labels == [.init(value: 1, name: "Anterior", color: "#e69f00"), .init(value: 2, name: "Posterior", color: "#0072b2")])
            #expect(model.spacing == [1, 1, 1] && model.patch == [48, 64, 48] && !model.regions && model.digest.count == 64)
            #expect(model.license == "CC BY-SA 4.0, as the data")
            #expect(events.filter { $0 == .loading(job: "a", model: "hippocampus") }.count == 1 && !events.contains(.loading(job: "b", model: "hippocampus")))
            #expect(events.contains(.warm(models: ["hippocampus"])))
            guard case .progress("a", let done, let total) = events.last(where: { if case .progress("a", _, _) = $0 { true } else { false } }) else {
                throw Unexpected(event: nil)
            }
            #expect(done == total && total > 0)

            var options = CohortSegmentation.Options(
                scans: [Self.scan], output: folder.appending(path: "cohort.nii.gz"), models: [Self.shipped.appending(path: "hippocampus.unetrpp")])
            (options.engine, options.mirroring, options.precision) = (.torch, false, .float32)
            try CohortSegmentation(options, logger: Logger(label: "test")).job().run { _ in }
            let masks = try ["a", "b", "cohort"].map { try Data(contentsOf: folder.appending(path: "\($0).nii.gz")) }
            #expect(masks[0] == masks[2] && masks[1] == masks[2])
            let report = try JSONDecoder().decode(StructureReport.self, from: Data(contentsOf: folder.appending(path: "a.json")))
            let mask = try NIfTI.readLabels(folder.appending(path: "a.nii.gz"))
            #expect(
                report
                    == StructureReport(
                        mask,
                        labels: LabelSet(definitions: [
                            .init(name: "background", value: 0), .init(name: "Anterior", value: 1, color: "#E69F00"),
                            .init(name: "Posterior", value: 2, color: "#0072B2"),
                        ])))
            #expect(report.structures.allSatisfy { $0.milliliters > 0.5 })
        }
    }

    @Test func `What cannot be done says why and whose fault it is, and the next order is done`() throws {
        try Fixtures.withTemporaryFolder { folder in
            _ = try TinyModel.bundle(in: folder)
            let scan = folder.appending(path: "ball.nii"), broken = folder.appending(path: "broken.nii")
            try VolumeFile.write(scan: TinyModel.ball(0).scan, to: scan)
            try Data("no scan".utf8).write(to: broken)
            let always: @Sendable ([WorkerEvent]) -> Bool = { _ in true }
            let events = try run(
                folder,
                [
                    (order("model", "x", scan, in: folder), always), (order("scan", "m", broken, in: folder), always),
                    (order("structure", "m", scan, in: folder, .init(structures: ["liver"])), always),
                    (order("disk", "m", scan, in: folder.appending(path: "ball.nii")), always), (order("good", "m", scan, in: folder), always),
                ], until: ends("good"))
            func failure(_ job: String) -> (cause: WorkerEvent.FailureCause, reason: String)? {
                events.lazy.compactMap { if case .failed(job, let cause, let reason) = $0 { (cause, reason) } else { nil } }.first
            }
            #expect(failure("model")?.reason == "there is no model x; there is m" && failure("model")?.cause == .model)
            #expect(failure("scan")?.cause == .scan && failure("scan")?.reason.contains("broken.nii") == true)
            #expect(failure("structure")?.cause == .scan && failure("structure")?.reason.contains("liver") == true)
            #expect(failure("disk")?.cause == .disk)
            #expect(events.contains { if case .done("good", _, _) = $0 { true } else { false } })
        }
    }

    @Test func `A canceled order leaves no mask, whether it waits or is under way; the end of the input stops the rest`() throws {
        try Fixtures.withTemporaryFolder { folder in
            _ = try TinyModel.bundle(in: folder)
            let scan = folder.appending(path: "large.nii")
            // Many patches: the order is still under way when it is canceled.
            let geometry = Geometry(size: [80, 80, 80], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
            try VolumeFile.write(scan: Scan(geometry: geometry, voxels: (0..<512_000).map { Float($0 % 97) }), to: scan)
            let always: @Sendable ([WorkerEvent]) -> Bool = { _ in true }
            let events = try run(
                folder,
                [
                    (order("running", "m", scan, in: folder), always), (order("waiting", "m", scan, in: folder), always),
                    (.cancel(job: "waiting"), { $0.contains { if case .progress("running", _, _) = $0 { true } else { false } } }),
                    (.cancel(job: "running"), always), (.cancel(job: "unknown"), always), (order("last", "m", scan, in: folder), ends("waiting")),
                ], until: { $0.contains { if case .progress("last", _, _) = $0 { true } else { false } } })
            #expect(events.contains(.canceled(job: "running")) && events.contains(.canceled(job: "waiting")) && events.contains(.canceled(job: "last")))
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(files == ["large.nii", "m.unetrpp"])
        }
    }

    @Test func `Where memory does not hold two models, the one used longest ago goes`() throws {
        try Fixtures.withTemporaryFolder { folder in
            for name in ["one", "two"] { _ = try TinyModel.bundle(in: folder, named: name) }
            let scan = folder.appending(path: "ball.nii")
            try VolumeFile.write(scan: TinyModel.ball(0).scan, to: scan)
            func warm(_ memory: Int) throws -> [[String]] {
                let events = try run(
                    folder, memory: memory,
                    [
                        (order("a", "one", scan, in: folder, .init(precision: .float32)), Self.isReady),
                        (order("b", "two", scan, in: folder, .init(precision: .float32)), ends("a")),
                        (order("c", "one", scan, in: folder, .init(precision: .float32)), ends("b")),
                    ], until: ends("c"))
                for job in ["a", "b", "c"] { #expect(events.contains { if case .done(job, _, _) = $0 { true } else { false } }, "\(events)") }
                return events.compactMap { if case .warm(let models) = $0 { models } else { nil } }
            }
            #expect(try warm(8 << 30) == [["one"], ["one", "two"]])
            #expect(try warm(leastFor(folder, scan)).last == ["one"])
        }
    }

    @Test func `How uncertain a model is, from 0 to 1 and the same each time`() throws {
        let scores = try run(
            Self.shipped,
            [
                (.score(order: .init(job: "a", model: "hippocampus", scans: [Self.scan.path])), Self.isReady),
                (.score(order: .init(job: "b", model: "hippocampus", scans: [Self.scan.path])), ends("a")),
                (.score(order: .init(job: "c", model: "none", scans: [Self.scan.path])), ends("b")),
            ], until: ends("c")
        ).compactMap { if case .scored(_, let value) = $0 { value } else { nil } }
        #expect(scores.count == 2 && scores[0] == scores[1] && scores[0] > 0.05 && scores[0] < 0.6, "\(scores)")
    }

    @Test func `A model is trained further on masks in other formats and numbers, goes on after an interruption, and is a bundle like any other`() throws {
        try Fixtures.withTemporaryFolder { folder in
            _ = try TinyModel.bundle(in: folder)
            let cases = try (0..<2).map { index in
                let ball = TinyModel.ball(index), scan = folder.appending(path: "ball\(index).nii"), mask = folder.appending(path: "ball\(index).nrrd")
                try VolumeFile.write(scan: ball.scan, to: scan)
                var labels = ball.labels
                if index == 1 { labels.voxels = labels.voxels.map { $0 == 1 ? 7 : $0 } }
                try VolumeFile.write(labels: labels, to: mask)
                return TrainingOrder.Case(name: "\(index + 1)-ball", image: scan.path, label: mask.path, values: index == 1 ? [7: 1] : [:])
            }
            func order(_ job: String, _ cases: [TrainingOrder.Case], _ bundle: String) -> WorkerRequest {
                .train(
                    order: .init(
                        job: job, model: "m", cases: cases, folder: folder.appending(path: job).path, bundle: folder.appending(path: bundle).path,
                        title: "Balls, version 2", epochs: 2, iterations: 2, learningRate: 1e-3, validates: false))
            }
            var wrong = cases
            wrong[1].values = [:]
            let events = try run(
                folder,
                [
                    (order("wrong", wrong, "x.unetrpp"), Self.isReady), (order("good", cases, "m-v2.unetrpp"), ends("wrong")),
                    (order("good", cases, "again.unetrpp"), ends("good")),
                ],
                until: { $0.filter { $0 == .trained(job: "good") }.count == 2 })
            #expect(events.contains { if case .failed("wrong", .scan, let reason) = $0 { reason.contains("the value 7") } else { false } }, "\(events)")
            #expect(events.contains { if case .epoch("good", 2, 2, _) = $0 { true } else { false } })
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "x.unetrpp").path))
            // The second order found the run complete.
            let weights = try ["m-v2", "again"].map { try ModelBundle(contentsOf: folder.appending(path: "\($0).unetrpp")).weightsDigest() }
            let first = try ModelBundle(contentsOf: folder.appending(path: "m.unetrpp")).weightsDigest()
            #expect(weights[0] == weights[1] && weights[0] != first)
            guard case .ready(let worker)? = try run(folder, [], until: Self.isReady).first else { throw Unexpected(event: nil) }
            #expect(worker.models.first { $0.name == "m-v2" }?.title == "Balls, version 2")
        }
    }

    /// Just enough for one model and the scan.
    private func leastFor(_ folder: URL, _ scan: URL) throws -> Int {
        let segmenter = try Segmenter(
            model: ModelBundle(contentsOf: folder.appending(path: "one.unetrpp")), engines: .all, settings: EngineSettings(.torch, device: .cpu))
        return try segmenter.memory.alone([VolumeFile.readHeader(scan).geometry])
    }
}
