import Foundation
import UNETRSupport

/// The series that a mask was made from, with all that objects about it must repeat: what names the patient and the study, and where each
/// slice lies, in the very words of its files.
///
/// The patient's name and numbers are read here, while an object is made, and nowhere else; they go into the object alone.
public struct DICOMReference: Sendable, CustomStringConvertible {
    /// The grid of the series, in RAS+ mm; straight where the series was made so.
    public let geometry: Geometry

    /// How straight slices came from those of the series; nil where nothing was moved.
    let shear: DICOMShear?
    /// Pixels of a slice of the series.
    let rows, columns: Int

    /// The study's folder, archive or file.
    let path: String
    let seriesUID: String
    let seriesNumber: Int?
    let studyUID: String
    let frameOfReference: String
    /// By ascending position, as in the grid.
    let slices: [Slice]
    /// What is copied of patient and study, in Unicode.
    let copied: [(tag: DICOMTag, text: String)]

    struct Slice: Sendable, Equatable {
        var sopClass: String
        var sopInstance: String
        /// From 1; nil in a file of one frame.
        var frame: Int?
        /// `ImagePositionPatient`, `ImageOrientationPatient` and `PixelSpacing` as the file has them.
        var position, orientation, spacing: String
        var thickness: String?
        /// The center of the first pixel, and from one pixel to the next along a row and down a column, in LPS mm.
        var origin, alongRow, downColumn: SIMD3<Double>
    }

    /// A short text for people, without the patient.
    public var description: String { "DICOM series \(seriesUID) of \(slices.count) slices" }

    /// Reads the headers of the series again.
    ///
    /// - Throws: `DICOMError` where the series is no volume or has changed; `DICOMObjectError` where it lacks identifiers; `FileError`.
    public init(_ series: DICOMSeries) throws {
        let content = try series.content.get(), images = content.images, path = series.path
        self.path = path
        geometry = content.grid.geometry
        shear = content.grid.shear
        (rows, columns) = (images[0].pixels.rows, images[0].pixels.columns)
        seriesNumber = series.number
        let headers = try Parallel.map(images.count) { try DICOMReference.header(images[$0].file, path: path) }
        func fail(_ problem: DICOMObjectProblem) -> DICOMObjectError { DICOMObjectError(path: path, problem: problem) }
        func identifier(_ header: DICOMDataSet, _ tag: DICOMTag, _ file: DICOMFile) throws -> String {
            guard let uid = header.text(tag), DICOMUIDs.isValid(uid) else {
                throw fail(.noIdentifier(file: file.name.isEmpty ? "the file" : file.name, what: tag.text))
            }
            return uid
        }
        seriesUID = try identifier(headers[0], .seriesInstance, images[0].file)
        studyUID = try identifier(headers[0], .studyInstance, images[0].file)
        frameOfReference = try identifier(headers[0], .frameOfReference, images[0].file)
        slices = try content.grid.slices.map { slice in
            let image = images[slice.image], header = headers[slice.image], frame = image.frames[slice.frame]
            return Slice(
                header, frame: image.numbers[slice.frame], sopClass: try identifier(header, .sopClass, image.file),
                sopInstance: try identifier(header, .sopInstance, image.file), place: frame)
        }
        copied = try Self.copied(headers[0], path: path)
    }

    private static func header(_ file: DICOMFile, path: String) throws -> DICOMDataSet {
        do {
            let (bytes, state) = try DICOMFileOpener().open(file)
            guard state == file.state else { throw DICOMProblem.changed }
            guard let start = try DICOMStart(bytes) else { throw DICOMProblem.changed }
            return try start.dataSet(bytes, keeping: .reference)
        } catch let problem as DICOMProblem {
            throw DICOMError(path: path, file: file.name.isEmpty ? nil : file.name, problem: problem)
        }
    }

    // MARK: Patient and study

    /// What an object must have even where the series says nothing, and what it repeats only where there is something.
    private static let required: [DICOMTag] = [
        .studyDate, .studyTime, .accessionNumber, .referringPhysician, .patientName, .patientID, .patientBirthDate, .patientSex, .studyID,
    ]
    private static let optional: [DICOMTag] = [
        .studyDescription, .patientAge, .patientSize, .patientWeight, .identityRemoved, .deidentificationMethod,
    ]
    static var copiedTags: [DICOMTag] { required + optional }

    /// Without these an object would not find its patient; other texts that cannot be read are left empty.
    private static let identifying: Set<DICOMTag> = [.accessionNumber, .patientName, .patientID, .studyID]

    private static func copied(_ header: DICOMDataSet, path: String) throws -> [(tag: DICOMTag, text: String)] {
        let terms = header.texts(.characterSet), decoder = DICOMText(terms)
        var copied: [(tag: DICOMTag, text: String)] = []
        for tag in copiedTags {
            let bytes = header.values[tag] ?? [], type = DICOMTag.types[tag] ?? .longString
            let isRequired = required.contains(tag)
            var text = type.isFreeText ? decoder.decoded(bytes, isName: type == .name) : header.text(tag) ?? ""
            if text == nil {
                guard !identifying.contains(tag) else {
                    throw DICOMObjectError(path: path, problem: .unreadableText(characterSet: terms.joined(separator: "\\")))
                }
                text = ""
            }
            guard let text, isRequired || !text.isEmpty else { continue }
            copied.append((tag, text))
        }
        return copied
    }

    // MARK: What objects say about their source

    /// The slices' files, each once, in the order of the slices.
    var instances: [Slice] {
        var seen: Set<String> = []
        return slices.filter { seen.insert($0.sopInstance).inserted }
    }

    /// The date of the series in its own words, for objects that must not depend on the clock.
    var date: (date: String, time: String) {
        func text(_ tag: DICOMTag) -> String { copied.first { $0.tag == tag }?.text ?? "" }
        let (date, time) = (text(.studyDate), text(.studyTime))
        return (date.count == 8 ? date : "19700101", time.count >= 6 ? String(time.prefix(6)) : "000000")
    }
}

extension DICOMReference.Slice {
    /// - Parameter frame: its number in the file, from 0.
    fileprivate init(_ header: DICOMDataSet, frame: Int, sopClass: String, sopInstance: String, place: DICOMFrame) {
        let own = header.sequences[.frameGroups] ?? []
        let groups = (own.indices.contains(frame) ? [own[frame]] : []) + (header.sequences[.sharedGroups] ?? [])
        func words(_ sequence: DICOMTag, _ tag: DICOMTag) -> String? {
            let holder = groups.lazy.compactMap { $0.item(sequence) }.first { $0.values[tag] != nil } ?? header
            let texts = holder.texts(tag)
            guard !texts.isEmpty else { return nil }
            // Some files have more digits than the standard allows; those are written as near as it does.
            return texts.map { $0.utf8.count <= 16 ? $0 : Double($0).map(DICOMDecimal.text) ?? "0" }.joined(separator: "\\")
        }
        self.sopClass = sopClass
        self.sopInstance = sopInstance
        // A file that counts its frames is referred to by frame, also where it has one.
        self.frame = header.values[.numberOfFrames] != nil && !own.isEmpty ? frame + 1 : nil
        self.position = words(.planePosition, .imagePosition) ?? ""
        orientation = words(.planeOrientation, .imageOrientation) ?? ""
        spacing = words(.pixelMeasures, .pixelSpacing) ?? ""
        thickness = words(.pixelMeasures, .sliceThickness)
        origin = place.position
        alongRow = place.row * place.rowStep
        downColumn = place.column * place.columnStep
    }
}
