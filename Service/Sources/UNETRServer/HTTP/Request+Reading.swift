import Foundation
import HTTPTypes
import Hummingbird
import UNETRSupport

extension Request {
    /// A parameter of the query, in which a plus sign stands for a space, as in forms.
    func query(_ name: String) -> String? {
        for pair in (uri.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(Self.decoded)
            if parts[0] == name { return parts.count == 2 ? parts[1] : "" }
        }
        return nil
    }

    private static func decoded(_ text: Substring) -> String {
        let plain = text.replacingOccurrences(of: "+", with: " ")
        return plain.removingPercentEncoding ?? plain
    }

    /// A number of the query.
    /// - Throws: `APIError` for any other text, or a number out of range.
    func query(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = query(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw APIError(
                .unprocessableContent, "bad_parameter", field: name, "\(name) is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A JSON body.
    /// - Throws: `APIError` for any other.
    func json<Value: Decodable>(_: Value.Type, _ limits: Upload.Limits) async throws -> Value {
        let type = headers[.contentType]?.split(separator: ";").first?.trimmingCharacters(in: .whitespaces).lowercased()
        guard type == "application/json" else {
            throw APIError(.unsupportedMediaType, "not_json", field: "Content-Type", "the body's type is not application/json")
        }
        let data = try await Upload.receive(self, most: 1 << 16, limits)
        do { return try JSONText.decode(from: data) } catch {
            throw APIError(.unprocessableContent, "bad_body", "\(error)".replacingOccurrences(of: "the file", with: "the body"))
        }
    }
}

extension Response {
    /// A file, under a name that it can be saved by.
    static func file(_ url: URL, type: String, name: String? = nil, _ context: ServerContext) async throws -> Response {
        var headers: HTTPFields = [.contentType: type]
        if let name { headers[.contentDisposition] = "attachment; filename=\"\(name)\"" }
        return Response(status: .ok, headers: headers, body: try await FileIO().loadFile(path: url.path, context: context))
    }
}
