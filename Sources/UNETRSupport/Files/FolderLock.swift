public import Foundation

/// Keeps a folder for one user at a time, among all processes of the machine (and of others, on file systems that tell them).
///
/// The lock is on the file `.lock` in the folder, and advisory: it binds whoever asks for it. The system lifts it when the process ends, in
/// whatever way, so that nothing stale is left; the file stays.
public final class FolderLock: Sendable {
    private let descriptor: Int32

    /// Locks a folder, which is made where it is not there, until the object is gone.
    ///
    /// - Throws: `FolderInUse` when another has it, `FileError` when the system refuses. A file system that knows no locks locks nothing.
    public init(_ folder: URL) throws {
        try AtomicFile.makeFolder(folder)
        let path = folder.appendingPathComponent(".lock").path
        func failure() -> FileError { FileError(path: path, problem: "cannot be written: \(String(cString: strerror(errno)))") }
        if FaultInjection.strikes(.create, path) { throw failure() }
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw failure() }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK:
                // `deinit` closes the descriptor: it is the only property, and set.
                throw FolderInUse(path: folder.path, holder: Self.text(descriptor))
            case ENOLCK, ENOSYS, ENOTSUP, EOPNOTSUPP, EINVAL: return
            default: throw failure()
            }
        }
        // For the sentence that another process prints; the lock does not depend on it.
        let text = "process \(getpid()) on \(ProcessInfo.processInfo.hostName)"
        if ftruncate(descriptor, 0) == 0 { _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) } }
    }

    deinit { close(descriptor) }

    private static func text(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : "another process"
    }
}

/// A folder that another process, or another part of this one, is using.
public struct FolderInUse: Error, Equatable, CustomStringConvertible, Sendable {
    /// The folder.
    public var path: String
    /// Such as "process 4711 on host".
    public var holder: String

    /// One sentence: what is wrong, where, and what to do.
    public var description: String { "\(path) is in use by \(holder); wait until it has ended, or choose another folder" }
}
