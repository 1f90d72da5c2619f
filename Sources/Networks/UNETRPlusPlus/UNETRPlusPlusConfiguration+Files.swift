public import Foundation
import Support

extension UNETRPlusPlusConfiguration {
    /// Reads a configuration file (JSON).
    /// - Throws: `ConfigurationError` for impossible settings, `FileError` for a file that is none.
    public init(contentsOf url: URL) throws {
        let data: Data
        do { data = try Data(contentsOf: url) } catch { throw FileError(path: url.path, problem: "the configuration cannot be read") }
        do { self = try JSONDecoder().decode(Self.self, from: data) } catch let error as DecodingError {
            let problem = switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context), .dataCorrupted(let context):
                context.codingPath.isEmpty ? "it is not a JSON object" : "field '\(context.codingPath[0].stringValue)' has another type than expected"
            @unknown default: "\(error)"
            }
            throw FileError(path: url.path, problem: "no configuration: \(problem)")
        }
    }
}
