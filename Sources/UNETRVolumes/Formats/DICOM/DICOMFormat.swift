public import Foundation
import UNETRArchives
import UNETRSupport

/// DICOM, as scanners and archives hand it out: a folder with one file a slice at any depth, a file of many frames, or a zip archive of either.
///
/// Where a study has several series, the URL's fragment names the one that is meant by its UID or number (`DICOMStudy.url(of:)`). Read only;
/// masks of such scans are objects about the series (`DICOMObjectWriter`), or label maps in the usual format.
public struct DICOMFormat: VolumeFormat {
    /// DICOM.
    public let name = "DICOM"
    /// No ending stands for a volume: a file that ends in `.dcm` is mostly a slice.
    public let endings: [String] = []
    /// None is written.
    public let outputEndings: [String] = []

    /// The format, with nothing to set.
    public init() {}

    /// Whether a file begins like one of this format.
    public func recognizes(_ start: [UInt8]) -> Bool { DICOMStart.isMarked(start) }

    /// Folders, and files that say nothing by their name but are DICOM or a zip archive.
    public func takes(_ url: URL) -> Bool {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else { return false }
        if isFolder.boolValue || ZipArchive.recognizes(url) { return true }
        guard let bytes = try? FileBytes(url) else { return false }
        return (try? DICOMStart.isMarked(bytes)) == true || (try? DICOMStart(bytes)) != nil
    }

    /// Every file below a folder, whichever series it belongs to; an archive or single file alone.
    ///
    /// - Throws: `VolumeError`, `FileError`.
    public func files(of url: URL) throws -> [URL] {
        try DICOMStudy.files(url).map { if case .file(let place) = $0.place { place } else { url } }.reduce(into: []) { files, place in
            if files.last != place { files.append(place) }
        }
    }

    /// Reads the headers of all files, and no voxels.
    ///
    /// - Throws: `DICOMError` with what is wrong and where; `FileError`, `ArchiveError`.
    public func readHeader(_ url: URL) throws -> any VolumeHeader { try series(url).header() }

    /// Reads the headers of all files and opens the voxels.
    ///
    /// - Throws: `DICOMError` with what is wrong and where; `FileError`, `ArchiveError`.
    public func open(_ url: URL) throws -> VolumeReader { try series(url).open() }

    private func series(_ url: URL) throws -> DICOMSeries { try DICOMStudy(contentsOf: url).series(meantBy: url) }

    /// Not called: there is no ending to write.
    ///
    /// - Throws: `VolumeError.unknownExtension`.
    public func write(_ volume: VolumeContents, like header: (any VolumeHeader)?, to url: URL) throws {
        throw VolumeError.unknownExtension(path: url.path, allowed: VolumeFormats.outputEndings)
    }
}
