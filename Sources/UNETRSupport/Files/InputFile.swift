public import Foundation

/// A regular file being read from front to back.
///
/// Folders, named pipes, sockets and devices are refused before anything is read: a pipe that nobody writes to would be waited for
/// without end, and a device need not have one.
public final class InputFile {
    /// The file.
    public let path: String
    /// The file's size in bytes when it was opened.
    public let size: Int
    private let descriptor: Int32

    /// - Throws: `FileError` when there is no such file, it may not be read, or it is no regular file.
    public init(_ url: URL) throws {
        path = url.path
        // Without O_NONBLOCK the system waits at a named pipe until somebody opens its other end.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.failure(path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let failure = Self.failure(path)
            close(descriptor)
            throw failure
        }
        size = Int(status.st_size)
        guard status.st_mode & S_IFMT == S_IFREG else {
            // All properties are set, so `deinit` closes the descriptor. Closed twice, it could be another thread's by then.
            throw FileError(path: path, problem: "is \(Self.kind(status.st_mode)), not a regular file; give the path of a file")
        }
    }

    deinit { close(descriptor) }

    /// Calls `body` with the descriptor, which stays this object's.
    public func withDescriptor<Result>(_ body: (Int32) throws -> Result) rethrows -> Result { try body(descriptor) }

    /// Reads up to `buffer.count` bytes; returns how many there were, 0 at the end.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = Foundation.read(descriptor, buffer.baseAddress, min(buffer.count, 1 << 30))
            if count >= 0 { return count }
            if errno != EINTR { throw Self.failure(path) }
        }
    }

    /// The whole contents.
    ///
    /// - Parameter most: a longer file is refused: what is small by its nature (a description, a plan) is not read into memory without limit.
    /// - Parameter url: a regular file.
    public static func contents(of url: URL, most: Int = 1 << 30) throws -> Data {
        let file = try InputFile(url)
        func tooLong(_ size: Int) -> FileError {
            FileError(path: url.path, problem: "has \(size) bytes; a file of this kind has at most \(most)")
        }
        guard file.size <= most else { throw tooLong(file.size) }
        var data = Data(count: file.size)
        var position = 0
        while position < data.count {
            let count = try data.withUnsafeMutableBytes { try file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[position...])) }
            if count == 0 { break }
            position += count
        }
        return data.prefix(position)
    }

    /// Refuses what is not a readable regular file, without keeping it open.
    public static func check(_ url: URL) throws { _ = try InputFile(url) }

    private static func kind(_ mode: mode_t) -> String {
        switch mode & S_IFMT {
        case S_IFDIR: "a folder"
        case S_IFIFO: "a named pipe"
        case S_IFSOCK: "a socket"
        case S_IFCHR, S_IFBLK: "a device"
        default: "something else"
        }
    }

    private static func failure(_ path: String) -> FileError {
        FileError(path: path, problem: "cannot be read: \(String(cString: strerror(errno)))")
    }
}
