import Foundation
import UNETRArchives
import UNETRSupport

/// A file that may be DICOM: one on disk, or one in a zip archive.
struct DICOMFile: Sendable, Equatable {
    enum Place: Sendable, Equatable {
        case file(URL)
        case entry(archive: URL, name: String)
    }

    var place: Place
    /// Its path below the study's folder or in the archive, for sentences; empty where it is the study.
    var name: String

    /// Length and time of the last change when the header was read; the voxels must come from the same file.
    var state: State?

    struct State: Sendable, Equatable {
        var length: Int
        var changed: Int64
    }
}

/// Opens files one after the other, an archive only once. For one thread.
final class DICOMFileOpener {
    private var archive: (url: URL, zip: ZipArchive)?

    /// The file's bytes, and what tells it from a later one under its name.
    ///
    /// - Throws: `FileError`, `ArchiveError`.
    func open(_ file: DICOMFile) throws -> (bytes: any DICOMBytes, state: DICOMFile.State) {
        switch file.place {
        case .file(let url):
            let bytes = try FileBytes(url)
            return (bytes, .init(length: bytes.count ?? 0, changed: bytes.changed))
        case .entry(let url, let name):
            if archive?.url != url { archive = (url, try ZipArchive(contentsOf: url)) }
            let bytes = MemoryBytes(try archive!.zip.contents(of: name))
            return (bytes, .init(length: bytes.count ?? 0, changed: 0))
        }
    }
}

/// What a file turned out to be.
enum DICOMFinding: Sendable {
    /// Not DICOM.
    case other
    /// DICOM without an image.
    case object
    case image(DICOMImage)
    /// DICOM with something wrong. Of a file that broke off early, nobody knows the series.
    case broken(BrokenDICOM)

    /// Reads a file's header.
    ///
    /// - Throws: `FileError`, `ArchiveError` for a file that cannot be read at all.
    init(_ file: DICOMFile, _ opener: DICOMFileOpener) throws {
        var file = file, dataSet = DICOMDataSet(), isCertain = false
        let (bytes, state) = try opener.open(file)
        file.state = state
        do {
            guard let start = try DICOMStart(bytes) else {
                self = .other
                return
            }
            isCertain = start.isCertain
            let source: any DICOMBytes = start.syntax == .deflated ? InflatedBytes(bytes, from: start.position) : bytes
            var parser = DICOMParser(source, from: start.syntax == .deflated ? 0 : start.position)
            try parser.parse(start.syntax.encoding, into: &dataSet)
            // Masks of a scan have pixels, but are no scan.
            guard !DICOMSegmentation.sopClasses.contains(dataSet.text(.sopClass) ?? "") else {
                self = .object
                return
            }
            guard dataSet.pixels != nil || dataSet.values[.rows] != nil else {
                self = isCertain || dataSet.values[.sopClass] != nil ? .object : .other
                return
            }
            let pixels = try DICOMPixels(dataSet, syntax: start.syntax, source: source)
            let frames = try DICOMFrame.all(dataSet, count: pixels.frames)
            self = .image(DICOMImage(DICOMIdentity(dataSet), file: file, pixels: pixels, frames: frames))
        } catch let problem as DICOMProblem {
            let isMarked = try DICOMStart.isMarked(bytes)
            guard isCertain || isMarked || dataSet.values[.sopClass] != nil else {
                self = .other
                return
            }
            self = .broken(BrokenDICOM(identity: DICOMIdentity(dataSet), file: file, problem: problem))
        }
    }
}
