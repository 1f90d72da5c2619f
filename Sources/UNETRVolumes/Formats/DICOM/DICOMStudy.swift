public import Foundation
import UNETRArchives
import UNETRSupport

/// The DICOM images of a folder, a zip archive or a file, as series.
///
///     let study = try DICOMStudy(contentsOf: folder)
///     for series in study.series { print(series.summary) }
///     let scan = try study.series("4").open().scan()
///
/// Files are recognized by what is in them, whatever they are called and however deep they lie; others beside them are passed over. Only what
/// a volume needs is read of a header, and nothing of the patient.
public struct DICOMStudy: Sendable {
    /// The folder, archive or file.
    public let url: URL
    /// All series with images, by number, then UID.
    public let series: [DICOMSeries]

    /// Regular files that were looked at.
    public let fileCount: Int
    /// DICOM files without an image: reports, contours, masks, a directory.
    public let objectCount: Int

    /// - Parameter url: a folder with files at any depth, a zip archive of one, or a single file. A fragment is not looked at.
    /// - Throws: `DICOMError` where there are no DICOM images, `FileError` or `ArchiveError` where something cannot be read.
    public init(contentsOf url: URL) throws {
        let url = URL(fileURLWithPath: url.path)
        self.url = url
        let files = try Self.files(url)
        let findings = try Self.findings(files)
        fileCount = files.count
        var images: [String: [DICOMImage]] = [:], damaged: [String: [BrokenDICOM]] = [:]
        var objects = 0
        for finding in findings {
            switch finding {
            case .other: break
            case .object: objects += 1
            case .image(let image): images[image.identity.series, default: []].append(image)
            case .broken(let file): damaged[file.identity.series, default: []].append(file)
            }
        }
        objectCount = objects
        // A file that broke off before it said its series may belong to any; without a whole one it is a series by itself.
        let lost = images[""] == nil && images.count + damaged.count > 1 ? damaged.removeValue(forKey: "") ?? [] : []
        series = try Set(images.keys).union(damaged.keys).map { uid in
            DICOMSeries(url.path, try Self.withoutCopies(images[uid] ?? []), damaged: (damaged[uid] ?? []) + lost)
        }.sorted { ($0.number ?? .max, $0.uid) < ($1.number ?? .max, $1.uid) }
        guard !series.isEmpty else {
            throw DICOMError(path: url.path, problem: objects > 0 ? .noImage(objects: objects) : .notDICOM(files: files.count))
        }
    }

    // MARK: Files

    /// Every file that may belong to a study: those below a folder, the entries of an archive, or the one file.
    static func files(_ url: URL) throws -> [DICOMFile] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw VolumeError.cannotOpen(path: url.path, reason: "no such file or folder")
        }
        if isFolder.boolValue { return try files(below: url) }
        guard ZipArchive.recognizes(url) else { return [DICOMFile(place: .file(url), name: "")] }
        let names = try ZipArchive(contentsOf: url).names.filter { !isHidden($0) }.sorted()
        return names.map { DICOMFile(place: .entry(archive: url, name: $0), name: $0) }
    }

    /// Regular files at any depth, by name.
    static func files(below folder: URL) throws -> [DICOMFile] {
        let start = folder.resolvingSymlinksInPath()
        return try FolderFiles.below(start).map { DICOMFile(place: .file(start.appending(path: $0)), name: $0) }
    }

    private static func isHidden(_ path: String) -> Bool { path.split(separator: "/").contains { $0.hasPrefix(".") || $0 == "__MACOSX" } }

    /// What each file is. Those on disk are read side by side, those of an archive one after the other.
    private static func findings(_ files: [DICOMFile]) throws -> [DICOMFinding] {
        if case .entry? = files.first?.place {
            let opener = DICOMFileOpener()
            return try files.map { file in
                try Cancellation.check()
                return try DICOMFinding(file, opener)
            }
        }
        return try Parallel.map(files.count) { try DICOMFinding(files[$0], DICOMFileOpener()) }
    }

    /// The images without those that lie there a second time, byte for byte.
    private static func withoutCopies(_ images: [DICOMImage]) throws -> [DICOMImage] {
        var firsts: [String: DICOMImage] = [:], kept: [DICOMImage] = []
        for image in images {
            let name = image.identity.instance
            if !name.isEmpty, let first = firsts[name], try isSame(first.file, image.file) { continue }
            firsts[name] = firsts[name] ?? image
            kept.append(image)
        }
        return kept
    }

    private static func isSame(_ one: DICOMFile, _ other: DICOMFile) throws -> Bool {
        guard one.state?.length == other.state?.length else { return false }
        func digest(_ file: DICOMFile) throws -> SHA256Digest {
            let (bytes, _) = try DICOMFileOpener().open(file)
            var hasher = SHA256Digest.Hasher(), position = 0
            let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
            defer { piece.deallocate() }
            while true {
                let got = try bytes.read(at: position, into: piece)
                if got == 0 { return hasher.finish() }
                hasher.add(UnsafeRawBufferPointer(rebasing: piece[..<got]))
                position += got
            }
        }
        return try digest(one) == digest(other)
    }
}
