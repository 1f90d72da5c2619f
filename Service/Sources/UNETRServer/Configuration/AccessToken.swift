public import Foundation
import UNETRSupport

/// What a client shows to be let in.
public struct AccessToken: Sendable {
    /// Whose it is: what its jobs and scans belong to.
    public var name: String
    /// Only the digest is kept, so that neither a log nor a dump of the memory tells the token.
    private var digest: [UInt8]

    /// The fewest characters of a token.
    static let leastCharacters = 16

    /// A token and whose it is.
    public init(name: String, token: String) {
        self.name = name
        digest = Array(SHA256Digest(of: Data(token.utf8)).text.utf8)
    }

    /// Whether this is the token. Takes as long for any other, wherever that differs.
    func isSame(as token: some StringProtocol) -> Bool {
        let other = Array(SHA256Digest(of: Data(token.utf8)).text.utf8)
        return zip(digest, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// The one of several that a client shows; all are compared.
    static func matching(_ token: some StringProtocol, in tokens: [AccessToken]) -> AccessToken? {
        tokens.reduce(nil as AccessToken?) { found, known in known.isSame(as: token) ? known : found }
    }

    /// Reads a file: a line for each token, `TOKEN` or `NAME:TOKEN`. Empty lines and those that begin with # are not.
    ///
    /// - Throws: `ConfigurationError`.
    public static func read(_ url: URL) throws -> [AccessToken] {
        let data: Data
        do { data = try InputFile.contents(of: url, most: 1 << 20) } catch let error as FileError { throw ConfigurationError(file: url, error.problem) }
        let lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
        let tokens = try lines.filter { !$0.isEmpty && !$0.hasPrefix("#") }.map { line in
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            let token = parts[parts.count - 1]
            guard token.count >= leastCharacters, token.allSatisfy({ $0.isASCII && !$0.isWhitespace }) else {
                throw ConfigurationError(file: url, "has a token of fewer than \(leastCharacters) characters, or with others than letters, digits and signs")
            }
            return AccessToken(name: parts.count == 2 ? parts[0] : "token", token: token)
        }
        guard !tokens.isEmpty else { throw ConfigurationError(file: url, "has no token") }
        return tokens
    }
}
