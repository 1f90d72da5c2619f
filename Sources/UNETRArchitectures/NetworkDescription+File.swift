public import Foundation
import UNETRSupport

extension NetworkDescription {
    /// The network that a configuration file describes: `{"variant": "acdc", "classes": 4}`, or with the architecture around it,
    /// `{"architecture": "unetr-plus-plus", "configuration": {…}}`, or a whole plan, which has this under `network`.
    /// - Throws: `ConfigurationFileError`.
    public init(contentsOf url: URL) throws {
        let data: Data
        do { data = try InputFile.contents(of: url, most: 64 << 20) } catch let error as FileError {
            throw ConfigurationFileError(path: url.path, problem: "the file \(error.problem)")
        }
        struct Plan: Decodable {
            var network: NetworkDescription?
        }
        do {
            let plan: Plan = try JSONText.decode(from: data)
            self = try plan.network ?? JSONText.decode(from: data)
        } catch let error as ConfigurationError {
            throw ConfigurationFileError(path: url.path, problem: "\(error)")
        } catch let error as JSONProblem {
            throw ConfigurationFileError(path: url.path, problem: error.sentence)
        }
    }
}

/// A configuration file that cannot be read or describes no network.
public struct ConfigurationFileError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The file.
    public var path: String
    /// What is wrong with it.
    public var problem: String

    /// One sentence: what is wrong, where, and what to do.
    public var description: String { "\(path): \(problem)" }
}
