import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import UNETREvaluation
import UNETRSupport
import UNETRVolumes
import UNETRWork

/// Jobs: asked for, watched, canceled, and what comes out of them.
struct JobRoutes: Sendable {
    var store: Store
    var board: JobBoard
    var pool: WorkerPool
    var lanes: Lanes
    var limits: Upload.Limits
    var scans: ScanRoutes
    var archives: ArchiveDesk

    /// What is asked for.
    private struct Wish: Decodable {
        /// A series of an archive, instead of a scan.
        struct Source: Decodable {
            var name: String
            var study: String
            var series: String
            var send: [String]?
        }

        var archive: Source?
        var model: String
        var scan: String?
        var scans: [String]?
        var options: SegmentationChoices?
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(.post, "/v1/jobs") { request, context in
                let wish = try await request.json(Wish.self, limits)
                let choices = wish.options ?? SegmentationChoices(), ids = wish.scans ?? [wish.scan].compactMap(\.self)
                let job: JobRecord
                if let source = wish.archive {
                    guard ids.isEmpty else {
                        throw APIError(
                            .unprocessableContent, "two_scans", field: "archive", "the job names a scan and a series of an archive; name one of them")
                    }
                    job = try await submit(model: wish.model, source, choices, context.client)
                } else {
                    job = try await submit(model: wish.model, scans: ids, choices, context.client)
                }
                return .json(await board.view(job), status: job.fromStore ? .ok : .created)
            },
            Endpoint(.get, "/v1/jobs") { request, context in
                let jobs = try store.jobs(of: context.client.owner, limit: request.query("limit", in: 1...1000) ?? 50)
                return .json(["jobs": await board.views(jobs)])
            },
            Endpoint(.get, "/v1/jobs/{id}") { _, context in .json(await board.view(try job(context))) },
            Endpoint(.delete, "/v1/jobs/{id}") { _, context in
                let job = try job(context)
                if job.state.isFinal { try store.remove(job) } else { try await board.cancel(job) }
                return .noContent
            },
            Endpoint(.get, "/v1/jobs/{id}/events") { _, context in try await events(of: job(context)) },
            Endpoint(.get, "/v1/jobs/{id}/result") { request, context in try await result(request, context) },
            Endpoint(.get, "/v1/jobs/{id}/statistics") { _, context in
                let file = store.statistics(of: try doneJob(context).id)
                guard let data = try? InputFile.contents(of: file, most: 16 << 20) else {
                    throw APIError(.gone, "result_gone", "the result is not kept any more")
                }
                return Response(status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(bytes: data)))
            },
            Endpoint(.post, "/v1/jobs/{id}/compare") { request, context in try await compare(request, context) },
        ]
    }

    /// Makes a job of scans that are there.
    func submit(model name: String, scans ids: [String], _ choices: SegmentationChoices, _ client: Client) async throws -> JobRecord {
        let model = try await model(name, choices, client)
        guard !ids.isEmpty, ids.count <= 64 else { throw APIError(.unprocessableContent, "no_scan", field: "scan", "the job names no scan, or far too many") }
        let scans = try ids.map { id in
            guard let scan = try store.scan(id, of: client.owner) else {
                throw APIError(.unprocessableContent, "no_scan", field: "scan", "there is no such scan; POST /v1/scans takes one")
            }
            return scan
        }
        guard scans.count == 1 || scans.count == model.channels.count else { throw Self.channels(model, scans.count) }
        return try await board.submit(
            JobRecord(
                id: Identifier.new(), number: 0, owner: client.owner, line: client.line, model: model, scans: ids, stem: FileName.stem(scans[0].name),
                choices: choices, key: JobRecord.key(scans: scans, model: model, choices: choices), state: .queued, attempts: 0, fromStore: false,
                created: Date()))
    }

    /// Makes a job of a series that is still to be fetched.
    private func submit(model name: String, _ source: Wish.Source, _ choices: SegmentationChoices, _ client: Client) async throws -> JobRecord {
        let model = try await model(name, choices, client)
        try archives.check(source.name, for: client)
        for (field, uid) in [("study", source.study), ("series", source.series)] where !DICOMObjectName.isIdentifier(uid) {
            throw APIError(.unprocessableContent, "bad_uid", field: "archive.\(field)", "the \(field) is no DICOM UID")
        }
        let forms = try (source.send ?? []).map { text in
            guard let form = ResultForm(rawValue: text), form.object != nil else {
                throw APIError(.unprocessableContent, "bad_format", field: "archive.send", "archives take \(Self.objects), and no \(text)")
            }
            return form
        }
        guard model.channels.count == 1 else { throw Self.channels(model, 1) }
        let job = try await board.submit(
            JobRecord(
                id: Identifier.new(), number: 0, owner: client.owner, line: client.line, model: model, scans: [], stem: FileName.stem(source.series),
                choices: choices, key: "", state: .queued, attempts: 0, fromStore: false, created: Date(),
                source: ArchivedSource(archive: source.name, study: source.study, series: source.series, send: Set(forms).sorted { $0.rawValue < $1.rawValue }))
        )
        archives.fetch(job)
        return job
    }

    private static let objects = ResultForm.allCases.filter { $0.object != nil }.map(\.rawValue).joined(separator: " and ")

    private static func channels(_ model: ModelDescription, _ count: Int) -> APIError {
        APIError(
            .unprocessableContent, "channels", field: "scans",
            "the model takes \(model.channels.count) channels (\(model.channels.map(\.name).joined(separator: ", "))), and \(count) scans were given")
    }

    /// The model that is asked for, with structures that it has.
    private func model(_ name: String, _ choices: SegmentationChoices, _ client: Client) async throws -> ModelDescription {
        guard await pool.knowsModels else { throw APIError(.serviceUnavailable, "not_ready", "the models are being looked at; ask again soon", retryAfter: 2) }
        guard let model = try await pool.model(name, of: client.owner) else {
            throw APIError(.unprocessableContent, "no_model", field: "model", "there is no such model; GET /v1/models lists them")
        }
        if let structures = choices.structures {
            guard !structures.isEmpty, structures.allSatisfy({ name in model.labels.contains { $0.name == name } }) else {
                throw APIError(
                    .unprocessableContent, "no_structure", field: "options.structures",
                    "the model's structures are \(model.labels.map(\.name).joined(separator: ", "))")
            }
        }
        return model
    }

    private func job(_ context: ServerContext) throws -> JobRecord {
        guard let job = try store.job(context.path("id"), of: context.client.owner) else { throw APIError.notFound("job") }
        return job
    }

    private func doneJob(_ context: ServerContext) throws -> JobRecord {
        let job = try job(context)
        guard job.state == .done else { throw APIError(.conflict, "not_done", "the job is \(job.state.rawValue), and has no result") }
        return job
    }

    private func events(of job: JobRecord) async throws -> Response {
        let signals = try await board.watch(job.id)
        let body = ResponseBody { writer in
            for await signal in signals {
                switch signal {
                case .ping: try await writer.write(ByteBuffer(string: ": ping\n\n"))
                case .job(let view):
                    try await writer.write(ByteBuffer(string: "event: job\ndata: \(String(decoding: APIJSON.encode(view), as: UTF8.self))\n\n"))
                }
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "text/event-stream"], body: body)
    }

    private func result(_ request: Request, _ context: ServerContext) async throws -> Response {
        let job = try doneJob(context), text = request.query("format") ?? "nifti"
        guard let form = ResultForm(rawValue: text) else {
            let known = ResultForm.allCases.map(\.rawValue).joined(separator: ", ")
            throw APIError(.unprocessableContent, "bad_format", field: "format", "the format is not known; known are \(known)")
        }
        let maker = ResultMaker(store: store, version: await pool.version ?? "0")
        let file = try await lanes.run { try maker.file(form, of: job) }
        return try await .file(file, type: form.mediaType, name: job.stem + form.ending, context)
    }

    private func compare(_ request: Request, _ context: ServerContext) async throws -> Response {
        let job = try doneJob(context), name = FileName.shown(request.query("name"), fallback: "the reference"), file = store.incoming()
        try scans.checkRoom(for: request)
        _ = try await Upload.receive(request, to: file, limits)
        let mask = store.mask(of: job.id), most = limits.bytes
        let comparison = try await lanes.run {
            defer {
                for ending in ["", ".nii.gz", ".nii", ".zip", ".dcm", ".nrrd", ".mha"] { try? FileManager.default.removeItem(atPath: file.path + ending) }
            }
            let (_, reference) = try ScanRecognition.recognize(file, name: name, series: nil, most: most)
            do { return try MaskComparison(mask: mask, reference: reference, model: job.model) } catch {
                throw APIError(.unprocessableContent, "not_comparable", "\(error)".replacingOccurrences(of: reference.path, with: name))
            }
        }
        return .json(comparison)
    }
}
