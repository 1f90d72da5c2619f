import Foundation
import UNETRVolumes

/// A folder with one folder a patient, as archives hand them out: a DICOM series, and one segmentation or structure set about it.
enum PatientFolders {
    /// The cases, named like their folders, and what is known of them without a `dataset.json`; nil where no folder is a patient's.
    ///
    /// - Parameter problem: decides whether a patient whose scan or object cannot be told stops the reading.
    static func read(_ folder: URL, problem: (PreparationError) throws -> Void) throws -> Found? {
        var cases: [DatasetCase] = [], objects: [DICOMStructures] = [], modality: String?
        for name in FolderListing(folder).names {
            let place = folder.appendingPathComponent(name)
            guard (try? place.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true,
                let files = try? DICOMStructures.files(in: place), let file = files.first
            else { continue }
            do {
                guard files.count == 1 else { throw DICOMObjectError(path: place.path, problem: .severalObjects(files.map(\.lastPathComponent))) }
                let object = try DICOMStructures(contentsOf: file), study = try DICOMStudy(contentsOf: place)
                // The series that it says it is about, else the only one.
                let series = try study.series(about: object) ?? study.series(nil)
                if let error = series.problem { throw error }
                modality = modality ?? series.modality
                cases.append(DatasetCase(name: name, imageURLs: [study.url(of: series)], labelURL: file))
                objects.append(object)
            } catch {
                try problem(.unusableCase(name: name, problem: "\(error)"))
            }
        }
        guard !cases.isEmpty else { return nil }
        return Found(cases: cases, labels: DICOMStructures.labelSet(of: objects), channelName: modality.flatMap { $0.isEmpty ? nil : $0 } ?? "channel 0")
    }

    struct Found {
        var cases: [DatasetCase]
        /// All names of structures.
        var labels: LabelSet
        /// The modality of the first case.
        var channelName: String
    }

    /// The data set without a `dataset.json`; nil where no folder is a patient's.
    static func dataset(in folder: URL, problem: (PreparationError) throws -> Void) throws -> Dataset? {
        try read(folder, problem: problem).map { found in
            Dataset(name: folder.lastPathComponent, folder: folder, channelNames: [found.channelName], labels: found.labels, cases: found.cases)
        }
    }
}
