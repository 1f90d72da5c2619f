import Foundation
import HTTPTypes
import UNETRSupport
import UNETRVolumes
import UNETRWork

/// A form in which masks are handed out.
enum ResultForm: String, Codable, CaseIterable, Sendable {
    case nifti, nrrd, segNRRD = "seg-nrrd", metaimage, dicomSegmentation = "dicom-seg", structureSet = "rtstruct"

    /// The ending of its files, with its dot.
    var ending: String {
        switch self {
        case .nifti: MaskForm.nifti.ending
        case .nrrd: ".nrrd"
        case .segNRRD: MaskForm.nrrd.ending
        case .metaimage: MaskForm.mha.ending
        case .dicomSegmentation: MaskForm.dicomSegmentation.ending
        case .structureSet: MaskForm.structureSet.ending
        }
    }

    var mediaType: String {
        switch self {
        case .nifti: "application/gzip"
        case .nrrd, .segNRRD, .metaimage: "application/octet-stream"
        case .dicomSegmentation, .structureSet: "application/dicom"
        }
    }

    /// The DICOM object it is; nil for a volume.
    var object: MaskForm? {
        switch self {
        case .dicomSegmentation: .dicomSegmentation
        case .structureSet: .structureSet
        default: nil
        }
    }
}

/// Makes the other forms of a mask that is there as NIfTI, each once.
struct ResultMaker: Sendable {
    var store: Store
    var version: String

    /// The file of a form, made where it is not there yet.
    ///
    /// - Throws: `APIError` where the form cannot be.
    func file(_ form: ResultForm, of job: JobRecord) throws -> URL {
        let mask = store.mask(of: job.id)
        guard FileManager.default.fileExists(atPath: mask.path) else { throw APIError(.gone, "result_gone", "the result is not kept any more") }
        guard form != .nifti else { return mask }
        let file = store.folder(ofJob: job.id).appending(path: "result\(form.ending)")
        guard !FileManager.default.fileExists(atPath: file.path) else { return file }
        let labels = LabelSet(job.model), header = try VolumeFile.readHeader(mask), voxels = try VolumeFile.readLabels(mask)
        switch form {
        case .nifti: break
        case .nrrd: try VolumeFile.write(labels: voxels, to: file)
        case .segNRRD, .metaimage: try VolumeFile.write(labels: voxels, named: labels, like: header, to: file)
        case .dicomSegmentation, .structureSet: try writeObject(form, voxels, labels, of: job, to: file)
        }
        return file
    }

    private func writeObject(_ form: ResultForm, _ mask: LabelMap, _ labels: LabelSet, of job: JobRecord, to file: URL) throws {
        guard let scan = try store.scans(of: job).first else {
            throw APIError(.gone, "scan_gone", "the scan, which such an object refers to, is not kept any more")
        }
        guard let series = scan.series else {
            throw APIError(.unprocessableContent, "no_series", field: "format", "\(scan.name) is no DICOM series, which such an object would be about")
        }
        let writer = MaskWriter(labels: labels, algorithm: DICOMAlgorithm(name: job.model.title, version: version, digest: job.model.digest))
        let study = try DICOMStudy(contentsOf: store.file(of: scan))
        do {
            let empty = try writer.write(
                mask, like: nil, reference: DICOMReference(study.series(series)), to: [MaskFile(file, form: form.object ?? .dicomSegmentation)])
            guard empty.isEmpty else {
                throw APIError(.unprocessableContent, "empty_mask", field: "format", "the mask is empty, and DICOM knows no empty object")
            }
        } catch let error as DICOMObjectError {
            throw APIError(
                .unprocessableContent, "no_object", field: "format", "\(error)".replacingOccurrences(of: store.file(of: scan).path, with: scan.name))
        }
    }
}

extension LabelSet {
    /// The labels of a model's masks.
    init(_ model: ModelDescription) {
        self.init(
            definitions: [LabelDefinition(name: "background", value: 0)]
                + model.labels.map { LabelDefinition(name: $0.name, values: $0.values, color: $0.color) },
            regionOrder: model.regions ? model.labels.map(\.value) : nil)
    }
}
