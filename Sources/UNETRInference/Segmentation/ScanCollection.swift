public import Foundation
public import UNETRPreparation
import UNETRSupport
import UNETRVolumes

/// The scans a user names on the command line: files, or folders of files, grouped into cases.
public enum ScanCollection {
    /// - Parameters:
    ///   - urls: files and folders; a folder stands for the scans directly in it.
    ///   - channels: how many the model takes. With one, each file is a case; with more, `CASE_0000`, `CASE_0001`, … are one case, and a
    ///     file without such a number is a 4-D scan of its own.
    /// - Returns: cases in the order of their names.
    /// - Throws: `ScanCollectionError`; `FileError` for a folder that cannot be read.
    public static func cases(in urls: [URL], channels: Int) throws -> [DatasetCase] {
        var files: [URL] = []
        for url in urls {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
                throw ScanCollectionError.missing(path: url.path)
            }
            guard isFolder.boolValue else {
                guard VolumeName(url.lastPathComponent) != nil else { throw ScanCollectionError.notAScan(path: url.path) }
                files.append(url)
                continue
            }
            let found = try contents(of: url).filter { VolumeName($0.lastPathComponent) != nil }
            guard !found.isEmpty else { throw ScanCollectionError.emptyFolder(path: url.path) }
            files += found
        }
        return try grouped(files.sorted { $0.lastPathComponent < $1.lastPathComponent }, channels)
    }

    private static func contents(of folder: URL) throws -> [URL] {
        do { return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) } catch {
            throw FileError(path: folder.path, problem: "the folder cannot be read: \(FileError.reason(error))")
        }
    }

    private static func grouped(_ files: [URL], _ channels: Int) throws -> [DatasetCase] {
        var cases: [String: [(channel: Int, url: URL)]] = [:]
        for url in files {
            let (name, channel) = parts(of: VolumeName(url.lastPathComponent)!.stem, channels)
            if let other = cases[name]?.first(where: { $0.channel == channel }) {
                throw ScanCollectionError.sameName(name: name, first: other.url.path, second: url.path)
            }
            cases[name, default: []].append((channel, url))
        }
        return cases.map { name, files in
            DatasetCase(name: name, imageURLs: files.sorted { $0.channel < $1.channel }.map(\.url))
        }.sorted { $0.name < $1.name }
    }

    /// `CASE_0002` is channel 2 of CASE; any other name is a case of its own. Where there is one channel only `_0000` means one:
    /// `patient_0017` is a patient.
    private static func parts(of stem: String, _ channels: Int) -> (name: String, channel: Int) {
        guard let (name, channel) = ScanFiles.channel(of: stem), channels > 1 || channel == 0 else { return (stem, 0) }
        return (name, channel)
    }
}

/// Why the scans a user named are no cases.
public enum ScanCollectionError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The path does not exist.
    case missing(path: String)
    /// The file is no scan.
    case notAScan(path: String)
    /// The folder has no scans.
    case emptyFolder(path: String)
    /// Two scans would get the same mask.
    case sameName(name: String, first: String, second: String)

    private var endings: String { VolumeFormats.endings.joined(separator: ", ") }

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .missing(let path):
            "\(path): there is no such file or folder"
        case .notAScan(let path):
            "\(path): a scan's name ends in \(endings); convert other formats first (dcm2niix for DICOM)"
        case .emptyFolder(let path):
            "\(path): the folder holds no scans (\(endings))"
        case .sameName(let name, let first, let second):
            "\(first) and \(second) would both become the mask \(name); rename one, or segment them into different folders"
        }
    }
}
