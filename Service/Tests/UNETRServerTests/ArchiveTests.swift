import ArchiveTestSupport
import Foundation
import NIOHTTP1
import Testing
import UNETRDICOMWeb
import UNETRVolumes

@testable import UNETRServer

/// Jobs whose scan is in an archive, with a real one.
@Suite(.enabled(if: Orthanc.isInstalled, "needs Orthanc and its DICOMweb plugin (Debian: orthanc, orthanc-dicomweb)"), .serialized)
struct ArchiveTests {
    private static let fixture = repository.appending(path: "Tests/Fixtures/dicom/07_evrle")

    /// Calls `body` with a server that knows an archive with one CT series, as `main`, and others that do not answer.
    private func withArchive(
        _ change: TestServer.Change = .init(),
        _ body: @escaping @Sendable (TestServer, DICOMObjectName, DICOMWebClient) async throws -> Void
    ) async throws {
        let objects = try ObjectFile.all(in: [Self.fixture]).objects
        try await Orthanc.with { url in
            try await withTemporaryFolder { folder in
                let secret = folder.appending(path: "secret"), file = folder.appending(path: "archives.yaml")
                try Data(Orthanc.password.utf8).write(to: secret)
                try Data(
                    """
                    main: {url: "\(url)", user: test, password-file: \(secret.path)}
                    stranger: {url: "\(url)"}
                    down: {url: "http://127.0.0.1:9/dicom-web", timeout: 2}
                    closed: {url: "\(url)", clients: [nobody]}
                    """.utf8
                ).write(to: file)
                var archives = try Archive.read(file)
                archives["down"]?.settings.retries = 0
                let known = archives
                try await DICOMWebClient.with(known["main"]!.address, known["main"]!.settings) { client in
                    #expect(try await client.store(objects).allSatisfy(\.hasArrived))
                    try await TestServer.with(
                        .init { configuration in
                            configuration.archives = known
                            try change.apply(&configuration)
                        }
                    ) { try await body($0, objects[0].name, client) }
                }
            }
        }
    }

    private func ask(_ client: TestClient, _ archive: String, _ study: String, _ series: String, send: String = "[]") async throws -> TestClient.Answer {
        try await client.json(
            .POST, "/v1/jobs",
            "{\"model\":\"threshold\",\"archive\":{\"name\":\"\(archive)\",\"study\":\"\(study)\",\"series\":\"\(series)\",\"send\":\(send)}}")
    }

    @Test func `A series is fetched and segmented, and its mask is in the archive, equal to the byte`() async throws {
        try await withArchive { server, name, archive in
            let client = server.client
            let made = try await ask(client, "main", name.study, name.series, send: #"["dicom-seg","rtstruct"]"#)
            #expect(made.status == 201 && made["state"] == "queued" && made.json["scans"] as? [String] == [], "\(made.text)")
            let job = try #require(made["id"]), done = try await client.end(of: job)
            #expect(done["state"] == "done", "\(done.text)")
            let sent = try #require(done.json["sent"] as? [[String: Any]])
            #expect(sent.map { $0["format"] as? String } == ["dicom-seg", "rtstruct"] && sent.allSatisfy { $0["stored"] as? Bool == true }, "\(done.text)")
            for (form, modality) in [("dicom-seg", "SEG"), ("rtstruct", "RTSTRUCT")] {
                let series = try #require(try await archive.series(of: name.study, modality: modality).first)
                let objects = try await archive.objects(of: series.uid, in: name.study)
                #expect(objects == sent.filter { $0["format"] as? String == form }.compactMap { $0["object"] as? String })
                let place = server.folder.appending(path: form)
                _ = try await archive.retrieve(study: name.study, series: series.uid, into: place)
                let file = place.appending(path: "\(series.uid)/\(objects[0]).dcm")
                #expect(try await client.get("/v1/jobs/\(job)/result?format=\(form)").body == Data(contentsOf: file))
            }
            // The same series as an upload has the same mask.
            let scan = try #require(done["scan"]), image = try await client.get("/v1/scans/\(scan)/image")
            #expect(image.body.starts(with: [0x1F, 0x8B]))
            let fetched = server.folder.appending(path: "fetched.nii.gz"), own = server.folder.appending(path: "own.nii.gz")
            try image.body.write(to: fetched)
            try VolumeFile.convert(Self.fixture, to: own)
            #expect(try VolumeFile.readScan(fetched).voxels == VolumeFile.readScan(own).voxels)
            // Once more: the mask is in the store, and goes to the archive all the same.
            let again = try await client.end(of: ask(client, "main", name.study, name.series, send: #"["dicom-seg"]"#)["id"]!)
            #expect(again.json["fromStore"] as? Bool == true && (again.json["sent"] as? [[String: Any]])?.first?["stored"] as? Bool == true, "\(again.text)")
            #expect(server.begun == [job])
        }
    }

    @Test func `What cannot be fetched or is not allowed says why, without the archive's address`() async throws {
        try await withArchive { server, name, _ in
            let client = server.client
            #expect((try await client.get("/v1/info").json["archives"] as? [String]) == ["down", "main", "stranger"])
            for (archive, study, series, code) in [
                ("none", name.study, name.series, "no_archive"), ("closed", name.study, name.series, "no_archive"), ("main", "../1", name.series, "bad_uid"),
                ("main", name.study, "1'; DROP TABLE job", "bad_uid"),
            ] {
                let answer = try await ask(client, archive, study, series)
                #expect(answer.status == 422 && answer.error.code == code, "\(answer.text)")
            }
            #expect(try await ask(client, "main", name.study, name.series, send: #"["nifti"]"#).error.field == "archive.send")
            let two = try await client.json(
                .POST, "/v1/jobs", #"{"model":"threshold","scan":"00000000000000000000000000","archive":{"name":"main","study":"1.2","series":"1.3"}}"#)
            #expect(two.error.code == "two_scans")
            for (archive, study, series, code, words) in [
                ("main", "1.2.3", "1.2.4", "not_archived", "has no series 1.2.4 in study 1.2.3"),
                ("main", name.study, "1.2.4", "not_archived", "has no series 1.2.4"),
                ("stranger", name.study, name.series, "archive", "wants credentials (401)"), ("down", name.study, name.series, "archive", "cannot be reached"),
            ] {
                let end = try await client.end(of: ask(client, archive, study, series)["id"]!), error = end.json["error"] as? [String: String]
                #expect(end["state"] == "failed" && error?["code"] == code, "\(end.text)")
                #expect(error?["reason"]?.hasPrefix("the archive \(archive): ") == true && error?["reason"]?.contains(words) == true, "\(end.text)")
                #expect(!end.text.contains("127.0.0.1"))
            }
            #expect(server.begun.isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: server.data.appending(path: "incoming").path).isEmpty)
        }
    }

    @Test func `A series that is too large is given up; a job can be canceled while its series is fetched`() async throws {
        try await withArchive(.init { $0.uploadBytes = 1 << 10 }) { server, name, _ in
            let end = try await server.client.end(of: ask(server.client, "main", name.study, name.series)["id"]!)
            #expect((end.json["error"] as? [String: String])?["code"] == "too_large", "\(end.text)")
        }
        try await withArchive(.init { $0.archives["down"]?.settings.retries = 20 }) { server, name, _ in
            let job = try #require(try await ask(server.client, "down", name.study, name.series)["id"])
            #expect(try await server.client.ask(.DELETE, "/v1/jobs/\(job)").status == 204)
            #expect(try await server.client.state(job) == "canceled")
        }
    }

    @Test func `A series of the archive is segmented by its UID, as OHIF asks, and what else the viewer asks is handed on`() async throws {
        try await withTemporaryFolder { viewer in
            try Data("<h1>OHIF</h1>".utf8).write(to: viewer.appending(path: "index.html"))
            let change = TestServer.Change {
                $0.ohif = viewer
                $0.shownArchive = $0.archives["main"]
            }
            try await withArchive(change) { server, name, _ in
                let client = server.client
                for path in ["/ohif/", "/ohif/viewer", "/ohif/monai-label"] { #expect(try await client.get(path).text == "<h1>OHIF</h1>") }
                for path in ["/ohif/none.js", "/ohif/..%2fsecret.yaml"] { #expect(try await client.get(path).status == 404) }
                let studies = try await client.ask(
                    .GET, "/proxy/dicom/qido/studies?limit=101&offset=0&includefield=00081030", headers: [("Accept", "application/dicom+json")])
                #expect(studies.status == 200 && studies.text.contains(name.study), "\(studies.text)")
                let metadata = try await client.get("/proxy/dicom/wado/studies/\(name.study)/series/\(name.series)/metadata")
                #expect(metadata.status == 200 && metadata.text.contains(name.instance))
                for path in ["/proxy/dicom/wado/..%2f..%2fsystem", "/proxy/dicom/wado/instances/..%2f..%2f..%2fsystem", "/proxy/dicom/qido/x"] {
                    #expect([404, 502].contains(try await client.get(path).status), "\(path)")
                }
                #expect(try await client.ask(.POST, "/proxy/dicom/wado/studies", body: Data("x".utf8)).status == 405)
                let body = Data(
                    "--B\r\nContent-Disposition: form-data; name=\"params\"\r\n\r\n{\"result_extension\":\".nrrd\",\"result_compress\":false}\r\n--B--\r\n".utf8
                )
                let mask = try await client.ask(
                    .POST, "/infer/threshold?image=\(name.series)&output=image", headers: [("Content-Type", "multipart/form-data; boundary=B")], body: body)
                #expect(mask.status == 200 && mask.body.starts(with: Data("NRRD".utf8)) && mask.text.contains("encoding: raw"), "\(mask.status)")
                let unknown = try await client.ask(
                    .POST, "/infer/threshold?image=1.2.3&output=image", headers: [("Content-Type", "multipart/form-data; boundary=B")], body: body)
                #expect(unknown.status == 404)
            }
        }
    }
}
