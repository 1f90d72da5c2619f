import Foundation
import UNETRSupport

/// Progress on standard error: one line that moves on a terminal, plain lines elsewhere. Any thread may report.
final class ProgressBar: @unchecked Sendable {
    private let lock = NSLock()
    private var done = 0
    private let isTerminal = isatty(2) != 0
    private let title: String
    private let total: Int
    private let start = Date()
    private var lastPlain = Date.distantPast

    init(_ title: String, total: Int) {
        self.title = title
        self.total = total
    }

    /// Shows that one more is done.
    func advance(_ note: String = "") { lock.withLock { show(done + 1, note) } }

    /// Shows that `done` of the total are done.
    func update(_ done: Int, _ note: String = "") { lock.withLock { show(done, note) } }

    private func show(_ done: Int, _ note: String) {
        self.done = done
        let elapsed = max(1e-9, -start.timeIntervalSinceNow)
        let rate = Double(done) / elapsed
        let left = done == 0 ? "" : ", \(Self.duration(Double(total - done) / rate)) left"
        let figures = "\(done)/\(total), \(Self.rate(rate))\(left)\(note.isEmpty ? "" : ", \(note)")"
        if isTerminal {
            let width = 24
            let filled = total == 0 ? width : width * done / total
            write("\r\u{1B}[K\(title) [\(String(repeating: "█", count: filled))\(String(repeating: "░", count: width - filled))] \(figures)")
            if done == total { write("\n") }
        } else if -lastPlain.timeIntervalSinceNow > 10 || done == total {
            lastPlain = Date()
            write("\(title): \(figures)\n")
        }
    }

    /// Writes a line of talk.
    func say(_ line: String) {
        lock.withLock { write(isTerminal ? "\r\u{1B}[K\(line)\n" : "\(line)\n") }
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

    private static func rate(_ perSecond: Double) -> String {
        perSecond >= 1 ? String(format: "%.1f/s", perSecond) : String(format: "%.1f s each", 1 / perSecond)
    }

    static func duration(_ seconds: Double) -> String {
        let whole = Int(clampingRounded: seconds) ?? 0
        if whole >= 3600 { return "\(whole / 3600) h \(whole % 3600 / 60) min" }
        return whole >= 60 ? "\(whole / 60) min \(whole % 60) s" : "\(whole) s"
    }
}
