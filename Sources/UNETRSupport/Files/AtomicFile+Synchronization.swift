import Foundation

extension AtomicFile {
    /// Forces the bytes of a file, or of all files in a folder, to the disk, so that the rename that follows cannot outrun them.
    static func synchronize(_ url: URL) throws {
        let descriptor = open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return }  // the writer made no file, which the rename will tell
        defer { close(descriptor) }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? [] {
                let inner = url.appendingPathComponent(name)
                // Links and pipes have no bytes of their own.
                let kind = (try? FileManager.default.attributesOfItem(atPath: inner.path))?[.type] as? FileAttributeType
                if kind == .typeRegular || kind == .typeDirectory { try synchronize(inner) }
            }
        }
        try flush(descriptor, url.path)
    }

    /// Forces a name in a folder to the disk.
    static func synchronizeEntry(_ folder: URL, of destination: URL) throws {
        let descriptor = open(folder.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }  // a folder that may be written into but not read
        defer { close(descriptor) }
        do { try flush(descriptor, folder.path) } catch let error as FileError {
            throw FileError(path: destination.path, problem: error.problem)
        }
    }

    private static func flush(_ descriptor: Int32, _ path: String) throws {
        if FaultInjection.strikes(.sync, path) || fsync(descriptor) != 0 {
            if errno == EINVAL || errno == ENOTSUP { return }  // a file system that knows no such thing
            throw FileError(path: path, problem: "cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}

extension FileError {
    /// The system's words for what went wrong, without Foundation's wrapping.
    public static func reason(_ error: any Error) -> String {
        let error = error as NSError
        let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
        return cause.domain == NSPOSIXErrorDomain ? String(cString: strerror(Int32(cause.code))) : error.localizedDescription
    }
}
