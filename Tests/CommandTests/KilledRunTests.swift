#if DEBUG
    import Foundation
    import NetworkTestSupport
    import UNETRPlanning
    import TestSupport
    import Testing

    /// The tool itself, killed at one moment after the other by an injected fault.
    @Suite(.serialized) struct KilledRunTests {
        /// Runs the tool, killed at every `step`-th point, until it comes through; `check` sees what each kill left.
        /// - Returns: how many kills there were.
        private func walk(
            _ point: String, step: Int, _ arguments: [String], _ check: (Int) throws -> Void
        ) throws -> Int {
            var kills = 0
            for number in stride(from: 1, to: .max, by: step) {
                let result = try CommandLineTool.run(arguments, environment: ["UNETRPP_FAULT": "kill:\(point):\(number)"])
                if result.status == 0 { break }
                #expect(result.status == SIGKILL, "\(result.errors)")
                kills += 1
                try check(number)
            }
            return kills
        }

        @Test func `A preparation killed at any point leaves no half case, and goes on to the same files`() throws {
            try Fixtures.withTemporaryFolder { folder in
                let dataset = try TinyData.dataset(in: folder, cases: 2)
                let plan = folder.appending(path: "plan.json")
                try TinyModel.plan().write(to: plan)
                func prepare(_ to: URL) -> [String] { ["prepare", dataset.path, "--plan", plan.path, "-o", to.path] }
                let whole = folder.appending(path: "whole"), broken = folder.appending(path: "broken")
                try CommandLineTool.succeed(prepare(whole))
                let expected = try Fixtures.contents(of: whole)
                #expect(expected.keys.sorted() == ["case_0.json", "case_0.safetensors", "case_1.json", "case_1.safetensors"])
                let kills = try walk("any", step: runsLongTests ? 1 : 4, prepare(broken)) { number in
                    guard FileManager.default.fileExists(atPath: broken.path) else { return }
                    let found = try Fixtures.contents(of: broken) { !$0.hasPrefix(".") }
                    for (name, data) in found { #expect(data == expected[name], "\(name), killed at \(number)") }
                    // The description is what a case is taken for complete by.
                    for name in ["case_0", "case_1"] where found["\(name).json"] != nil { #expect(found["\(name).safetensors"] != nil) }
                    try CommandLineTool.succeed(prepare(broken))
                    #expect(try Fixtures.contents(of: broken) == expected, "killed at \(number)")
                    try FileManager.default.removeItem(at: broken)
                }
                // A folder, and for each case two files of five calls.
                #expect(kills >= (runsLongTests ? 21 : 6))
            }
        }

        @Test func `Training killed at any point of an epoch goes on to the files of an unbroken run`() throws {
            try Fixtures.withTemporaryFolder { folder in
                let dataset = try TinyData.dataset(in: folder)
                let plan = folder.appending(path: "plan.json"), settings = folder.appending(path: "settings.json")
                try TinyModel.plan().write(to: plan)
                try Data(#"{"estimationIterations": 1, "validationInterval": 1, "averaging": 0.9}"#.utf8).write(to: settings)
                func train(_ run: URL) -> [String] {
                    [
                        "train", dataset.path, "-o", run.path, "--plan", plan.path, "--settings", settings.path, "--epochs", "2", "--iterations", "1",
                        "--device", "cpu", "--threads", "1", "--precision", "float32",
                    ]
                }
                func resume(_ run: URL) -> [String] { ["train", "--resume", "-o", run.path, "--device", "cpu", "--threads", "1"] }
                func files(_ run: URL) throws -> [String: Data] {
                    try Fixtures.contents(of: run) { name in
                        !["run.json", "run.json.sha256", "timing.jsonl", ".lock"].contains(name)
                            && !["events.", "validation/", "prepared/"].contains { name.hasPrefix($0) }
                    }
                }
                let whole = folder.appending(path: "whole"), first = folder.appending(path: "first"), run = folder.appending(path: "run")
                try CommandLineTool.succeed(train(whole))
                let expected = try files(whole)
                #expect(expected.count >= 7, "\(expected.keys.sorted())")
                // Killed where the second epoch's checkpoint is about to begin: after the line of its times.
                var kill = 0
                func copy() throws {
                    try? FileManager.default.removeItem(at: run)
                    try FileManager.default.copyItem(at: first, to: run)
                }
                for number in stride(from: 12, to: 60, by: 2) where kill == 0 {
                    try? FileManager.default.removeItem(at: first)
                    _ = try CommandLineTool.run(train(first), environment: ["UNETRPP_FAULT": "kill:rename:\(number)"])
                    if try Fixtures.contents(of: first, where: { $0 == "log.jsonl" }).values.first?.split(separator: UInt8(ascii: "\n")).count == 1 {
                        kill = number
                    }
                }
                try #require(kill > 0)
                try copy()
                // Up to the model there are seven files of an epoch, the start, and the bundle; then the masks and scores.
                let kills = try walk(runsLongTests ? "any" : "rename", step: runsLongTests ? 1 : 5, resume(run)) { number in
                    try CommandLineTool.succeed(resume(run))
                    let found = try files(run)
                    #expect(found.keys.sorted() == expected.keys.sorted(), "killed at \(number)")
                    for (name, data) in expected { #expect(found[name] == data, "\(name), killed at \(number)") }
                    try copy()
                }
                #expect(kills >= (runsLongTests ? 60 : 3))
            }
        }
    }
#endif
