import ArchiveTestSupport
import Foundation
import NIOHTTP1
import Testing
import UNETRVolumes
import UNETRWork

@testable import UNETRServer

/// What MONAI Label's clients ask for besides masks: the next sample, and training.
struct AnnotationTests {
    private func form(_ parts: [(name: String, file: String?, content: Data)]) -> (type: String, body: Data) {
        var body = Data()
        for part in parts {
            body += Data("--B\r\nContent-Disposition: form-data; name=\"\(part.name)\"\(part.file.map { "; filename=\"\($0)\"" } ?? "")\r\n\r\n".utf8)
            body += part.content + Data("\r\n".utf8)
        }
        return ("multipart/form-data; boundary=B", body + Data("--B--\r\n".utf8))
    }

    private func upload(_ client: TestClient, _ name: String, _ bytes: Data) async throws {
        let (type, body) = form([("params", nil, Data("{}".utf8)), ("file", "x.nii.gz", bytes)])
        let answer = try await client.ask(.PUT, "/datastore/?image=\(name)", headers: [("Content-Type", type)], body: body)
        try #require(answer.status == 200, "\(answer.text)")
    }

    private func save(_ client: TestClient, _ name: String, _ parameters: String = "{}", _ mask: Data? = nil) async throws {
        let (type, body) = form([("params", nil, Data(parameters.utf8)), ("label", "m.nii.gz", try mask ?? TestScan.mask())])
        let answer = try await client.ask(.PUT, "/datastore/label?image=\(name)&tag=final", headers: [("Content-Type", type)], body: body)
        try #require(answer.status == 200, "\(answer.text)")
    }

    private func next(_ client: TestClient, _ strategy: String = "threshold_uncertainty") async throws -> (id: String?, uncertainty: Double?) {
        let answer = try await client.json(.POST, "/activelearning/\(strategy)", "{}")
        try #require(answer.status == 200, "\(answer.text)")
        return (answer["id"], answer.json["uncertainty"] as? Double)
    }

    private func isNext(_ client: TestClient, _ id: String, _ uncertainty: Double?) async throws -> Bool {
        let sample = try await next(client)
        return sample.id == id && sample.uncertainty == uncertainty
    }

    /// A scan whose score is a share of 200.
    private func scan(_ largest: Float, first: Float = 0) throws -> Data {
        var scan = TestScan.scan(first: first)
        scan.voxels[scan.offset(2, 1, 4)] = largest
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).nii.gz")
        defer { try? FileManager.default.removeItem(at: file) }
        try VolumeFile.write(scan: scan, to: file)
        return try Data(contentsOf: file)
    }

    @Test func `The next sample is the one that the model is least certain of, among those without a label`() async throws {
        try await TestServer.with { server in
            let client = server.client
            #expect(try await next(client).id == nil)
            for (name, largest) in [("a", Float(120)), ("b", 180), ("c", 150)] { try await upload(client, name, scan(largest)) }
            try await wait { try await isNext(client, "b", 0.9) }
            try await save(client, "b")
            try await wait { try await isNext(client, "c", 0.75) }
            // One that comes later, one that cannot be read by the model, and one at which the worker dies.
            try await upload(client, "d", scan(199))
            try await upload(client, "e", scan(120, first: -3000))
            try await upload(client, "f", scan(121, first: -2000))
            try await wait { try await next(client).id == "d" }
            try await wait { try await client.get("/ready").status == 200 }
            for name in ["a", "c", "d"] { try await save(client, name) }
            // Of the others nothing is known.
            #expect(try await isNext(client, "e", nil))
            #expect(try await client.json(.POST, "/activelearning/none_uncertainty", "{}").status == 404)
            let strategies = try await client.get("/info").json["strategies"] as? [String: Any]
            #expect(strategies?.keys.sorted() == ["first", "random", "threshold_uncertainty"])
        }
    }

    @Test func `A job does not wait for a score, which is made later`() async throws {
        try await TestServer.with { server in
            let client = server.client
            try await upload(client, "slow", scan(120, first: -4000))
            #expect(try await next(client).id == "slow")
            try await Task.sleep(for: .milliseconds(200))
            let job = try await client.submit(client.upload(TestScan.bytes()))
            #expect(try await client.end(of: job)["state"] == "done")
            #expect(try await next(client).uncertainty == nil)
        }
    }

    @Test func `A model is trained on saved labels; what comes out is a model that can be asked for`() async throws {
        try await TestServer.with { server in
            let client = server.client
            #expect(try await client.get("/train/").status == 404)
            #expect(try await client.json(.POST, "/train/threshold", "{}").error.code == "no_labels")
            for name in ["case 1", "case_0001"] {
                try await upload(client, name.replacingOccurrences(of: " ", with: "%20"), TestScan.bytes())
                let names = #"{"label_info":[{"name":"High","idx":1},{"name":"low","idx":2}]}"#
                try await save(client, name.replacingOccurrences(of: " ", with: "%20"), names)
            }
            try await upload(client, "open", TestScan.bytes())
            #expect(try await client.json(.POST, "/train/none", "{}").status == 404)
            for (field, value) in [("max_epochs", "0"), ("iterations", #""many""#), ("learning_rate", "2"), ("max_epochs", "[1]")] {
                let answer = try await client.json(.POST, "/train/threshold", "{\"\(field)\":\(value)}")
                #expect(answer.status == 422 && answer.error.field == field)
            }
            let started = try await client.json(.POST, "/train/threshold", #"{"max_epochs":"3","client_id":"x","val_split":0}"#)
            #expect(started.status == 200 && started["status"] == "RUNNING", "\(started.text)")
            try await wait { try await client.get("/train/")["status"] == "DONE" }
            let done = try await client.get("/train/")
            let details = done.json["details"] as? [String]
            #expect(done["model"] == "threshold-v2" && details == ["2 labeled scans in training/\(started["id"]!)", "the new model is threshold-v2"])
            #expect(try await client.get("/train/?check_if_running=true").status == 404)
            let info = try await client.get("/info/").json
            let figures = (info["train_stats"] as? [String: [String: Any]])?["threshold"]
            #expect(figures?["epoch"] as? Int == 3 && figures?["total_epochs"] as? Int == 3 && figures?["best_metric"] as? Double == 0.5)
            try await wait { (try await client.get("/info/").json["models"] as? [String: Any])?["threshold-v2"] != nil }
            try await wait { try await client.get("/ready").status == 200 }

            let order = try JSONDecoder().decode(
                TrainingOrder.self, from: Data(contentsOf: server.data.appending(path: "models/threshold-v2.unetrpp/order.json")))
            #expect(order.cases.map(\.name) == ["1-case_1", "2-case_0001_"] && order.cases[0].values == [1: 2, 2: 1] && order.model == "threshold")
            #expect(order.epochs == 3 && order.title == "Threshold, version 2" && !order.validates)
            #expect(try FileManager.default.contentsOfDirectory(atPath: server.data.appending(path: "training").path).isEmpty)

            let scan = try await client.upload(TestScan.bytes())
            let job = try await client.json(.POST, "/v1/jobs", #"{"model":"threshold-v2","scan":"\#(scan)"}"#)
            #expect(try await client.end(of: job["id"]!)["state"] == "done")
            // The next version of that.
            #expect(try await client.json(.POST, "/train/threshold-v2", #"{"max_epochs":1}"#).status == 200)
            try await wait { try await client.get("/train/")["model"] == "threshold-v3" }
        }
    }

    @Test func `A training can be stopped, is refused beside another one, and fails with a reason`() async throws {
        try await TestServer.with { server in
            let client = server.client
            #expect(try await client.ask(.DELETE, "/train/").status == 404)
            try await upload(client, "a", TestScan.bytes())
            try await save(client, "a")
            #expect(try await client.json(.POST, "/train/threshold", #"{"max_epochs":1000}"#).status == 200)
            try await wait { (try await client.get("/train/").json["details"] as? [String])?.isEmpty == false }
            #expect(try await client.get("/train/?check_if_running=true")["status"] == "RUNNING")
            let second = try await client.json(.POST, "/train/threshold", "{}")
            #expect(second.status == 429 && second.headers.first(name: "Retry-After") != nil)
            // Jobs go on meanwhile.
            #expect(try await client.end(of: client.submit(client.upload(TestScan.bytes())))["state"] == "done")
            #expect(try await client.ask(.DELETE, "/train/")["status"] == "STOPPED")
            #expect(try await client.get("/train/")["status"] == "STOPPED")
            try await wait { try await client.json(.POST, "/train/threshold", #"{"max_epochs":1,"learning_rate":1}"#).status == 200 }
            try await wait { try await client.get("/train/")["status"] == "ERROR" }
            let error = try await client.get("/train/")
            #expect((error.json["details"] as? [String])?.last?.hasPrefix("training/") == true && !error.text.contains(server.folder.path), "\(error.text)")
            try await save(client, "a", #"{"label_info":[{"name":"tumor","idx":1}]}"#)
            let unknown = try await client.json(.POST, "/train/threshold", "{}")
            #expect(unknown.status == 422 && unknown.error.code == "no_structure" && unknown.error.reason?.contains("tumor") == true)
        }
    }

    @Test func `What one client trained is nobody else's; a training that the server's end interrupts goes on`() async throws {
        try await withTemporaryFolder { folder in
            let change = TestServer.Change { $0.tokens = ["alice", "bob"].map { AccessToken(name: $0, token: "\($0)-0123456789abcdef") } }
            @Sendable func client(_ server: TestServer, _ name: String) -> TestClient {
                var client = server.client
                client.token = "\(name)-0123456789abcdef"
                return client
            }
            try await TestServer.with(in: folder, change) { server in
                let alice = client(server, "alice"), bob = client(server, "bob")
                try await upload(alice, "a", TestScan.bytes())
                try await save(alice, "a")
                #expect(try await bob.json(.POST, "/train/threshold", "{}").error.code == "no_labels")
                #expect(try await alice.json(.POST, "/train/threshold", #"{"max_epochs":1}"#).status == 200)
                try await wait { try await alice.get("/train/")["status"] == "DONE" }
                #expect(try await bob.get("/train/").status == 404)
                try await wait { (try await alice.get("/v1/models").text).contains("threshold-v2") }
                for path in ["/v1/models", "/info/"] { #expect(try await !bob.get(path).text.contains("threshold-v2")) }
                let scan = try await bob.upload(TestScan.bytes())
                #expect(try await bob.json(.POST, "/v1/jobs", #"{"model":"threshold-v2","scan":"\#(scan)"}"#).error.code == "no_model")
                #expect(try await alice.json(.POST, "/train/threshold", #"{"max_epochs":1000}"#).status == 200)
                try await wait { (try await alice.get("/train/").json["details"] as? [String])?.isEmpty == false }
            }
            try await TestServer.with(in: folder, change) { server in
                let alice = client(server, "alice")
                try await wait { (try await alice.get("/train/").json["details"] as? [String])?.count == 2 }
                #expect(try await alice.get("/train/")["status"] == "RUNNING")
                #expect(try await alice.ask(.DELETE, "/train/").status == 200)
            }
        }
    }
}
