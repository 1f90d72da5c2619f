import ArchiveTestSupport
import Foundation
import NIOHTTP1
import Testing
import UNETRVolumes
import UNETRWork

@testable import UNETRServer

/// Each route with its values.
struct RouteTests {
    @Test func `A scan goes up, is segmented, and its mask comes back`() async throws {
        try await TestServer.with { server in
            let client = server.client, bytes = try TestScan.bytes()
            let up = try await client.ask(.POST, "/v1/scans?name=brain.nii.gz", body: bytes)
            #expect(up.status == 201 && up["name"] == "brain.nii.gz" && up["format"] == "NIfTI")
            #expect(up.json["size"] as? [Int] == [6, 5, 4] && up.json["spacing"] as? [Double] == [2, 1, 0.5] && up.json["bytes"] as? Int == bytes.count)
            let scan = try #require(up["id"])
            let known = try await client.get("/v1/scans/\(scan)")
            #expect(known.status == 200 && known["digest"] == up["digest"] && known["name"] == "brain.nii.gz" && known["expires"] != nil)
            let image = try await client.get("/v1/scans/\(scan)/image")
            #expect(image.body == bytes && image.headers.first(name: "Content-Type") == "application/gzip")

            let made = try await client.json(.POST, "/v1/jobs", #"{"model":"threshold","scan":"\#(scan)"}"#)
            #expect(made.status == 201 && made["model"] == "threshold" && made["scan"] == scan && made.json["fromStore"] as? Bool == false)
            let job = try #require(made["id"]), done = try await client.end(of: job)
            #expect(done["state"] == "done" && done.json["progress"] as? Double == 1 && done["started"] != nil && done["ended"] != nil)
            #expect(done["created"]?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)

            let result = try await client.get("/v1/jobs/\(job)/result")
            #expect(result.headers.first(name: "Content-Disposition") == "attachment; filename=\"brain.nii.gz\"")
            #expect(result.headers.first(name: "Content-Length") == "\(result.body.count)")
            #expect(try labels(of: result.body, ".nii.gz") == expected)

            let statistics = try await client.get("/v1/jobs/\(job)/statistics")
            let structures = try #require(statistics.json["structures"] as? [[String: Any]])
            #expect(structures.map { $0["name"] as? String } == ["low", "high"] && structures.map { $0["voxels"] as? Int } == [3, 1])
            #expect(structures.map { $0["milliliters"] as? Double } == [0.003, 0.001] && structures[0]["center"] as? [Int] == [2, 1, 2])
            #expect(structures[1]["boundingBox"] as? [[Int]] == [[4, 1, 2], [4, 1, 2]] && structures[1]["color"] as? String == "#00ff00")

            let list = try await client.get("/v1/jobs?limit=5")
            #expect((list.json["jobs"] as? [[String: Any]])?.map { $0["id"] as? String } == [job])
            #expect(try await client.ask(.DELETE, "/v1/jobs/\(job)").status == 204)
            #expect(try await client.get("/v1/jobs/\(job)").status == 404)
            #expect(try await client.ask(.DELETE, "/v1/scans/\(scan)").status == 204)
            #expect(try await client.get("/v1/scans/\(scan)").status == 404)
            #expect(try FileManager.default.contentsOfDirectory(atPath: server.data.appending(path: "scans").path).isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: server.data.appending(path: "jobs").path).isEmpty)
        }
    }

    private var expected: [Int16] { TestScan.scan().voxels.map { $0 > 100 ? 2 : $0 > 50 ? 1 : 0 } }

    private func labels(of bytes: Data, _ ending: String) throws -> [Int16] {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString)\(ending)")
        defer { try? FileManager.default.removeItem(at: file) }
        try bytes.write(to: file)
        let labels = try VolumeFile.readLabels(file)
        #expect(labels.geometry.difference(from: TestScan.geometry) == nil)
        return labels.voxels
    }

    @Test func `Scans in all formats are told by their bytes, and masks come in all forms that can be`() async throws {
        try await TestServer.with { server in
            let client = server.client
            for (ending, format) in [(".nii", "NIfTI"), (".nrrd", "NRRD"), (".mha", "MetaImage")] {
                let up = try await client.ask(.POST, "/v1/scans?name=x", body: try TestScan.bytes(ending))
                #expect(up.status == 201 && up["format"] == format && up.json["size"] as? [Int] == [6, 5, 4], "\(up.text)")
                let image = try await client.get("/v1/scans/\(up["id"]!)/image")
                #expect(image.status == 200 && image.body.starts(with: [0x1F, 0x8B]))
            }
            let job = try await client.submit(client.upload(TestScan.bytes()))
            _ = try await client.end(of: job)
            for (form, ending) in [("nifti", ".nii.gz"), ("nrrd", ".nrrd"), ("seg-nrrd", ".seg.nrrd"), ("metaimage", ".mha")] {
                let result = try await client.get("/v1/jobs/\(job)/result?format=\(form)")
                #expect(result.headers.first(name: "Content-Disposition") == "attachment; filename=\"scan\(ending)\"")
                #expect(try labels(of: result.body, ending) == expected, "\(form)")
                if form == "seg-nrrd" { #expect(String(decoding: result.body.prefix(2000), as: UTF8.self).contains("Segment1_Name:=high")) }
                #expect(try await client.get("/v1/jobs/\(job)/result?format=\(form)").body == result.body)
            }
            for form in ["dicom-seg", "rtstruct"] {
                let result = try await client.get("/v1/jobs/\(job)/result?format=\(form)")
                #expect(result.status == 422 && result.error.code == "no_series" && result.error.field == "format")
            }
            #expect(try await client.get("/v1/jobs/\(job)/result?format=png").status == 422)
        }
    }

    @Test func `A DICOM file becomes a mask as a DICOM segmentation about its series`() async throws {
        let folder = repository.appending(path: "Tests/Fixtures/dicom/08c_enhanced_mr_shuffled")
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".dcm") }
        let file = try #require(files.first)
        try await TestServer.with { server in
            let client = server.client
            let up = try await client.ask(.POST, "/v1/scans?name=mr.dcm", body: try Data(contentsOf: folder.appending(path: file)))
            #expect(up.status == 201 && up["format"] == "DICOM" && up["series"]?.isEmpty == false, "\(up.text)")
            let scan = try #require(up["id"])
            #expect(try await client.get("/v1/scans/\(scan)/image").body.starts(with: [0x1F, 0x8B]))
            let job = try await client.submit(scan), done = try await client.end(of: job)
            #expect(done["state"] == "done", "\(done.text)")
            let result = try await client.get("/v1/jobs/\(job)/result?format=dicom-seg")
            if result.status == 200 {
                #expect(result.body.dropFirst(128).starts(with: Data("DICM".utf8)) && result.headers.first(name: "Content-Type") == "application/dicom")
                #expect(result.headers.first(name: "Content-Disposition") == "attachment; filename=\"mr.seg.dcm\"")
                #expect(try await client.get("/v1/jobs/\(job)/result?format=dicom-seg").body == result.body)
            } else {
                #expect(result.status == 422 && ["empty_mask", "no_object"].contains(result.error.code), "\(result.text)")
            }
        }
    }

    @Test func `Events tell progress and end with the final state`() async throws {
        try await TestServer.with { server in
            let client = server.client, job = try await client.submit(client.upload(TestScan.bytes(first: -1000)))
            let (type, events) = try await client.events(of: job)
            #expect(type == "text/event-stream")
            let states = events.compactMap { event -> (String, Double)? in
                guard event.hasPrefix("event: job\ndata: ") else { return nil }
                let json = (try? JSONSerialization.jsonObject(with: Data(event.dropFirst("event: job\ndata: ".count).utf8))) as? [String: Any]
                return (json?["state"] as? String ?? "", json?["progress"] as? Double ?? -1)
            }
            #expect(states.last?.0 == "done" && states.last?.1 == 1 && states.contains { $0.0 == "running" && $0.1 > 0 && $0.1 < 1 })
            #expect(zip(states, states.dropFirst()).allSatisfy { $0.1 <= $1.1 })
            // Of a job that has ended, the final state and no more.
            #expect(try await client.events(of: job).events.count == 1)
        }
    }

    @Test func `The same scan, model and options are answered from the store, other options are not`() async throws {
        try await TestServer.with { server in
            let client = server.client, first = try await client.upload(TestScan.bytes()),
                second = try await client.upload(TestScan.bytes(), name: "other.nii.gz")
            let job = try await client.submit(first)
            _ = try await client.end(of: job)
            let again = try await client.json(.POST, "/v1/jobs", #"{"model":"threshold","scan":"\#(second)","options":{}}"#)
            #expect(again.status == 200 && again["state"] == "done" && again.json["fromStore"] as? Bool == true && again["id"] != job)
            // It has files of its own: the first may go.
            #expect(try await client.ask(.DELETE, "/v1/jobs/\(job)").status == 204)
            let result = try await client.get("/v1/jobs/\(again["id"]!)/result")
            #expect(result.status == 200 && result.headers.first(name: "Content-Disposition") == "attachment; filename=\"other.nii.gz\"")
            let other = try await client.json(.POST, "/v1/jobs", #"{"model":"threshold","scan":"\#(second)","options":{"mirroring":false}}"#)
            #expect(other.status == 201)
            _ = try await client.end(of: other["id"]!)
            #expect(server.begun == [job, other["id"]])
        }
    }

    @Test func `Of two equal jobs in the queue only the first is computed`() async throws {
        try await TestServer.with { server in
            let client = server.client, scan = try await client.upload(TestScan.bytes(first: -1000))
            let one = try await client.submit(scan), two = try await client.submit(scan)
            #expect(try await client.end(of: one)["state"] == "done")
            let end = try await client.end(of: two)
            #expect(end["state"] == "done" && end.json["fromStore"] as? Bool == true && server.begun == [one])
        }
    }

    @Test func `A job under way and one that waits can be canceled; the next one is done`() async throws {
        try await TestServer.with { server in
            let client = server.client, endless = try await client.upload(TestScan.bytes(first: -4000)), quick = try await client.upload(TestScan.bytes())
            let running = try await client.submit(endless), waiting = try await client.submit(endless, options: #"{"mirroring":true}"#)
            try await wait { try await client.state(running) == "running" }
            let place = try await client.get("/v1/jobs/\(waiting)")
            #expect(place["state"] == "queued" && place.json["position"] as? Int == 0)
            // Its scan is needed.
            #expect(try await client.ask(.DELETE, "/v1/scans/\(endless)").status == 409)
            #expect(try await client.get("/v1/jobs/\(running)/result").status == 409)
            #expect(try await client.ask(.DELETE, "/v1/jobs/\(waiting)").status == 204)
            #expect(try await client.ask(.DELETE, "/v1/jobs/\(running)").status == 204)
            #expect(try await client.state(waiting) == "canceled")
            #expect(try await client.state(running) == "canceled")
            #expect(try await client.end(of: client.submit(quick))["state"] == "done")
            #expect(try await client.ask(.DELETE, "/v1/scans/\(endless)").status == 204)
        }
    }

    @Test func `A job that cannot be done says why, without paths of the server`() async throws {
        try await TestServer.with { server in
            let client = server.client, job = try await client.submit(client.upload(TestScan.bytes(first: -3000), name: "odd.nii.gz"))
            let end = try await client.end(of: job), error = end.json["error"] as? [String: String]
            #expect(end["state"] == "failed" && error?["code"] == "scan")
            #expect(error?["reason"]?.hasPrefix("odd.nii.gz: ") == true && error?["reason"]?.contains(server.folder.path) == false)
        }
    }

    @Test func `A full queue says when to ask again, and keeps nobody else from the next turn`() async throws {
        try await TestServer.with(
            .init { configuration in
                configuration.queue = 2
                configuration.tokens = ["alice", "bob"].map { AccessToken(name: $0, token: "\($0)-0123456789abcdef") }
            }
        ) { server in
            var (alice, bob) = (server.client, server.client)
            (alice.token, bob.token) = ("alice-0123456789abcdef", "bob-0123456789abcdef")
            let slow = try await alice.submit(alice.upload(TestScan.bytes(first: -4000)))
            try await wait { try await alice.state(slow) == "running" }
            let (a, b) = (try await alice.submit(alice.upload(TestScan.bytes(number: 1))), try await alice.submit(alice.upload(TestScan.bytes(number: 2))))
            let scan = try await bob.upload(TestScan.bytes(number: 3))
            let full = try await bob.json(.POST, "/v1/jobs", #"{"model":"threshold","scan":"\#(scan)"}"#)
            #expect(full.status == 429 && full.error.code == "queue_full" && full.headers.first(name: "Retry-After").flatMap { Int($0) } ?? 0 > 0)
            #expect(try await alice.ask(.DELETE, "/v1/jobs/\(b)").status == 204)
            let c = try await bob.submit(scan)
            #expect(try await alice.get("/v1/jobs/\(a)").json["position"] as? Int == 0)
            #expect(try await alice.ask(.DELETE, "/v1/jobs/\(slow)").status == 204)
            #expect(try await alice.end(of: a)["state"] == "done")
            #expect(try await bob.end(of: c)["state"] == "done")
            // What is one's is not the other's.
            for path in ["/v1/jobs/\(a)", "/v1/jobs/\(a)/result", "/v1/jobs/\(a)/events", "/v1/jobs/\(a)/statistics"] {
                #expect(try await bob.get(path).status == 404)
            }
            #expect(try await bob.ask(.DELETE, "/v1/jobs/\(a)").status == 404)
            #expect((try await bob.get("/v1/jobs").json["jobs"] as? [[String: Any]])?.map { $0["id"] as? String } == [c])
            #expect(try await alice.json(.POST, "/v1/jobs", #"{"model":"threshold","scan":"\#(scan)"}"#).status == 422)
        }
    }

    @Test func `A mask is compared with a reference`() async throws {
        try await TestServer.with { server in
            let client = server.client, job = try await client.submit(client.upload(TestScan.bytes()))
            _ = try await client.end(of: job)
            func structures(_ reference: Data) async throws -> [[String: Any]] {
                let answer = try await client.ask(.POST, "/v1/jobs/\(job)/compare?name=r.nii.gz", body: reference)
                #expect(answer.status == 200, "\(answer.text)")
                return answer.json["structures"] as? [[String: Any]] ?? []
            }
            let same = try await structures(TestScan.mask())
            #expect(same.map { $0["dice"] as? Double } == [1, 1] && same.map { $0["hd95"] as? Double } == [0, 0])
            let shifted = try await structures(TestScan.mask(".mha", shifted: true))
            #expect(shifted.map { $0["name"] as? String } == ["low", "high"])
            #expect(abs((shifted[0]["dice"] as? Double ?? 0) - 2.0 / 3) < 1e-12 && shifted[1]["dice"] as? Double == 0)
            // One voxel along x, which are 2 mm.
            #expect(shifted[1]["hd95"] as? Double == 2)
            #expect(try await client.ask(.POST, "/v1/jobs/\(job)/compare", body: Data("no mask".utf8)).status == 415)
            let fraction = try await client.ask(.POST, "/v1/jobs/\(job)/compare", body: TestScan.bytes(number: 7))
            #expect(fraction.status == 422 && fraction.error.code == "not_comparable")
            #expect(try FileManager.default.contentsOfDirectory(atPath: server.data.appending(path: "incoming").path).isEmpty)
        }
    }

    @Test func `What the server is and how it is`() async throws {
        try await TestServer.with { server in
            let client = server.client
            let models = try #require(try await client.get("/v1/models").json["models"] as? [[String: Any]])
            #expect(models.count == 1 && models[0]["name"] as? String == "threshold" && models[0]["state"] as? String == "cold")
            #expect((models[0]["labels"] as? [[String: Any]])?.map { $0["value"] as? Int } == [1, 2])
            let info = try await client.get("/v1/info")
            #expect(info["name"] == "unetrpp" && info["version"] == "1.2.3" && info.json["devices"] as? [String] == ["cpu"])
            #expect(info.json["authentication"] as? Bool == false && (info.json["limits"] as? [String: Any])?["uploadBytes"] as? Int == 2 << 30)
            #expect(try await client.get("/health")["status"] == "ok")
            _ = try await client.end(of: client.submit(client.upload(TestScan.bytes())))
            #expect((try await client.get("/v1/models").json["models"] as? [[String: Any]])?.first?["state"] as? String == "warm")
            let metrics = try await client.get("/metrics").text
            for line in ["unetrpp_jobs{state=\"done\"} 1", "unetrpp_jobs_waiting 0", "unetrpp_workers 1", "unetrpp_requests_total{status=\"201\"} 2"] {
                #expect(metrics.contains("\n\(line)\n"), "\(line) in \(metrics)")
            }
        }
    }

    @Test func `The page's files are served with their policy, and no other file`() async throws {
        try await withTemporaryFolder { folder in
            let page = folder.appending(path: "page")
            try FileManager.default.createDirectory(at: page.appending(path: "assets/sub"), withIntermediateDirectories: true)
            try Data("<h1>x</h1>".utf8).write(to: page.appending(path: "index.html"))
            try Data("let a".utf8).write(to: page.appending(path: "assets/sub/a b.js"))
            try Data("secret".utf8).write(to: folder.appending(path: "secret.txt"))
            try FileManager.default.createSymbolicLink(at: page.appending(path: "assets/link"), withDestinationURL: folder.appending(path: "secret.txt"))
            try await TestServer.with(.init { $0.page = page }) { server in
                let root = try await server.client.get("/")
                #expect(root.text == "<h1>x</h1>" && root.headers.first(name: "Content-Type") == "text/html; charset=utf-8")
                #expect(root.headers.first(name: "Content-Security-Policy")?.hasPrefix("default-src 'self'; ") == true)
                let script = try await server.client.get("/assets/sub/a%20b.js")
                #expect(script.text == "let a" && script.headers.first(name: "Content-Type") == "text/javascript; charset=utf-8")
                for path in [
                    "/assets/../../secret.txt", "/assets/%2e%2e/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/assets/sub", "/assets/none",
                    "/assets/link", "/secret.txt",
                ] {
                    #expect(try await server.client.get(path).status == 404, "\(path)")
                }
            }
        }
    }

    @Test func `What is old goes, but for what a job needs`() async throws {
        try await withTemporaryFolder { folder in
            let store = try Store(folder: folder.appending(path: "data"), keep: 100)
            let now = Date()
            func scan(_ id: String, _ expires: Double) throws -> ScanRecord {
                let record = ScanRecord(
                    id: id, owner: "", name: "n", file: "scan.nii", series: nil, format: "NIfTI", size: [1, 1, 1], spacing: [1, 1, 1], bytes: 1, digest: "d",
                    created: now, expires: now + expires)
                try FileManager.default.createDirectory(at: store.folder(ofScan: id), withIntermediateDirectories: true)
                try store.insert(record)
                return record
            }
            let (old, needed, new) = (try scan(Identifier.new(), -1), try scan(Identifier.new(), -1), try scan(Identifier.new(), 50))
            func job(_ state: JobState, _ scan: ScanRecord, _ expires: Double?) throws -> JobRecord {
                try store.insert(
                    JobRecord(
                        id: Identifier.new(), number: 0, owner: "", line: "",
                        model: .init(name: "m", title: "", architecture: "", channels: [], labels: [], regions: false, spacing: [], patch: [], digest: ""),
                        scans: [scan.id], stem: "s", choices: .init(), key: "k", state: state, attempts: 1, fromStore: false, created: now,
                        expires: expires.map { now + $0 }))
            }
            let (gone, stays, waits) = (try job(.done, old, -1), try job(.done, new, 50), try job(.queued, needed, nil))
            #expect(try store.removeExpired(at: now) == [gone.id])
            #expect(try store.scan(old.id, of: "") == nil && store.scan(needed.id, of: "") != nil && store.scan(new.id, of: "") != nil)
            #expect(try store.job(stays.id) != nil && store.job(waits.id) != nil)
            #expect(Set(try FileManager.default.contentsOfDirectory(atPath: store.folder.appending(path: "scans").path)) == [needed.id, new.id])
        }
    }
}
