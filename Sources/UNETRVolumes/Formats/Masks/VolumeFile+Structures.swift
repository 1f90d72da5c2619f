public import Foundation

extension VolumeFile {
    /// Whether a file is a DICOM structure set, whose contours become labels on a given grid.
    public static func isStructureSet(_ url: URL) -> Bool { VolumeName(url.lastPathComponent) == nil && DICOMStructureSet.recognizes(url) }

    /// A label map, or the labels that the contours of a structure set enclose.
    ///
    /// - Parameters:
    ///   - url: a label map on any grid, or a structure set.
    ///   - grid: the scan's, for contours, in RAS+ mm.
    ///   - labels: the labels that structures become, by their names; nil: there is one structure, label 1.
    /// - Throws: as `readLabels(_:)`; `DICOMObjectError` for contours that do not fit the grid, or names that do not fit the labels.
    public static func readLabels(_ url: URL, on grid: @autoclosure () throws -> Geometry, as labels: LabelSet? = nil) throws -> LabelMap {
        guard isStructureSet(url) else { return try readLabels(url) }
        let set = try DICOMStructureSet(contentsOf: url)
        // The order of structures says nothing: it differs from patient to patient.
        guard labels != nil || set.structures.count == 1 else {
            throw DICOMObjectError(path: url.path, problem: .labelsNeeded(present: set.structures.map(\.name)))
        }
        return try set.labels(on: grid(), as: labels).labels
    }
}
