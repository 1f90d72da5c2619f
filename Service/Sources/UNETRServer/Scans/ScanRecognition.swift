import Foundation
import HTTPTypes
import UNETRArchives
import UNETRSupport
import UNETRVolumes

/// What an uploaded file is, told by its bytes and never by its name.
struct ScanRecognition: Sendable {
    /// The ending of its format.
    var ending: String
    /// "NIfTI", "DICOM", …
    var format: String
    var size: [Int]
    var spacing: [Double]
    /// The series of a DICOM study, by UID.
    var series: String?

    /// A zip archive may unpack to so many times the bytes that an upload may have.
    private static let mostUnpacked = 8
    private static let mostEntries = 100_000

    /// Looks at a scan and reads all of it, so that a damaged one is refused now and not when its turn comes.
    ///
    /// - Parameters:
    ///   - file: the bytes; gets the ending of its format.
    ///   - name: what errors call it.
    ///   - series: of a DICOM study of several, the one that is meant, by UID or number.
    ///   - most: bytes that an upload may have.
    /// - Returns: what it is, and where it is now.
    /// - Throws: `APIError` for what is no scan.
    static func recognize(_ file: URL, name: String, series: String?, most: Int) throws -> (scan: ScanRecognition, file: URL) {
        let (ending, renamed) = try rename(file, most: most)
        do {
            let (report, chosen) = try report(of: renamed, ending: ending, series: series)
            guard let size = report.size, let spacing = report.spacing, report.channels != nil else {
                let known = report.series.filter { $0.size != nil }.map { "\($0.number.map(String.init) ?? "?"): \($0.modality) \($0.description) (\($0.uid))" }
                throw APIError(
                    .unprocessableContent, "several_series", field: "series",
                    "\(name) has several series; name one by the parameter series: \(known.joined(separator: "; "))")
            }
            return (ScanRecognition(ending: ending, format: report.format, size: size, spacing: spacing, series: chosen), renamed)
        } catch let error as APIError {
            throw error
        } catch let error as MemoryError {
            throw APIError(.contentTooLarge, "too_large", named("\(error)", renamed, name))
        } catch VolumeError.notOfFormat {
            throw Self.unknown(name)
        } catch {
            throw APIError(.unprocessableContent, "unreadable", named("\(error)", renamed, name))
        }
    }

    /// Looks at a series in a folder that an archive's objects were fetched into, and reads all of it.
    ///
    /// - Throws: `APIError` for what is no scan.
    static func recognize(series: String, in folder: URL, name: String) throws -> ScanRecognition {
        do {
            let (report, chosen) = try report(of: folder, ending: ".dcm", series: series)
            guard let size = report.size, let spacing = report.spacing else { throw unknown(name) }
            return ScanRecognition(ending: "", format: report.format, size: size, spacing: spacing, series: chosen)
        } catch let error as APIError {
            throw error
        } catch let error as MemoryError {
            throw APIError(.contentTooLarge, "too_large", named("\(error)", folder, name))
        } catch {
            throw APIError(.unprocessableContent, "unreadable", named("\(error)", folder, name))
        }
    }

    private static func report(of file: URL, ending: String, series: String?) throws -> (ScanReport, series: String?) {
        // A header must not make the server read another of its files.
        guard try ending == ".zip" || ending == ".dcm" || VolumeFile.files(of: file).count == 1 else {
            throw APIError(.unprocessableContent, "detached", "the header says that the voxels are in another file; send a scan in one file")
        }
        guard ending == ".zip" || ending == ".dcm" else { return (try ScanReport(of: file), nil) }
        let study = try DICOMStudy(contentsOf: file)
        let chosen: DICOMSeries
        do { chosen = try study.series(series?.isEmpty == false ? series : nil) } catch let error as DICOMError {
            guard case .severalSeries = error.problem else { throw error }
            return (try ScanReport(of: file, readsVoxels: false), nil)
        }
        let url = study.url(of: chosen)
        // The only series of a study needs no fragment.
        let fragment = url.fragment(percentEncoded: false) ?? ""
        return (try ScanReport(of: url), fragment.isEmpty ? chosen.uid : fragment)
    }

    /// Gives a file the ending that its bytes stand for.
    private static func rename(_ file: URL, most: Int) throws -> (ending: String, file: URL) {
        let start = try start(of: file)
        let ending: String
        if start.starts(with: [0x1F, 0x8B]) {
            ending = ".nii.gz"
        } else if ZipArchive.recognizes(file) {
            try checkArchive(file, most: most)
            ending = ".zip"
        } else if let format = VolumeFormats.all.first(where: { $0.recognizes(start) }) {
            ending = format is DICOMFormat ? ".dcm" : format is NIfTIFormat ? ".nii" : format.outputEndings.first ?? ".dcm"
        } else if DICOMFormat().takes(file) {
            ending = ".dcm"
        } else {
            throw unknown("the file")
        }
        let renamed = file.deletingLastPathComponent().appending(path: file.lastPathComponent + ending)
        try FileManager.default.moveItem(at: file, to: renamed)
        return (ending, renamed)
    }

    private static func start(of file: URL) throws -> [UInt8] {
        let input = try InputFile(file)
        var bytes = [UInt8](repeating: 0, count: 1 << 10)
        let count = try bytes.withUnsafeMutableBytes { try input.read(into: $0) }
        return Array(bytes.prefix(count))
    }

    private static func checkArchive(_ file: URL, most: Int) throws {
        let archive: ZipArchive
        do { archive = try ZipArchive(contentsOf: file) } catch { throw APIError(.unprocessableContent, "unreadable", "the zip archive is damaged: \(error)") }
        guard archive.names.count <= mostEntries, archive.unpackedBytes / mostUnpacked <= most else {
            throw APIError(
                .unprocessableContent, "unpacks_too_far",
                "the zip archive has \(archive.names.count) files of \(archive.unpackedBytes) bytes, which is more than is unpacked here")
        }
    }

    private static func unknown(_ name: String) -> APIError {
        APIError(
            .unsupportedMediaType, "not_a_scan",
            "\(name) is no scan that is known here: NIfTI, NRRD or MetaImage in one file, a DICOM file, or a zip archive of a DICOM study")
    }

    /// A sentence with the client's name for the file in the place of its path.
    private static func named(_ sentence: String, _ file: URL, _ name: String) -> String {
        sentence.replacingOccurrences(of: file.path, with: name)
    }
}
