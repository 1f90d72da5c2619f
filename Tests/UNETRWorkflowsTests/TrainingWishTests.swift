import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTraining
import UNETRVolumes

@testable import UNETRWorkflows

/// What is asked of a split and of a plan, beside what a run recorded and what a data set is.
struct TrainingWishTests {
    private static let names = (0..<6).map { "case_\($0)" }

    private static func dataset(_ names: [String] = names) -> Dataset {
        Dataset(
            name: "D", folder: URL(fileURLWithPath: "/nowhere"), channelNames: ["MRI"], labels: LabelSet(definitions: []),
            cases: names.map { DatasetCase(name: $0, imageURLs: [], labelURL: URL(fileURLWithPath: "/nowhere/\($0)")) })
    }

    /// A run of the first fold, with what it was asked for, or without.
    private static func recorded(_ request: SplitRequest?, fold: Int = 0) throws -> TrainingRun.Description {
        let plan = try TinyModel.plan()
        var origin = try Split(SplitRequest(group: "none"), of: names, folder: URL(fileURLWithPath: "/nowhere"), benchmark: nil).origin
        if let request { origin.request = request }
        return TrainingRun.Description(
            plan: plan, configuration: .published(for: plan), prepared: "/p", fold: try CrossValidation.folds(names)[fold],
            split: request == nil ? nil : origin)
    }

    private static let request = SplitRequest(fold: "0", group: "p[0-9]", groupFile: "/t.csv", groupColumn: "patient", splits: "/s.json")

    @Test(arguments: [
        (SplitWish(fold: "1"), "fold", "1", "0"), (SplitWish(group: "none"), "rule of groups", "none", "p[0-9]"),
        (SplitWish(groupFile: "/u.csv"), "table of groups", "/u.csv", "/t.csv"), (SplitWish(groupColumn: "site"), "column of groups", "site", "patient"),
        (SplitWish(splits: "none"), "file of splits", "none", "/s.json"),
    ])
    func `Whatever is asked of a run's split must be what it recorded`(wish: SplitWish, what: String, asked: String, recorded: String) throws {
        #expect(throws: SplitError.contradiction(what: what, asked: asked, recorded: recorded)) {
            try wish.split(of: Self.dataset(), recorded: Self.recorded(Self.request))
        }
    }

    @Test func `What is asked again, or not at all, is the run's split`() throws {
        let description = try Self.recorded(Self.request)
        for wish in [SplitWish(), SplitWish(fold: "0", group: "p[0-9]", groupFile: "/t.csv", groupColumn: "patient", splits: "/s.json")] {
            #expect(try wish.split(of: Self.dataset(), recorded: description) == description.fold)
        }
        #expect(try SplitWish().split(of: nil, recorded: description) == description.fold)
        // What was never asked for has no name.
        #expect(throws: SplitError.contradiction(what: "table of groups", asked: "/t.csv", recorded: "none")) {
            try SplitWish(groupFile: "/t.csv").split(of: nil, recorded: Self.recorded(SplitRequest()))
        }
        // A path is that of the file, whatever way it is written.
        let here = FileManager.default.currentDirectoryPath
        #expect(SplitWish(groupFile: "t.csv").request.groupFile == "\(here)/t.csv" && SplitWish(splits: "none").request.splits == "none")
        #expect(SplitWish().request == SplitRequest(fold: "0"))
    }

    @Test func `A data set that lacks cases of the split is refused with their names`() throws {
        #expect(throws: SplitError.missingCases(names: ["case_1", "case_4"])) {
            try SplitWish().split(of: Self.dataset(["case_0", "case_2", "case_3", "case_5", "more"]), recorded: Self.recorded(SplitRequest()))
        }
    }

    @Test func `Of a run that wrote down only its cases, a fold that is asked for must have these`() throws {
        let old = try Self.recorded(nil, fold: 2)
        for fold in [nil, "2", "published", "fifth"] { #expect(try SplitWish(fold: fold).split(of: nil, recorded: old) == old.fold, "\(fold ?? "nil")") }
        #expect(throws: SplitError.contradiction(what: "choice of cases", asked: "fold 0", recorded: "another fold")) {
            try SplitWish(fold: "0").split(of: nil, recorded: old)
        }
        #expect(throws: SplitError.contradiction(what: "choice of cases", asked: "fold all", recorded: "another fold")) {
            try SplitWish(fold: "all").split(of: nil, recorded: old)
        }
    }

    @Test func `A new split is of the cases with labels`() throws {
        var dataset = Self.dataset(Self.names + ["unlabeled"])
        dataset.cases[6].labelURL = nil
        let split = try SplitWish(fold: "3").split(of: dataset, benchmark: nil)
        #expect(try split.fold == CrossValidation.folds(Self.names)[3] && split.origin.request.fold == "3" && split.origin.source == "fold 3 of five")
    }

    // MARK: Plans

    private func withData(named name: String, _ body: (Dataset) throws -> Void) throws {
        try Fixtures.withTemporaryFolder { folder in
            let data = folder.appending(path: name)
            try FileManager.default.moveItem(at: TinyData.dataset(in: folder, cases: 2), to: data)
            try body(Dataset(contentsOf: data))
        }
    }

    @Test func `A data set with the name of a benchmark gets the published settings, and a note says so; or not, where that is asked for`() throws {
        try withData(named: "Task06_Lung") { dataset in
            let notes = Notes()
            var request = PlanningRequest()
            #expect(request.benchmark(of: dataset) == .lung)
            let published = try request.plan(for: dataset, logger: notes.logger)
            #expect(
                notes.lines == ["notice: This is the benchmark lung by its name: the published settings are used; a free plan follows from the data alone"])
            #expect(published.patchSize == Benchmark.lung.patchSize && published.batchSize == Benchmark.lung.batchSize)
            request.preset = .free
            #expect(try request.benchmark(of: dataset) == nil && request.plan(for: dataset, logger: notes.logger).patchSize != published.patchSize)
            request.preset = .benchmark(.acdc)
            #expect(try request.benchmark(of: dataset) == .acdc && request.plan(for: dataset, logger: notes.logger).patchSize == Benchmark.acdc.patchSize)
            #expect(notes.lines.count == 1)
        }
    }

    @Test func `nnU-Net's planner gets the memory of the graphics card and the resolution`() throws {
        try withData(named: "balls 2") { dataset in
            var request = PlanningRequest()
            (request.planner, request.memory, request.featureSize, request.architecture) = (.nnUNetV2(.residualM, .fullResolution), 12 << 30, 99, .unetr)
            let plan = try request.plan(for: dataset, logger: Notes().logger), fingerprint = try Fingerprint(of: dataset)
            let expected = try NNUNetV2Planner(.residualM, gigabytes: 12).plan(.fullResolution, fingerprint, labels: dataset.labels, dataset: dataset.name)
            #expect(plan == expected && plan.network?.architecture == .nnUNetResidual)
            request.planner = .nnUNetV2(.residualM, .lowResolution)
            #expect(throws: (any Error).self) { try request.plan(for: dataset, logger: Notes().logger) }
        }
    }

    @Test func `A reader that throws while the scans are looked at ends the planning`() throws {
        try withData(named: "balls 2") { dataset in
            struct Enough: Error {}
            #expect(throws: Enough.self) {
                try PlanningRequest().plan(for: dataset, logger: Notes().logger) { done, _ in if done == 1 { throw Enough() } }
            }
        }
    }
}
