public import Foundation
import UNETRSupport
import UNETRVolumes

/// What was fetched.
public struct RetrievedObjects: Sendable, Equatable {
    /// The number of objects of each series, by its UID.
    public var series: [String: Int]
    /// Bytes of all.
    public var bytes: Int

    /// The number of all objects.
    public var count: Int { series.values.reduce(0, +) }
}

extension DICOMWebClient {
    /// Fetches a study, or one series of it, into a folder that appears as a whole or not at all: `FOLDER/SERIES/OBJECT.dcm`, named by UIDs.
    ///
    /// Objects go to the disk as they come, in the form in which the archive has them. Each is looked at, and all that the archive lists must
    /// have come: an answer that ends early, or leaves out objects without a word, is asked for again.
    ///
    /// - Parameters:
    ///   - study: its UID.
    ///   - series: only this one; nil: all.
    ///   - folder: takes the place of one that is there.
    ///   - report: gets the number of objects and bytes that have come, from time to time.
    /// - Throws: `DICOMWebError`; `FileError` where the disk refuses.
    public func retrieve(
        study: String, series wanted: String? = nil, into folder: URL, _ report: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> RetrievedObjects {
        do { if let wanted { _ = try DICOMWebProblem.checked(uid: wanted) } } catch { throw self.error(error) }
        let uids = try await series(of: study).map(\.uid).filter { $0 == wanted ?? $0 }
        guard !uids.isEmpty else { throw error(.notFound(what: wanted.map { "series \($0) in study \(study)" } ?? "study \(study)")) }
        var result = RetrievedObjects(series: [:], bytes: 0)
        try await AtomicFile.fill(folder) { temporary in
            for uid in uids {
                let (count, bytes) = (result.count, result.bytes)
                let objects = try await retrieve(uid, of: study, into: temporary) { report(count + $0, bytes + $1) }
                result.series[uid] = objects.received.count
                result.bytes += objects.bytes
            }
        }
        return result
    }

    /// One series: in one answer, and what that leaves out object by object.
    private func retrieve(_ series: String, of study: String, into folder: URL, _ report: @escaping (Int, Int) -> Void) async throws -> ReceivedObjects {
        let listed = try await objects(of: series, in: study)
        guard !listed.isEmpty else { throw error(.malformed(what: "series \(series) has no objects")) }
        var objects = try ReceivedObjects(folder.appendingPathComponent(series), study: study, series: series, report)
        let path = "studies/\(study)/series/\(series)"
        try await retrieve(path, into: &objects, name: "series \(series)")
        for instance in listed where !objects.received.contains(instance) {
            do { try await retrieve("\(path)/instances/\(instance)", into: &objects, name: "object") } catch let error as DICOMWebError {
                guard case .notFound = error.problem else { throw error }
                break
            }
        }
        let received = listed.filter(objects.received.contains).count
        guard received == listed.count else { throw error(.incomplete(series: series, listed: listed.count, received: received)) }
        return objects
    }

    private func retrieve(_ path: String, into objects: inout ReceivedObjects, name: String) async throws {
        // In whatever form it is stored: an archive asked for a certain one may try to convert, and fail.
        let accept = "multipart/related; type=\"application/dicom\"; transfer-syntax=*"
        try await connection.ask(connection.address.url(path), accept: accept, for: name) { answer in
            defer { objects.discard() }
            if answer.status != 204 { try await connection.parts(of: answer, to: &objects) }
        }
    }

    /// Whether an object in the archive is the same, to the byte, as a file.
    func hasSameBytes(_ name: DICOMObjectName, as file: URL) async throws -> Bool {
        let url = connection.address.url("studies/\(name.study)/series/\(name.series)/instances/\(name.instance)")
        let accept = "multipart/related; type=\"application/dicom\"; transfer-syntax=*"
        return try await connection.ask(url, accept: accept, for: "object \(name.instance)") { answer in
            var compared = ComparedObject(file)
            try await connection.parts(of: answer, to: &compared)
            return compared.isEqual
        }
    }
}
