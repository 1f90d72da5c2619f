import ArchiveTestSupport
import AsyncHTTPClient
import Foundation
import NIOHTTP1
import NIOSSL
import Testing
import UNETRSupport
import UNETRVolumes

@testable import UNETRServer

/// What somebody sends who means harm, or does not know better.
struct AttackTests {
    /// The one form of errors: code, field and reason; an id with 500 alone.
    private func isForm(_ answer: TestClient.Answer) -> Bool {
        let error = answer.json["error"] as? [String: Any]
        return error?["code"] is String && (error?["reason"] as? String)?.isEmpty == false && error?.keys.contains("field") == true
            && (error?["id"] != nil) == (answer.status == 500) && answer.headers.first(name: "Content-Type") == "application/json"
    }

    @Test func `Uploads that are no scan, cut off, too long or bombs are refused, and leave nothing`() async throws {
        try await TestServer.with(.init { $0.uploadBytes = 1 << 20 }) { server in
            let client = server.client
            func expect(_ status: Int, _ codes: String..., by body: Data, sourceLocation: SourceLocation = #_sourceLocation) async throws {
                let answer = try await client.ask(.POST, "/v1/scans?name=x.nii.gz", body: body)
                #expect(
                    answer.status == status && codes.contains(answer.error.code ?? "") && isForm(answer), "\(answer.status) \(answer.text)",
                    sourceLocation: sourceLocation)
                #expect(!answer.text.contains(server.folder.path), "\(answer.text)", sourceLocation: sourceLocation)
            }
            try await expect(415, "not_a_scan", by: Data())
            try await expect(415, "not_a_scan", by: Data("no scan at all".utf8))
            try await expect(415, "not_a_scan", by: Data([0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10] + [UInt8](repeating: 0, count: 500)))
            let whole = try TestScan.bytes()
            try await expect(422, "unreadable", by: whole.prefix(whole.count / 2))
            try await expect(422, "unreadable", by: try TestScan.bytes(".nii").prefix(400))
            try await expect(422, "unreadable", by: try TestScan.bytes(".mha").dropLast(20))
            try await expect(413, "too_large", by: Data(count: (1 << 20) + 1))
            // A header of 30,000³ voxels in a file of some bytes.
            var large = try TestScan.bytes(".nii")
            for index in 0..<3 { large.replaceSubrange(42 + 2 * index..<44 + 2 * index, with: [0x30, 0x75]) }
            try await expect(422, "unreadable", by: large)
            // Voxels of another file on the server.
            try await expect(
                422, "detached", "unreadable",
                by: Data(
                    "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 2 2 2\nspace directions: (1,0,0) (0,1,0) (0,0,1)\nendian: little\nencoding: raw\ndata file: passwd\n\n"
                        .utf8))
            try await expect(
                422, "unreadable",
                by: Data("ObjectType = Image\nNDims = 3\nDimSize = 2 2 2\nElementType = MET_SHORT\nElementDataFile = ../../../../etc/passwd\n".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: server.data.appending(path: "incoming").path).isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: server.data.appending(path: "scans").path).isEmpty)
            #expect(try await client.get("/health").status == 200)
        }
    }

    @Test func `A gzip bomb and a zip bomb are not unpacked`() async throws {
        try await TestServer.with(.init { $0.uploadBytes = 4 << 20 }) { server in
            try await withTemporaryFolder { folder in
                // 1 GB of zeros in 1 MB, behind the header of a small scan, and under one that promises all of it.
                let zeros = folder.appending(path: "zeros")
                _ = FileManager.default.createFile(atPath: zeros.path, contents: try TestScan.bytes(".nii"))
                let file = try FileHandle(forWritingTo: zeros)
                try file.truncate(atOffset: 1 << 30)
                try file.close()
                let bomb = try await run("/bin/gzip", ["-1", "-c", zeros.path], output: folder.appending(path: "bomb"))
                #expect(bomb.count < 6 << 20)
                let small = try await server.client.ask(.POST, "/v1/scans", body: bomb.prefix(4 << 20))
                #expect([201, 413, 422].contains(small.status), "\(small.text)")
                try FileManager.default.moveItem(at: zeros, to: folder.appending(path: "z.dcm"))
                let archive = folder.appending(path: "bomb.zip")
                try await Task.sleep(for: .milliseconds(1))
                let script =
                    "import zipfile; z = zipfile.ZipFile('\(archive.path)', 'w', zipfile.ZIP_DEFLATED, compresslevel=1)\nfor i in range(40): z.writestr(f'{i}.dcm', bytes(1 << 20))\nz.close()"
                guard (try? await run("/usr/bin/env", ["python3", "-c", script], output: folder.appending(path: "said"))) != nil,
                    let bytes = try? Data(contentsOf: archive)
                else { return }
                let answer = try await server.client.ask(.POST, "/v1/scans", body: bytes)
                #expect(answer.status == 422 && answer.error.code == "unpacks_too_far", "\(answer.text)")
            }
        }
    }

    @discardableResult
    private func run(_ program: String, _ arguments: [String], output: URL = URL(fileURLWithPath: "/dev/null")) async throws -> Data {
        if !FileManager.default.fileExists(atPath: output.path) { _ = FileManager.default.createFile(atPath: output.path, contents: nil) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.start()
        while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
        guard process.terminationStatus == 0 else { throw CocoaError(.fileReadUnknown) }
        return try Data(contentsOf: output)
    }

    @Test func `Names with paths, NUL and 4 kB become harmless`() async throws {
        try await TestServer.with { server in
            let client = server.client, bytes = try TestScan.bytes()
            for (name, shown) in [
                ("..%2F..%2Fetc%2Fpasswd", "passwd"), ("a%00b%0d%0aSet-Cookie:x.nii.gz", "abSet-Cookie:x.nii.gz"),
                (String(repeating: "x", count: 4096), String(repeating: "x", count: 100)),
                ("%22%3Bdrop.nii.gz", "\";drop.nii.gz"),
            ] {
                let up = try await client.ask(.POST, "/v1/scans?name=\(name)", body: bytes)
                #expect(up.status == 201 && up["name"] == shown, "\(up.text)")
                let image = try await client.get("/v1/scans/\(up["id"]!)/image").headers
                #expect(image.first(name: "Content-Disposition")?.wholeMatch(of: /attachment; filename="[A-Za-z0-9._-]+"/) != nil)
                #expect(image.first(name: "Set-Cookie") == nil)
            }
            let files = try FileManager.default.subpathsOfDirectory(atPath: server.data.appending(path: "scans").path).filter { $0.contains("/") }
            #expect(files.allSatisfy { $0.hasSuffix("/scan.nii.gz") })
        }
    }

    @Test(arguments: [
        "..%2f..%2fstore.sqlite", "..", "%2e%2e", "%00", "0000000000000000000000000", "00000000000000000000000000", "' OR 1=1 --", "zzzzzzzzzzzzzzzzzzzzzzzzzz",
        "ILOUILOUILOUILOUILOUILOUIL", String(repeating: "A", count: 5000),
    ])
    func `Whatever is no identifier is not found`(_ id: String) async throws {
        let escaped = id.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed.union(["%"]).subtracting(["/", " ", "'"])) ?? id
        try await TestServer.with { server in
            for path in [
                "/v1/scans/\(escaped)", "/v1/scans/\(escaped)/image", "/v1/jobs/\(escaped)", "/v1/jobs/\(escaped)/result", "/v1/jobs/\(escaped)/events",
            ] {
                let answer = try await server.client.get(path)
                #expect(answer.status == 404 && isForm(answer), "\(path): \(answer.status)")
            }
            #expect(try await server.client.ask(.DELETE, "/v1/scans/\(escaped)").status == 404)
        }
    }

    @Test func `Bodies that are no wish for a job are told what is wrong; SQL is text like any other`() async throws {
        try await TestServer.with { server in
            let client = server.client, scan = try await client.upload(TestScan.bytes())
            func ask(_ body: String, type: String = "application/json") async throws -> TestClient.Answer {
                try await client.ask(.POST, "/v1/jobs", headers: [("Content-Type", type)], body: Data(body.utf8))
            }
            #expect(try await ask("{}", type: "text/plain").error.code == "not_json")
            for body in ["", "null", "[]", "{", "{\"model\":5}", "{\"model\":\"threshold\",\"scan\":{}}", String(repeating: "[", count: 10_000)] {
                let answer = try await ask(body)
                #expect(answer.status == 422 && isForm(answer), "\(body.prefix(30)): \(answer.text)")
            }
            #expect(try await ask("{\"model\":\"\(String(repeating: "x", count: 1 << 16))\"}").status == 413)
            let sql = try await ask(#"{"model":"x'; DROP TABLE job; --","scan":"\#(scan)"}"#)
            #expect(sql.status == 422 && sql.error.code == "no_model" && sql.error.field == "model")
            let structure = try await ask(#"{"model":"threshold","scan":"\#(scan)","options":{"structures":["low'; DELETE FROM scan"]}}"#)
            #expect(structure.status == 422 && structure.error.field == "options.structures")
            #expect(try await ask(#"{"model":"threshold","scan":"\#(scan)","options":{"precision":"float8"}}"#).status == 422)
            #expect(try await ask(#"{"model":"threshold","scans":["\#(scan)","\#(scan)"]}"#).error.code == "channels")
            #expect(try await ask(#"{"model":"threshold"}"#).error.code == "no_scan")
            for limit in ["0", "-1", "1001", "x", "99999999999999999999", "1;DROP"] { #expect(try await client.get("/v1/jobs?limit=\(limit)").status == 422) }
            #expect(try await client.get("/v1/scans/\(scan)").status == 200)
            let method = try await client.ask(.PATCH, "/v1/jobs")
            #expect(method.status == 405 && method.headers.first(name: "Allow") == "GET, HEAD, POST" && isForm(method))
            #expect(try await client.get("/v1/none").status == 404)
        }
    }

    @Test func `Without its token nothing is told but health; a wrong one is as good as none`() async throws {
        try await TestServer.with(.init { $0.tokens = [AccessToken(name: "a", token: "0123456789abcdef")] }) { server in
            var client = server.client
            for path in ["/v1/models", "/v1/jobs", "/v1/info", "/v1/scans/\(Identifier.new())"] {
                for token in [nil, "0123456789abcdeF", "0123456789abcde", "0123456789abcdef0", "é"] {
                    client.token = token
                    let answer = try await client.get(path)
                    #expect(answer.status == 401 && isForm(answer) && answer.headers.first(name: "WWW-Authenticate") == "Bearer", "\(path)")
                }
            }
            client.token = nil
            #expect(try await client.ask(.GET, "/v1/models", headers: [("Authorization", "Basic MDEyMzQ1Njc4OWFiY2RlZg==")]).status == 401)
            #expect(try await client.get("/v1/models?token=0123456789abcdef").status == 401)
            #expect(try await client.ask(.GET, "/v1/models", headers: [("Cookie", "token=0123456789abcdef")]).status == 401)
            for path in ["/health", "/ready", "/metrics", "/v1/openapi.json"] { #expect(try await client.get(path).status == 200) }
            client.token = "0123456789abcdef"
            #expect(try await client.get("/v1/models").status == 200)
        }
    }

    @Test func `Pages of other servers change nothing, and names that lead here by trickery are refused`() async throws {
        try await TestServer.with(.init { $0.origins = ["https://viewer.example.org"] }) { server in
            let client = server.client, bytes = try TestScan.bytes()
            func upload(_ headers: [(String, String)]) async throws -> Int { try await client.ask(.POST, "/v1/scans", headers: headers, body: bytes).status }
            #expect(try await upload([("Origin", "https://evil.example.org")]) == 403)
            #expect(try await upload([("Origin", "null")]) == 403)
            #expect(try await upload([("Origin", "http://localhost:1")]) == 403)
            #expect(try await upload([("Origin", client.base)]) == 201)
            #expect(try await upload([("Origin", "https://viewer.example.org")]) == 201)
            let read = try await client.ask(.GET, "/v1/models", headers: [("Origin", "https://evil.example.org")])
            #expect(read.status == 200 && read.headers.first(name: "Access-Control-Allow-Origin") == nil)
            let preflight = try await client.ask(
                .OPTIONS, "/v1/jobs", headers: [("Origin", "https://evil.example.org"), ("Access-Control-Request-Method", "POST")])
            #expect([403, 405].contains(preflight.status) && preflight.headers.first(name: "Access-Control-Allow-Origin") == nil)
            let foreign = try await client.ask(.GET, "/v1/models", headers: [("Host", "evil.example.org")])
            #expect(foreign.status == 421 && isForm(foreign))
        }
    }

    @Test func `Who sends slowly, stops in the middle or closes one half keeps nobody else waiting`() async throws {
        try await TestServer.with(.init { $0.silence = .milliseconds(600) }) { server in
            let body = try RawConnection(port: server.port)
            body.send("POST /v1/scans HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc")
            let head = try RawConnection(port: server.port)
            head.send("GET /health HTTP/1.1\r\nHost: loc")
            let half = try RawConnection(port: server.port)
            half.send("POST /v1/scans HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc")
            half.halfClose()
            #expect(try await server.client.get("/health").status == 200)
            let (slow, unfinished, cut) = await (body.rest(), head.rest(), half.rest())
            #expect(slow.hasPrefix("HTTP/1.1 408 ") && slow.contains("too_slow"), "\(slow)")
            #expect(unfinished.isEmpty && !cut.contains("201"))
            for connection in [body, head, half] { connection.close() }
            try await wait { try FileManager.default.contentsOfDirectory(atPath: server.data.appending(path: "incoming").path).isEmpty }
            #expect(try await server.client.get("/health").status == 200)
        }
    }

    @Test func `Streams of events whose reader is gone are let go of; one that only sends no more still gets its events`() async throws {
        try await TestServer.with { server in
            let client = server.client, job = try await client.submit(client.upload(TestScan.bytes(first: -4000)))
            let streams = try (0..<20).map { _ in try RawConnection(port: server.port) }
            for stream in streams { stream.send("GET /v1/jobs/\(job)/events HTTP/1.1\r\nHost: localhost\r\n\r\n") }
            func isOpen(_ count: Int) async throws -> Bool { try await client.get("/metrics").text.contains("\nunetrpp_event_streams \(count)\n") }
            try await wait { try await isOpen(20) }
            for (index, stream) in streams.enumerated() { if index % 2 == 0 { stream.close() } else { stream.halfClose() } }
            try await wait { try await isOpen(10) }
            #expect(try await client.ask(.DELETE, "/v1/jobs/\(job)").status == 204)
            try await wait { try await isOpen(0) }
            #expect(await streams[1].rest().contains("\"state\":\"canceled\""))
            for (index, stream) in streams.enumerated() where index % 2 == 1 { stream.close() }
        }
    }

    @Test func `A head that comes byte by byte without end is cut off, however steadily`() async throws {
        try await TestServer.with(.init { $0.silence = .milliseconds(-8000) }) { server in
            // Ten seconds are added to the silence, of which two are left.
            let head = try RawConnection(port: server.port), begin = ContinuousClock.now
            head.send("GET /health HTTP/1.1\r\nHost: localhost\r\nX: ")
            while ContinuousClock.now - begin < .seconds(15), head.send("x") { try await Task.sleep(for: .milliseconds(100)) }
            #expect(ContinuousClock.now - begin < .seconds(14))
            head.close()
            #expect(try await server.client.get("/health").status == 200)
        }
    }

    @Test func `A disk that is full is told the client; when there is room again, everything goes on`() async throws {
        try await withSmallDisk { disk in
            try await TestServer.with(.init { $0.data = disk.appending(path: "data") }) { server in
                let client = server.client, filler = disk.appending(path: "filler")
                let scan = try await client.upload(TestScan.bytes())
                try fill(filler)
                let full = try await client.ask(.POST, "/v1/scans", body: noise(bytes: 1_000_000))
                #expect(full.status == 507 && full.error.code == "disk_full" && isForm(full), "\(full.text)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: disk.appending(path: "data/incoming").path).isEmpty)
                // With or without room for its row, the job has no result.
                let job = try await client.json(.POST, "/v1/jobs", #"{"model":"threshold","scan":"\#(scan)"}"#)
                #expect([201, 507].contains(job.status) && (job.status == 201 || isForm(job)), "\(job.text)")
                if let id = job["id"] {
                    try await wait { try await !["queued", "running"].contains(client.state(id)) }
                    #expect(try await client.state(id) == "failed")
                }
                #expect(try await client.get("/health").status == 200)
                try FileManager.default.removeItem(at: filler)
                #expect(try await client.end(of: client.submit(scan))["state"] == "done")
            }
        }
    }

    /// Calls `body` with a file system of 4 MB, where there can be one.
    private func withSmallDisk(_ body: (URL) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            guard geteuid() == 0, (try? await run("/bin/mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", folder.path])) != nil else { return }
            do { try await body(folder) } catch {
                _ = try? await run("/bin/umount", ["-l", folder.path])
                throw error
            }
            try await run("/bin/umount", ["-l", folder.path])
        }
    }

    private func fill(_ file: URL) throws {
        let descriptor = open(file.path, O_WRONLY | O_CREAT, 0o600), zeros = [UInt8](repeating: 0, count: 4096)
        while write(descriptor, zeros, zeros.count) > 0 {}
        close(descriptor)
    }

    @Test func `What is no HTTP is refused, and so are headers without end`() async throws {
        try await TestServer.with { server in
            for text in [
                "\u{16}\u{3}\u{1}\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
                "GET /health HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "x", count: 100_000))\r\n\r\n",
                "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
            ] {
                let connection = try RawConnection(port: server.port)
                connection.send(text)
                let answer = await connection.rest()
                #expect(!answer.hasPrefix("HTTP/1.1 2"), "\(answer)")
                connection.close()
            }
            #expect(try await server.client.get("/health").status == 200)
        }
    }

    @Test func `Many connections that say nothing keep nobody out`() async throws {
        try await TestServer.with { server in
            let many = try (0..<400).map { _ in try RawConnection(port: server.port) }
            #expect(try await server.client.get("/health").status == 200)
            for connection in many { connection.close() }
        }
    }

    @Test func `When all that may be kept is kept, uploads are refused until something goes`() async throws {
        try await TestServer.with(.init { $0.diskBytes = 1_300_000 }) { server in
            let client = server.client, noise = try noise(bytes: 700_000)
            let scan = try await client.upload(noise)
            let full = try await client.ask(.POST, "/v1/scans", body: noise)
            #expect(full.status == 507 && full.error.code == "disk_full" && full.headers.first(name: "Retry-After") != nil, "\(full.text)")
            #expect(try await client.ask(.DELETE, "/v1/scans/\(scan)").status == 204)
            #expect(try await client.ask(.POST, "/v1/scans", body: noise).status == 201)
        }
    }

    /// A scan without gzip of about that size.
    private func noise(bytes: Int) throws -> Data {
        let side = 60,
            geometry = Geometry(size: Size3(side, side, bytes / 4 / side / side), affine: TestScan.geometry.affine, spacing: TestScan.geometry.spacing)
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).nii")
        defer { try? FileManager.default.removeItem(at: file) }
        try VolumeFile.write(scan: Scan(geometry: geometry, voxels: (0..<geometry.count).map { Float($0 % 40) }), to: file)
        return try Data(contentsOf: file)
    }

    @Test func `Connections are encrypted with the certificate that is given; another key is refused at the start`() async throws {
        try await withTemporaryFolder { folder in
            let (certificate, key) = (folder.appending(path: "cert.pem"), folder.appending(path: "key.pem"))
            let made = try? await run(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", key.path, "-out", certificate.path,
                ])
            guard made != nil else { return }
            try await TestServer.with(waits: false, .init { $0.tls = (certificate, key) }) { server in
                var tls = TLSConfiguration.makeClientConfiguration()
                tls.trustRoots = .file(certificate.path)
                let trusting = HTTPClient(configuration: .init(tlsConfiguration: tls))
                var client = server.client
                client.client = trusting
                #expect(try await client.get("/health").status == 200)
                await #expect(throws: (any Error).self) { try await server.client.get("/health") }
                let plain = try RawConnection(port: server.port)
                plain.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(await plain.rest().contains("200 OK") == false)
                plain.close()
                try await trusting.shutdown()
            }
            try Data("no key".utf8).write(to: key)
            await #expect(throws: ConfigurationError.self) { try await TestServer.with(waits: false, .init { $0.tls = (certificate, key) }) { _ in } }
        }
    }
}
