public import Foundation
import UNETRSupport

/// Requests and events as lines of JSON.
public enum WorkerLine {
    /// No line is longer: the longest tells what all models of a worker are.
    public static let mostBytes = 64 << 20

    /// A message with the line end behind it.
    public static func encode(_ message: some Encodable) throws -> Data { try JSONText.encode(message, .line) + Data("\n".utf8) }

    /// Reads a line without its end.
    /// - Throws: `JSONProblem`.
    public static func decode<Message: Decodable>(_: Message.Type = Message.self, from line: Data) throws -> Message { try JSONText.decode(from: line) }
}
