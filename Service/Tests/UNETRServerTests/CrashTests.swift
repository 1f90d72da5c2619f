import ArchiveTestSupport
import Foundation
import NIOHTTP1
import Testing
import UNETRSupport

@testable import UNETRServer

/// What ends in the middle: workers, and the server itself.
struct CrashTests {
    @Test func `A worker that is killed fails its job alone; a new one does the next`() async throws {
        try await TestServer.with { server in
            let client = server.client, crash = try await client.submit(client.upload(TestScan.bytes(first: -2000)))
            let next = try await client.submit(client.upload(TestScan.bytes()))
            let end = try await client.end(of: crash), error = end.json["error"] as? [String: String]
            #expect(end["state"] == "failed" && error?["code"] == "worker_ended" && error?["reason"]?.contains("signal 9") == true)
            #expect(try await client.end(of: next)["state"] == "done" && server.begun == [crash, next])
            #expect(!FileManager.default.fileExists(atPath: server.data.appending(path: "jobs/\(crash)").path))
        }
    }

    @Test func `A worker that is killed while it has nothing to do costs nobody a job`() async throws {
        try await TestServer.with { server in
            let client = server.client
            for round in 0..<3 {
                let workers = try children(of: getpid(), with: server.models.path)
                #expect(workers.count == 1)
                for worker in workers { kill(worker, SIGKILL) }
                // At once, and when the death was noticed.
                if round > 0 { try await Task.sleep(for: .milliseconds(200)) }
                let scan = try await client.upload(TestScan.bytes(number: round))
                try await wait { try await client.get("/ready").status == 200 }
                #expect(try await client.end(of: client.submit(scan))["state"] == "done")
            }
        }
    }

    @Test func `A worker that ends at its start is tried again, and until then the server is not ready`() async throws {
        try await withTemporaryFolder { folder in
            let models = folder.appending(path: "models")
            try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
            try Data().write(to: models.appending(path: "broken"))
            try await TestServer.with(in: folder, waits: false) { server in
                let ready = try await server.client.get("/ready")
                #expect(ready.status == 503 && ready.error.code == "not_ready")
                #expect(try await server.client.get("/health").status == 200)
                let job = try await server.client.json(.POST, "/v1/jobs", #"{"model":"threshold","scan":"x"}"#)
                #expect(job.status == 503 && job.headers.first(name: "Retry-After") == "2")
                try FileManager.default.removeItem(at: models.appending(path: "broken"))
                try await wait { try await server.client.get("/ready").status == 200 }
            }
        }
    }

    @Test func `When the server ends, a job under way is finished within its time, or waits for the next server`() async throws {
        try await withTemporaryFolder { folder in
            let (quick, endless) = try await TestServer.with(in: folder) { server in
                let client = server.client, slow = try await client.upload(TestScan.bytes(first: -1000)),
                    endless = try await client.upload(TestScan.bytes(first: -4000))
                let jobs = (try await client.submit(slow), try await client.submit(endless))
                try await wait { try await client.state(jobs.0) == "running" }
                return jobs
            }
            let store = try await whenFree { try Store(folder: folder.appending(path: "data"), keep: 1000) }
            #expect(try store.job(quick)?.state == .done && FileManager.default.fileExists(atPath: store.mask(of: quick).path))
            #expect(try store.job(endless)?.state == .queued && store.job(endless)?.attempts == 0)
        }
    }

    @Test func `A job that takes longer than the server has is no failure, however often`() async throws {
        try await withTemporaryFolder { folder in
            let job = try await TestServer.with(in: folder) { server in
                let job = try await server.client.submit(server.client.upload(TestScan.bytes(first: -4000)))
                try await wait { try await server.client.state(job) == "running" }
                return job
            }
            for _ in 0..<2 {
                try await TestServer.with(in: folder) { server in try await wait { try await server.client.state(job) == "running" } }
            }
            let store = try await whenFree { try Store(folder: folder.appending(path: "data"), keep: 1000) }
            #expect(try store.job(job)?.state == .queued && store.job(job)?.attempts == 0)
        }
    }

    @Test func `Only one server uses a folder`() async throws {
        try await TestServer.with { server -> Void in
            #expect(throws: (any Error).self) { _ = try Store(folder: server.data, keep: 1) }
        }
    }

    // MARK: kill -9

    private func start(_ folder: URL, descriptors: Int? = nil) async throws -> (process: Process, client: TestClient) {
        let models = folder.appending(path: "models"), log = folder.appending(path: "log.\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let process = Process()
        let words = [
            productsFolder.appending(path: "unetrpp-serve").path, "--models", models.path, "--data", folder.appending(path: "data").path, "--port", "0",
            "--program", TestServer.standIn.path,
        ]
        // What tests that run beside this one have open is inherited. Under a limit below its numbers the server could start no process.
        let closing = #"for open in /proc/self/fd/*; do number=${open##*/}; [ "$number" -lt 3 ] || eval "exec $number>&-"; done; "#
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", "\(descriptors.map { "\(closing)ulimit -n \($0); " } ?? "")exec \"$@\"", "bash"] + words
        process.standardError = try FileHandle(forWritingTo: log)
        process.standardInput = FileHandle.nullDevice
        try process.start()
        do {
            var port = ""
            try await wait("the server does not start") {
                let text = try String(contentsOf: log, encoding: .utf8)
                port = text.firstMatch(of: /listening on http:\/\/127\.0\.0\.1:(\d+)\//).map { String($0.1) } ?? ""
                return !port.isEmpty
            }
            let client = TestClient(base: "http://127.0.0.1:\(port)")
            try await wait { try await client.get("/ready").status == 200 }
            return (process, client)
        } catch {
            // It holds the output of the tests open.
            kill(process.processIdentifier, SIGKILL)
            Issue.record("the server said: \((try? String(contentsOf: log, encoding: .utf8)) ?? "nothing")")
            throw error
        }
    }

    private func end(_ process: Process, _ signal: Int32) async throws {
        kill(process.processIdentifier, signal)
        try await wait(seconds: 35) { !process.isRunning }
    }

    @Test func `Killed at any moment of a job, the server does it once more and loses and doubles nothing`() async throws {
        try await withTemporaryFolder { folder in
            var (process, client) = try await start(folder)
            defer { kill(process.processIdentifier, SIGKILL) }
            let scans = [
                try await client.upload(TestScan.bytes(first: -1000)), try await client.upload(TestScan.bytes(number: 1)),
                try await client.upload(TestScan.bytes(number: 2)),
            ]
            let first = try await client.submit(scans[0])
            // Handed out, and begun by the worker.
            let orders = folder.appending(path: "models/orders.log")
            try await wait { (try? String(contentsOf: orders, encoding: .utf8)) == "\(first)\n" }
            let jobs = [first, try await client.submit(scans[1]), try await client.submit(scans[2])]
            // Halves that a crash can leave: files without a row.
            try Data("half".utf8).write(to: folder.appending(path: "data/incoming/half"))
            try FileManager.default.createDirectory(at: folder.appending(path: "data/scans/\(Identifier.new())"), withIntermediateDirectories: true)
            try await end(process, SIGKILL)
            // Its worker ends with it.
            try await wait { try children(of: nil, with: folder.appending(path: "models").path).isEmpty }

            (process, client) = try await start(folder)
            for job in jobs { #expect(try await client.end(of: job)["state"] == "done") }
            let begun = try String(contentsOf: orders, encoding: .utf8).split(separator: "\n").map(String.init)
            // The one under way once more; on a machine that is busy that may be another one than the first.
            #expect(begun.count == 4 && Set(begun) == Set(jobs) && zip(begun, begun.dropFirst()).contains { $0 == $1 }, "\(begun)")
            #expect((try await client.get("/v1/jobs").json["jobs"] as? [[String: Any]])?.map { $0["id"] as? String } == jobs.reversed())
            for job in jobs { #expect(try await client.get("/v1/jobs/\(job)/result").status == 200) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "data/incoming").path).isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "data/scans").path).sorted() == scans.sorted())
            try await end(process, SIGTERM)
            #expect(process.terminationStatus == 0)
        }
    }

    @Test func `A job that was under way at two crashes has failed`() async throws {
        try await withTemporaryFolder { folder in
            var (process, client) = try await start(folder)
            defer { kill(process.processIdentifier, SIGKILL) }
            let job = try await client.submit(client.upload(TestScan.bytes(first: -4000)))
            for _ in 0..<2 {
                try await wait { try await client.state(job) == "running" }
                try await end(process, SIGKILL)
                (process, client) = try await start(folder)
            }
            let state = try await client.get("/v1/jobs/\(job)")
            #expect(state["state"] == "failed" && (state.json["error"] as? [String: String])?["code"] == "interrupted")
            try await end(process, SIGTERM)
        }
    }

    @Test(.enabled(if: isLong)) func `Killed at thirty moments of a job, from its begin to behind its end, each job is done once`() async throws {
        try await withTemporaryFolder { folder in
            var (process, client) = try await start(folder)
            defer { kill(process.processIdentifier, SIGKILL) }
            var jobs: [String] = []
            for round in 0..<30 {
                // A job of two seconds.
                jobs.append(try await client.submit(client.upload(TestScan.bytes(first: -1000, number: round))))
                try await Task.sleep(for: .milliseconds(80 * round))
                try await end(process, SIGKILL)
                (process, client) = try await start(folder)
                #expect(try await client.end(of: jobs[round])["state"] == "done", "moment \(round)")
            }
            let list = try #require(try await client.get("/v1/jobs?limit=1000").json["jobs"] as? [[String: Any]])
            #expect(list.map { $0["id"] as? String } == jobs.reversed())
            // The scans differ only where the mask does not.
            var masks: Set<Data> = []
            for job in jobs { masks.insert(try await client.get("/v1/jobs/\(job)/result").body) }
            #expect(masks.count == 1 && masks.first?.starts(with: [0x1F, 0x8B]) == true)
            let begun = try String(contentsOf: folder.appending(path: "models/orders.log"), encoding: .utf8).split(separator: "\n").map(String.init)
            for job in jobs { #expect([1, 2].contains(begun.filter { $0 == job }.count)) }
            let data = folder.appending(path: "data")
            #expect(try FileManager.default.contentsOfDirectory(atPath: data.appending(path: "jobs").path).sorted() == jobs.sorted())
            #expect(try FileManager.default.contentsOfDirectory(atPath: data.appending(path: "incoming").path).isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: data.appending(path: "scans").path).count == 30)
            for job in jobs {
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: data.appending(path: "jobs/\(job)").path).sorted() == [
                        "mask.nii.gz", "statistics.json",
                    ])
            }
            try await end(process, SIGTERM)
        }
    }

    // MARK: Connections

    @Test(.enabled(if: isLong)) func `Ten thousand connections that say nothing keep nobody out, and are let go of`() async throws {
        try await withTemporaryFolder { folder in
            let (process, client) = try await start(folder)
            defer { kill(process.processIdentifier, SIGKILL) }
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = limit.rlim_max
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            try #require(limit.rlim_cur > 11_000)
            let port = try #require(Int(client.base.split(separator: ":")[2]))
            let many = try (0..<10_000).map { _ in try RawConnection(port: port) }
            let descriptors = "/proc/\(process.processIdentifier)/fd"
            try await wait("not all connections are taken") { try FileManager.default.contentsOfDirectory(atPath: descriptors).count > 10_000 }
            let begin = ContinuousClock.now
            let job = try await client.submit(client.upload(TestScan.bytes()))
            #expect(try await client.end(of: job)["state"] == "done")
            #expect(ContinuousClock.now - begin < .seconds(5))
            // Half of them begin to say something.
            for connection in many.prefix(5000) { connection.send("GET /health HTTP/1.1\r\nHost: localhost\r\n") }
            #expect(try await client.get("/health").status == 200)
            // After the time for a head nothing is left of them.
            try await wait(seconds: 60) { try FileManager.default.contentsOfDirectory(atPath: descriptors).count < 100 }
            for connection in many { connection.close() }
            try await end(process, SIGTERM)
            #expect(process.terminationStatus == 0)
        }
    }

    @Test func `More connections than the system allows keep nobody out for longer than they last`() async throws {
        try await withTemporaryFolder { folder in
            let (process, client) = try await start(folder, descriptors: 200)
            defer { kill(process.processIdentifier, SIGKILL) }
            let port = try #require(Int(client.base.split(separator: ":")[2]))
            let many = try (0..<400).map { _ in try RawConnection(port: port) }
            for connection in many { connection.close() }
            try await wait { try await client.get("/health").status == 200 }
            #expect(try await client.end(of: client.submit(client.upload(TestScan.bytes())))["state"] == "done")
            try await end(process, SIGTERM)
        }
    }

    private static let isLong = ProcessInfo.processInfo.environment["UNETRPP_LONG_TESTS"] != nil

    /// Processes with a word in their command line; of one parent, or of any.
    private func children(of parent: Int32?, with word: String) throws -> [Int32] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter { number in
            guard let line = try? String(contentsOfFile: "/proc/\(number)/cmdline", encoding: .utf8), line.contains("stand-in-worker"), line.contains(word),
                let status = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8)
            else { return false }
            let fields = status[(status.lastIndex(of: ")") ?? status.startIndex)...].split(separator: " ")
            return fields.count > 2 && fields[1] != "Z" && (parent == nil || Int32(fields[2]) == parent)
        }
    }
}

/// The real program, where `UNETRPP_PROGRAM` names it.
struct WholeTests {
    private static let program = ProcessInfo.processInfo.environment["UNETRPP_PROGRAM"].map { URL(fileURLWithPath: $0) }

    @Test(.enabled(if: program != nil)) func `The shipped model's mask through the server is the command's, to the byte`() async throws {
        let program = Self.program!, scan = repository.appending(path: "Examples/hippocampus/images/hippocampus_143.nii.gz")
        try await TestServer.with(
            .init { configuration in
                configuration.program = program
                configuration.models = repository.appending(path: "Models")
            }
        ) { server in
            let client = server.client, bytes = try Data(contentsOf: scan), mask = server.folder.appending(path: "mask.nii.gz")
            let up = try await client.upload(bytes, name: "hippocampus_143.nii.gz")
            let made = try await client.json(.POST, "/v1/jobs", #"{"model":"hippocampus","scan":"\#(up)","options":{"mirroring":false}}"#)
            let job = try #require(made["id"], "\(made.text)"), end = try await client.end(of: job)
            #expect(end["state"] == "done", "\(end.text)")
            let process = Process()
            process.executableURL = program
            process.arguments = [
                "segment", scan.path, "-o", mask.path, "--model", repository.appending(path: "Models/hippocampus.unetrpp").path, "--no-mirroring",
            ]
            try process.start()
            try await wait(seconds: 60) { !process.isRunning }
            #expect(try await client.get("/v1/jobs/\(job)/result").body == Data(contentsOf: mask))
            #expect(
                (try await client.get("/v1/jobs/\(job)/statistics").json["structures"] as? [[String: Any]])?.map { $0["name"] as? String } == [
                    "Anterior", "Posterior",
                ])
        }
    }
}
