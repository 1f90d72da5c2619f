public import Foundation
import UNETRSupport

/// A DICOM object that holds structures of a scan: a segmentation (SEG) or a structure set (RTSTRUCT).
public enum DICOMStructures: Sendable {
    /// Masks.
    case segmentation(DICOMSegmentation)
    /// Contours.
    case structureSet(DICOMStructureSet)

    /// Reads an object.
    ///
    /// - Parameter url: a file, or a folder with one such file among whatever else.
    /// - Throws: `DICOMObjectError` for what is none, for a folder with several, and for an object that breaks its rules; `DICOMError`, `FileError`.
    public init(contentsOf url: URL) throws {
        let files = try Self.files(in: url)
        guard let file = files.first else {
            throw DICOMObjectError(
                path: url.path, problem: .notA(expected: "a segmentation (SEG) or a structure set (RTSTRUCT)", found: "something else"))
        }
        guard files.count == 1 else { throw DICOMObjectError(path: url.path, problem: .severalObjects(files.map(\.lastPathComponent))) }
        if Self.form(of: file) == .segmentation {
            self = .segmentation(try DICOMSegmentation(contentsOf: file))
        } else {
            self = .structureSet(try DICOMStructureSet(contentsOf: file))
        }
    }

    /// The objects in a folder, at any depth, by path; of a file itself, if it is one.
    ///
    /// - Throws: `FileError`, `VolumeError` where there is nothing.
    public static func files(in url: URL) throws -> [URL] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue else {
            return form(of: url) == nil ? [] : [url]
        }
        return try DICOMStudy.files(url).compactMap { if case .file(let file) = $0.place, form(of: file) != nil { file } else { nil } }
    }

    /// Whether this is such an object, or a folder with any.
    public static func recognizes(_ url: URL) -> Bool { VolumeName(url.lastPathComponent) == nil && (try? files(in: url))?.isEmpty == false }

    private enum Form { case segmentation, structureSet }

    /// What a file says it is in its first lines; nil for anything else.
    private static func form(of url: URL) -> Form? {
        guard let bytes = try? FileBytes(url), let start = (try? DICOMStart(bytes)) ?? nil else { return nil }
        let selection = DICOMSelection(values: [.sopClass, .modality], sequences: [])
        guard let file = try? start.dataSet(bytes, keeping: selection) else { return nil }
        let sopClass = file.text(.sopClass) ?? ""
        if DICOMSegmentation.sopClasses.contains(sopClass) { return .segmentation }
        return sopClass == DICOMStructureSet.sopClass || file.text(.modality) == "RTSTRUCT" ? .structureSet : nil
    }

    /// The structures' names, in the file's order.
    public var names: [String] {
        switch self {
        case .segmentation(let object): object.segments.map(\.name)
        case .structureSet(let object): object.structures.map(\.name)
        }
    }

    /// `SeriesInstanceUID` of the series that it says it is about; it may name none.
    public var seriesUIDs: [String] {
        switch self {
        case .segmentation(let object): object.seriesUIDs
        case .structureSet(let object): object.seriesUIDs
        }
    }

    /// The labels that the structures become where nobody wants others: of a segmentation those of its numbers, of a structure set in its order.
    public var labelSet: LabelSet {
        let named =
            switch self {
            case .segmentation(let object): object.segments.map { LabelDefinition(name: $0.name, value: $0.number) }
            case .structureSet(let object): object.structures.enumerated().map { LabelDefinition(name: $1.name, value: $0 + 1) }
            }
        return LabelSet(definitions: [LabelDefinition(name: "background", value: 0)] + named)
    }

    /// The structures as labels on a grid.
    ///
    /// - Parameters:
    ///   - grid: the scan's, in RAS+ mm.
    ///   - wanted: the labels to use, found by the structures' names; nil: those of `labelSet`.
    /// - Throws: `DICOMObjectError` for what does not lie on the grid, or where no structure has the name of a label; `DICOMError`, `FileError`,
    ///   `MemoryError`.
    public func labels(on grid: Geometry, as wanted: LabelSet? = nil) throws -> FilledStructures {
        switch self {
        case .segmentation(let object): try object.labels(on: grid, as: wanted)
        case .structureSet(let object): try object.labels(on: grid, as: wanted)
        }
    }

    /// The labels of several patients' structures: each name once, whatever the case of letters and the signs in it, by name.
    public static func labelSet(of all: [DICOMStructures]) -> LabelSet {
        var names: [String: String] = [:]
        for name in all.flatMap(\.names) where names[StructureLabels.key(name)] == nil { names[StructureLabels.key(name)] = name }
        let named = names.sorted { $0.key < $1.key }.enumerated().map { LabelDefinition(name: $1.value, value: $0 + 1) }
        return LabelSet(definitions: [LabelDefinition(name: "background", value: 0)] + named)
    }
}

extension DICOMStudy {
    /// The series that an object says it is about; nil where the study has none of these.
    public func series(about object: DICOMStructures) -> DICOMSeries? {
        object.seriesUIDs.lazy.compactMap { uid in series.first { $0.uid == uid } }.first
    }
}

extension VolumeFile {
    /// A label map, or the labels that the structures of a DICOM object are.
    ///
    /// - Parameters:
    ///   - url: a label map on any grid, or a segmentation or structure set (see `DICOMStructures`).
    ///   - grid: the scan's, for structures, in RAS+ mm.
    ///   - labels: the labels that structures become, by their names; nil: there is one structure, label 1.
    /// - Throws: as `readLabels(_:)`; `DICOMObjectError` for structures that do not fit the grid, or names that do not fit the labels.
    public static func readLabels(_ url: URL, on grid: @autoclosure () throws -> Geometry, as labels: LabelSet? = nil) throws -> LabelMap {
        guard DICOMStructures.recognizes(url) else { return try readLabels(url) }
        let structures = try DICOMStructures(contentsOf: url), names = structures.names
        // Numbers say nothing: they differ from patient to patient.
        guard labels != nil || names.count == 1 else { throw DICOMObjectError(path: url.path, problem: .labelsNeeded(present: names)) }
        let only = LabelSet(definitions: [LabelDefinition(name: "background", value: 0), LabelDefinition(name: names.first ?? "", value: 1)])
        return try structures.labels(on: grid(), as: labels ?? only).labels
    }
}
