import Foundation

/// Counts what several threads finish, and reports it one call at a time.
final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private let count: Int
    private let report: @Sendable (Int, Int) throws -> Void
    private var done = 0

    init(of count: Int, _ report: @escaping @Sendable (Int, Int) throws -> Void) { (self.count, self.report) = (count, report) }

    func advance() throws {
        try lock.withLock {
            done += 1
            try report(done, count)
        }
    }
}
