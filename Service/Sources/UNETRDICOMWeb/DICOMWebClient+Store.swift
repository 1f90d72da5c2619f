import Foundation
import UNETRSupport
import UNETRVolumes

extension DICOMWebClient {
    /// So many bytes, or objects, go into one request.
    private static let longestBatch = 64 << 20
    private static let largestBatch = 200

    /// Sends objects, and finds out what became of each: the archive must say that it has it, and list it afterwards.
    ///
    /// Objects that it has already are sent all the same, which does no harm.
    ///
    /// - Parameters:
    ///   - files: the objects.
    ///   - verify: also get each one back and compare the bytes. An archive may change elements of what it is sent.
    ///   - report: gets the number of objects that were sent, from time to time.
    /// - Returns: what became of each, in the order of the files.
    /// - Throws: `DICOMWebError` where the archive does not answer as it must, `FileError` for a file that cannot be read any more.
    public func store(_ files: [ObjectFile], verify: Bool = false, _ report: @Sendable (Int) -> Void = { _ in }) async throws -> [SentObject] {
        var sent: [SentObject] = []
        for batch in Self.batches(files) {
            let answer = try await send(batch)
            sent += batch.map { SentObject(instance: $0.name.instance, outcome: answer.outcome(of: $0.name.instance)) }
            report(sent.count)
        }
        try await check(&sent, files)
        if verify {
            for index in sent.indices where sent[index].hasArrived {
                if try await !hasSameBytes(files[index].name, as: files[index].url) { sent[index].outcome = .differs }
            }
        }
        return sent
    }

    private static func batches(_ files: [ObjectFile]) -> [[ObjectFile]] {
        var batches: [[ObjectFile]] = [], bytes = 0
        for file in files {
            if let last = batches.last, last.count < largestBatch, bytes + file.length <= longestBatch {
                batches[batches.count - 1].append(file)
                bytes += file.length
            } else {
                batches.append([file])
                bytes = file.length
            }
        }
        return batches
    }

    private func send(_ batch: [ObjectFile]) async throws -> StoreAnswer {
        let body = MultipartBody(files: batch.map { ($0.url, $0.length) }, boundary: MultipartBody.newBoundary())
        let content = DICOMWebConnection.Content(
            type: "multipart/related; type=\"application/dicom\"; boundary=\(body.boundary)", length: body.length, bytes: { body })
        // 409: none was stored, and the answer says why.
        return try await connection.ask(
            connection.address.url("studies"), accept: "application/dicom+json", sending: content, for: "place for objects at this address", alsoReads: [409]
        ) { StoreAnswer(try await connection.objects(of: $0)) }
    }

    /// Looks for those that are said to be stored. An archive may need a moment until it lists them.
    private func check(_ sent: inout [SentObject], _ files: [ObjectFile]) async throws {
        let groups = Dictionary(grouping: sent.indices.filter { sent[$0].hasArrived }) { [files[$0].name.study, files[$0].name.series] }
        for (place, indices) in groups.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            var missing = indices
            for attempt in 0...connection.settings.retries {
                if attempt > 0 { try await Task.sleep(for: .seconds(connection.settings.pause * Double(1 << min(attempt - 1, 6)))) }
                var listed: Set<String> = []
                do { listed = Set(try await objects(of: place[1], in: place[0])) } catch let error as DICOMWebError {
                    guard case .notFound = error.problem else { throw error }
                }
                missing = missing.filter { !listed.contains(sent[$0].instance) }
                if missing.isEmpty { break }
            }
            for index in missing { sent[index].outcome = .absent }
        }
    }
}
