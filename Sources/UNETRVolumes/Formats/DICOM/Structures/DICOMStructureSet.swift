public import Foundation
import UNETRSupport

/// A DICOM structure set (RTSTRUCT): contours of structures on the slices of a series, as radiotherapy draws them.
public struct DICOMStructureSet: Sendable {
    /// The structures, in the file's order.
    public let structures: [Structure]
    /// `SeriesInstanceUID` of the series that the set says it was drawn on; it may name none.
    public let seriesUIDs: [String]

    let path: String

    /// One structure.
    public struct Structure: Sendable {
        /// `ROINumber`.
        public var number: Int
        /// `ROIName`; empty where the file gives none.
        public var name: String
        /// Its color on the screen.
        public var color: SegmentColor?
        /// Contours that enclose something.
        public var contourCount: Int { contours.count }
        /// Contours that enclose nothing, and were not read: points, open lines, and those of fewer than three points.
        public var skippedCount: Int

        var contours: [[SIMD3<Double>]]
    }

    /// Reads a structure set.
    ///
    /// - Throws: `DICOMObjectError` for what is no structure set or breaks its rules, `DICOMError` for what is no DICOM, `FileError`.
    public init(contentsOf url: URL) throws {
        path = url.path
        do {
            let bytes = try FileBytes(url)
            guard let start = try DICOMStart(bytes) else { throw DICOMProblem.notDICOM(files: 1) }
            let file = try start.dataSet(bytes, keeping: .structureSet)
            guard file.text(.sopClass) == Self.sopClass || file.text(.modality) == "RTSTRUCT" else {
                throw DICOMObjectProblem.notA(expected: "a structure set (RTSTRUCT)", found: "a DICOM object of another kind")
            }
            let text = DICOMText(file.texts(.characterSet))
            var contours: [Int: DICOMDataSet] = [:]
            for item in file.sequences[.structureContours] ?? [] {
                if let number = try item.integer(.referencedStructure) { contours[number] = item }
            }
            structures = try (file.sequences[.structures] ?? []).map { item in
                guard let number = try item.integer(.structureNumber) else {
                    throw DICOMObjectProblem.malformed(what: "a structure has no number", rule: "every one must have it")
                }
                let name = item.values[.structureName].map { text.decoded($0) ?? String(decoding: $0, as: UTF8.self) } ?? ""
                return try Self.structure(number, name: DICOMText.fitted(name, to: .longString), contours[number])
            }
            let studies = (file.sequences[.referencedFramesOfReference] ?? []).flatMap { $0.sequences[.referencedStudies] ?? [] }
            seriesUIDs = studies.flatMap { $0.sequences[.referencedStudySeries] ?? [] }.compactMap { $0.text(.seriesInstance) }
        } catch let problem as DICOMProblem {
            throw DICOMError(path: url.path, problem: problem)
        } catch let problem as DICOMObjectProblem {
            throw DICOMObjectError(path: url.path, problem: problem)
        }
    }

    static let sopClass = "1.2.840.10008.5.1.4.1.1.481.3"

    private static func structure(_ number: Int, name: String, _ item: DICOMDataSet?) throws -> Structure {
        var structure = Structure(number: number, name: name, skippedCount: 0, contours: [])
        let parts = (item?.texts(.structureColor) ?? []).compactMap { UInt8($0) }
        if parts.count == 3 { structure.color = SegmentColor(red: parts[0], green: parts[1], blue: parts[2]) }
        for contour in item?.sequences[.contours] ?? [] {
            let numbers = try numbers(contour.values[.contourData] ?? [], of: name)
            guard numbers.count.isMultiple(of: 3) else {
                throw DICOMObjectProblem.malformed(what: "a contour of '\(name)' has \(numbers.count) numbers", rule: "each of its points needs three")
            }
            var points = stride(from: 0, to: numbers.count, by: 3).map { SIMD3(numbers[$0], numbers[$0 + 1], numbers[$0 + 2]) }
            // Some repeat the first point at the end, which the standard does not want.
            if points.count > 1, points.first == points.last { points.removeLast() }
            let kind = contour.text(.contourKind) ?? "CLOSED_PLANAR"
            guard kind.hasPrefix("CLOSED"), points.count >= 3 else {
                structure.skippedCount += 1
                continue
            }
            structure.contours.append(points)
        }
        return structure
    }

    private static func numbers(_ bytes: [UInt8], of name: String) throws -> [Double] {
        var numbers: [Double] = []
        for part in bytes.split(separator: UInt8(ascii: "\\")) {
            let digits = part.drop { $0 <= 0x20 }.reversed().drop { $0 <= 0x20 }.reversed()
            if digits.isEmpty, part.count == bytes.count { break }
            guard let number = Double(String(decoding: digits, as: UTF8.self)), abs(number) <= Geometry.farthest else {
                throw DICOMObjectProblem.malformed(what: "a contour of '\(name)' has something else than numbers", rule: "its points are numbers of mm")
            }
            numbers.append(number)
        }
        return numbers
    }
}
