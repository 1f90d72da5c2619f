import Foundation
import Logging

/// A logger that keeps what it is told.
final class Notes: @unchecked Sendable {
    private let lock = NSLock()
    private var kept: [String] = []

    /// Each line with its level: "notice: …".
    var lines: [String] { lock.withLock { kept } }

    var logger: Logger { Logger(label: "test") { [self] _ in Handler(notes: self) } }

    private struct Handler: LogHandler {
        let notes: Notes
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { notes.lock.withLock { notes.kept.append("\(event.level): \(event.message)") } }
    }
}
