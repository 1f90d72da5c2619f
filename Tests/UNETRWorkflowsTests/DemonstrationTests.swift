import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRSupport
import UNETRTorchEngine
import UNETRVolumes
import UNETRWorkflows

struct DemonstrationTests {
    @Test func `Each scan gets a mask, a picture, and its Dice against the expert`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = Demonstration.Options(
                data: try TinyData.dataset(in: folder, cases: 2), model: try TinyModel.bundle(in: folder).url, output: folder.appending(path: "out"))
            (options.engine, options.precision) = (.torch, .float32)
            func run() throws -> (numbers: [Int], outcomes: [Demonstration.Outcome]) {
                var numbers: [Int] = [], last: [Demonstration.Outcome] = []
                try Demonstration(options, logger: Notes().logger).job().run { event in
                    switch event {
                    case .done(_, let number, let count):
                        numbers.append(number)
                        #expect(count == 2)
                    case .finished(let outcomes, let structures):
                        last = outcomes
                        #expect(structures == ["ball"])
                    }
                }
                return (numbers, last)
            }
            let (numbers, outcomes) = try run()
            #expect(numbers == [1, 2] && outcomes.map(\.case) == ["case_0", "case_1"])
            for (number, outcome) in outcomes.enumerated() {
                let expert = TinyModel.ball(number).labels.voxels
                let found = try VolumeFile.readLabels(URL(fileURLWithPath: outcome.mask)).voxels
                let both = zip(found, expert).count { $0 == 1 && $1 == 1 }, all = found.count { $0 == 1 } + expert.count { $0 == 1 }
                #expect(abs((outcome.dice["ball"] ?? nil)! - 2 * Double(both) / Double(all)) < 1e-12)
                // Voxels of 1 mm³ = 0.001 ml.
                #expect(abs(outcome.expertMillilitres["ball"]! - Double(expert.count { $0 == 1 }) / 1000) < 1e-9)
                #expect(try Data(contentsOf: URL(fileURLWithPath: outcome.picture)).prefix(4) == Data([0x89, 0x50, 0x4E, 0x47]))
            }
            #expect(throws: OutputError.exists(path: outcomes[0].mask)) { try run() }
            options.replaces = true
            #expect(try run().outcomes.map(\.dice) == outcomes.map(\.dice))
        }
    }

    @Test func `Each error of a workflow is one sentence that names no option of a command`() {
        let errors: [(WorkflowError, String)] = [
            (
                .contradictsRun(path: "/r", own: "has epochs 2", asked: .setting(name: "epochs", value: "9")),
                "/r: the run has epochs 2, so it cannot go on with epochs 9; a run goes on with what it was started with: leave that out, or "
                    + "choose another folder"
            ),
            (
                .contradictsRun(path: "/r", own: "has another plan", asked: .plan(path: "/p")),
                "/r: the run has another plan, so it cannot go on with the plan /p; a run goes on with what it was started with: leave that out, "
                    + "or choose another folder"
            ),
            (
                .unwritableCases(folder: "/f", ready: 1, of: 3),
                "/f cannot take the prepared cases; make room there, or let this user write there. 1 of 3 cases are prepared, and the same command "
                    + "goes on from there"
            ),
            (
                .missingScans(run: "/r", missing: ["a", "b", "c", "d", "e", "f"], places: ["/x", "/y"]),
                "6 scans that /r kept for validation are not in /x, /y: a, b, c, d, e, …"
            ),
            (.oneMaskForScans(path: "/m.nii", scans: 2), "/m.nii is one file, but there are 2 scans; name a folder"),
            (.maskOverScan(path: "/s.nii"), "the mask would overwrite the scan /s.nii; choose another place for it"),
            (.noModel, "no model was named, and no training run that has one"),
            (
                .unlabeledScan(name: "a", folder: "/d"),
                "the scan a has no labels in /d, so its mask cannot be compared; add its label file, or leave the scan out"
            ),
        ]
        for (error, sentence) in errors { #expect("\(error)" == sentence) }
    }
}
