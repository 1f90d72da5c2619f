public import Foundation

extension NetworkDescription {
    /// The network that a configuration file describes: `{"variant": "acdc", "classes": 4}`, or with the architecture around it,
    /// `{"architecture": "unetr-plus-plus", "configuration": {…}}`, or a whole plan, which has this under `network`.
    /// - Throws: `ConfigurationFileError`.
    public init(contentsOf url: URL) throws {
        let data: Data
        do { data = try Data(contentsOf: url) } catch {
            throw ConfigurationFileError(path: url.path, problem: "the file cannot be read")
        }
        struct Shape: Decodable {
            var architecture: String?
            var network: NetworkDescription?
        }
        do {
            let shape = try JSONDecoder().decode(Shape.self, from: data)
            if let network = shape.network {
                self = network
            } else if shape.architecture != nil {
                self = try JSONDecoder().decode(NetworkDescription.self, from: data)
            } else {
                self = .unetrPlusPlus(try JSONDecoder().decode(UNETRPlusPlusConfiguration.self, from: data))
            }
        } catch let error as ConfigurationError {
            throw ConfigurationFileError(path: url.path, problem: "\(error)")
        } catch let error as DecodingError {
            throw ConfigurationFileError(path: url.path, problem: error.plainSentence)
        }
    }
}

/// A configuration file that cannot be read or describes no network.
public struct ConfigurationFileError: Error, Equatable, CustomStringConvertible, Sendable {
    public var path: String
    public var problem: String

    public var description: String { "\(path): \(problem)" }
}

extension DecodingError {
    fileprivate var plainSentence: String {
        func field(_ context: Context) -> String {
            let names = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
            return names.isEmpty ? "the file" : "the field \(names.joined(separator: ".").replacingOccurrences(of: ".[", with: "["))"
        }
        switch self {
        case .keyNotFound(let key, _): return "the field \(key.stringValue) is missing"
        case .typeMismatch(let type, let context): return "\(field(context)) is not of the expected kind (\(type))"
        case .valueNotFound(let type, let context): return "\(field(context)) is null, a value (\(type)) is expected"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty ? "the file is not JSON" : "\(field(context)): \(context.debugDescription)"
        @unknown default: return "the file cannot be understood"
        }
    }
}
