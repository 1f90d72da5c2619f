package import Foundation
import UNETRVolumes

/// The label files of a folder, or one file, by the names of their cases.
package struct CaseFiles: Sendable {
    /// Whether a folder was named.
    package let isFolder: Bool
    /// The file of each case, or the folder of a DICOM object.
    package private(set) var files: [String: URL] = [:]

    /// Looks into a folder, or takes a file.
    ///
    /// - Throws: `EvaluationError.missing`, `.duplicateCase`, `.noFiles`.
    package init(_ url: URL) throws {
        var folder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &folder) else { throw EvaluationError.missing(path: url.path) }
        isFolder = folder.boolValue
        guard isFolder else {
            files[CasePair.caseName(of: url) ?? url.lastPathComponent] = url
            return
        }
        if let dataset = try BIDSFolder(url) {
            files = Self.masks(of: dataset)
            guard !files.isEmpty else { throw EvaluationError.noFiles(folder: url.path) }
            return
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() {
            let file = url.appendingPathComponent(name)
            guard let stem = CasePair.caseName(of: file) else { continue }
            // A DICOM object may lie beside the label map that it was made from, which is then taken.
            let isVolume = VolumeName(name) != nil, other = files[stem].map { VolumeName($0.lastPathComponent) != nil }
            guard other != isVolume else { throw EvaluationError.duplicateCase(case: stem, folder: url.path) }
            if other == nil || isVolume { files[stem] = file }
        }
        guard !files.isEmpty else { throw EvaluationError.noFiles(folder: url.path) }
    }

    /// The segmentations of a BIDS data set, called by their scans where that tells them apart, else by all that their names say.
    private static func masks(of dataset: BIDSFolder) -> [String: URL] {
        let masks = dataset.segmentations, short = masks.map { $0.name.removing(["space", "seg", "res", "den"]).entityText }
        let names = Set(short).count == short.count ? short : masks.map { $0.name.entityText }
        return Dictionary(zip(names, masks.map(\.url))) { first, _ in first }
    }
}
