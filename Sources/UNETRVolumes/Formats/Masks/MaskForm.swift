public import Foundation

/// A form in which masks are written: one of the formats of volumes, or a DICOM object about the series that a mask was made from.
public enum MaskForm: String, CaseIterable, Sendable {
    /// NIfTI with the names of the labels.
    case nifti
    /// NRRD with the keys of 3D Slicer's segmentations.
    case nrrd
    /// MetaImage.
    case mha
    /// A DICOM segmentation (SEG).
    case dicomSegmentation = "dicom-seg"
    /// A DICOM structure set (RTSTRUCT).
    case structureSet = "rtstruct"

    /// The ending of its files, with its dot.
    public var ending: String {
        switch self {
        case .nifti: ".nii.gz"
        case .nrrd: ".seg.nrrd"
        case .mha: ".mha"
        case .dicomSegmentation: ".seg.dcm"
        case .structureSet: ".rtstruct.dcm"
        }
    }

    /// Whether it is an object about a DICOM series, which must be there.
    public var isDICOM: Bool { self == .dicomSegmentation || self == .structureSet }

    /// The DICOM object that a file's name stands for; nil for a volume's, and for `.dcm` alone, which could be either.
    public init?(object fileName: String) {
        let name = fileName.lowercased()
        guard let form = [MaskForm.dicomSegmentation, .structureSet].first(where: { name.hasSuffix($0.ending) && name.count > $0.ending.count }) else {
            return nil
        }
        self = form
    }

    /// The name of a mask's file without its ending, whatever form it is in; nil for names of other files.
    public static func stem(of fileName: String) -> String? {
        if let form = MaskForm(object: fileName) { return String(fileName.dropLast(form.ending.count)) }
        return VolumeName(output: fileName)?.stem
    }

    /// Whether a file of this name can be of this form. A name that ends in `.dcm` alone can be of any DICOM object.
    public func fits(_ fileName: String) -> Bool {
        let name = fileName.lowercased()
        switch self {
        case .nifti: return NIfTIFormat().outputEndings.contains(where: name.hasSuffix)
        case .nrrd: return NRRDFormat().outputEndings.contains(where: name.hasSuffix)
        case .mha: return MetaImageFormat().outputEndings.contains(where: name.hasSuffix)
        case .dicomSegmentation, .structureSet: return name.hasSuffix(".dcm") && (MaskForm(object: name) ?? self) == self
        }
    }
}

/// Where a mask goes.
public struct MaskFile: Hashable, Sendable {
    /// The file.
    public var url: URL
    /// The DICOM object it is; nil for a volume, whose format its name tells.
    public var object: MaskForm?

    /// A file of a form.
    public init(_ url: URL, form: MaskForm) {
        self.url = url
        object = form.isDICOM ? form : nil
    }

    /// A file whose name tells its form.
    public init(_ url: URL) {
        self.url = url
        object = MaskForm(object: url.lastPathComponent)
    }

    /// The mask of a scan for which nobody names a file or a form. It is like the scan: in its format, and of a DICOM series a segmentation.
    public init(like scan: URL, named stem: String, in folder: URL) {
        let isDICOM = (try? VolumeFile.format(of: scan)) is DICOMFormat
        self.init(folder.appending(path: stem + (isDICOM ? MaskForm.dicomSegmentation.ending : VolumeFile.maskEnding(for: scan))))
    }
}

/// Writes masks in any form, with what is known of their labels and of what made them.
public struct MaskWriter: Sendable {
    /// Names and colors of the labels.
    public var labels: LabelSet?
    /// What made the masks; DICOM objects tell it.
    public var algorithm: DICOMAlgorithm
    /// With a seed, equal masks make equal DICOM objects.
    public var seed: UInt64?
    /// The structures that a fractional segmentation has; nil: all.
    public var structures: [LabelDefinition]?

    /// A writer.
    public init(labels: LabelSet?, algorithm: DICOMAlgorithm, seed: UInt64? = nil) {
        self.labels = labels
        self.algorithm = algorithm
        self.seed = seed
    }

    /// Writes a mask to each of the files.
    ///
    /// - Parameters:
    ///   - mask: one volume, [1, D, H, W].
    ///   - header: that of the scan it was made from.
    ///   - reference: the series it was made from, without which there can be no DICOM object.
    ///   - probabilities: a file with the outputs' probabilities on the scan's grid, of which a DICOM segmentation is then made, a fractional one,
    ///     instead of the mask; nil: there is none.
    ///   - files: where it goes.
    /// - Returns: the files that were not written, because the mask has no voxel and the object cannot be empty.
    /// - Throws: `VolumeError`, `DICOMObjectError`, `FileError`.
    public func write(_ mask: LabelMap, like header: (any VolumeHeader)?, reference: DICOMReference?, probabilities: URL? = nil, to files: [MaskFile]) throws
        -> [MaskFile]
    {
        var empty: [MaskFile] = []
        for file in files {
            guard let object = file.object else {
                try VolumeFile.write(labels: mask, named: labels, like: header, to: file.url)
                continue
            }
            guard let reference else { throw DICOMObjectError(path: file.url.path, problem: .noSeries) }
            let writer = DICOMObjectWriter(reference: reference, labels: labels, algorithm: algorithm, seed: seed)
            let result: DICOMObjectResult
            switch (object, probabilities) {
            case (.structureSet, _): result = try writer.writeStructureSet(mask, to: file.url)
            case (_, let probabilities?): result = try writer.writeSegmentation(probabilities: probabilities, of: outputValues, to: file.url)
            case (_, nil): result = try writer.writeSegmentation(mask, to: file.url)
            }
            if result == .empty { empty.append(file) }
        }
        return empty
    }

    /// The value of each output, 0 for those that are not wanted.
    private var outputValues: [Int] {
        guard let labels else { return [] }
        let names = structures.map { Set($0.map(\.name)) }
        return zip(labels.hasRegions ? labels.foreground : labels.definitions, labels.outputValues).map { label, value in
            names?.contains(label.name) ?? true ? value : 0
        }
    }
}

extension DICOMReference {
    /// The series that a scan is.
    ///
    /// - Parameter scan: a DICOM study, of which the fragment may name a series (see `DICOMStudy.url(of:)`).
    /// - Throws: `DICOMObjectError` for a scan that is no DICOM; `DICOMError`, `FileError`, `ArchiveError`.
    public init(scan: URL) throws {
        guard try VolumeFile.format(of: scan) is DICOMFormat else { throw DICOMObjectError(path: scan.path, problem: .noSeries) }
        try self.init(DICOMStudy(contentsOf: scan).series(meantBy: scan))
    }
}
