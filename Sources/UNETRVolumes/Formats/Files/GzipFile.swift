import CZlib
import Foundation
import UNETRSupport

/// A file read from front to back, decompressed on the way if it is gzipped (told by its first bytes, not by its name).
final class GzipReader: VoxelSource {
    let path: String
    let fileBytes: Int
    let isCompressed: Bool
    private let file: gzFile

    init(_ url: URL) throws {
        path = url.path
        let target = url.resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: target) else {
            throw VolumeError.cannotOpen(path: path, reason: "no such file")
        }
        guard attributes[.type] as? FileAttributeType != .typeDirectory else {
            throw VolumeError.cannotOpen(path: path, reason: "it is a folder")
        }
        // A named pipe that nobody writes to would be waited for without end.
        do { try InputFile.check(url) } catch let error as FileError { throw VolumeError.cannotOpen(path: path, reason: error.problem) }
        guard let file = gzopen(path, "rb") else {
            throw VolumeError.cannotOpen(path: path, reason: String(cString: strerror(errno)))
        }
        gzbuffer(file, 1 << 17)
        self.file = file
        fileBytes = (attributes[.size] as? NSNumber)?.intValue ?? 0
        isCompressed = gzdirect(file) == 0
    }

    deinit { gzclose(file) }

    /// Whether a file of this size can hold so many bytes.
    func canHold(_ bytes: Int) -> Bool {
        guard isCompressed else { return bytes <= fileBytes }
        return bytes / Self.greatestRatio <= fileBytes
    }

    /// Fills the buffer as far as the file goes and returns how many bytes it got.
    ///
    /// - Throws: `VolumeError.damaged` if the compressed data is broken.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = 0
        while filled < buffer.count {
            let wanted = min(buffer.count - filled, 1 << 30)
            let got = gzread(file, buffer.baseAddress! + filled, UInt32(wanted))
            guard got >= 0 else { throw VolumeError.damaged(path: path, reason: lastError) }
            if got == 0 {
                // zlib hands out what it could unpack and only then tells that the stream stops before its end.
                guard errorCode != Z_BUF_ERROR else { throw VolumeError.damaged(path: path, reason: "it stops before its end") }
                break
            }
            filled += Int(got)
        }
        return filled
    }

    /// Reads a little further, so that zlib gets to compare the checksum if the data ends here.
    func checkEnd() throws {
        if isCompressed { _ = try skip(1 << 16) }
    }

    private var errorCode: Int32 {
        var code: Int32 = 0
        _ = gzerror(file, &code)
        return code
    }

    private var lastError: String {
        var code: Int32 = 0
        guard let text = gzerror(file, &code) else { return "zlib error \(code)" }
        let message = String(cString: text)
        // zlib puts the path before its message.
        return message.hasPrefix(path + ": ") ? String(message.dropFirst(path.count + 2)) : message
    }
}

/// A file written from front to back, gzipped or plain. The same bytes in give the same file: it holds no time and no name.
final class GzipWriter {
    private let path: String
    private var file: gzFile?

    /// - Parameter shownAs: the path that errors name; the file's own when nil.
    init(path: String, compress: Bool, shownAs shown: String? = nil) throws {
        self.path = shown ?? path
        guard !FaultInjection.strikes(.create, path), let file = gzopen(path, compress ? "wb6" : "wbT") else {
            throw VolumeError.cannotWrite(path: self.path, reason: String(cString: strerror(errno)))
        }
        gzbuffer(file, 1 << 17)
        self.file = file
    }

    deinit { if let file { gzclose(file) } }

    func write(_ buffer: UnsafeRawBufferPointer) throws {
        var done = 0
        while done < buffer.count {
            let part = min(buffer.count - done, 1 << 30)
            guard !FaultInjection.strikes(.write, path), gzwrite(file, buffer.baseAddress! + done, UInt32(part)) == Int32(part) else {
                throw VolumeError.cannotWrite(path: path, reason: String(cString: strerror(errno)))
            }
            done += part
        }
    }

    /// Writes what is left and closes the file; without this call the file is not complete.
    func finish() throws {
        guard let open = file else { return }
        file = nil
        let fails = FaultInjection.strikes(.write, path)
        let code = errno
        guard gzclose(open) == Z_OK, !fails else {
            if fails { errno = code }
            throw VolumeError.cannotWrite(path: path, reason: String(cString: strerror(errno)))
        }
    }
}
