public import Foundation

/// A file being written from front to back.
///
/// Small pieces are gathered; large ones (a tensor's bytes) go straight from where they lie to the system.
public final class OutputFile {
    private let path: String
    private let descriptor: Int32
    private var gathered: [UInt8] = []
    /// Bytes handed to the system so far.
    private var sent = 0
    /// Those of them that are on their way to the disk already.
    private var begun = 0
    /// Bytes written so far, gathered ones included.
    public private(set) var position = 0

    /// Makes a file, or empties the one that is there.
    ///
    /// - Parameter isNew: true: an existing file is refused.
    /// - Parameter url: the file.
    /// - Throws: `FileError` when the system refuses.
    public init(_ url: URL, isNew: Bool = false) throws {
        path = url.path
        if FaultInjection.strikes(.create, path) { throw Self.failure(path) }
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (isNew ? O_EXCL : O_TRUNC), 0o644)
        guard descriptor >= 0 else { throw Self.failure(path) }
    }

    deinit { close(descriptor) }

    /// Appends bytes.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        position += bytes.count
        if gathered.count + bytes.count <= 1 << 16 {
            gathered.append(contentsOf: bytes)
            return
        }
        try flush()
        try send(bytes)
    }

    /// Appends bytes.
    public func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

    /// Hands the gathered bytes to the system. Must be called last; what is written after it needs another call.
    public func flush() throws {
        try gathered.withUnsafeBytes { try send($0) }
        gathered.removeAll(keepingCapacity: true)
    }

    private func send(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            // Pieces, so that the disk begins with the first while the next is copied. (Linux takes at most 2 GiB at a time in any case.)
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.pieceSize))
            if FaultInjection.strikes(.write, path) { throw Self.failure(path) }
            let written = pwrite(descriptor, part.baseAddress, part.count, off_t(sent))
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw Self.failure(path) }
            rest = rest.dropFirst(written)
            sent += written
            beginStoring()
        }
    }

    private static let pieceSize = 8 << 20

    /// Lets the disk begin with what has come since the last time, without waiting for it: `AtomicFile`, which must wait at the end, then waits less.
    private func beginStoring() {
        guard sent - begun >= Self.pieceSize else { return }
        _ = Self.startWriting?(descriptor, off_t(begun), off_t(sent - begun), 2)  // SYNC_FILE_RANGE_WRITE
        begun = sent
    }

    private typealias StartWriting = @convention(c) (Int32, off_t, off_t, UInt32) -> Int32

    /// In Linux's C library, but not among the names that Swift sees. Whether it succeeds does not matter: what counts is the synchronization at the end.
    private static let startWriting: StartWriting? = {
        #if os(Linux)
            return dlsym(nil, "sync_file_range").map { unsafeBitCast($0, to: StartWriting.self) }
        #else
            return nil
        #endif
    }()

    private static func failure(_ path: String) -> FileError {
        FileError(path: path, problem: "cannot be written: \(String(cString: strerror(errno)))")
    }
}
