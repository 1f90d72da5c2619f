import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRPlanning
import UNETRSupport

/// `train` in several processes, as launchers start it: real ones, some of which are killed or stopped.
@Suite(.serialized) struct ProcessCommandTests {
    private typealias Started = (process: Process, output: Pipe, errors: Pipe)

    private struct Run {
        let folder: URL
        let dataset: URL
        let plan: URL
        let settings: URL

        init(_ folder: URL) throws {
            self.folder = folder
            dataset = try TinyData.dataset(in: folder)
            plan = folder.appending(path: "plan.json")
            settings = folder.appending(path: "settings.json")
            try TinyModel.plan().write(to: plan)
            try Data(#"{"estimationIterations": 1, "validationInterval": 1000000, "finalValidation": false}"#.utf8).write(to: settings)
        }

        func arguments(_ run: String, epochs: Int = 2, _ more: [String] = []) -> [String] {
            [
                "train", dataset.path, "-o", folder.appending(path: run).path, "--plan", plan.path, "--settings", settings.path, "--epochs", "\(epochs)",
                "--iterations", "3",
                "--seed", "7", "--device", "cpu", "--threads", "1", "--precision", "float32", "--patience", "20",
            ] + more
        }

        func file(_ path: String) -> URL { folder.appending(path: path) }
    }

    /// A port that nobody listens on.
    private static func freePort() -> Int {
        let socket = socket(AF_INET, numericCast(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = bind(socket, pointer, length)
                _ = getsockname(socket, pointer, &length)
            }
            return Int(UInt16(bigEndian: $0.pointee.sin_port))
        }
    }

    private func variables(_ rank: Int, of count: Int, port: Int) -> [String: String] {
        [
            "RANK": "\(rank)", "WORLD_SIZE": "\(count)", "LOCAL_RANK": "\(rank)", "LOCAL_WORLD_SIZE": "\(count)", "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": "\(port)",
        ]
    }

    private func start(_ arguments: [[String]]) throws -> [Started] {
        let port = Self.freePort()
        return try arguments.enumerated().map {
            try CommandLineTool.start($0.element, environment: variables($0.offset, of: arguments.count, port: port))
        }
    }

    /// Waits for the end of one; a test that hangs would say nothing.
    private func end(_ started: Started) -> (status: Int32, errors: String) {
        let deadline = DispatchWorkItem { kill(started.process.processIdentifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + 120, execute: deadline)
        let errors = String(decoding: started.errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        started.process.waitUntilExit()
        deadline.cancel()
        return (started.process.terminationStatus, errors)
    }

    private func waitForFile(_ url: URL, _ started: [Started]) {
        let deadline = Date(timeIntervalSinceNow: 60)
        while !FileManager.default.fileExists(atPath: url.path), started.allSatisfy({ $0.process.isRunning }), deadline.timeIntervalSinceNow > 0 {
            usleep(2000)
        }
    }

    @Test func `Two processes prepare once and train one model, which one process goes on with`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let run = try Run(folder)
            let ends = try start([run.arguments("run"), run.arguments("run")]).map(end)
            #expect(ends.map(\.status) == [0, 0], "\(ends)")
            #expect(ends[0].errors.contains("2 processes train together, 2 of them here with 1 thread each") && ends[0].errors.contains("Epoch 2/2"))
            #expect(ends[1].errors == "", "only one speaks")
            let card = try String(contentsOf: run.file("run/model.unetrpp/card.md"), encoding: .utf8)
            #expect(card.contains("2 epochs × 3 steps of 2 patches"))
            // Nothing that they met by is left.
            #expect(try FileManager.default.contentsOfDirectory(atPath: run.file("run").path).allSatisfy { !$0.contains("meeting") })
            try CommandLineTool.succeed(run.arguments("run", ["--resume"]))
        }
    }

    /// Of several processes or one: the same samples make the same network, up to rounding.
    @Test(.enabled(if: runsLongTests)) func `Four processes train what one trains`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let run = try Run(folder)
            // Without dropout, of which each process draws its own.
            let plan = try String(contentsOf: run.plan, encoding: .utf8)
            try Data(plan.replacing(/"(attention|channel)Dropout" ?: ?[0-9.]+/) { "\"\($0.1)Dropout\": 0" }.utf8).write(to: run.plan)
            try Data(#"{"batchSize": 4, "estimationIterations": 1, "validationInterval": 1000000, "finalValidation": false}"#.utf8).write(to: run.settings)
            try CommandLineTool.succeed(run.arguments("one"))
            let ends = try start(Array(repeating: run.arguments("four"), count: 4)).map(end)
            #expect(ends.map(\.status) == [0, 0, 0, 0], "\(ends)")
            func records(_ name: String) throws -> [[String: Any]] {
                try String(contentsOf: run.file("\(name)/log.jsonl"), encoding: .utf8).split(separator: "\n").compactMap {
                    try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
                }
            }
            let losses = try (records("one"), records("four"))
            #expect(losses.0.count == 2 && losses.1.count == 2)
            for (one, four) in zip(losses.0, losses.1) {
                let (one, four) = try (#require(one["loss"] as? Double), #require(four["loss"] as? Double))
                #expect(abs(one - four) < 1e-3, "\(one), \(four)")
            }
        }
    }

    // Process 0 and another by turns.
    @Test(arguments: runsLongTests ? Array(0..<20) : [3, 10])
    func `A process that is killed ends the others with 75, and the run goes on`(number: Int) throws {
        try Fixtures.withTemporaryFolder { folder in
            let run = try Run(folder)
            let arguments = run.arguments("run", epochs: 1000, ["--resume"])
            let started = try start([arguments, arguments])
            // The first epoch's checkpoint is there; then a random moment, the same each time the test is run.
            waitForFile(run.file("run/latest/checkpoint.safetensors"), started)
            usleep(UInt32(ParityRule("kill").unit(number) * 400_000))
            let victim = number % 2, survivor = 1 - victim
            kill(started[victim].process.processIdentifier, SIGKILL)
            let killed = Date()
            let result = end(started[survivor])
            _ = end(started[victim])
            #expect(result.status == 75, "\(result)")
            #expect(result.errors.contains("another training process has ended or says nothing") && result.errors.contains("--resume"), "\(result.errors)")
            #expect(killed.timeIntervalSinceNow > -15)
            // The checkpoint is whole: the run ends with it, alone.
            let epochs = try String(contentsOf: run.file("run/log.jsonl"), encoding: .utf8).split(separator: "\n").count
            let resumed = try CommandLineTool.start(["train", "--resume", "-o", run.file("run").path, "--device", "cpu", "--threads", "1"])
            let deadline = Date(timeIntervalSinceNow: 60)
            while (try? String(contentsOf: run.file("run/log.jsonl"), encoding: .utf8).split(separator: "\n").count) ?? 0 < epochs + 2,
                deadline.timeIntervalSinceNow > 0, resumed.process.isRunning
            { usleep(20_000) }
            #expect(resumed.process.isRunning, "\(end(resumed))")
            kill(resumed.process.processIdentifier, SIGTERM)
            #expect(end(resumed).status == 143)
        }
    }

    @Test func `A process that hangs is noticed after a time; the launcher's signal stops all`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let run = try Run(folder)
            let arguments = run.arguments("run", epochs: 1000, ["--resume", "--patience", "3"])
            var started = try start([arguments, arguments])
            waitForFile(run.file("run/latest/checkpoint.safetensors"), started)
            kill(started[1].process.processIdentifier, SIGSTOP)
            let result = end(started[0])
            #expect(result.status == 75 && result.errors.contains("says nothing"), "\(result)")
            kill(started[1].process.processIdentifier, SIGKILL)
            _ = end(started[1])

            // The signal reaches one of them: all stop after the same step.
            try FileManager.default.removeItem(at: run.file("run"))
            started = try start([arguments, arguments])
            waitForFile(run.file("run/latest/checkpoint.safetensors"), started)
            kill(started[1].process.processIdentifier, SIGTERM)
            let ends = started.map(end)
            #expect(ends.map(\.status) == [143, 143], "\(ends)")
            #expect(ends[0].errors.contains("epochs are done, and --resume goes on from there"), "\(ends[0].errors)")
        }
    }

    @Test func `What keeps one process from training ends all, each with its sentence`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let run = try Run(folder)
            // The first finds a damaged label file; the second hears of it.
            try Data("x".utf8).write(to: run.dataset.appending(path: "labels/case_2.nii.gz"))
            var ends = try start([run.arguments("run"), run.arguments("run")]).map(end)
            #expect(ends[0].status == 1 && ends[0].errors.contains("case_2"), "\(ends)")
            #expect(ends[1].status == 1 && ends[1].errors.contains("the training process of rank 0 has stopped"), "\(ends)")
            ends = try start([run.arguments("other"), run.arguments("other", epochs: 3)]).map(end)
            for one in ends {
                #expect(one.status == 64 && one.errors.contains("process 1 was started with another number of epochs than process 0"), "\(ends)")
            }
            let plan = run.file("other.json")
            try (Data(contentsOf: run.plan) + Data("\n".utf8)).write(to: plan)
            ends = try start([run.arguments("other"), run.arguments("other").map { $0 == run.plan.path ? plan.path : $0 }]).map(end)
            for one in ends { #expect(one.status == 64 && one.errors.contains("process 1 was started with another plan than process 0"), "\(ends)") }
            #expect(!FileManager.default.fileExists(atPath: run.file("other/run.json").path))
        }
    }

    @Test func `Variables that contradict each other, a taken port and absent others end with a sentence and the right status`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let run = try Run(folder)
            func status(_ environment: [String: String], _ more: [String] = []) throws -> (Int32, String) {
                let result = try CommandLineTool.run(run.arguments("run", more), environment: environment)
                return (result.status, result.errors)
            }
            var (code, text) = try status(["RANK": "2", "WORLD_SIZE": "2"])
            #expect(code == 64 && text.contains("RANK is 2, but WORLD_SIZE is 2"), "\(text)")
            (code, text) = try status(["RANK": "0", "WORLD_SIZE": "2"])
            #expect(code == 64 && text.contains("set MASTER_ADDR") && text.contains("--meeting-point"), "\(text)")
            (code, text) = try status(["OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "x"])
            #expect(code == 64 && text.contains("OMPI_COMM_WORLD_SIZE is 'x'"), "\(text)")

            let taken = try CommandLineTool.start(
                run.arguments("first", ["--patience", "5"]), environment: variables(0, of: 2, port: 0).merging(["MASTER_PORT": "\(Self.freePort())"]) { $1 })
            // It listens, and waits for another that does not come.
            let absent = end(taken)
            #expect(absent.status == 75 && absent.errors.contains("process 0 of 2 did not meet the others at 127.0.0.1:"), "\(absent)")

            let socket = socket(AF_INET6, numericCast(SOCK_STREAM.rawValue), 0)
            defer { close(socket) }
            let port = Self.freePort()
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = UInt16(port).bigEndian
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
            }
            try #require(bound == 0 && listen(socket, 1) == 0)
            (code, text) = try status(variables(0, of: 2, port: port), ["--patience", "5"])
            #expect(code == 75 && text.contains("port \(port), on which the processes are to meet, is in use") && text.contains("MASTER_PORT"), "\(text)")
            #expect(!FileManager.default.fileExists(atPath: run.file("run/run.json").path))
        }
    }

    @Test func `A batch that is too small for the processes is refused`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let run = try Run(folder)
            let ends = try start(Array(repeating: run.arguments("run"), count: 3)).map(end)
            for one in ends { #expect(one.status == 64 && one.errors.contains("a batch of 2 patches cannot be shared by 3 processes"), "\(ends)") }
        }
    }
}
