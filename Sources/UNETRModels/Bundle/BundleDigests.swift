package import Foundation
public import UNETRSupport

/// The SHA-256 of a bundle's files: its file `SHA256SUMS`, in the form of the tool `sha256sum`, so that `sha256sum -c SHA256SUMS` in the
/// bundle's folder checks them too.
public struct BundleDigests: Sendable, Equatable {
    /// `SHA256SUMS`.
    public static let fileName = "SHA256SUMS"

    /// The digest of each file, by its name in the bundle.
    public internal(set) var files: [String: SHA256Digest]

    init(files: [String: SHA256Digest]) { self.files = files }

    /// Those that a bundle lists; nil if it was made before bundles had any.
    /// - Throws: `BundleDigestError.list` if the list cannot be understood or leaves out what a bundle needs; `FileError`.
    init?(of bundle: URL) throws {
        let list = bundle.appending(path: Self.fileName)
        guard FileManager.default.fileExists(atPath: list.path) else { return nil }
        func wrong(_ problem: String) -> BundleDigestError { .list(path: list.path, problem: problem) }
        files = [:]
        let lines = String(decoding: try InputFile.contents(of: list, most: 1 << 20), as: UTF8.self).split(separator: "\n")
        for (index, line) in lines.enumerated() {
            // 64 digits, a blank, a blank or a star (the tool's mark of a binary file), the name.
            let name = String(line.dropFirst(66)), mark = line.dropFirst(64).prefix(2)
            guard let digest = SHA256Digest(text: String(line.prefix(64))), mark == "  " || mark == " *", Self.isPlain(name) else {
                throw wrong("line \(index + 1) is not a SHA-256 digest and the name of a file")
            }
            guard files.updateValue(digest, forKey: name) == nil else { throw wrong("\(name) is listed twice") }
        }
        for name in ModelBundle.requiredFiles where files[name] == nil { throw wrong("\(name) is not listed") }
    }

    /// Those of the files that are in a folder.
    package init(measuring folder: URL) throws {
        files = [:]
        for name in try Self.names(in: folder) { files[name] = try SHA256Digest(ofFile: folder.appending(path: name)) }
    }

    /// Writes the list into a bundle.
    package func write(to bundle: URL) throws {
        let lines = files.sorted { $0.key < $1.key }.map { "\($0.value)  \($0.key)\n" }
        try AtomicFile.write(Data(lines.joined().utf8), to: bundle.appending(path: Self.fileName))
    }

    /// Compares a file with its digest; one that is not listed has none to differ from.
    /// - Throws: `BundleDigestError.differs`; `FileError` if it cannot be read.
    func check(_ name: String, in bundle: URL) throws {
        guard let expected = files[name] else { return }
        let file = bundle.appending(path: name), found = try SHA256Digest(ofFile: file)
        guard found == expected else { throw BundleDigestError.differs(path: file.path, found: found, expected: expected) }
    }

    /// The files that a bundle consists of, in the order of their names: all but hidden ones and the list itself.
    package static func names(in bundle: URL) throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: bundle.path).filter { name in
                var isFolder: ObjCBool = false  // a link to a file counts as one
                _ = FileManager.default.fileExists(atPath: bundle.appending(path: name).path, isDirectory: &isFolder)
                return !isFolder.boolValue && name != fileName && isPlain(name)
            }.sorted()
        } catch {
            throw FileError(path: bundle.path, problem: "the folder cannot be read: \(FileError.reason(error))")
        }
    }

    private static func isPlain(_ name: String) -> Bool { !name.isEmpty && !name.hasPrefix(".") && !name.contains { "/\\\n".contains($0) } }
}

/// A model bundle whose files are not what its list of digests says.
public enum BundleDigestError: Error, Equatable, CustomStringConvertible, Sendable {
    /// A file is not the one that was listed.
    case differs(path: String, found: SHA256Digest, expected: SHA256Digest)
    /// The list of digests cannot be used.
    case list(path: String, problem: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .differs(let path, let found, let expected):
            "\(path) differs from its digest in \(BundleDigests.fileName): its SHA-256 is \(found), expected \(expected). It is damaged or was "
                + "changed: copy the model anew; or, if you changed it yourself, write its digests anew"
        case .list(let path, let problem):
            "\(path) cannot be used: \(problem); copy the model anew, or write its digests anew"
        }
    }
}

/// The digest of a bundle's weights, computed once, on a thread of its own, however often it is asked for.
package final class WeightsDigest: @unchecked Sendable {
    private let file: URL
    /// The one that the bundle lists; nil for a bundle without.
    private let expected: SHA256Digest?
    private let lock = NSLock()
    private var running: Background<SHA256Digest>?
    private var found: Result<SHA256Digest, any Error>?

    init(_ file: URL, expected: SHA256Digest?) {
        self.file = file
        self.expected = expected
    }

    /// Begins to compute what will be asked for.
    package func begin() {
        lock.withLock {
            guard running == nil, found == nil else { return }
            running = Background { [file] in try SHA256Digest(ofFile: file) }
        }
    }

    /// That of the file as it is. Waits for it.
    /// - Throws: `FileError` if the file cannot be read.
    func measured() throws -> SHA256Digest {
        begin()
        return try lock.withLock {
            if let running {
                self.running = nil
                found = Result { try running.take() }
            }
            return try found!.get()
        }
    }

    /// What the bundle says its weights are, at once, and not compared with the file; of a bundle that says nothing, what they are.
    package func claimed() throws -> SHA256Digest { try expected ?? measured() }

    /// Begins to compute what `check()` will wait for.
    func beginCheck() { if expected != nil { begin() } }

    /// - Throws: `BundleDigestError.differs` if the weights are not those that the bundle lists; `FileError`.
    package func check() throws {
        guard let expected else { return }
        let found = try measured()
        guard found == expected else { throw BundleDigestError.differs(path: file.path, found: found, expected: expected) }
    }
}
