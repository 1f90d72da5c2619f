public import Foundation
import UNETREvaluation
public import UNETRVolumes

/// The conversion of a mask that exists already, or of a DICOM object with structures, about a DICOM series.
public struct MaskConversion: Sendable {
    /// The series: a study's folder, archive or file, of which the fragment may name a series (see `DICOMStudy.url(of:)`).
    public var reference: URL
    /// Where the labels are named: a dataset.json, a data set's folder or a model bundle; nil: in the mask itself, if anywhere.
    public var labels: URL?
    /// What made the mask; nil: nobody says.
    public var algorithm: String?
    /// The program's version.
    public var version: String
    /// With a seed, equal masks make equal objects.
    public var seed: UInt64?

    /// A conversion about a series.
    public init(reference: URL, labels: URL? = nil, algorithm: String? = nil, version: String = "0", seed: UInt64? = nil) {
        self.reference = reference
        self.labels = labels
        self.algorithm = algorithm
        self.version = version
        self.seed = seed
    }

    /// What came of it.
    public struct Result: Sendable {
        /// The mask has no voxel, and its form cannot be empty: nothing was written.
        public var isEmpty: Bool
        /// What was left out, and what may surprise.
        public var notes: [DICOMStructureNote]
    }

    /// Converts a mask, a segmentation or a structure set.
    ///
    /// - Throws: `DICOMObjectError` where mask and series do not fit; `DICOMError`, `VolumeError`, `EvaluationError`, `FileError`.
    public func convert(_ input: URL, to output: MaskFile) throws -> Result {
        let source = try DICOMReference(scan: reference), named = try labels.map { try LabelSet(declaredBy: $0) }
        var notes: [DICOMStructureNote] = []
        let mask: LabelMap
        let names: LabelSet?
        if DICOMStructures.recognizes(input) {
            let filled = try DICOMStructures(contentsOf: input).labels(on: source.geometry, as: named)
            mask = filled.labels
            names = filled.labelSet
            notes = filled.notes
        } else {
            mask = try VolumeFile.readLabels(input)
            names = try named ?? VolumeFile.readLabelSet(input)
        }
        let writer = MaskWriter(labels: names, algorithm: DICOMAlgorithm(name: algorithm ?? "converted mask", version: version), seed: seed)
        let unwritten = try writer.write(mask, like: nil, reference: source, to: [output])
        return Result(isEmpty: !unwritten.isEmpty, notes: notes)
    }
}
