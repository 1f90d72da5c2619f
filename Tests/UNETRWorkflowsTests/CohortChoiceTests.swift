import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRInference
import UNETRModels
import UNETRPreparation
import UNETRSupport
import UNETRTorchEngine
import UNETRTraining
import UNETRVolumes
import UNETRWorkflows

/// Which scans a cohort has, and where the masks of each go.
struct CohortChoiceTests {
    private static func options(_ folder: URL, cases: Int = 4) throws -> CohortSegmentation.Options {
        let scans = try TinyData.dataset(in: folder, cases: cases).appending(path: "images")
        var options = CohortSegmentation.Options(
            scans: [scans], output: folder.appending(path: "masks"), models: [try TinyModel.bundle(in: folder).url])
        (options.engine, options.mirroring, options.precision) = (.torch, false, .float32)
        return options
    }

    private struct Enough: Error {}

    /// What the job is going to do; it is stopped there.
    private static func outline(_ options: CohortSegmentation.Options, _ notes: Notes = Notes()) throws -> CohortSegmentation.Outline {
        var outline: CohortSegmentation.Outline?
        do {
            try CohortSegmentation(options, logger: notes.logger).job().run { event in
                if case .begins(let begun) = event { outline = begun }
                throw Enough()
            }
        } catch is Enough {}
        return try #require(outline)
    }

    private static func names(_ options: CohortSegmentation.Options) throws -> [String] { try outline(options).tasks.map(\.scan.name) }

    private static func files(_ options: CohortSegmentation.Options) throws -> [[String]] {
        try outline(options).tasks.map { $0.files.map { file in String(file.url.path.dropFirst(options.output.deletingLastPathComponent().path.count + 1)) } }
    }

    /// A run that kept two of the cases for validation.
    private static func run(_ folder: URL, validation: [String]) throws -> URL {
        let plan = try TinyModel.plan(), place = folder.appending(path: "run")
        let description = TrainingRun.Description(
            plan: plan, configuration: .published(for: plan), prepared: "/p", fold: Fold(training: ["case_0", "case_2"], validation: validation))
        try AtomicFile.write(JSONText.encode(description), to: place.appending(path: "run.json"))
        return place
    }

    @Test func `Of a run's data only what it kept for validation, and of these what a list or a part names`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.options(folder)
            options.validationOf = try Self.run(folder, validation: ["case_3", "case_1"])
            #expect(try Self.names(options) == ["case_1", "case_3"])
            options.shard = try Shard(1, of: 2)
            #expect(try Self.names(options) == ["case_3"])
            options.shard = nil
            let list = folder.appending(path: "list.txt")
            try Data("case_3\n".utf8).write(to: list)
            options.cases = try CaseList(contentsOf: list)
            #expect(try Self.names(options) == ["case_3"], "that the list leaves out the other does not mean that it is missing")
            try Data("case_3\ncase_0\n".utf8).write(to: list)
            options.cases = try CaseList(contentsOf: list)
            options.cases = try CaseList(contentsOf: list)
            #expect(throws: WorkflowError.unknownCases(list: list.path, names: ["case_0"])) { try Self.names(options) }
            try FileManager.default.removeItem(at: options.scans[0].appending(path: "case_1.nii.gz"))
            let places = options.scans.map(\.path)
            #expect(throws: WorkflowError.missingScans(run: options.validationOf!.path, missing: ["case_1"], places: places)) { try Self.names(options) }
        }
    }

    @Test func `A run brings its model, unless another is named; a folder that is no run has none`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.options(folder)
            let run = try Self.run(folder, validation: ["case_1"]), model = options.models[0]
            (options.validationOf, options.models) = (run, [])
            let error = try #require(throws: ModelError.self) { try Self.names(options) }
            guard case .notABundle(run.appending(path: "model.unetrpp").path, _) = error else { throw error }
            try FileManager.default.copyItem(at: model, to: run.appending(path: "model.unetrpp"))
            #expect(try Self.names(options) == ["case_1"])
            options.validationOf = folder.appending(path: "balls")
            #expect(throws: TrainingError.notARun(path: options.validationOf!.path, problem: "run.json is missing")) { try Self.names(options) }
        }
    }

    @Test func `A folder of masks has a file for each scan and form; a named mask is in its own form`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.options(folder, cases: 2)
            #expect(try Self.files(options) == [["masks/case_0.nii.gz"], ["masks/case_1.nii.gz"]])
            options.forms = [.nrrd, .mha]
            #expect(try Self.files(options) == [["masks/case_0.seg.nrrd", "masks/case_0.mha"], ["masks/case_1.seg.nrrd", "masks/case_1.mha"]])
            options.scans = [options.scans[0].appending(path: "case_1.nii.gz")]
            let table: [(name: String, forms: [MaskForm], expected: [String])] = [
                ("Größe.mha", [], ["Größe.mha"]), ("a.seg.nrrd", [], ["a.seg.nrrd"]), ("a.mha", [.mha], ["a.mha"]),
                ("a.mha", [.nifti, .mha], ["a.nii.gz", "a.mha"]), ("a.nii.gz", [.nrrd], ["a.seg.nrrd"]),
            ]
            for (name, forms, expected) in table {
                (options.output, options.forms) = (folder.appending(path: name), forms)
                #expect(try Self.files(options) == [expected], "\(name) as \(forms)")
            }
        }
    }

    @Test func `Probabilities lie beside a named mask, or in a folder of their own`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.options(folder, cases: 1)
            options.writesProbabilities = true
            func file() throws -> String? { try Self.outline(options).tasks[0].probabilities?.path.replacingOccurrences(of: folder.path + "/", with: "") }
            #expect(try file() == "masks/probabilities/case_0.nii")
            options.output = folder.appending(path: "a.b.seg.nrrd")
            #expect(try file() == "a.b_probabilities.nii")
            let beside = folder.appending(path: "a.b_probabilities.nii")
            try Data().write(to: beside)
            #expect(throws: OutputError.exists(path: beside.path)) { try Self.outline(options) }
        }
    }

    @Test func `A DICOM object is about a series, which a file is not`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.options(folder, cases: 1)
            options.forms = [.dicomSegmentation]
            let scan = options.scans[0].appending(path: "case_0.nii.gz").path
            let error = try #require(throws: DICOMObjectError.self) { try Self.names(options) }
            guard case .noSeries = error.problem, error.path == scan else { throw error }
            let study = Fixtures.url("dicom/06b_negative_slope")
            options.scans = [study]
            #expect(try Self.files(options) == [["masks/06b_negative_slope.seg.dcm"]])
            // As its scan is, where nothing else is asked for.
            options.forms = []
            #expect(try Self.files(options) == [["masks/06b_negative_slope.seg.dcm"]])
            options.output = folder.appending(path: "x.rtstruct.dcm")
            #expect(try Self.files(options) == [["x.rtstruct.dcm"]])
        }
    }

    @Test func `A scan of which the slices are moved straight is told`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.options(folder, cases: 1)
            let notes = Notes(), tilted = Fixtures.url("dicom/10b_tilt_untagged")
            (options.scans, options.correctsTilt) = ([tilted], true)
            _ = try Self.outline(options, notes)
            #expect(
                notes.lines.count == 1
                    && notes.lines[0].hasSuffix("the slices were pushed sideways by 2.0 degrees; they are moved straight, which resamples them"))
        }
    }

    @Test func `Patches, memory and reading ahead are known before the first scan`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.options(folder, cases: 2)
            let two = try Self.outline(options)
            // 18 × 17 × 19 voxels and patches of 16³: two along each axis.
            #expect(two.patches == [8, 8] && two.overlaps && two.done.isEmpty)
            options.cases = nil
            options.scans = [options.scans[0].appending(path: "case_0.nii.gz")]
            let one = try Self.outline(options)
            #expect(one.patches == [8] && !one.overlaps && one.memory < two.memory)
            options.stepFraction = 0.1
            #expect(try Self.outline(options).patches[0] > 8)
        }
    }
}
