import Foundation

/// How far a transfer is, on one line of a terminal; nothing elsewhere.
final class TransferProgress: @unchecked Sendable {
    private let word: String
    private let lock = NSLock()
    private let isShown = isatty(FileHandle.standardError.fileDescriptor) == 1
    private var last = Date.distantPast

    init(_ word: String) { self.word = word }

    func show(_ objects: Int, bytes: Int? = nil) {
        lock.withLock {
            guard isShown, -last.timeIntervalSinceNow > 0.1 else { return }
            last = Date()
            let amount = bytes.map { ", \($0 >> 20) MB" } ?? ""
            FileHandle.standardError.write(Data("\r\u{1B}[K\(objects) objects \(word)\(amount)".utf8))
        }
    }

    func end() { if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) } }
}
