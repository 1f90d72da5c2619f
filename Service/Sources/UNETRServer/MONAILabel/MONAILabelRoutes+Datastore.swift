import Foundation
import HTTPTypes
import Hummingbird
import UNETRSupport
import UNETRVolumes
import UNETRWork

/// Images and labels under the names that clients give them.
extension MONAILabelRoutes {
    var datastoreEndpoints: [Endpoint] {
        [
            Endpoint(.put, "/datastore") { request, context in try await upload(request, context) },
            Endpoint(.get, "/datastore") { request, context in try datastore(request, context.client.owner) },
            Endpoint(.delete, "/datastore") { request, context in
                let name = try imageName(request, "id")
                guard try store.image(name, of: context.client.owner) != nil else { throw APIError.notFound("image") }
                try store.removeImage(name, of: context.client.owner)
                return .json(JSONValue.object([:]))
            },
            Endpoint(.get, "/datastore/image") { request, context in
                let (name, scan) = try await image(request, context)
                return try await .file(scans.image(of: scan), type: "application/octet-stream", name: FileName.stem(name) + ".nii.gz", context)
            },
            Endpoint(.get, "/datastore/image/info") { request, context in .json(ScanView(try await image(request, context).scan)) },
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
        ]
    }

    func status(_ owner: String) throws -> JSONValue {
        let labeled = Set(try store.labels(of: owner).filter { $0.tag == Self.finalTag }.map(\.image))
        return .object(["total": .integer(try store.images(of: owner).count), "completed": .integer(labeled.count)])
    }

    /// The tag of a mask that is as it should be.
    static let finalTag = "final"

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

    private func imageName(_ request: Request, _ parameter: String) throws -> String {
        guard let name = request.query(parameter), !name.isEmpty else {
            throw APIError(.unprocessableContent, "bad_parameter", field: parameter, "\(parameter) is missing")
        }
        return FileName.shown(name)
    }

    /// The image that a request names: one of the datastore, or a series of the archive that OHIF shows, by its UID.
    func image(_ request: Request, _ context: ServerContext) async throws -> (name: String, scan: ScanRecord) {
        let name = try imageName(request, "image"), owner = context.client.owner
        if let scan = try store.image(name, of: owner) { return (name, scan) }
        guard let scan = try await archives.series(name, for: context.client) else { throw APIError.notFound("image") }
        try store.name(scan, name)
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
        await board.wake()
        return .json(["image": name])
    }

    private func saveLabel(_ request: Request, _ context: ServerContext) async throws -> Response {
        let (name, scan) = try await image(request, context)
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
}
