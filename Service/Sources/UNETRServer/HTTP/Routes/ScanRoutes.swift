import CoreMetrics
import Foundation
import HTTPTypes
import Hummingbird
import UNETRSupport
import UNETRVolumes

/// Scans: uploaded, described, looked at, removed.
struct ScanRoutes: Sendable {
    var store: Store
    var lanes: Lanes
    var limits: Upload.Limits
    var diskBytes: Int
    var metrics: MetricsRegistry

    var endpoints: [Endpoint] {
        [
            Endpoint(.post, "/v1/scans") { request, context in
                let scan = try await receive(request, owner: context.client.owner)
                return .json(ScanView(scan), status: .created)
            },
            Endpoint(.get, "/v1/scans/{id}") { _, context in .json(ScanView(try scan(context))) },
            Endpoint(.get, "/v1/scans/{id}/image") { _, context in
                let scan = try scan(context)
                return try await .file(image(of: scan), type: "application/gzip", name: FileName.stem(scan.name) + ".nii.gz", context)
            },
            Endpoint(.delete, "/v1/scans/{id}") { _, context in
                guard try store.remove(scan(context)) else {
                    throw APIError(.conflict, "in_use", "a job that waits or is under way needs the scan; cancel it first")
                }
                return .noContent
            },
        ]
    }

    private func scan(_ context: ServerContext) throws -> ScanRecord {
        guard let scan = try store.scan(context.path("id"), of: context.client.owner) else { throw APIError.notFound("scan") }
        return scan
    }

    /// Takes a scan in.
    func receive(_ request: Request, owner: String) async throws -> ScanRecord {
        let name = FileName.shown(request.query("name")), file = store.incoming()
        try checkRoom(for: request)
        let upload = try await Upload.receive(request, to: file, limits)
        return try await take(file, upload, name: name, series: request.query("series"), owner: owner)
    }

    /// Makes a file that was received a scan.
    func take(_ file: URL, _ upload: Upload, name: String, series: String?, owner: String) async throws -> ScanRecord {
        Counter(label: "unetrpp_uploaded_bytes_total", factory: metrics).increment(by: upload.bytes)
        let store = store, most = limits.bytes
        return try await lanes.run {
            do {
                let (scan, recognized) = try ScanRecognition.recognize(file, name: name, series: series, most: most)
                let now = Date()
                let record = ScanRecord(
                    id: Identifier.new(), owner: owner, name: name, file: "scan\(scan.ending)", series: scan.series, format: scan.format, size: scan.size,
                    spacing: scan.spacing, bytes: upload.bytes, digest: upload.digest, created: now, expires: now + store.keep)
                let folder = store.folder(ofScan: record.id)
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
                try FileManager.default.moveItem(at: recognized, to: store.file(of: record))
                try store.insert(record)
                return record
            } catch {
                // With whatever ending it has by now.
                for ending in ["", ".nii.gz", ".nii", ".zip", ".dcm", ".nrrd", ".mha"] { try? FileManager.default.removeItem(atPath: file.path + ending) }
                throw Upload.full(error)
            }
        }
    }

    /// Refuses more than the disk is to hold, before it is sent.
    func checkRoom(for request: Request) throws {
        let coming = request.headers[.contentLength].flatMap { Int($0) } ?? 0
        guard store.usedBytes.addingReportingOverflow(max(0, coming)).partialValue <= diskBytes else {
            throw APIError(.insufficientStorage, "disk_full", "the server keeps all that it may; ask again when older scans are gone", retryAfter: 600)
        }
    }

    /// The scan as NIfTI: itself, or a file that is made once.
    func image(of scan: ScanRecord) async throws -> URL {
        let file = store.file(of: scan), image = store.folder(ofScan: scan.id).appending(path: "image.nii.gz")
        if scan.file == "scan.nii.gz" { return file }
        return try await lanes.run {
            guard !FileManager.default.fileExists(atPath: image.path) else { return image }
            var source = file
            if let series = scan.series {
                let study = try DICOMStudy(contentsOf: file)
                source = study.url(of: try study.series(series))
            }
            do { try VolumeFile.convert(source, to: image) } catch let error as MemoryError {
                throw APIError(.contentTooLarge, "too_large", "\(error)".replacingOccurrences(of: source.path, with: scan.name))
            }
            return image
        }
    }
}

/// A scan as clients see it.
struct ScanView: Codable, Equatable, Sendable {
    var id: String
    var name: String
    var format: String
    /// Voxels along [x, y, z].
    var size: [Int]
    /// Millimeters along [x, y, z].
    var spacing: [Double]
    var bytes: Int
    var digest: String
    /// The series of a DICOM study, by UID.
    var series: String?
    var expires: Date

    init(_ scan: ScanRecord) {
        (id, name, format, size, spacing) = (scan.id, scan.name, scan.format, scan.size, scan.spacing)
        (bytes, digest, series, expires) = (scan.bytes, scan.digest, scan.series, scan.expires)
    }
}
