import Foundation
import Logging

/// Notes of the library as lines of talk on standard error.
struct TalkHandler: LogHandler {
    var logLevel = Logger.Level.notice
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        ProgressBar("", total: 0).say(event.level >= .warning ? "Warning: \(event.message)" : "\(event.message)")
    }
}

extension Logger {
    /// What commands give to the library.
    static var talk: Logger { Logger(label: "unetrpp") { _ in TalkHandler() } }

    /// Where another process says the same.
    static var silent: Logger { Logger(label: "unetrpp") { _ in SwiftLogNoOpLogHandler() } }
}
