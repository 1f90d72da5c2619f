import Foundation
import UNETRPlusPlus

// The examples of the article "DICOM in and out", kept here so that they compile. What the calls do is tested with the formats.

func segment(study folder: URL, with model: ModelBundle, to out: URL) throws {
    let segmenter = try Segmenter(model: model, engines: .all)
    let study = try DICOMStudy(contentsOf: folder)
    let series = try study.series("4")
    let scan = try series.open().scan()
    let mask = try segmenter.segment(scan, name: folder.path).labels

    let writer = DICOMObjectWriter(
        reference: try DICOMReference(series), labels: segmenter.plan.labels,
        algorithm: DICOMAlgorithm(name: "liver", version: "3.0", digest: try model.weightsDigest().text))
    let results = [
        try writer.writeSegmentation(mask, to: out.appending(path: "liver.seg.dcm")),
        try writer.writeStructureSet(mask, to: out.appending(path: "liver.rtstruct.dcm")),
    ]
    precondition(!results.contains(.empty))
}

func fill(structures url: URL, on scan: Scan, as plan: Plan) throws -> LabelMap {
    let structures = try DICOMStructures(contentsOf: url)
    let filled = try structures.labels(on: scan.geometry, as: plan.labels)
    for note in filled.notes { print(note) }
    return filled.labels
}
