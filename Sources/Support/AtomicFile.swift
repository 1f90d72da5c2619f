public import Foundation

/// Writing files so that a reader, or a killed program, never sees half of one.
public enum AtomicFile {
    /// Lets `write` fill a temporary file in the destination's folder, then renames it over the destination.
    ///
    /// If `write` throws, the temporary file is removed and an existing destination stays as it was.
    public static func write(to destination: URL, _ write: (URL) throws -> Void) throws {
        let folder = destination.deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let temporary = folder.appendingPathComponent(
            ".\(destination.lastPathComponent).\(ProcessInfo.processInfo.processIdentifier).partial")
        do {
            try write(temporary)
            try synchronise(temporary)
        } catch {
            try? FileManager.default.removeItem(at: temporary)
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
        try write(to: destination) { try data.write(to: $0) }
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
