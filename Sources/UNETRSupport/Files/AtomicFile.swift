public import Foundation

/// Writing files so that a reader, or a killed program, never sees half of one.
public enum AtomicFile {
    /// Lets `write` fill a temporary file (or folder) in the destination's folder, then puts it in the destination's place.
    ///
    /// If `write` throws, the temporary file is removed and an existing destination stays as it was. A folder takes the place of a folder
    /// as a whole (see `exchange`). When this returns, the file outlasts a loss of power.
    ///
    /// - Throws: what `write` throws; `FileError` when the system refuses.
    public static func write(to destination: URL, _ write: (URL) throws -> Void) throws {
        let temporary = try begin(destination)
        defer { PartialFiles.end(temporary) }
        do {
            try write(temporary)
            try finish(temporary, destination)
        } catch { throw giveUp(temporary, destination, error) }
        try synchronizeEntry(destination.deletingLastPathComponent(), of: destination)
    }

    /// Does what `write(to:_:)` does, for what has to be waited for.
    ///
    /// - Throws: what `write` throws, `CancellationError` among them; `FileError` when the system refuses.
    public static func fill(_ destination: URL, _ write: (URL) async throws -> Void) async throws {
        let temporary = try begin(destination)
        defer { PartialFiles.end(temporary) }
        do {
            try await write(temporary)
            try finish(temporary, destination)
        } catch { throw giveUp(temporary, destination, error) }
        try synchronizeEntry(destination.deletingLastPathComponent(), of: destination)
    }

    /// The temporary name, noted so that an interrupted process takes it away.
    private static func begin(_ destination: URL) throws -> URL {
        let folder = destination.deletingLastPathComponent()
        try makeFolder(folder)
        removeAbandonedOnce(in: folder)
        let temporary = TemporaryName.next(for: destination)
        PartialFiles.begin(temporary)
        return temporary
    }

    private static func finish(_ temporary: URL, _ destination: URL) throws {
        try synchronize(temporary)
        try put(temporary, in: destination)
    }

    /// Removes what was begun; the error for the caller.
    private static func giveUp(_ temporary: URL, _ destination: URL, _ error: any Error) -> any Error {
        try? FileManager.default.removeItem(at: temporary)
        // The temporary file (or what is in the folder) means nothing to a reader, and is gone.
        guard let error = error as? FileError, error.path.hasPrefix(temporary.path) else { return error }
        return FileError(path: destination.path + error.path.dropFirst(temporary.path.count), problem: error.problem)
    }

    /// Replaces the destination with `data`.
    public static func write(_ data: Data, to destination: URL) throws {
        try write(to: destination) { temporary in
            let file = try OutputFile(temporary)
            try data.withUnsafeBytes(file.write)
            try file.flush()
        }
    }

    /// Makes a folder and those it lies in, where they are not there yet.
    /// - Throws: `FileError` when the system refuses.
    public static func makeFolder(_ folder: URL) throws {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder), isFolder.boolValue { return }
        if FaultInjection.strikes(.create, folder.path) {
            throw FileError(path: folder.path, problem: "the folder cannot be made: \(String(cString: strerror(errno)))")
        }
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw FileError(path: folder.path, problem: "the folder cannot be made: \(FileError.reason(error))")
        }
    }

    /// Lets two files or folders change places in one step: there is no moment at which one of them is not there.
    ///
    /// - Returns: false where the system or the file system cannot do that; nothing has been done then.
    /// - Throws: `FileError` when it can but refuses.
    public static func exchange(_ one: URL, _ other: URL) throws -> Bool {
        if !FaultInjection.strikes(.rename, other.path) {
            guard let result = swapNames(one.path, other.path) else { return false }
            if result == 0 { return true }
        }
        if [EINVAL, ENOSYS, ENOTSUP, EOPNOTSUPP].contains(errno) { return false }
        throw FileError(path: other.path, problem: "cannot be replaced: \(String(cString: strerror(errno)))")
    }

    /// Nil where the system has no such call.
    private static func swapNames(_ one: String, _ other: String) -> Int32? {
        #if canImport(Darwin)
            return renamex_np(one, other, UInt32(RENAME_SWAP))
        #else
            // In the C library since glibc 2.28, but not among the names that Swift sees.
            typealias Rename = @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
            guard let symbol = dlsym(nil, "renameat2") else { return nil }
            let exchangeNames: UInt32 = 2
            return unsafeBitCast(symbol, to: Rename.self)(AT_FDCWD, one, AT_FDCWD, other, exchangeNames)
        #endif
    }

    /// Renames the temporary file or folder to its destination.
    private static func put(_ temporary: URL, in destination: URL) throws {
        if isFolder(temporary), isFolder(destination) {
            if try exchange(temporary, destination) {
                remove(temporary)  // now the old one
            } else {
                try replaceInTwoSteps(destination, by: temporary)
            }
            return
        }
        try move(temporary, to: destination)
    }

    /// Where folders cannot change places. Killed between the two steps, the old one is put back by `removeAbandoned`.
    private static func replaceInTwoSteps(_ destination: URL, by temporary: URL) throws {
        let old = TemporaryName.next(for: destination, ending: "old")
        try move(destination, to: old)
        do { try move(temporary, to: destination) } catch {
            _ = rename(old.path, destination.path)
            throw error
        }
        remove(old)
    }

    private static func move(_ source: URL, to destination: URL) throws {
        if FaultInjection.strikes(.rename, destination.path) || rename(source.path, destination.path) != 0 {
            throw FileError(path: destination.path, problem: "cannot be replaced: \(String(cString: strerror(errno)))")
        }
    }

    private static func remove(_ leftover: URL) {
        if FaultInjection.strikes(.remove, leftover.path) { return }
        try? FileManager.default.removeItem(at: leftover)
    }

    private static func isFolder(_ url: URL) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && isFolder.boolValue
    }
}

extension AtomicFile {
    private static let lock = NSLock()
    nonisolated(unsafe) private static var tidied: Set<String> = []

    /// What `removeAbandoned` does, the first time this process writes into a folder.
    private static func removeAbandonedOnce(in folder: URL) {
        if lock.withLock({ tidied.insert(folder.path).inserted }) { removeAbandoned(in: folder) }
    }

    /// Removes from a folder (not from those in it) what killed processes left half written there.
    ///
    /// A folder that was killed while it was being replaced, and is only there under a temporary name, gets its name back. What cannot be
    /// removed stays.
    public static func removeAbandoned(in folder: URL) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] {
            guard let parts = TemporaryName.parts(of: name) else { continue }
            let leftover = folder.appendingPathComponent(name)
            let changed = (try? FileManager.default.attributesOfItem(atPath: leftover.path))?[.modificationDate] as? Date
            guard TemporaryName.isAbandoned(parts, changed: changed ?? Date()) else { continue }
            let destination = folder.appendingPathComponent(parts.destination)
            if parts.ending == "old", !FileManager.default.fileExists(atPath: destination.path) {
                _ = rename(leftover.path, destination.path)
            } else {
                remove(leftover)
            }
        }
    }
}

/// A file that cannot be read or written.
public struct FileError: Error, CustomStringConvertible, Equatable, Sendable {
    /// The file or folder.
    public var path: String
    /// What is wrong with it, as the end of a sentence.
    public var problem: String

    /// An error about the file at `path`.
    public init(path: String, problem: String) {
        self.path = path
        self.problem = problem
    }

    /// One sentence: what is wrong, where, and what to do.
    public var description: String { "\(path): \(problem)" }
}
