public import Foundation
import UNETRSupport

/// A NIfTI file of float32 values that is filled part by part, in any order, without holding it in memory.
public final class NIfTIPartWriter: @unchecked Sendable {
    private let descriptor: Int32
    private let path: String
    private let start: Int

    /// Values of the whole file, channels × voxels.
    public let count: Int

    fileprivate init(_ header: NIfTIHeader, count: Int, in file: URL, shownAs path: String) throws {
        self.path = path
        self.count = count
        let head = header.encoded()
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
        guard status == 0 else {
            close(descriptor)
            throw Self.failure(path, status)
        }
        try head.withUnsafeBytes { try send($0, at: 0) }
    }

    deinit { close(descriptor) }

    /// Writes values from number `position` on of C-order [C, D, H, W]; what is never written is 0. Any thread may call it.
    /// - Throws: `NIfTIError.cannotWrite`.
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

    private static func failure(_ path: String, _ code: Int32) -> NIfTIError {
        .cannotWrite(path: path, reason: String(cString: strerror(code)))
    }
}

extension NIfTI {
    /// Writes float32 values [channels, D, H, W] that `body` hands over part by part; what it leaves out is 0.
    ///
    /// The name must end in `.nii`: parts cannot be put into a compressed file. The file appears only when `body` has ended.
    /// - Throws: `NIfTIError`, `FileError`, and what `body` throws.
    public static func writeParts(
        channels: Int, geometry: Geometry, like header: NIfTIHeader? = nil, to url: URL, _ body: (NIfTIPartWriter) throws -> Void
    ) throws {
        guard url.lastPathComponent.lowercased().hasSuffix(".nii") else {
            throw NIfTIError.unknownExtension(path: url.path, allowed: [".nii"])
        }
        let header = try outputHeader(geometry, channels: channels, like: header, datatype: .float32, path: url.path)
        try AtomicFile.write(to: url) { temporary in
            try body(NIfTIPartWriter(header, count: channels * geometry.count, in: temporary, shownAs: url.path))
        }
    }
}
