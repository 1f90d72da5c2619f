public import Foundation
import UNETRSupport

/// What made a mask, for the objects that tell it.
public struct DICOMAlgorithm: Hashable, Sendable {
    /// How much of the work a person did.
    public enum Kind: String, Sendable, CaseIterable {
        /// Nothing.
        case automatic
        /// Some.
        case semiautomatic
        /// All.
        case manual
    }

    /// Its name, such as the model's.
    public var name: String
    /// Its version: the program's.
    public var version: String
    /// The SHA-256 of the model's weights, or whatever else tells models of one name apart.
    public var digest: String?
    /// How much of the work a person did.
    public var kind: Kind

    /// An algorithm.
    public init(name: String, version: String, digest: String? = nil, kind: Kind = .automatic) {
        self.name = name
        self.version = version
        self.digest = digest
        self.kind = kind
    }
}

/// What became of a mask that was to be written as a DICOM object.
public enum DICOMObjectResult: Equatable, Sendable {
    /// The object is there, with so many structures, and frames or contours.
    case written(structures: Int, parts: Int)
    /// The mask has no voxel of any structure. Nothing was written: the standard knows no object that is empty.
    case empty
}

/// Writes masks as DICOM objects about the series that they were made from: segmentations (SEG) and structure sets (RTSTRUCT).
///
///     let reference = try DICOMReference(DICOMStudy(contentsOf: folder).series("4"))
///     let writer = DICOMObjectWriter(reference: reference, labels: plan.labels, algorithm: DICOMAlgorithm(name: "lung", version: "3.0"))
///     try writer.writeSegmentation(mask, to: url)
public struct DICOMObjectWriter: Sendable {
    /// The series.
    public var reference: DICOMReference
    /// Names and colors of the labels; a label without a name is called by its number.
    public var labels: LabelSet?
    /// What made the mask.
    public var algorithm: DICOMAlgorithm
    /// With a seed, equal masks of equal series give objects that are equal to the last byte: their identifiers follow from the contents, and their date
    /// is the study's. Without one identifiers are random and the date is now.
    public var seed: UInt64?
    /// The time of writing, where there is no seed.
    public var date = Date()

    /// A writer for objects about one series.
    public init(reference: DICOMReference, labels: LabelSet? = nil, algorithm: DICOMAlgorithm, seed: UInt64? = nil) {
        self.reference = reference
        self.labels = labels
        self.algorithm = algorithm
        self.seed = seed
    }

    static let program = (manufacturer: "UNETR++ for Swift", model: "unetrpp")

    // MARK: The mask

    /// The mask in the order of the series' pixels; one of straight slices goes back to the pixels nearest to its own.
    ///
    /// - Throws: `DICOMObjectError` for a mask that does not lie on the grid of the series.
    func placed<Scalar>(_ volume: Volume<Scalar>) throws -> Volume<Scalar> {
        do {
            let placed = try volume.placed(on: reference.geometry)
            return reference.shear.map(placed.tilted) ?? placed
        } catch {
            throw DICOMObjectError(path: reference.path, problem: .gridDiffers(difference: error.difference))
        }
    }

    /// A structure that the object will hold.
    struct Structure {
        /// Its number in the object, from 1.
        var number: Int
        /// Its value in the mask, or its channel among probabilities.
        var value: Int
        var name: String
        var color: SegmentColor
        var code: SegmentCode
        /// The slices that hold any of it.
        var slices: [Int]
    }

    /// The structures of these values, numbered in their order, each with the slices that hold it. No two have one name.
    func structures(_ present: [(value: Int, slices: [Int])]) -> [Structure] {
        var names: Set<String> = []
        return present.enumerated().map { index, entry in
            let definition = labels?.definition(of: entry.value)
            let name = DICOMText.fitted(definition?.name ?? "", to: .longString)
            let base = name.isEmpty ? "Label \(entry.value)" : name
            var unique = base, count = 1
            while !names.insert(unique).inserted {
                count += 1
                unique = "\(base.prefix(56)) \(count)"
            }
            let code = SegmentCode(named: name, context: algorithm.name)
            let color = definition?.color.flatMap(SegmentColor.init) ?? SegmentColor(label: entry.value)
            return Structure(number: index + 1, value: entry.value, name: unique, color: color, code: code, slices: entry.slices)
        }
    }

    /// The labels of a mask, ascending, and the slices that hold each. What is background, or to be ignored, is none.
    func present(in mask: LabelMap) -> [(value: Int, slices: [Int])] {
        let inPlane = mask.geometry.size[1] * mask.geometry.size[2]
        let found = Parallel.map(mask.geometry.size[0]) { slice -> [Int] in
            mask.voxels.withUnsafeBufferPointer { voxels in
                var seen = [Bool](repeating: false, count: 1 << 16)
                var last: Int16 = 0
                var labels: [Int] = []
                for voxel in voxels[slice * inPlane..<(slice + 1) * inPlane] where voxel != last {
                    last = voxel
                    let index = Int(UInt16(bitPattern: voxel))
                    if voxel != 0, !seen[index] {
                        seen[index] = true
                        labels.append(Int(voxel))
                    }
                }
                return labels
            }
        }
        var slices: [Int: [Int]] = [:]
        for (slice, labels) in found.enumerated() {
            for label in labels where label != self.labels?.ignoreValue { slices[label, default: []].append(slice) }
        }
        return slices.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    // MARK: What all objects say

    /// Date and time of the object, as DICOM writes them.
    var stamp: (date: String, time: String) {
        guard seed == nil else { return reference.date }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .current
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
        func digits(_ value: Int?, _ count: Int) -> String {
            let text = String(value ?? 0)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return (
            digits(parts.year, 4) + digits(parts.month, 2) + digits(parts.day, 2), digits(parts.hour, 2) + digits(parts.minute, 2) + digits(parts.second, 2)
        )
    }

    /// Identifiers for an object.
    ///
    /// - Parameter digest: of the voxels.
    func identifiers(_ kind: String, _ structures: [Structure], _ digest: SHA256Digest) -> DICOMUIDs {
        var hasher = SHA256Digest.Hasher()
        hasher.add([kind, reference.seriesUID, digest.text, algorithm.name, algorithm.version, algorithm.digest ?? ""].joined(separator: "\n"))
        for slice in reference.slices { hasher.add("\(slice.sopInstance) \(slice.frame ?? 0)\n") }
        for structure in structures { hasher.add("\(structure.value) \(structure.name) \(structure.color.text)\n") }
        return DICOMUIDs(seed: seed, contents: hasher.finish())
    }

    /// Patient, study, series and equipment.
    func common(_ sopClass: String, modality: String, series offset: Int, instance: String, seriesInstance: String, description: String) -> DICOMElements {
        let stamp = stamp
        var elements = DICOMElements()
        elements.set(.characterSet, "ISO_IR 192")
        elements.set(.sopClass, sopClass)
        elements.set(.sopInstance, instance)
        elements.set(.instanceDate, stamp.date)
        elements.set(.instanceTime, stamp.time)
        for (tag, text) in reference.copied { elements.set(tag, text) }
        elements.set(.studyInstance, reference.studyUID)
        elements.set(.seriesInstance, seriesInstance)
        elements.set(.modality, modality)
        // Another than the source's, and the same for all objects of one kind about it.
        elements.set(.seriesNumber, min(max(reference.seriesNumber ?? 0, 0), 9_999_999) * 100 + offset)
        elements.set(.seriesDescription, free: description)
        elements.set(.instanceNumber, 1)
        elements.set(.manufacturer, Self.program.manufacturer)
        elements.set(.modelName, Self.program.model)
        elements.set(.serialNumber, free: algorithm.digest.map { String($0.prefix(16)) } ?? "0")
        elements.set(.softwareVersions, free: algorithm.version)
        elements.set(.frameOfReference, reference.frameOfReference)
        elements.set(.positionIndicator, "")
        return elements
    }

    /// The name of an algorithm must not be empty.
    var algorithmName: String { algorithm.name.isEmpty ? Self.program.model : algorithm.name }

    static func item(_ concept: CodedConcept) -> DICOMElements {
        var item = DICOMElements()
        item.set(.codeValue, free: concept.value)
        item.set(.codingScheme, free: concept.scheme)
        item.set(.codeMeaning, free: concept.meaning)
        return item
    }

    static func reference(_ slice: DICOMReference.Slice, frame: Bool) -> DICOMElements {
        var item = DICOMElements()
        item.set(.referencedClass, slice.sopClass)
        item.set(.referencedInstance, slice.sopInstance)
        if frame, let number = slice.frame { item.set(.referencedFrame, number) }
        return item
    }
}

extension LabelSet {
    /// The definition of what a label map has this value for; where regions overlap, the region that the value is written for.
    public func definition(of value: Int) -> LabelDefinition? {
        if let order = regionOrder, let index = order.firstIndex(of: value), foreground.indices.contains(index) { return foreground[index] }
        return definitions.first { $0.values == [value] } ?? definitions.first { $0.values.contains(value) && !$0.isBackground }
    }
}
