import ArgumentParser
import Foundation
import Testing
import UNETRArchitectures
import UNETREvaluation
import UNETRSupport
import UNETRTraining
import UNETRVolumes
import UNETRWorkflows

@testable import unetrpp

/// What a scheduler is told by the exit status of each kind of error, and options that no other test reads.
struct ExitStatusTests {
    private static let statuses: [(any Error & Sendable, Int32?)] = [
        // Trying again changes nothing: 65.
        (VolumeError.cannotOpen(path: "/f", reason: "r"), 65), (VolumeError.damaged(path: "/f", reason: "r"), 65),
        (VolumeError.truncated(path: "/f", expectedBytes: 2, gotBytes: 1), 65), (VolumeError.channelsDiffer(index: 1, difference: "d"), 65),
        (DICOMError(path: "/s", problem: .changed), 65), (DICOMObjectError(path: "/o", problem: .noSeries), 65),
        (ProcessError.otherCases(rank: 1, folder: "/f"), 65),
        // It may help: 75.
        (VolumeError.cannotWrite(path: "/f", reason: "r"), 75), (ProcessError.portTaken(1), 75), (ProcessError.lost(problem: "p", checkpoint: nil), 75),
        (ProcessError.notMet(rank: 0, count: 2, where: "w", seconds: 1, problem: "p"), 75),
        // Started in a way that cannot work: 64.
        (LaunchError.badMeetingPoint("x"), 64), (LaunchError.missing("RANK", with: "WORLD_SIZE"), 64), (ProcessError.differs(what: "plan", rank: 1), 64),
        (ProcessError.otherProgram(own: "a", rank: 1, other: "b"), 64), (ProcessError.batchTooSmall(batch: 1, processes: 2), 64),
        // This program cannot do it: 70.
        (ProcessError.noBackend(device: "cuda"), 70),
        // All others end as any error does.
        (EvaluationError.noClasses, nil), (OutputError.exists(path: "/x"), nil), (TrainingError.runExists(path: "/r"), nil), (WorkflowError.noModel, nil),
        (CommandError("x"), nil), (CancellationError(), nil),
    ]

    @Test(arguments: statuses.indices) func `An error's status says whether to try again`(index: Int) {
        let (error, status) = Self.statuses[index]
        #expect(ExitStatus.of(error)?.rawValue == status, "\(error)")
    }

    @Test func `The status of a stopped command is that of a signal`() {
        #expect(ExitStatus.stopped.rawValue == 128 + 15)
    }

    // MARK: Options

    @Test func `The length of a run is what is asked for, in words of time or voxels`() throws {
        func options(_ words: String...) throws -> TrainingWorkflow.Options {
            var options = TrainingWorkflow.Options(dataset: nil, run: URL(filePath: "/r"))
            try TrainCommand.parse(["d", "-o", "r"] + words).length.apply(to: &options)
            return options
        }
        let none = try options()
        #expect(none.epochs == nil && none.iterations == nil && none.budget == nil && none.seed == nil)
        let counted = try options("--epochs", "3", "--iterations", "7", "--seed", "9")
        #expect(counted.epochs == 3 && counted.iterations == 7 && counted.budget == nil && counted.seed == 9)
        #expect(try options("--budget", "1h30m").budget == .time(seconds: 5400) && options("--budget", "2G-voxels").budget == .voxels(2_000_000_000))
    }

    private func refusal(_ line: String) -> (sentence: String, status: Int32)? {
        do { _ = try UNETRPP.parseAsRoot(line.split(separator: " ").map(String.init)) } catch {
            return (UNETRPP.message(for: error), UNETRPP.exitCode(for: error).rawValue)
        }
        return nil
    }

    @Test(arguments: [
        ("train d -o r --budget 2h --epochs 3", "the number of epochs follows from --budget; leave out --epochs"),
        ("train d -o r --patience 0", "--patience is 0; expected 1 to 86400 seconds"),
        ("train d -o r --patience 86401", "--patience is 86401; expected 1 to 86400 seconds"),
    ])
    func `A run that contradicts itself is refused in a sentence`(line: String, sentence: String) {
        let found = refusal(line)
        #expect(found?.sentence == sentence && found?.status == 64, "\(found?.sentence ?? "accepted")")
    }

    @Test(arguments: ["soon", "0h", "1.5h", "-2h", "3000d", "5-voxel"]) func `What is no budget is named with what is one`(text: String) {
        let found = refusal("train d -o r --budget=\(text)")
        let sentence = "--budget is '\(text)'; expected a time such as 2h, 90m or 1h30m, or voxels of training patches such as 500M-voxels"
        #expect(found?.sentence.contains(sentence) == true && found?.status == 64, "\(found?.sentence ?? "accepted")")
    }

    @Test func `Suffixes and parts of a list are read as they are named`() throws {
        func cohort(_ words: String...) throws -> CohortOptions { try SegmentCommand.parse(["s", "-o", "o", "--model", "m"] + words).cohort }
        #expect(try cohort().suffixes == [] && cohort().part == nil && !cohort().resume)
        let asked = try cohort("--suffix", "T1w, FLAIR", "--shard", "2/8", "--resume")
        #expect(asked.suffixes == ["T1w", "FLAIR"] && asked.resume)
        #expect(try asked.part == Shard("2/8", environment: [:]))
    }

    @Test func `A presets' name is one of those that there are`() throws {
        for preset in NetworkPreset.allCases { #expect(try NetworkPreset(argument: preset.rawValue) == preset) }
        let error = #expect(throws: ValidationError.self) { try NetworkPreset(argument: "brain") }
        #expect(error?.message == "there is no preset 'brain'; known are \(NetworkPreset.allCases.map(\.rawValue).joined(separator: ", "))")
    }

    @Test(arguments: [("64x128x96", [64, 128, 96]), ("1x1x1", [1, 1, 1]), ("1024x1024x128", [1024, 1024, 128])] as [(String, Size3)])
    func `A patch is three sizes`(text: String, size: Size3) throws { #expect(try NetworkSizeOptions.patch(text) == size) }

    @Test(arguments: ["", "x", "64", "64x128", "64x128x96x2", "64x-1x2", "64x128x9.5", "1025x1x1", "64 x 128 x 96", "9223372036854775808x1x1"])
    func `What is no patch is refused`(text: String) { #expect(throws: ValidationError.self) { try NetworkSizeOptions.patch(text) } }
}
