import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import UNETRSupport
import UNETRVolumes
import UNETRWork

/// Masks made while a client waits.
extension MONAILabelRoutes {
    var inferenceEndpoints: [Endpoint] {
        [Endpoint(.post, "/infer/{model}") { request, context in try await infer(request, context) }]
    }

    /// The name of a model in a path.
    func modelName(_ context: ServerContext) throws -> String {
        try context.path("model").replacingOccurrences(of: "+", with: " ").removingPercentEncoding ?? ""
    }

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
        let model = try modelName(context)
        guard try await pool.model(model, of: context.client.owner) != nil else { throw APIError.notFound("model") }
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
        return try await image(request, context).scan
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
