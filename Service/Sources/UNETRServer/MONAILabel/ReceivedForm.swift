import Foundation
import HTTPTypes
import Hummingbird
import UNETRDICOMWeb
import UNETRSupport

/// A form with files (multipart/form-data), as MONAI Label's clients send it. Files go to the disk as they come.
struct ReceivedForm: Sendable {
    struct File: Sendable {
        /// The name that the client gave, made harmless.
        var name: String
        var url: URL
        var upload: Upload
    }

    var fields: [String: String] = [:]
    var files: [String: File] = [:]

    private static let longestField = 1 << 20
    private static let mostParts = 16

    /// Takes a form in; its files are to be moved or removed by whoever called.
    ///
    /// - Throws: `APIError` for what is no such form.
    static func receive(_ request: Request, _ store: Store, _ limits: Upload.Limits) async throws -> ReceivedForm {
        guard let type = request.headers[.contentType].flatMap({ UNETRDICOMWeb.MediaType($0) }), type.name == "multipart/form-data",
            let boundary = type.parameters["boundary"], let receiver = try? Receiver(boundary, store)
        else { throw APIError(.unsupportedMediaType, "not_a_form", field: "Content-Type", "the body's type is not multipart/form-data with a boundary") }
        do {
            _ = try await Upload.write(request.body, limits) { part in try part.withUnsafeBytes { try receiver.take($0) } }
            return try receiver.finish()
        } catch {
            receiver.discard()
            guard let problem = error as? MultipartParser.Problem else { throw error }
            let reason = if case .malformed(let text) = problem { text } else { "it ends before its last boundary" }
            throw APIError(.unprocessableContent, "bad_form", "the form cannot be read: \(reason)")
        }
    }

    func discard() { for file in files.values { try? FileManager.default.removeItem(at: file.url) } }

    /// One part after the other, from whichever thread.
    private final class Receiver: @unchecked Sendable {
        private let store: Store
        private let lock = NSLock()
        private var parser: MultipartParser
        private var form = ReceivedForm()
        private var parts = 0
        private var name = ""
        private var text = Data()
        private var file: (name: String, url: URL, handle: FileHandle, hasher: SHA256Digest.Hasher, bytes: Int)?

        init(_ boundary: String, _ store: Store) throws {
            self.store = store
            parser = try MultipartParser(boundary: boundary)
        }

        func take(_ bytes: UnsafeRawBufferPointer) throws {
            try lock.withLock {
                var parser = parser
                defer { self.parser = parser }
                try parser.take(bytes) { try take($0) }
            }
        }

        func finish() throws -> ReceivedForm {
            try lock.withLock {
                try parser.finish()
                return form
            }
        }

        func discard() {
            lock.withLock {
                form.discard()
                guard let file else { return }
                try? file.handle.close()
                try? FileManager.default.removeItem(at: file.url)
            }
        }

        private func take(_ event: MultipartParser.Event) throws {
            switch event {
            case .begin(let headers):
                parts += 1
                guard parts <= mostParts else { throw MultipartParser.Problem.malformed("it has more than \(mostParts) parts") }
                let disposition = headers["content-disposition"] ?? ""
                guard let name = disposition.firstMatch(of: /[; ]name="([^"]*)"/)?.1 else { throw MultipartParser.Problem.malformed("a part has no name") }
                (self.name, text) = (String(name), Data())
                guard let given = disposition.firstMatch(of: /filename="([^"]*)"/)?.1 else { return }
                let url = store.incoming()
                try PrivateFolder.makeFile(url)
                file = (FileName.shown(String(given)), url, try FileHandle(forWritingTo: url), SHA256Digest.Hasher(), 0)
            case .bytes(let bytes):
                guard file != nil else {
                    guard text.count + bytes.count <= longestField else { throw MultipartParser.Problem.malformed("a field is longer than a megabyte") }
                    return text.append(contentsOf: bytes)
                }
                file?.hasher.add(bytes)
                file?.bytes += bytes.count
                do { try file?.handle.write(contentsOf: Data(bytes)) } catch { throw Upload.full(error) }
            case .end:
                guard let file else {
                    form.fields[name] = String(decoding: text, as: UTF8.self)
                    return
                }
                try file.handle.close()
                if let earlier = form.files[name] { try? FileManager.default.removeItem(at: earlier.url) }
                form.files[name] = File(name: file.name, url: file.url, upload: Upload(bytes: file.bytes, digest: file.hasher.finish().text))
                self.file = nil
            }
        }
    }
}
