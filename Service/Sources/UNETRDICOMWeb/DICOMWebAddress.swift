public import Foundation

/// Where the DICOMweb service of an archive is: what stands before `/studies` in its URLs.
public struct DICOMWebAddress: Hashable, Sendable, CustomStringConvertible {
    /// The service's URL, without a slash at its end.
    public let url: URL

    /// An address such as `https://pacs.example.org/dicom-web`.
    ///
    /// - Throws: `DICOMWebError` for text that is no such address. User names and passwords do not belong into it: others can read the
    ///   command lines of running programs.
    public init(_ text: String) throws {
        func refuse(_ reason: String) -> DICOMWebError { DICOMWebError(archive: "the archive", problem: .address(reason: reason)) }
        var trimmed = Substring(text)
        while trimmed.hasSuffix("/") { trimmed.removeLast() }
        guard let parts = URLComponents(string: String(trimmed)), let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme) else {
            throw refuse("its address does not begin with http:// or https://")
        }
        guard let host = parts.host, !host.isEmpty, let url = parts.url else { throw refuse("its address has no host") }
        guard parts.user == nil, parts.password == nil else { throw refuse("its address holds a user or a password") }
        guard parts.query == nil, parts.fragment == nil else { throw refuse("its address holds a question or a fragment") }
        guard parts.port.map({ (1...65535).contains($0) }) ?? true else { throw refuse("its port is not from 1 to 65535") }
        self.url = url
    }

    /// Whether what is sent there cannot be read on the way.
    var isPrivate: Bool { url.scheme?.lowercased() == "https" || Self.isThisMachine(url) }

    private static func isThisMachine(_ url: URL) -> Bool {
        let host = (url.host ?? "").lowercased().trimmingCharacters(in: ["[", "]"])
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost" || host == "::1" || numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }

    /// The URL of something below the service.
    ///
    /// - Parameters:
    ///   - path: such as `studies/1.2.3/series`.
    ///   - query: names and values, which may hold anything.
    func url(_ path: String, _ query: [(name: String, value: String)] = []) -> URL {
        let words = query.map { "\(Self.escaped($0.name))=\(Self.escaped($0.value))" }
        return URL(string: "\(url.absoluteString)/\(path)\(words.isEmpty ? "" : "?\(words.joined(separator: "&"))")") ?? url
    }

    private static let plain = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~,*")

    private static func escaped(_ text: String) -> String { text.addingPercentEncoding(withAllowedCharacters: plain) ?? "" }

    /// Whether two URLs lead to the same program: what may be told to one may be told to the other.
    static func isSameOrigin(_ one: URL, _ other: URL) -> Bool {
        func origin(_ url: URL) -> [String] {
            let scheme = url.scheme?.lowercased() ?? ""
            return [scheme, url.host?.lowercased() ?? "", String(url.port ?? (scheme == "https" ? 443 : 80))]
        }
        return origin(one) == origin(other)
    }

    /// The address as it was given.
    public var description: String { url.absoluteString }
}
