public import Foundation
import UNETRSupport

/// What names a DICOM object of any kind, an image, a segmentation or contours: all that archives need to know of it, and nothing of the patient.
public struct DICOMObjectName: Hashable, Sendable {
    /// `StudyInstanceUID`.
    public var study: String
    /// `SeriesInstanceUID`.
    public var series: String
    /// `SOPInstanceUID`, which no other object has.
    public var instance: String
    /// `SOPClassUID`: what kind of object it is.
    public var sopClass: String
    /// `Modality`, such as "CT" or "SEG"; empty where the file does not say.
    public var modality: String

    /// A name.
    public init(study: String, series: String, instance: String, sopClass: String, modality: String = "") {
        self.study = study
        self.series = series
        self.instance = instance
        self.sopClass = sopClass
        self.modality = modality
    }

    /// The name of the object in a file, which is read up to its pixels' end.
    ///
    /// - Returns: nil for a file that is not DICOM, and for a directory of DICOM files, which is no object.
    /// - Throws: `DICOMError` for one that is cut off, damaged or says no name; `FileError` for one that cannot be read.
    public init?(contentsOf url: URL) throws {
        let bytes = try FileBytes(url)
        do {
            guard let start = try DICOMStart(bytes) else { return nil }
            let dataSet = try start.dataSet(bytes, keeping: Self.selection)
            guard dataSet.values[.sopInstance] != nil || dataSet.values[.sopClass] != nil else { return nil }
            func identifier(_ tag: DICOMTag) throws(DICOMProblem) -> String {
                guard let text = dataSet.text(tag), Self.isIdentifier(text) else {
                    throw .malformed(what: "\(tag.text) is missing or no identifier", rule: "every object must have it")
                }
                return text
            }
            study = try identifier(.studyInstance)
            series = try identifier(.seriesInstance)
            instance = try identifier(.sopInstance)
            sopClass = try identifier(.sopClass)
            let letters = (dataSet.text(.modality) ?? "").prefix(16)
            modality = letters.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) } ? String(letters) : ""
        } catch let problem as DICOMProblem {
            // Many files of other kinds begin like a data set without a header.
            guard try DICOMStart.isMarked(bytes) else { return nil }
            throw DICOMError(path: url.path, problem: problem)
        }
    }

    private static let selection = DICOMSelection(
        values: [.sopClass, .sopInstance, .studyInstance, .seriesInstance, .modality, .rows], sequences: [])

    /// The objects in a file, or in a folder at any depth, by their paths.
    ///
    /// - Parameter url: a file, which must be an object; a folder, in which other files are passed over.
    /// - Returns: the objects, and how many other files there are.
    /// - Throws: `DICOMError` for a file that is no object, and for damaged ones; `FileError`.
    public static func found(in url: URL) throws -> (objects: [(file: URL, name: DICOMObjectName)], others: Int) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue else {
            guard let name = try DICOMObjectName(contentsOf: url) else { throw DICOMError(path: url.path, problem: .noObject) }
            return ([(url, name)], 0)
        }
        let files = try DICOMStudy.files(below: url).compactMap { if case .file(let url) = $0.place { url } else { nil } }
        let names = try Parallel.map(files.count) { try DICOMObjectName(contentsOf: files[$0]) }
        let objects = zip(files, names).compactMap { file, name in name.map { (file, $0) } }
        return (objects, files.count - objects.count)
    }

    /// Whether a text can be an identifier: digits and dots, so that it is safe in an address and as a file's name. Leading zeros, which the
    /// standard forbids (PS3.5, 9.1), are met in archives, and do no harm.
    public static func isIdentifier(_ text: String) -> Bool {
        let bytes = text.utf8
        guard (1...64).contains(bytes.count), bytes.first != UInt8(ascii: "."), bytes.last != UInt8(ascii: ".") else { return false }
        return !text.contains("..") && bytes.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
    }
}
