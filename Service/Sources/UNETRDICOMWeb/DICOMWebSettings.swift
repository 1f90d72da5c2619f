public import Foundation
import UNETRSupport

/// What an archive wants to know of who asks. It never shows itself in text.
public enum DICOMWebCredentials: Sendable, CustomStringConvertible, CustomReflectable {
    /// A user and a password, sent with each request (HTTP basic authentication).
    case basic(user: String, password: String)
    /// A token that somebody issued (bearer authentication, as of OAuth 2).
    case bearer(token: String)

    /// The value of the header `Authorization`.
    var authorization: String {
        switch self {
        case .basic(let user, let password): "Basic \(Data("\(user):\(password)".utf8).base64EncodedString())"
        case .bearer(let token): "Bearer \(token)"
        }
    }

    /// A secret alone in a file: its first line.
    ///
    /// - Throws: `DICOMWebError` for a file with none, or with what no secret holds; `FileError` where it cannot be read.
    public static func secret(in file: URL) throws -> String {
        let data = try InputFile.contents(of: file, most: 1 << 16)
        let line = data.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false).first ?? Data()
        let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: ["\r"])
        guard !text.isEmpty else { throw DICOMWebError(archive: "the credentials", problem: .settings(path: file.path, reason: "the first line is empty")) }
        return text
    }

    /// Whether they can stand in a header.
    var areSendable: Bool {
        switch self {
        case .basic(let user, _): !user.contains(":") && !user.isEmpty
        case .bearer(let token): !token.isEmpty && token.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        }
    }

    /// Only which kind they are.
    public var description: String {
        switch self {
        case .basic: "user and password"
        case .bearer: "token"
        }
    }

    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// How a client deals with an archive.
public struct DICOMWebSettings: Sendable {
    /// What the archive wants to know; nil: nothing.
    public var credentials: DICOMWebCredentials?
    /// Whether credentials may be sent unencrypted to another machine.
    public var allowsOpenCredentials = false
    /// A file with the certificates (PEM) of who may vouch for the archive, instead of the system's.
    public var authorities: URL?
    /// How long nothing may come, in seconds. Also how long a connection may take.
    public var timeout = 60
    /// How often something is tried again that may go better next time.
    public var retries = 3
    /// How often an archive may send a question on.
    public var redirects = 5
    /// The first pause before a new try, in seconds; each of the following is twice as long.
    public var pause = 0.5

    /// No credentials, and the usual patience.
    public init() {}

    /// How long an answer to a search or to sent objects may be, in bytes.
    static let longestAnswer = 64 << 20
    /// No pause is longer, in seconds.
    static let longestPause = 60.0
    /// Slower than this, in bytes in the time of `timeout`, counts as nothing: an archive must not hold a program up by single bytes.
    static let leastBytes = 1024
}
