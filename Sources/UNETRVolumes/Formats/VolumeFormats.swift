/// The formats that this library knows, and what their files are called.
public enum VolumeFormats {
    /// One line a format. The first is the usual one: masks are written in it where nothing says otherwise.
    public static let all: [any VolumeFormat] = [
        NIfTIFormat(),
        NRRDFormat(),
        MetaImageFormat(),
        DICOMFormat(),
    ]

    /// Endings of the files that stand for a volume, of all formats.
    public static var endings: [String] { all.flatMap(\.endings) }

    /// Endings that a volume can be written with, of all formats.
    public static var outputEndings: [String] { all.flatMap(\.outputEndings) }

}

/// The name of a volume's file, taken apart: `case_0000.nii.gz` is the stem `case_0000` with the ending `.nii.gz`.
public struct VolumeName: Equatable, Sendable {
    /// The name without its ending, never empty.
    public var stem: String

    /// The ending as it is written, with its dot.
    public var ending: String

    /// Takes the name of a file apart that stands for a volume, whatever the case of its ending; nil for any other file, for hidden ones,
    /// and for those that hold only the voxels of a header beside them.
    public init?(_ fileName: String) { self.init(fileName, endings: VolumeFormats.endings) }

    /// Takes a name apart whose ending is given, such as `file_ending` of a `dataset.json`; nil for other names.
    public init?(_ fileName: String, ending: String) {
        guard fileName.hasSuffix(ending), fileName.count > ending.count else { return nil }
        stem = String(fileName.dropLast(ending.count))
        self.ending = ending
    }

    /// Takes a name apart that a volume can be written with; nil for others.
    public init?(output fileName: String) { self.init(fileName, endings: VolumeFormats.outputEndings) }

    private init?(_ fileName: String, endings: [String]) {
        let lowercased = fileName.lowercased()
        guard !fileName.hasPrefix("."), let ending = endings.filter(lowercased.hasSuffix).max(by: { $0.count < $1.count }),
            fileName.count > ending.count
        else { return nil }
        stem = String(fileName.dropLast(ending.count))
        self.ending = String(fileName.suffix(ending.count))
    }
}
