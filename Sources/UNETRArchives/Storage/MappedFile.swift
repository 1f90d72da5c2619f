public import Foundation
import UNETRSupport

/// A file seen as memory: its pages are read when they are touched, and dropped by the system when memory is short.
///
/// The file must not be shortened while it is mapped; writing through `AtomicFile`, which replaces files, is safe.
public final class MappedFile: ByteOwner, @unchecked Sendable {
    private let memory: UnsafeRawBufferPointer

    /// - Throws: `FileError` when the file is missing, unreadable or not a regular file.
    public init(_ url: URL) throws {
        func failure(_ action: String) -> FileError {
            FileError(path: url.path, problem: "cannot be \(action): \(String(cString: strerror(errno)))")
        }
        let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("opened") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("examined") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(path: url.path, problem: "is not a regular file; give the path of a file")
        }
        let size = Int(status.st_size)
        if size == 0 {  // an empty file cannot be mapped
            memory = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw failure("mapped")
        }
        memory = UnsafeRawBufferPointer(start: start, count: size)
    }

    deinit {
        if let start = memory.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), memory.count) }
    }

    /// The size of the file in bytes.
    public var count: Int { memory.count }

    /// All bytes of the file.
    public var bytes: StoredBytes { StoredBytes(owner: self, range: 0..<count) }

    /// Calls `body` with all bytes of the file. The pointer is valid only during the call.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(memory)
    }
}
