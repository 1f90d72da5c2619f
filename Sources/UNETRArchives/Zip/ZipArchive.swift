public import Foundation
import UNETRSupport

/// The files in a zip archive that somebody sends: named, and taken out one by one.
///
/// An archive is refused as a whole if a name leads out of the folder it is unpacked in, or an entry is a symbolic link.
public struct ZipArchive {
    /// Paths of the files inside, with `/` between folders, in the archive's order.
    public let names: [String]

    /// Bytes of all files together when they are unpacked, as the archive says; unpacking one that has more fails.
    public let unpackedBytes: Int

    private let path: String
    private let directory: ZipDirectory

    /// Whether a file begins like a zip archive.
    public static func recognizes(_ url: URL) -> Bool {
        guard let file = try? InputFile(url), file.size >= 22 else { return false }
        var bytes = [UInt8](repeating: 0, count: 4)
        let count = bytes.withUnsafeMutableBytes { try? file.read(into: $0) }
        return count == 4 && bytes == [0x50, 0x4B, 0x03, 0x04]
    }

    /// Reads the list of files.
    /// - Throws: `ArchiveError`, `FileError`.
    public init(contentsOf url: URL) throws {
        path = url.path
        do {
            directory = try ZipDirectory(try MappedFile(url).bytes)
            for record in directory.records { try Self.check(record) }
        } catch let problem as ZipProblem {
            throw ArchiveError(path: url.path, problem: .zip(problem))
        }
        unpackedBytes = directory.records.reduce(0) { $0.adding(checked: $1.size) ?? .max }
        names = directory.records.map(\.name).filter { !$0.hasSuffix("/") }
    }

    private static func check(_ record: ZipDirectory.Record) throws(ZipProblem) {
        let parts = record.name.split(separator: "/", omittingEmptySubsequences: false)
        guard !record.name.hasPrefix("/"), !record.name.contains("\\"), !record.name.contains("\0"), !parts.contains(".."), !parts.contains(".") else {
            throw .badRecord(record.name, "its name leads out of the folder of the archive")
        }
        guard !record.isLink else { throw .badRecord(record.name, "it is a symbolic link, which is not followed") }
    }

    /// The bytes of one of the files, unpacked.
    /// - Throws: `ArchiveError` for a damaged file, or one that unpacks to far more than the archive's size.
    public func contents(of name: String) throws -> StoredBytes {
        do {
            guard let record = directory[name] else { throw ZipProblem.badRecord(name, "the archive has no such file") }
            return try directory.bytes(of: record)
        } catch let problem as ZipProblem {
            throw ArchiveError(path: path, problem: .zip(problem))
        }
    }

    /// Writes one of the files below a folder, under its path in the archive.
    /// - Throws: `ArchiveError` for a damaged file, or one that unpacks to far more than the archive's size; `FileError`.
    public func extract(_ name: String, into folder: URL) throws {
        let bytes = try contents(of: name), target = folder.appending(path: name)
        try AtomicFile.makeFolder(target.deletingLastPathComponent())
        try AtomicFile.write(to: target) { temporary in
            let file = try OutputFile(temporary)
            try bytes.withUnsafeBytes { try file.write($0) }
            try file.flush()
        }
    }
}
