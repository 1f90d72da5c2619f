public import Foundation
public import UNETRPreparation
import UNETRSupport
public import UNETRVolumes

/// The scans a user names: files, folders of files, and DICOM studies, grouped into cases.
public enum ScanCollection {
    /// - Parameters:
    ///   - urls: files and folders; a folder stands for the scans directly in it. One without any, an archive and a file whose name says nothing
    ///     are a DICOM study.
    ///   - channels: how many the model takes. With one, each file is a case; with more, `CASE_0000`, `CASE_0001`, … are one case, and a
    ///     file without such a number is a 4-D scan of its own.
    ///   - names: what the channels are called, which tells the modality of the DICOM series that is meant.
    ///   - series: of each DICOM study, the series that are the channels, by UID or number. Empty: the only one that fits.
    ///   - correctsTilt: whether the slices of a DICOM series that a tilted gantry pushed sideways are made straight; otherwise it is an error.
    /// - Returns: cases in the order of their names.
    /// - Throws: `ScanCollectionError`; `FileError` for a folder that cannot be read; `DICOMError` where a study leaves open what is meant.
    public static func cases(in urls: [URL], channels: Int, names: [String] = [], series: [String] = [], correctsTilt: Bool = false) throws -> [DatasetCase] {
        var files: [URL] = [], studies: [DatasetCase] = []
        for url in urls {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
                throw ScanCollectionError.missing(path: url.path)
            }
            let found = isFolder.boolValue ? try contents(of: url) : [url]
            let scans = found.filter { VolumeName($0.lastPathComponent) != nil }
            if !scans.isEmpty, series.isEmpty || !isFolder.boolValue {
                files += scans
            } else if isFolder.boolValue || VolumeFile.isVolume(url) {
                do { studies.append(try study(url, channels, names, series, correctsTilt)) } catch let error as DICOMError {
                    guard isFolder.boolValue, case .notDICOM = error.problem else { throw error }
                    throw ScanCollectionError.emptyFolder(path: url.path)
                }
            } else {
                throw ScanCollectionError.notAScan(path: url.path)
            }
        }
        let cases = try grouped(files.sorted { $0.lastPathComponent < $1.lastPathComponent }, channels) + studies
        for (name, same) in Dictionary(grouping: cases, by: \.name) where same.count > 1 {
            throw ScanCollectionError.sameName(name: name, first: same[0].imageURLs[0].path, second: same[1].imageURLs[0].path)
        }
        return cases.sorted { $0.name < $1.name }
    }

    /// A DICOM study as one case; its name is that of the folder or file.
    private static func study(_ url: URL, _ channels: Int, _ names: [String], _ series: [String], _ correctsTilt: Bool) throws -> DatasetCase {
        let study = try DICOMStudy(contentsOf: url)
        guard channels == 1 || !series.isEmpty else {
            throw ScanCollectionError.seriesNeeded(path: url.path, channels: channels, present: study.series.map(\.summary))
        }
        guard series.isEmpty || series.count == channels else {
            throw ScanCollectionError.seriesCount(path: url.path, given: series.count, channels: channels)
        }
        let modalities = names.first.map(DICOMStudy.modalities(ofChannel:)) ?? []
        let chosen = (series.isEmpty ? [try study.series(nil, modalities: modalities)] : try series.map { try study.series($0) })
            .map { correctsTilt ? $0.correctingTilt() : $0 }
        let file = url.lastPathComponent
        let stem = ["zip", "dcm"].contains(url.pathExtension.lowercased()) ? url.deletingPathExtension().lastPathComponent : file
        return DatasetCase(name: stem, imageURLs: chosen.map(study.url(of:)))
    }

    /// The scans of a BIDS data set: files whose names differ in the suffix alone are the channels of one case, which is called by what they share.
    ///
    /// - Parameters:
    ///   - dataset: where the files are.
    ///   - channels: what the model's channels are called.
    ///   - suffixes: those of the channels' files, such as `T1w`; empty: as `BIDSFolder.suffixes(_:channels:)` finds them.
    /// - Returns: cases in the order of their names. One that lacks a channel is among them, and cannot be read.
    /// - Throws: `BIDSError`, `ScanCollectionError`.
    public static func cases(in dataset: BIDSFolder, channels: [String], suffixes: [String] = []) throws -> [DatasetCase] {
        let wanted = try dataset.suffixes(suffixes, channels: channels)
        let images = dataset.images.filter { wanted.contains($0.name.suffix) }
        return try Dictionary(grouping: images) { $0.name.entityText }.sorted { $0.key < $1.key }.map { name, images in
            let files = wanted.map { suffix in images.filter { $0.name.suffix == suffix } }
            for same in files where same.count > 1 {
                throw ScanCollectionError.sameName(name: name, first: same[0].url.path, second: same[1].url.path)
            }
            return DatasetCase(name: name, imageURLs: files.flatMap { $0.map(\.url) })
        }
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
    /// A DICOM study for a model of several channels, and nobody said which series they are; these are there, in words.
    case seriesNeeded(path: String, channels: Int, present: [String])
    /// Another number of series than the model has channels.
    case seriesCount(path: String, given: Int, channels: Int)
    /// Two scans would get the same mask.
    case sameName(name: String, first: String, second: String)

    private var endings: String { VolumeFormats.endings.joined(separator: ", ") }

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .missing(let path):
            "\(path): there is no such file or folder"
        case .notAScan(let path):
            "\(path): a scan's name ends in \(endings), or it is a DICOM study (folder, zip archive or file); convert other formats first"
        case .emptyFolder(let path):
            "\(path): the folder holds no scans (\(endings), or DICOM)"
        case .seriesNeeded(let path, let channels, let present):
            "\(path): the model takes \(channels) channels; name the series of each in their order; there are: \(present.joined(separator: "; "))"
        case .seriesCount(let path, let given, let channels):
            "\(path): \(given) series were named, expected \(channels), one for each channel of the model"
        case .sameName(let name, let first, let second):
            "\(first) and \(second) would both become the mask \(name); rename one, or segment them into different folders"
        }
    }
}
