import Foundation
import UNETRSupport
import UNETRVolumes

/// A `dataset.json` in the form of the Medical Segmentation Decathlon and nnU-Net v1, or of nnU-Net v2.
struct DatasetDescription {
    let url: URL
    let name: String?
    let channelNames: [String]
    let labels: LabelSet

    /// The cases it lists with the paths of image and label; nil when the folders decide (nnU-Net v2).
    private let listed: [(image: String, label: String?)]?

    /// nnU-Net v2's explicit files for each case.
    private let explicit: [String: JSONValue]?
    private let fileEnding: String?

    init(contentsOf url: URL) throws {
        self.url = url
        let data: Data
        do { data = try InputFile.contents(of: url, most: 1 << 28) } catch let error as FileError {
            throw PreparationError.invalidDescription(path: url.path, problem: "it \(error.problem)")
        }
        guard let json = try? JSONDecoder().decode(JSONValue.self, from: data), let members = json.object else {
            throw PreparationError.invalidDescription(path: url.path, problem: "it is not a JSON object")
        }
        func fail(_ problem: String) -> PreparationError { .invalidDescription(path: url.path, problem: problem) }
        guard let channels = (members["channel_names"] ?? members["modality"])?.object else {
            throw fail("it has neither modality (nnU-Net v1, MSD) nor channel_names (nnU-Net v2), which name the channels")
        }
        let numbered = channels.compactMap { key, value in Int(key).map { ($0, value.string ?? "\(key)") } }.sorted { $0.0 < $1.0 }
        guard numbered.map(\.0) == Array(0..<channels.count), !channels.isEmpty else {
            throw fail("its channels are numbered \(channels.keys.sorted()), but must be 0, 1, 2, … without gaps")
        }
        channelNames = numbered.map(\.1)
        guard members["labels"]?.object != nil else { throw fail("it has no labels") }
        do {
            labels = try LabelSet(fields: members)
            try labels.validate()
        } catch let problem as LabelProblem {
            throw fail(problem.description)
        } catch PlanError.invalid(let field, let value, let rule) {
            throw fail("its \(field) are \(value), but \(rule)")
        }
        name = members["name"]?.string
        let isSecondForm = members["channel_names"] != nil
        fileEnding = members["file_ending"]?.string
        if let fileEnding, !VolumeFormats.endings.contains(fileEnding.lowercased()) {
            throw fail("its file_ending is \(fileEnding); known are \(VolumeFormats.endings.joined(separator: ", "))")
        }
        explicit = isSecondForm ? members["dataset"]?.object : nil
        listed = isSecondForm ? nil : try Self.training(members["training"], fail)
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
            name: name ?? folder.lastPathComponent, folder: folder, channelNames: channelNames, labels: labels, cases: sorted,
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
