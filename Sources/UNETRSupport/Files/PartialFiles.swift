public import Foundation

/// The files and folders this process has begun and not finished: what a process that ends at once must take away.
public enum PartialFiles {
    private static let shared = List()

    /// Notes that `url` is being written. Blocks for good once `removeAll()` was called: the process is about to end.
    public static func begin(_ url: URL) { shared.lock.withLock { _ = shared.paths.insert(url.path) } }

    /// Notes that `url` was moved to its place, or removed.
    public static func end(_ url: URL) { shared.lock.withLock { _ = shared.paths.remove(url.path) } }

    /// Removes all of them. Only for a process that ends directly afterwards: nobody can begin another file from here on.
    public static func removeAll() {
        shared.lock.lock()
        for path in shared.paths { try? FileManager.default.removeItem(atPath: path) }
    }

    private final class List: @unchecked Sendable {
        let lock = NSLock()
        var paths: Set<String> = []
    }
}
