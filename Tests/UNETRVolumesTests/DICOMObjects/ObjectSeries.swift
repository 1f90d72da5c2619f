import Foundation
import TestSupport
import UNETRSupport

@testable import UNETRVolumes

/// A series that lies where a mask lies, written by the package's own encoder, for objects about it.
struct ObjectSeries {
    var geometry: Geometry
    /// Changes to the header of slice number k.
    var change: (inout DICOMElements, Int) -> Void = { _, _ in }
    var instance: (Int) -> String = { "2.25.77\($0 + 1)" }

    static let seriesUID = "2.25.7001", studyUID = "2.25.7002", frameOfReference = "2.25.7003", imageClass = "1.2.840.10008.5.1.4.1.1.2"

    /// Columns of the affine in LPS: the steps along i, j and k, and the origin.
    private func column(_ index: Int) -> [Double] { (0..<3).map { ($0 < 2 ? -1 : 1) * geometry.affine[$0][index] } }

    private func text(_ numbers: [Double]) -> String { numbers.map(DICOMDecimal.text).joined(separator: "\\") }

    var orientation: String {
        text((0..<2).flatMap { axis in column(axis).map { $0 / geometry.spacing[2 - axis] } })
    }
    var pixelSpacing: String { text([geometry.spacing[1], geometry.spacing[2]]) }
    func position(_ k: Int) -> String { text(zip(column(3), column(2)).map { $0 + Double(k) * $1 }) }

    /// What all slices have in common.
    func header() -> DICOMElements {
        var elements = DICOMElements()
        elements.set(.characterSet, "ISO_IR 100")
        elements.set(.sopClass, Self.imageClass)
        elements.set(.modality, "CT")
        elements.set(.studyDate, "20240229")
        elements.set(.studyTime, "101500")
        elements.set(.accessionNumber, "A1")
        elements.set(.referringPhysician, "")
        elements.set(.patientName, "Test^Anna")
        elements.set(.patientID, "PID-1")
        elements.set(.patientBirthDate, "19700101")
        elements.set(.patientSex, "F")
        elements.set(.patientAge, "054Y")
        elements.set(.studyInstance, Self.studyUID)
        elements.set(.seriesInstance, Self.seriesUID)
        elements.set(.studyID, "1")
        elements.set(.seriesNumber, 4)
        elements.set(.frameOfReference, Self.frameOfReference)
        elements.set(.samplesPerPixel, 1)
        elements.set(.photometricInterpretation, "MONOCHROME2")
        elements.set(.rows, geometry.size[1])
        elements.set(.columns, geometry.size[2])
        elements.set(.bitsAllocated, 8)
        elements.set(.bitsStored, 8)
        elements.set(.highBit, 7)
        elements.set(.pixelRepresentation, 0)
        return elements
    }

    /// One file a slice, named against their order.
    func write(to folder: URL) throws {
        let inPlane = geometry.size[1] * geometry.size[2]
        for k in 0..<geometry.size[0] {
            var elements = header()
            elements.set(.sopInstance, instance(k))
            elements.set(.imagePosition, position(k))
            elements.set(.imageOrientation, orientation)
            elements.set(.pixelSpacing, pixelSpacing)
            elements.set(.sliceThickness, DICOMDecimal.text(geometry.spacing[0]))
            change(&elements, k)
            try DICOMObjectFile.write(
                elements, class: Self.imageClass, instance: instance(k), pixels: .init([UInt8](repeating: 0, count: inPlane)),
                to: folder.appending(path: "\(1000 - k).dcm"))
        }
    }

    /// One file of many frames, the last slice first.
    func writeFrames(to url: URL) throws {
        var elements = header()
        let depth = geometry.size[0]
        elements.set(.sopInstance, instance(0))
        elements.set(.numberOfFrames, depth)
        elements.set(.sharedGroups) { shared in
            shared.set(.planeOrientation) { $0.set(.imageOrientation, orientation) }
            shared.set(.pixelMeasures) { $0.set(.pixelSpacing, pixelSpacing) }
        }
        elements.set(
            .frameGroups,
            items: (0..<depth).map { frame in
                var item = DICOMElements()
                item.set(.planePosition) { $0.set(.imagePosition, position(depth - 1 - frame)) }
                return item
            })
        try DICOMObjectFile.write(
            elements, class: "1.2.840.10008.5.1.4.1.1.2.1", instance: instance(0), pixels: .init([UInt8](repeating: 0, count: geometry.count)),
            to: url)
    }

    /// The series as what objects refer to.
    func reference(in folder: URL) throws -> DICOMReference {
        let place = folder.appending(path: "series")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try write(to: place)
        return try DICOMReference(DICOMStudy(contentsOf: place).series(nil))
    }
}

/// A mask of the fixtures with its names.
struct ObjectMask {
    var name: String
    var labels: LabelMap
    var labelSet: LabelSet
    /// By label, what the file of names says of it.
    var table: [Int: JSONValue]

    static let all = ["small_A", "small_B", "oblique_A", "oblique_B"]

    init(_ name: String) throws {
        self.name = name
        labels = try VolumeFile.readLabels(Fixtures.url("dicom-out/\(name).nii.gz"))
        let file = try Data(contentsOf: Fixtures.url("dicom-out/labels_\(name.suffix(1)).json"))
        let entries = try JSONDecoder().decode(JSONValue.self, from: file).object ?? [:]
        table = Dictionary(uniqueKeysWithValues: entries.compactMap { key, value in Int(key).map { ($0, value) } })
        labelSet = LabelSet(
            definitions: [LabelDefinition(name: "background", value: 0)]
                + table.sorted { $0.key < $1.key }.map { value, entry in
                    let parts = (entry["rgb"]?.ints ?? []).map { UInt8($0) }
                    return LabelDefinition(
                        name: entry["name"]?.string ?? "", value: value, color: SegmentColor(red: parts[0], green: parts[1], blue: parts[2]).text)
                })
    }

    /// Labels that occur.
    var present: [Int] { labels.labelCounts.keys.filter { $0 != 0 }.map { Int($0) }.sorted() }

    /// The slices that hold a label.
    func slices(of label: Int) -> [Int] {
        let inPlane = labels.geometry.size[1] * labels.geometry.size[2]
        return (0..<labels.geometry.size[0]).filter { labels.voxels[$0 * inPlane..<($0 + 1) * inPlane].contains(Int16(label)) }
    }
}

extension DICOMObjectWriter {
    /// A writer as a test wants it.
    init(_ reference: DICOMReference, _ labels: LabelSet?, seed: UInt64? = 7) {
        self.init(
            reference: reference, labels: labels, algorithm: DICOMAlgorithm(name: "test model", version: "9.8", digest: String(repeating: "ab", count: 32)),
            seed: seed)
    }
}

/// An object read back by the package's own parser, with everything in it.
struct ReadObject {
    var elements: DICOMDataSet
    var syntax: DICOMTransferSyntax
    var bytes: [UInt8]

    init(_ url: URL) throws {
        bytes = Array(try Data(contentsOf: url))
        let source = try FileBytes(url), start = try unwrapped(try DICOMStart(source))
        syntax = start.syntax
        let tags = DICOMTag.types
        elements = try start.dataSet(
            source,
            keeping: DICOMSelection(values: Set(tags.filter { $0.value != .sequence }.keys), sequences: Set(tags.filter { $0.value == .sequence }.keys)))
    }

    var pixels: [UInt8] {
        guard case .native(let range)? = elements.pixels?.content else { return [] }
        return Array(bytes[range])
    }

    /// Whether a bit of the pixels is set.
    func bit(_ index: Int) -> Bool { pixels[index / 8] >> UInt8(index % 8) & 1 == 1 }
}

struct MissingValue: Error {}

func unwrapped<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw MissingValue() }
    return value
}
