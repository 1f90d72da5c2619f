import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

/// Asks a server, and reads its answers as JSON.
struct TestClient: Sendable {
    var base: String
    var token: String?
    var client = HTTPClient.shared

    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: Data

        var text: String { String(decoding: body, as: UTF8.self) }
        var json: [String: Any] { (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:] }
        /// Code, field and reason of an error.
        var error: (code: String?, field: String?, reason: String?) {
            let error = json["error"] as? [String: Any]
            return (error?["code"] as? String, error?["field"] as? String, error?["reason"] as? String)
        }

        subscript(key: String) -> String? { json[key] as? String }
    }

    func ask(_ method: HTTPMethod, _ path: String, headers: [(String, String)] = [], body: Data? = nil) async throws -> Answer {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await client.execute(request, timeout: .seconds(60))
        return Answer(
            status: Int(response.status.code), headers: response.headers, body: Data(try await response.body.collect(upTo: 256 << 20).readableBytesView))
    }

    func get(_ path: String) async throws -> Answer { try await ask(.GET, path) }

    func json(_ method: HTTPMethod, _ path: String, _ body: String) async throws -> Answer {
        try await ask(method, path, headers: [("Content-Type", "application/json")], body: Data(body.utf8))
    }

    /// Uploads a scan and returns its id.
    func upload(_ bytes: Data, name: String = "scan.nii.gz", sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
        let answer = try await ask(.POST, "/v1/scans?name=\(name)", body: bytes)
        try #require(answer.status == 201, "\(answer.text)", sourceLocation: sourceLocation)
        return try #require(answer["id"], sourceLocation: sourceLocation)
    }

    /// Makes a job and returns its id.
    func submit(_ scan: String, options: String = "{}", sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
        let answer = try await json(.POST, "/v1/jobs", #"{"model":"threshold","scan":"\#(scan)","options":\#(options)}"#)
        try #require(answer.status == 201 || answer.status == 200, "\(answer.text)", sourceLocation: sourceLocation)
        return try #require(answer["id"], sourceLocation: sourceLocation)
    }

    func state(_ job: String) async throws -> String { try await get("/v1/jobs/\(job)")["state"] ?? "gone" }

    /// Waits until a job has ended, and returns how.
    func end(of job: String, sourceLocation: SourceLocation = #_sourceLocation) async throws -> Answer {
        var answer = try await get("/v1/jobs/\(job)")
        try await wait(seconds: 60, sourceLocation: sourceLocation) {
            answer = try await get("/v1/jobs/\(job)")
            return !["queued", "running"].contains(answer["state"])
        }
        return answer
    }

    /// Events of a job as they come, until the stream ends or `enough` says so.
    func events(of job: String, until enough: @Sendable ([String]) -> Bool = { _ in false }) async throws -> (type: String?, events: [String]) {
        var request = HTTPClientRequest(url: base + "/v1/jobs/\(job)/events")
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        let response = try await client.execute(request, timeout: .seconds(60))
        var text = ""
        for try await part in response.body {
            text += String(buffer: part)
            if enough(text.components(separatedBy: "\n\n")) { break }
        }
        return (response.headers.first(name: "Content-Type"), text.components(separatedBy: "\n\n").filter { !$0.isEmpty })
    }
}
