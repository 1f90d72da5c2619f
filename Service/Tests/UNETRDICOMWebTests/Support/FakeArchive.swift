import Foundation
import UNETRVolumes

@testable import UNETRDICOMWeb

/// An archive of one series in memory that does everything right. Tests change single answers.
struct FakeArchive: Sendable {
    struct Object: Sendable {
        var name: DICOMObjectName
        var bytes: [UInt8]
    }

    var objects: [Object]
    /// What it adds about the patient, which must never be seen.
    static let secrets = ["DOE^JANE", "MRN-4711", "19610203"]

    var study: String { objects[0].name.study }
    var series: String { objects[0].name.series }

    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../../../Tests/Fixtures/dicom").standardizedFileURL

    /// With the objects of a fixture.
    init(_ fixture: String = "07_evrle") throws {
        objects = try DICOMObjectName.found(in: Self.fixtures.appending(path: fixture)).objects.map {
            Object(name: $0.name, bytes: Array(try Data(contentsOf: $0.file)))
        }
    }

    func answer(_ request: StandIn.Request) -> [StandIn.Step] {
        let parts = request.path.split(separator: "?", maxSplits: 1)
        let path = parts[0].split(separator: "/").dropFirst().map(String.init)
        let query = parts.count > 1 ? Self.query(parts[1]) : [:]
        if request.method == "POST" { return .json(Self.stored(Self.names(in: request))) }
        switch (path.count, path.last) {
        case (1, "studies"): return page([study(study)], query)
        case (3, "series"): return path[1] == study ? page([series(series)], query) : .json("[]")
        case (5, "instances"): return page(objects.map { instance($0.name.instance) }, query)
        case (4, series): return .multipart(objects.map(\.bytes))
        case (6, _):
            guard let object = objects.first(where: { $0.name.instance == path[5] }) else { return .answer(404) }
            return .multipart([object.bytes])
        default: return .answer(404)
        }
    }

    private static func query(_ text: Substring) -> [String: String] {
        Dictionary(text.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }.map { ($0[0], $0.count > 1 ? $0[1] : "") }) { $1 }
    }

    private func page(_ all: [String], _ query: [String: String]) -> [StandIn.Step] {
        let rest = all.dropFirst(query["offset"].flatMap { Int($0) } ?? 0).prefix(query["limit"].flatMap { Int($0) } ?? .max)
        return .json("[\(rest.joined(separator: ","))]")
    }

    private static let patient = """
        "00100010":{"vr":"PN","Value":[{"Alphabetic":"\(secrets[0])"}]},"00100020":{"vr":"LO","Value":["\(secrets[1])"]},\
        "00100030":{"vr":"DA","Value":["\(secrets[2])"]}
        """

    func study(_ uid: String) -> String {
        """
        {"0020000D":{"vr":"UI","Value":["\(uid)"]},"00080020":{"vr":"DA","Value":["20260131"]},"00080061":{"vr":"CS","Value":["CT","SEG"]},\
        "00081030":{"vr":"LO","Value":["Ab\\u001bdomen"]},"00201206":{"vr":"IS","Value":["1"]},"00201208":{"vr":"IS","Value":[\(objects.count)]},\(Self.patient)}
        """
    }

    private func series(_ uid: String) -> String {
        """
        {"0020000D":{"vr":"UI","Value":["\(study)"]},"0020000E":{"vr":"UI","Value":["\(uid)"]},"00080060":{"vr":"CS","Value":["CT"]},\
        "0008103E":{"vr":"LO","Value":["thin"]},"00200011":{"vr":"IS","Value":[2]},"00201209":{"vr":"IS","Value":[\(objects.count)]},\(Self.patient)}
        """
    }

    private func instance(_ uid: String) -> String {
        """
        {"0020000D":{"vr":"UI","Value":["\(study)"]},"0020000E":{"vr":"UI","Value":["\(series)"]},"00080018":{"vr":"UI","Value":["\(uid)"]},\(Self.patient)}
        """
    }

    // MARK: Storing

    /// The objects of a request to store, which is taken apart as an archive would.
    static func names(in request: StandIn.Request) -> [DICOMObjectName] { (try? objects(in: request).map(\.name)) ?? [] }

    static func objects(in request: StandIn.Request) throws -> [Object] {
        let type = MediaType(request.headers["content-type"] ?? "")
        var parser = try MultipartParser(boundary: type?.parameters["boundary"] ?? "")
        var parts: [[UInt8]] = []
        try request.body.withUnsafeBytes { bytes in
            try parser.take(bytes) { event in
                switch event {
                case .begin: parts.append([])
                case .bytes(let bytes): parts[parts.count - 1] += Array(bytes)
                case .end: break
                }
            }
        }
        try parser.finish()
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        return try parts.map { bytes in
            try Data(bytes).write(to: file)
            return Object(name: try DICOMObjectName(contentsOf: file)!, bytes: bytes)
        }
    }

    /// The answer to a request to store.
    static func stored(_ names: [DICOMObjectName], failed: [String: Int] = [:], warned: [String: Int] = [:]) -> String {
        func item(_ uid: String, _ tag: String, _ code: Int?) -> String {
            let reason = code.map { ",\"\(tag)\":{\"vr\":\"US\",\"Value\":[\($0)]}" } ?? ""
            return "{\"00081155\":{\"vr\":\"UI\",\"Value\":[\"\(uid)\"]}\(reason)}"
        }
        let good = names.filter { failed[$0.instance] == nil }.map { item($0.instance, "00081196", warned[$0.instance]) }
        let bad = failed.sorted { $0.key < $1.key }.map { item($0.key, "00081197", $0.value) }
        var members: [String] = []
        if !good.isEmpty { members.append("\"00081199\":{\"vr\":\"SQ\",\"Value\":[\(good.joined(separator: ","))]}") }
        if !bad.isEmpty { members.append("\"00081198\":{\"vr\":\"SQ\",\"Value\":[\(bad.joined(separator: ","))]}") }
        return "{\(members.joined(separator: ","))}"
    }
}
