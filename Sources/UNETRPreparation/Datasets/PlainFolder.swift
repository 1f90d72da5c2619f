import Foundation
import UNETRVolumes

/// Folders of scans and labels without a `dataset.json`.
enum PlainFolder {
    private static let imageNames = ["images", "imagesTr", "image", "img", "scans"]
    private static let labelNames = ["labels", "labelsTr", "label", "masks", "mask", "segmentations"]

    static func imageFolder(_ listing: FolderListing) -> String? { imageNames.lazy.compactMap(listing.find).first }
    static func labelFolder(_ listing: FolderListing) -> String? { labelNames.lazy.compactMap(listing.find).first }

    /// The data set in `folder`; `problem` decides whether an image without labels stops the reading.
    ///
    /// - Throws: `PreparationError` when there are no such folders, or cases differ in their number of channels.
    static func dataset(
        in folder: URL, _ listing: FolderListing, problem: (PreparationError) throws -> Void
    ) throws -> Dataset {
        guard let images = imageFolder(listing), let labels = labelFolder(listing) else {
            throw PreparationError.notADataset(
                path: folder.path, problem: "it has neither a dataset.json nor folders named images and labels")
        }
        let scans = ScanFiles(in: folder.appendingPathComponent(images)), marked = ScanFiles(in: folder.appendingPathComponent(labels))
        guard !scans.files.isEmpty else {
            throw PreparationError.notADataset(path: folder.path, problem: "its folder \(images) holds no scans")
        }
        let cases: [DatasetCase] = try scans.names.compactMap { name in
            guard let label = marked.files[name]?.first else {
                try problem(
                    .missingFile(
                        path: folder.appendingPathComponent("\(labels)/\(name)\(VolumeName(scans.files[name]![0].lastPathComponent)!.ending)").path,
                        neededFor: "the image \(name) in \(images)"))
                return nil
            }
            return DatasetCase(name: name, imageURLs: scans.files[name]!, labelURL: label)
        }
        let channels = cases.map(\.imageURLs.count)
        guard !cases.isEmpty else { throw PreparationError.notADataset(path: folder.path, problem: "no image has a label map") }
        guard let count = channels.max(), channels.min() == count else {
            let odd = cases.first { $0.imageURLs.count != channels.max() }!
            throw PreparationError.notADataset(
                path: folder.path, problem: "\(odd.name) has \(odd.imageURLs.count) channel files and others have \(channels.max()!)")
        }
        return Dataset(
            name: folder.lastPathComponent, folder: folder, channelNames: (0..<count).map { "channel \($0)" },
            labels: LabelSet(definitions: [LabelDefinition(name: "background", value: 0)]), cases: cases)
    }
}
