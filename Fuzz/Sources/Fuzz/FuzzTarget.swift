import Foundation
import UNETRArchives
import UNETRPlanning
import UNETRPreparation
import UNETRVolumes

/// A reader of files, and where it wants its file to lie.
struct FuzzTarget {
    let name: String
    /// The path below the scratch folder.
    let file: String
    /// Makes what must lie beside the file.
    var prepare: (URL) throws -> Void = { _ in }
    let read: (URL) throws -> Void

    func place(in folder: URL) -> URL { folder.appending(path: file) }

    nonisolated(unsafe) static let all = [
        FuzzTarget(name: "nifti", file: "scan.nii") { try Readers.volume($0) },
        FuzzTarget(name: "nifti-gz", file: "scan.nii.gz") { try Readers.volume($0) },
        FuzzTarget(name: "nrrd", file: "scan.nrrd") { try Readers.volume($0) },
        FuzzTarget(name: "metaimage", file: "scan.mha") { try Readers.volume($0) },
        FuzzTarget(name: "dicom", file: "image") {
            _ = try? DICOMObjectName(contentsOf: $0)
            try Readers.volume($0)
        },
        FuzzTarget(name: "dicom-structures", file: "object") { try Readers.structures($0) },
        FuzzTarget(name: "safetensors", file: "arrays.safetensors") { try Readers.safetensors($0) },
        FuzzTarget(name: "pytorch", file: "checkpoint.pth") { try Readers.pyTorch($0) },
        FuzzTarget(name: "pickle", file: "plans.pkl") { Readers.visit(try PickleFile.read($0)) },
        FuzzTarget(name: "plan", file: "plan.json") { try Readers.plan($0) },
        FuzzTarget(name: "dataset", file: "dataset.json", prepare: Readers.makeImages) {
            _ = try Dataset(contentsOf: $0.deletingLastPathComponent())
        },
        FuzzTarget(name: "nnunet-pickle", file: "plans.pkl") { _ = try Plan(importingV1: $0) },
        FuzzTarget(name: "nnunet-plans", file: "plans.json", prepare: Readers.makeDescription) { _ = try Plan(importingV2: $0) },
        FuzzTarget(name: "case-properties", file: "case.json") { _ = try CaseProperties(contentsOf: $0) },
    ]
}

/// What is done with a file: as much as the program does before it computes.
enum Readers {
    /// Voxels that a header may claim for them to be read. A gzip file may honestly unpack to a thousand times its size, so the rule about
    /// memory cannot hold for what it says it holds; how much that may be is decided where scans are segmented, not by the reader.
    private static let mostVoxels = 1 << 20

    static func volume(_ url: URL) throws {
        let header = try VolumeFile.readHeader(url)
        var voxels = header.channels
        for size in header.geometry.size {
            let (product, overflow) = voxels.multipliedReportingOverflow(by: size)
            if overflow || product > mostVoxels { return }
            voxels = product
        }
        _ = try VolumeFile.readScan(url)
        _ = try VolumeFile.readLabels(url)
    }

    /// Segmentations and structure sets, on the grid of the objects in the fixtures.
    static func structures(_ url: URL) throws {
        let object = try DICOMStructures(contentsOf: url)
        _ = (object.names, object.seriesUIDs, object.labelSet)
        _ = try object.labels(on: objectGrid)
    }

    private static let objectGrid = Geometry(
        size: [4, 12, 10], affine: [[-1.5, 0, 0, -10], [0, -2, 0, -20], [0, 0, 2.5, 5], [0, 0, 0, 1]], spacing: [2.5, 2, 1.5])

    static func safetensors(_ url: URL) throws {
        let file = try SafetensorsFile(contentsOf: url)
        for name in file.names { _ = try file.array(name).floats().first }
    }

    static func pyTorch(_ url: URL) throws {
        // Without checksums, which no change of a byte would get past.
        let value = try PyTorchArchive.read(url, verifyingChecksums: false)
        for (_, array) in try PyTorchArchive.stateDictionary(of: value) { _ = array.count }
    }

    /// Asks for everything a value may be. Shared parts are visited as often as they are met, so only so many.
    static func visit(_ value: PickleValue) {
        var waiting = [value]
        var left = 10_000
        while let value = waiting.popLast(), left > 0 {
            left -= 1
            _ = (value.boolValue, value.intValue, value.doubleValue, value.stringValue)
            if let tensor = value.tensor { _ = try? tensor.materialized() }
            if let array = value.array, array.count < 10_000 { _ = (array.floats(), array.doubles(), array.ints()) }
            waiting += value.elements ?? []
            waiting += value.dictionary?.pairs.flatMap { [$0.key, $0.value] } ?? []
            waiting += value.object?.arguments ?? []
        }
    }

    static func plan(_ url: URL) throws {
        let plan = try Plan(contentsOf: url)
        _ = try JSONEncoder().encode(plan)
    }

    static func makeImages(_ folder: URL) throws {
        for name in ["imagesTr/one_0000.nii.gz", "imagesTr/two.nii.gz", "labelsTr/one.nii.gz", "labelsTr/two.nii.gz"] {
            let url = folder.appending(path: name)
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data().write(to: url)
        }
    }

    static func makeDescription(_ folder: URL) throws {
        let text = #"{"channel_names": {"0": "CT"}, "labels": {"background": 0, "a": 1}, "file_ending": ".nii.gz"}"#
        try Data(text.utf8).write(to: folder.appending(path: "dataset.json"))
    }
}
