import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import UNETRSupport
import UNETRVolumes
import UNETRWork

/// The API of MONAI Label, as its clients in 3D Slicer and OHIF use it: models are listed and run, scans are kept under names, corrected masks are saved.
///
/// Training is not offered: it is asked of `unetrpp train` with the saved masks.
struct MONAILabelRoutes: Sendable {
    var configuration: ServerConfiguration
    var store: Store
    var board: JobBoard
    var pool: WorkerPool
    var lanes: Lanes
    var limits: Upload.Limits
    var scans: ScanRoutes
    var jobs: JobRoutes

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/auth", isOpen: true) { _, _ in .json(["enabled": !configuration.tokens.isEmpty]) },
            Endpoint(.post, "/auth/token", isOpen: true) { request, _ in try await token(request) },
            Endpoint(.get, "/auth/token/valid") { _, _ in .json(["valid": true]) },
            Endpoint(.get, "/info") { _, context in .json(try await info(context.client.owner)) },
            Endpoint(.post, "/activelearning/{strategy}") { _, context in try nextSample(try context.path("strategy"), context.client.owner) },

            Endpoint(.put, "/session") { request, context in try await createSession(request, context) },
            Endpoint(.get, "/session/{id}") { _, context in .json(try SessionView(session(context))) },
            Endpoint(.delete, "/session/{id}") { _, context in
                guard try store.remove(session(context)) else { throw APIError(.conflict, "in_use", "a job needs the session's scan") }
                return .json(JSONValue.object([:]))
            },

            Endpoint(.put, "/datastore") { request, context in try await upload(request, context) },
            Endpoint(.get, "/datastore") { request, context in try datastore(request, context.client.owner) },
            Endpoint(.delete, "/datastore") { request, context in
                let name = try imageName(request, "id")
                guard try store.image(name, of: context.client.owner) != nil else { throw APIError.notFound("image") }
                try store.removeImage(name, of: context.client.owner)
                return .json(JSONValue.object([:]))
            },
            Endpoint(.get, "/datastore/image") { request, context in
                let (name, scan) = try image(request, context)
                return try await .file(scans.image(of: scan), type: "application/octet-stream", name: FileName.stem(name) + ".nii.gz", context)
            },
            Endpoint(.get, "/datastore/image/info") { request, context in .json(ScanView(try image(request, context).scan)) },
            Endpoint(.put, "/datastore/label") { request, context in try await saveLabel(request, context) },
            Endpoint(.get, "/datastore/label") { request, context in
                let label = try label(request, context)
                return try await .file(
                    store.file(of: label), type: "application/octet-stream", name: FileName.stem(label.image) + Self.ending(of: label.file), context)
            },
            Endpoint(.get, "/datastore/label/info") { request, context in
                let label = try label(request, context)
                return .json(try JSONText.decode(JSONValue.self, from: Data(label.parameters.utf8)))
            },

            Endpoint(.post, "/infer/{model}") { request, context in try await infer(request, context) },

            Endpoint(.get, "/train") { _, _ in throw APIError.notFound("training under way") },
            Endpoint(.post, "/train") { _, _ in throw Self.noTraining },
            Endpoint(.post, "/train/{model}") { _, _ in throw Self.noTraining },
            Endpoint(.delete, "/train") { _, _ in throw APIError.notFound("training under way") },
        ]
    }

    private static let noTraining = APIError(
        .notImplemented, "no_training", "this server does not train; train elsewhere with the saved labels, which GET /datastore/label hands out")

    // MARK: Who asks

    /// A token for a name and a password, which is the token itself: clients know no other way to show one.
    private func token(_ request: Request) async throws -> Response {
        let body = try await Upload.receive(request, most: 1 << 12, limits)
        var form = URLComponents()
        form.percentEncodedQuery = String(decoding: body, as: UTF8.self).replacingOccurrences(of: "+", with: "%20").filter { $0.isASCII && !$0.isNewline }
        let password = form.queryItems?.first { $0.name == "password" }?.value ?? ""
        guard AccessToken.matching(password, in: configuration.tokens) != nil else { throw APIError(.unauthorized, "unauthorized", "the token is not known") }
        return .json(["access_token": password, "token_type": "bearer"])
    }

    // MARK: What there is

    private func info(_ owner: String) async throws -> JSONValue {
        let models = await pool.models
        func text(_ text: String) -> JSONValue { .string(text) }
        let described = models.map { model in
            (
                model.name,
                JSONValue.object([
                    "type": text("segmentation"), "dimension": .integer(3), "description": text(model.title), "config": .object([:]),
                    "labels": .object(Dictionary(model.labels.map { ($0.name, JSONValue.integer($0.value)) }) { first, _ in first }),
                ])
            )
        }
        let strategies = Strategy.allCases.map { ($0.rawValue, JSONValue.object(["description": text($0.description)])) }
        return .object([
            "name": text("unetrpp"), "description": text("3-D segmentation with UNETR++ and others"), "version": text(await pool.version ?? ""),
            "labels": .array(models.flatMap(\.labels).map(\.name).uniqued.map(text)),
            "models": .object(Dictionary(described) { first, _ in first }),
            "trainers": .object([:]), "scoring": .object([:]), "train_stats": .object([:]),
            "strategies": .object(Dictionary(strategies) { first, _ in first }),
            "datastore": try status(owner),
        ])
    }

    private func status(_ owner: String) throws -> JSONValue {
        let labeled = Set(try store.labels(of: owner).filter { $0.tag == Self.finalTag }.map(\.image))
        return .object(["total": .integer(try store.images(of: owner).count), "completed": .integer(labeled.count)])
    }

    private static let finalTag = "final"

    private func datastore(_ request: Request, _ owner: String) throws -> Response {
        guard let output = request.query("output"), output != "stats" else { return .json(try status(owner)) }
        guard output == "all" else { throw APIError(.unprocessableContent, "bad_parameter", field: "output", "known are all and stats") }
        let labels = Dictionary(grouping: try store.labels(of: owner), by: \.image)
        let objects = try store.images(of: owner).map { image in
            let tags = (labels[image.name] ?? []).map { ($0.tag, Self.entry(Self.ending(of: $0.file), $0.created)) }
            let created = try store.scan(image.scan, of: owner)?.created ?? Date()
            return (image.name, JSONValue.object(["image": Self.entry(".nii.gz", created), "labels": .object(Dictionary(tags) { first, _ in first })]))
        }
        return .json(
            JSONValue.object([
                "name": .string("unetrpp"), "description": .string("scans and saved labels"), "objects": .object(Dictionary(objects) { first, _ in first }),
            ]))
    }

    private static func entry(_ ending: String, _ date: Date) -> JSONValue {
        .object(["ext": .string(ending), "info": .object(["ts": .integer(Int(date.timeIntervalSince1970))])])
    }

    private static func ending(of file: String) -> String { file.firstIndex(of: ".").map { String(file[$0...]) } ?? "" }

    // MARK: The next sample

    private enum Strategy: String, CaseIterable {
        case first, random

        var description: String { self == .first ? "The first image without a label" : "Any image without a label" }
    }

    private func nextSample(_ name: String, _ owner: String) throws -> Response {
        guard let strategy = Strategy(rawValue: name) else { throw APIError.notFound("strategy") }
        let labeled = Set(try store.labels(of: owner).filter { $0.tag == Self.finalTag }.map(\.image))
        let open = try store.images(of: owner).filter { !labeled.contains($0.name) }
        guard let image = strategy == .first ? open.first : open.randomElement(), let scan = try store.scan(image.scan, of: owner) else {
            return .json(JSONValue.object([:]))
        }
        var sample: [String: JSONValue] = ["id": .string(image.name), "name": .string(image.name), "path": .string(FileName.stem(image.name) + ".nii.gz")]
        // Of the bytes that are handed out, which of other formats are not those of the file.
        if scan.file == "scan.nii.gz" { sample["checksum"] = .string("SHA256:\(scan.digest)") }
        return .json(JSONValue.object(sample))
    }

    // MARK: Scans and labels

    private func imageName(_ request: Request, _ parameter: String) throws -> String {
        guard let name = request.query(parameter), !name.isEmpty else {
            throw APIError(.unprocessableContent, "bad_parameter", field: parameter, "\(parameter) is missing")
        }
        return FileName.shown(name)
    }

    private func image(_ request: Request, _ context: ServerContext) throws -> (name: String, scan: ScanRecord) {
        let name = try imageName(request, "image")
        guard let scan = try store.image(name, of: context.client.owner) else { throw APIError.notFound("image") }
        return (name, scan)
    }

    private func label(_ request: Request, _ context: ServerContext) throws -> LabelRecord {
        let tag = request.query("tag") ?? ""
        guard let label = try store.label(imageName(request, "label"), tag: tag.isEmpty ? Self.finalTag : tag, of: context.client.owner) else {
            throw APIError.notFound("label")
        }
        return label
    }

    private func upload(_ request: Request, _ context: ServerContext) async throws -> Response {
        try scans.checkRoom(for: request)
        let form = try await ReceivedForm.receive(request, store, limits), owner = context.client.owner
        defer { form.discard() }
        guard let file = form.files["file"] else { throw APIError(.unprocessableContent, "bad_form", field: "file", "the form has no file") }
        let name = request.query("image").flatMap { $0.isEmpty ? nil : FileName.shown($0) } ?? FileName.stem(file.name)
        let scan = try await scans.take(file.url, file.upload, name: name, series: nil, owner: owner)
        try store.name(scan, name)
        return .json(["image": name])
    }

    private func saveLabel(_ request: Request, _ context: ServerContext) async throws -> Response {
        let (name, scan) = try image(request, context)
        try scans.checkRoom(for: request)
        let form = try await ReceivedForm.receive(request, store, limits)
        defer { form.discard() }
        guard let file = form.files["label"] else { throw APIError(.unprocessableContent, "bad_form", field: "label", "the form has no label") }
        let parameters = form.fields["params"] ?? "{}"
        guard (try? JSONText.decode(JSONValue.self, from: Data(parameters.utf8))) != nil else {
            throw APIError(.unprocessableContent, "bad_form", field: "params", "params is not JSON")
        }
        let tag = request.query("tag").flatMap { $0.isEmpty ? nil : FileName.shown($0) } ?? Self.finalTag
        let store = store, most = limits.bytes
        try await lanes.run {
            let (found, labels) = try ScanRecognition.recognize(file.url, name: file.name, series: nil, most: most)
            do {
                let size = found.size
                do { _ = try VolumeFile.readLabels(labels) } catch {
                    throw APIError(.unprocessableContent, "not_labels", "\(error)".replacingOccurrences(of: labels.path, with: file.name))
                }
                guard size == scan.size else {
                    throw APIError(.unprocessableContent, "other_grid", field: "label", "the label has \(size) voxels, the image \(scan.size)")
                }
                let record = LabelRecord(
                    owner: scan.owner, image: name, tag: tag, file: Identifier.new() + found.ending, parameters: parameters, bytes: file.upload.bytes,
                    created: Date())
                try FileManager.default.moveItem(at: labels, to: store.file(of: record))
                try store.save(record)
            } catch {
                try? FileManager.default.removeItem(at: labels)
                throw error
            }
        }
        return .json(["image": name, "label": name])
    }

    // MARK: Sessions

    /// A scan that is kept for some work, and its identifier is the session's.
    private struct SessionView: Encodable {
        var name: String
        var image: String
        var created: Int
        var expiry: Int

        private enum CodingKeys: String, CodingKey {
            case name, image, expiry
            case created = "create_ts"
        }

        init(_ scan: ScanRecord) {
            (name, image, created) = (scan.id, scan.name, Int(scan.created.timeIntervalSince1970))
            expiry = Int(min(scan.expires.timeIntervalSince(scan.created), 1e9))
        }
    }

    private struct NewSession: Encodable {
        var id: String
        var info: SessionView

        private enum CodingKeys: String, CodingKey {
            case id = "session_id"
            case info = "session_info"
        }
    }

    private func createSession(_ request: Request, _ context: ServerContext) async throws -> Response {
        try scans.checkRoom(for: request)
        let form = try await ReceivedForm.receive(request, store, limits)
        defer { form.discard() }
        guard let file = form.files["files"] else { throw APIError(.unprocessableContent, "bad_form", field: "files", "the form has no file") }
        let scan = try await scans.take(file.url, file.upload, name: file.name, series: nil, owner: context.client.owner)
        return .json(NewSession(id: scan.id, info: SessionView(scan)))
    }

    private func session(_ context: ServerContext) throws -> ScanRecord {
        guard let scan = try store.scan(context.path("id"), of: context.client.owner) else { throw APIError.notFound("session") }
        return scan
    }

    // MARK: Inference

    /// What a client wants of an answer.
    private struct Parameters: Decodable {
        var ending: String?
        var isCompressed: Bool?

        private enum CodingKeys: String, CodingKey {
            case ending = "result_extension"
            case isCompressed = "result_compress"
        }
    }

    private func infer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let model = try context.path("model").replacingOccurrences(of: "+", with: " ").removingPercentEncoding ?? ""
        guard await pool.model(model) != nil else { throw APIError.notFound("model") }
        try scans.checkRoom(for: request)
        let form = try await ReceivedForm.receive(request, store, limits)
        defer { form.discard() }
        let parameters: Parameters
        do { parameters = try JSONText.decode(from: Data((form.fields["params"] ?? "{}").utf8)) } catch {
            throw APIError(.unprocessableContent, "bad_form", field: "params", "\(error)".replacingOccurrences(of: "the file", with: "params"))
        }
        let wanted = parameters.ending ?? ".nii.gz"
        guard let result = ResultForm.allCases.first(where: { $0.object == nil && $0.ending == wanted }) else {
            throw APIError(
                .unprocessableContent, "bad_format", field: "result_extension", "\(wanted) is no ending of a mask; known are .nii.gz, .nrrd, .seg.nrrd and .mha"
            )
        }
        let scan = try await scan(request, form, context)
        let job = try await jobs.submit(model: model, scans: [scan.id], SegmentationChoices(), context.client)
        let done = try await end(of: job)
        let maker = ResultMaker(store: store, version: await pool.version ?? "0"), isRaw = result == .nrrd && parameters.isCompressed == false
        let mask = try await lanes.run {
            let data = try InputFile.contents(of: maker.file(result, of: done))
            return isRaw ? try Self.unpacked(data, like: store.mask(of: done.id)) : data
        }
        let file = FileName.stem(scan.name) + result.ending
        if request.query("output") == "image" {
            return Response(
                status: .ok, headers: [.contentType: "application/octet-stream", .contentDisposition: "attachment; filename=\"\(file)\""],
                body: .init(byteBuffer: ByteBuffer(bytes: mask)))
        }
        let names = Dictionary(done.model.labels.map { ($0.name, $0.value) }) { first, _ in first }
        return Self.answer(parameters: try APIJSON.encode(["label_names": names]), file: file, mask)
    }

    /// The scan that is meant: one in the form, that of a session, or one under a name.
    private func scan(_ request: Request, _ form: ReceivedForm, _ context: ServerContext) async throws -> ScanRecord {
        if let file = form.files["file"] { return try await scans.take(file.url, file.upload, name: file.name, series: nil, owner: context.client.owner) }
        if let id = request.query("session_id"), !id.isEmpty {
            guard let scan = try store.scan(id, of: context.client.owner) else { throw APIError.notFound("session") }
            return scan
        }
        return try image(request, context).scan
    }

    private func end(of job: JobRecord) async throws -> JobRecord {
        for await _ in try await board.watch(job.id) {}
        guard let ended = try store.job(job.id) else { throw APIError(.gone, "canceled", "the job was canceled") }
        switch ended.state {
        case .done: return ended
        case .failed: throw APIError(.unprocessableContent, ended.errorCode ?? "failed", ended.errorReason ?? "the job failed")
        case .canceled: throw APIError(.gone, "canceled", "the job was canceled")
        case .queued, .running: throw APIError(.serviceUnavailable, "ending", "the server is ending; ask again when it runs", retryAfter: 10)
        }
    }

    /// A form with parameters and a file. Its length is known: clients take the bytes as they come, and would not notice chunks among them.
    private static func answer(parameters: Data, file: String, _ mask: Data) -> Response {
        let boundary = Identifier.new()
        var body = Data("--\(boundary)\r\nContent-Disposition: form-data; name=\"params\"\r\nContent-Type: application/json\r\n\r\n".utf8)
        body += parameters
        body += Data("\r\n--\(boundary)\r\nContent-Disposition: form-data; name=\"image\"; filename=\"\(file)\"\r\n".utf8)
        body += Data("Content-Type: application/octet-stream\r\n\r\n".utf8)
        body += mask
        body += Data("\r\n--\(boundary)--\r\n".utf8)
        return Response(status: .ok, headers: [.contentType: "multipart/form-data; boundary=\(boundary)"], body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }

    /// The NRRD file of a mask with its voxels as they are, for readers that cannot unpack.
    private static func unpacked(_ packed: Data, like mask: URL) throws -> Data {
        guard let end = packed.range(of: Data("\n\n".utf8)) else { return packed }
        let header = String(decoding: packed[..<end.upperBound], as: UTF8.self).replacingOccurrences(of: "encoding: gzip", with: "encoding: raw")
        let contents = VolumeContents(try VolumeFile.readLabels(mask))
        return Data(header.utf8) + contents.bytes(0..<contents.count)
    }
}

extension [String] {
    /// Each once, where it comes first.
    fileprivate var uniqued: [String] { reduce(into: []) { list, text in if !list.contains(text) { list.append(text) } } }
}
