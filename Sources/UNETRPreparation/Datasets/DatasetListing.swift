import Foundation
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// The cases of a `dataset.json`.
struct DatasetListing {
    private let description: DatasetDescription

    /// The cases it lists with the paths of image and label; nil when the folders decide (nnU-Net v2).
    private let listed: [(image: String, label: String?)]?

    /// nnU-Net v2's explicit files for each case.
    private let explicit: [String: JSONValue]?

    private var url: URL { description.url }
    private var fileEnding: String? { description.fileEnding }

    /// - Throws: `PreparationError.invalidDescription`.
    init(contentsOf url: URL) throws {
        do { description = try DatasetDescription(contentsOf: url) } catch let error as DescriptionError {
            throw PreparationError.invalidDescription(path: error.path, problem: error.problem)
        }
        let members = description.members
        explicit = description.isSecondForm ? members["dataset"]?.object : nil
        listed = description.isSecondForm ? nil : try Self.training(members["training"]) { .invalidDescription(path: url.path, problem: $0) }
    }

    private static func training(
        _ value: JSONValue?, _ fail: (String) -> PreparationError
    ) throws -> [(image: String, label: String?)]? {
        guard let value else { return nil }
        guard let entries = value.array else { throw fail("its training is not a list") }
        return try entries.enumerated().map { index, entry in
            guard let image = entry.string ?? entry["image"]?.string else {
                throw fail("entry \(index) of its training list has no image")
            }
            return (image, entry["label"]?.string)
        }
    }

    /// The data set in `folder`; `problem` decides whether a case that cannot be used stops the reading.
    func dataset(in folder: URL, problem: (PreparationError) throws -> Void) throws -> Dataset {
        /// The case, or nil after telling what is wrong with it.
        func found(_ make: () throws -> DatasetCase) throws -> DatasetCase? {
            do { return try make() } catch let error as PreparationError { try problem(error) }
            return nil
        }
        let cases: [DatasetCase]
        if let explicit {
            cases = try explicit.compactMap { name, entry in try found { try explicitCase(name, entry, folder) } }
        } else if let listed, !listed.isEmpty {
            let files = FileCache()
            cases = try listed.compactMap { entry in try found { try listedCase(entry.image, entry.label, folder, files) } }
        } else if FolderListing(folder).find("imagesTr") == nil, let patients = try PatientFolders.read(folder, problem: problem) {
            cases = patients.cases
        } else {
            let images = ScanFiles(in: FolderListing.file("imagesTr", in: folder), ending: fileEnding)
            cases = try images.names.compactMap { name in try found { try folderCase(name, images.files[name]!, folder) } }
        }
        guard !cases.isEmpty else { throw PreparationError.notADataset(path: folder.path, problem: "it has no training cases") }
        var sorted: [DatasetCase] = []
        for dataCase in cases.sorted(by: { CaseNames.isBefore($0.name, $1.name) }) {
            if sorted.last?.name == dataCase.name { try problem(.duplicateCase(dataCase.name)) } else { sorted.append(dataCase) }
        }
        let tests = ScanFiles(in: FolderListing.file("imagesTs", in: folder), ending: fileEnding)
        return Dataset(
            name: description.name ?? folder.lastPathComponent, folder: folder, channelNames: description.channelNames, labels: description.labels,
            cases: sorted,
            testCases: tests.names.map { DatasetCase(name: $0, imageURLs: tests.files[$0]!) })
    }

    /// A case of the training list. Paths are relative to the folder; `CASE.nii.gz` may stand for `CASE_0000.nii.gz` and so on.
    private func listedCase(_ image: String, _ label: String?, _ folder: URL, _ cache: FileCache) throws -> DatasetCase {
        let imageURL = resolve(image, in: folder)
        guard let file = VolumeName(imageURL.lastPathComponent) else {
            throw PreparationError.invalidDescription(path: url.path, problem: "its training list names \(image), which is no scan by its name")
        }
        let files = cache.scans(in: imageURL.deletingLastPathComponent())
        let base = ScanFiles.channel(of: file.stem).map(\.0)
        let names = [file.stem] + (base.map { [$0] } ?? [])
        guard let name = names.first(where: { files.files[$0] != nil }), let images = files.files[name] else {
            throw PreparationError.missingFile(path: imageURL.path, neededFor: "the training list of \(url.path)")
        }
        // nnU-Net v1 lists an image and leaves its label to be found under the same name.
        let labelURL =
            label.map { resolve($0, in: folder) }
            ?? FolderListing.file("labelsTr/\(name)\(file.ending)", in: folder)
        guard FileManager.default.fileExists(atPath: labelURL.path) else {
            throw PreparationError.missingFile(path: labelURL.path, neededFor: "the training list of \(url.path)")
        }
        return DatasetCase(name: name, imageURLs: images, labelURL: labelURL)
    }

    private func explicitCase(_ name: String, _ entry: JSONValue, _ folder: URL) throws -> DatasetCase {
        guard let images = entry["images"]?.array?.compactMap(\.string), let label = entry["label"]?.string, !images.isEmpty else {
            throw PreparationError.invalidDescription(path: url.path, problem: "its dataset entry \(name) has no images or no label")
        }
        let urls = images.map { resolve($0, in: folder) }, labelURL = resolve(label, in: folder)
        for file in urls + [labelURL] where !FileManager.default.fileExists(atPath: file.path) {
            throw PreparationError.missingFile(path: file.path, neededFor: "the case \(name) of \(url.path)")
        }
        return DatasetCase(name: name, imageURLs: urls, labelURL: labelURL)
    }

    private func folderCase(_ name: String, _ images: [URL], _ folder: URL) throws -> DatasetCase {
        let ending = fileEnding ?? VolumeName(images[0].lastPathComponent)?.ending ?? ""
        let labelURL = FolderListing.file("labelsTr/\(name)\(ending)", in: folder)
        guard FileManager.default.fileExists(atPath: labelURL.path) else {
            throw PreparationError.missingFile(path: labelURL.path, neededFor: "the case \(name)")
        }
        return DatasetCase(name: name, imageURLs: images, labelURL: labelURL)
    }

    private func resolve(_ path: String, in folder: URL) -> URL {
        path.hasPrefix("/") ? URL(fileURLWithPath: path) : FolderListing.file(path, in: folder)
    }

    /// Listings of the folders that cases lie in, each read once.
    private final class FileCache {
        private var known: [String: ScanFiles] = [:]

        func scans(in folder: URL) -> ScanFiles {
            if let found = known[folder.path] { return found }
            let files = ScanFiles(in: folder)
            known[folder.path] = files
            return files
        }
    }
}
