public import Foundation

/// Writing files so that a reader, or a killed program, never sees half of one.
public enum AtomicFile {
    /// Lets `write` fill a temporary file in the destination's folder, then renames it over the destination.
    ///
    /// If `write` throws, the temporary file is removed and an existing destination stays as it was.
    public static func write(to destination: URL, _ write: (URL) throws -> Void) throws {
        let folder = destination.deletingLastPathComponent()
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw FileError(path: folder.path, problem: "the folder cannot be made: \(reason(error))")
        }
        let temporary = folder.appendingPathComponent(
            ".\(destination.lastPathComponent).\(ProcessInfo.processInfo.processIdentifier).partial")
        PartialFiles.begin(temporary)
        defer { PartialFiles.end(temporary) }
        do {
            try write(temporary)
            try synchronise(temporary)
        } catch {
            try? FileManager.default.removeItem(at: temporary)
            // The temporary file means nothing to a reader, and is gone.
            if let error = error as? FileError, error.path == temporary.path {
                throw FileError(path: destination.path, problem: error.problem)
            }
            throw error
        }
        guard rename(temporary.path, destination.path) == 0 else {
            let reason = String(cString: strerror(errno))
            try? FileManager.default.removeItem(at: temporary)
            throw FileError(path: destination.path, problem: "cannot be replaced: \(reason)")
        }
    }

    /// Replaces the destination with `data`.
    public static func write(_ data: Data, to destination: URL) throws {
        try write(to: destination) { temporary in
            let file = try OutputFile(temporary)
            try data.withUnsafeBytes(file.write)
            try file.flush()
        }
    }

    /// The system's words for what went wrong, without the wrapping.
    private static func reason(_ error: any Error) -> String {
        let error = error as NSError
        let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
        return cause.domain == NSPOSIXErrorDomain ? String(cString: strerror(Int32(cause.code))) : error.localizedDescription
    }

    /// Forces the file's bytes to the disk, so that the rename that follows cannot outrun them.
    private static func synchronise(_ file: URL) throws {
        let descriptor = open(file.path, O_RDONLY)
        guard descriptor >= 0 else { return }  // a folder or a pair of files: the writer named its own files
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw FileError(path: file.path, problem: "cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}

/// A file that cannot be read or written.
public struct FileError: Error, CustomStringConvertible, Equatable, Sendable {
    public var path: String
    public var problem: String

    public init(path: String, problem: String) {
        self.path = path
        self.problem = problem
    }

    public var description: String { "\(path): \(problem)" }
}
