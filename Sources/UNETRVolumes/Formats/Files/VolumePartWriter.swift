import Foundation
import UNETRSupport

/// A file of float32 values that is filled part by part, in any order, without holding it in memory.
public final class VolumePartWriter: @unchecked Sendable {
    private let descriptor: Int32
    private let path: String
    private let start: Int

    /// Values of the whole file, channels × voxels.
    public let count: Int

    /// - Parameters:
    ///   - head: the bytes before the first value.
    ///   - path: the path that errors name.
    init(head: [UInt8], count: Int, in file: URL, shownAs path: String) throws {
        self.path = path
        self.count = count
        start = head.count
        if FaultInjection.strikes(.create, path) { throw Self.failure(path, errno) }
        descriptor = open(file.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure(path, errno) }
        // The room is taken now, so that a full disk is known before the work and not after.
        #if canImport(Glibc)
            let status = posix_fallocate(descriptor, 0, off_t(start + 4 * count))
        #else
            let status = ftruncate(descriptor, off_t(start + 4 * count)) == 0 ? 0 : errno
        #endif
        guard status == 0 else { throw Self.failure(path, status) }  // `deinit` closes the descriptor
        try head.withUnsafeBytes { try send($0, at: 0) }
    }

    deinit { close(descriptor) }

    /// Writes values from number `position` on of C-order [C, D, H, W]; what is never written is 0. Any thread may call it.
    /// - Throws: `VolumeError.cannotWrite`.
    public func write(_ values: UnsafeBufferPointer<Float>, at position: Int) throws {
        precondition(position >= 0 && position + values.count <= count, "values \(position)… of \(count)")
        try send(UnsafeRawBufferPointer(values), at: start + 4 * position)
    }

    private func send(_ bytes: UnsafeRawBufferPointer, at place: Int) throws {
        var done = 0
        while done < bytes.count {
            if FaultInjection.strikes(.write, path) { throw Self.failure(path, errno) }
            let written = pwrite(descriptor, bytes.baseAddress! + done, min(bytes.count - done, 1 << 30), off_t(place + done))
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw Self.failure(path, errno) }
            done += written
        }
    }

    private static func failure(_ path: String, _ code: Int32) -> VolumeError {
        .cannotWrite(path: path, reason: String(cString: strerror(code)))
    }
}
