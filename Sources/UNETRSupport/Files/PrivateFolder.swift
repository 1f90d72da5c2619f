public import Foundation

/// A folder that only this user can write in, and that is kept open, so that nobody can put another in its place while it is looked into.
///
/// What is said about owners and permissions is asked of what was opened and not of a name, which may lead elsewhere a moment later.
public final class PrivateFolder {
    private let url: URL
    private let descriptor: Int32

    /// Opens the folder; nil if there is none.
    /// - Throws: `PrivateFolderError.folder` if it is no folder, belongs to somebody else, or others may write in it.
    public init?(_ url: URL) throws {
        self.url = url
        let opened = open(url.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else {
            if errno == ENOENT { return nil }
            throw PrivateFolderError.folder(path: url.path, problem: "cannot be opened: \(String(cString: strerror(errno)))")
        }
        descriptor = opened
        var status = stat()
        let problem = fstat(opened, &status) == 0 ? Self.problem(status, "chmod go-w '\(url.path)'") : "cannot be examined"
        if let problem { throw PrivateFolderError.folder(path: url.path, problem: problem) }
    }

    deinit { close(descriptor) }

    /// Makes the folder, for this user alone, where it is not there yet, and those above it as is usual.
    public static func make(_ url: URL) throws {
        try AtomicFile.makeFolder(url.deletingLastPathComponent())
        guard mkdir(url.path, 0o700) == 0 || errno == EEXIST else {
            throw PrivateFolderError.folder(path: url.path, problem: "cannot be made: \(String(cString: strerror(errno)))")
        }
    }

    /// Makes an empty file that only this user can read and write. Nothing may be there, no link either.
    public static func makeFile(_ url: URL) throws {
        let made = open(url.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard made >= 0 else { throw FileError(path: url.path, problem: "cannot be written: \(String(cString: strerror(errno)))") }
        close(made)
    }

    /// The contents of one of its files, as memory that is read when it is touched; nil if there is no such file.
    /// - Throws: `PrivateFolderError.entry` if it is a link or no regular file, belongs to somebody else, or others may write to it.
    public func contents(of name: String) throws -> NSData? {
        let path = url.appending(path: name).path
        let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            let problem = errno == ELOOP ? "is a symbolic link" : "cannot be opened: \(String(cString: strerror(errno)))"
            throw PrivateFolderError.entry(path: path, problem: problem)
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw PrivateFolderError.entry(path: path, problem: "is not a regular file")
        }
        if let problem = Self.problem(status, nil) { throw PrivateFolderError.entry(path: path, problem: problem) }
        let size = Int(status.st_size)
        guard size > 0, let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0), start != MAP_FAILED else {
            throw PrivateFolderError.damaged(path: path)
        }
        return NSData(bytesNoCopy: start, length: size) { munmap($0, $1) }
    }

    private static func problem(_ status: stat, _ remedy: String?) -> String? {
        guard status.st_uid == geteuid() else { return "belongs to user \(status.st_uid) and not to user \(geteuid()), who runs this" }
        guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            return "can be written by other users (mode \(String(status.st_mode & 0o777, radix: 8))"
                + (remedy.map { "; `\($0)` mends that)" } ?? ")")
        }
        return nil
    }
}

/// Why a folder for caches, or a file in it, is not used.
public enum PrivateFolderError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The folder is not this user's alone, or cannot be opened.
    case folder(path: String, problem: String)
    /// The file is not this user's alone, or no regular file.
    case entry(path: String, problem: String)
    /// The file is empty.
    case damaged(path: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .folder(let path, let problem): "the cache folder \(path) \(problem)"
        case .entry(let path, let problem): "the cached file \(path) \(problem)"
        case .damaged(let path): "the cached file \(path) is damaged"
        }
    }
}

/// Where what can be made again is kept.
public enum CacheFolder {
    /// The folder of the variable UNETRPP_CACHE, else the user's folder for caches.
    public static var standard: URL {
        let environment = ProcessInfo.processInfo.environment
        if let own = environment["UNETRPP_CACHE"], !own.isEmpty { return URL(fileURLWithPath: own) }
        #if os(macOS)
            let caches = FileManager.default.homeDirectoryForCurrentUser.appending(path: "Library/Caches")
        #else
            let caches =
                environment["XDG_CACHE_HOME"].map { URL(fileURLWithPath: $0) }
                ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache")
        #endif
        return caches.appending(path: "unetrpp")
    }
}
