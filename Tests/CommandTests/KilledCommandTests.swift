#if DEBUG
    import Foundation
    import UNETRModels
    import UNETREngines
    import UNETRTorchEngine
    import NetworkTestSupport
    import UNETRSupport
    import TestSupport
    import Testing
    import UNETRVolumes

    /// A kill at every moment at which a command gives a file its name or takes one away: what was there is there or the new one is, and the
    /// command run again removes what was left and gives what it would have given.
    struct KilledCommandTests {
        @Test(arguments: ["rename", "remove"])
        func `convert --force that is killed leaves the old bundle or the new one under its name`(_ point: String) throws {
            try Fixtures.withTemporaryFolder { folder in
                let source = try TinyModel.bundle(in: folder).url, other = try TinyModel.bundle(in: folder, named: "other", seed: 6).url
                let outputs = folder.appending(path: "outputs"), target = outputs.appending(path: "target.unetrpp")
                let (old, new) = (try Fixtures.contents(of: other), try Fixtures.contents(of: source))
                let arguments = ["convert", source.path, target.path, "--force"]
                var kills = 0
                for number in 1...20 {
                    try? FileManager.default.removeItem(at: outputs)
                    try FileManager.default.createDirectory(at: outputs, withIntermediateDirectories: true)
                    try FileManager.default.copyItem(at: other, to: target)
                    let result = try CommandLineTool.run(arguments, environment: ["UNETRPP_FAULT": "kill:\(point):\(number)"])
                    let found = try Fixtures.contents(of: target)
                    #expect(found == old || found == new, "\(number): \(found.keys.sorted())")
                    if result.status == 0 { break }
                    kills += 1
                    #expect(try ModelBundle.verify(target)?.isSame == true)
                    // Once more at the end only: it is the same work each time, and a process takes its time.
                    if number == 1 || FileManager.default.fileExists(atPath: target.path) && found == new {
                        #expect(try CommandLineTool.run(arguments).status == 0)
                        #expect(try FileManager.default.contentsOfDirectory(atPath: outputs.path) == ["target.unetrpp"])
                        #expect(try Fixtures.contents(of: target) == new)
                    }
                }
                #expect(kills >= (point == "rename" ? 5 : 1))
            }
        }

        /// Kills a command at its operations on files, one after the other, and runs it again.
        ///
        /// After each kill every file under its own name is the finished one; after the command's next run all files are, and nothing else is left.
        /// - Parameter every: only every so many operations; all in long runs of the tests.
        /// - Returns: how many kills there were.
        private static func walk(_ outputs: URL, _ arguments: [String], every: Int, environment: [String: String] = [:]) throws -> Int {
            func begin() throws {
                try? FileManager.default.removeItem(at: outputs)
                try FileManager.default.createDirectory(at: outputs, withIntermediateDirectories: true)
            }
            try begin()
            try #require(CommandLineTool.run(arguments, environment: environment).status == 0)
            let whole = try Fixtures.contents(of: outputs)
            #expect(!whole.isEmpty)
            var kills = 0
            for number in stride(from: 1, to: 500, by: runsLongTests ? 1 : every) {
                try begin()
                let result = try CommandLineTool.run(arguments, environment: environment.merging(["UNETRPP_FAULT": "kill:any:\(number)"]) { $1 })
                if result.status == 0 { break }
                kills += 1
                for (name, bytes) in try Fixtures.contents(of: outputs) where !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
                    #expect(bytes == whole[name], "killed at \(number): \(name)")
                }
                let again = try CommandLineTool.run(arguments + ["--force"], environment: environment)
                #expect(again.status == 0, "killed at \(number): \(again.errors)")
                let found = try Fixtures.contents(of: outputs)
                #expect(found == whole, "killed at \(number): \(found.keys.sorted())")
            }
            return kills
        }

        @Test func `segment with probabilities that is killed leaves whole files or none, and runs again to the same ones`() throws {
            try Fixtures.withTemporaryFolder { folder in
                let model = try TinyModel.bundle(in: folder).url.path, outputs = folder.appending(path: "outputs")
                let scan = folder.appending(path: "scan.nii.gz")
                try NIfTI.write(scan: TinyModel.ball(0).scan, to: scan)
                let arguments = [
                    "segment", scan.path, "-o", outputs.appending(path: "mask.nii.gz").path, "--model", model, "--probabilities", "--no-mirroring",
                    "--device", "cpu", "--engine", "torch", "--threads", "1",
                ]
                #expect(try Self.walk(outputs, arguments, every: 4) >= 2)
            }
        }

        @Test func `export that is killed leaves a whole file or none`() throws {
            try Fixtures.withTemporaryFolder { folder in
                let model = try TinyModel.bundle(in: folder).url.path, outputs = folder.appending(path: "outputs")
                #expect(try Self.walk(outputs, ["export", model, "-o", outputs.appending(path: "m.onnx").path], every: 2) >= 2)
            }
        }

        @Test(
            .enabled(
                if: runsLongTests && (try? OpenVINOProvider.besideLibtorch.loadOpenVINO()) != nil && Processor.current.hasEightBitProducts,
                "a long test, for processors with 8-bit products"))
        func `quantize that is killed leaves a whole bundle or none`() throws {
            try Fixtures.withTemporaryFolder { folder in
                let model = try TinyModel.bundle(in: folder).url.path, outputs = folder.appending(path: "outputs")
                let scan = folder.appending(path: "scan.nii.gz")
                try NIfTI.write(scan: TinyModel.ball(0).scan, to: scan)
                // Its card holds measured times, so two runs differ: here the bundle's own digests say whether it is whole.
                let target = outputs.appending(path: "m.unetrpp")
                let arguments = ["quantize", model, "--calibration", scan.path, "-o", target.path, "--accept-disagreement"]
                let environment = ["UNETRPP_CACHE": folder.appending(path: "cache").path]
                var kills = 0
                for number in stride(from: 1, to: 500, by: 3) {
                    try? FileManager.default.removeItem(at: outputs)
                    try FileManager.default.createDirectory(at: outputs, withIntermediateDirectories: true)
                    let result = try CommandLineTool.run(
                        arguments, environment: environment.merging(["UNETRPP_FAULT": "kill:any:\(number)"]) { $1 })
                    if FileManager.default.fileExists(atPath: target.path) { #expect(try ModelBundle.verify(target)?.isSame == true, "\(number)") }
                    if result.status == 0 { break }
                    kills += 1
                }
                #expect(kills >= 3)
                #expect(try CommandLineTool.run(arguments + ["--force"], environment: environment).status == 0)
                #expect(try FileManager.default.contentsOfDirectory(atPath: outputs.path) == ["m.unetrpp"])
                #expect(try ModelBundle.verify(target)?.isSame == true)
            }
        }
    }
#endif
