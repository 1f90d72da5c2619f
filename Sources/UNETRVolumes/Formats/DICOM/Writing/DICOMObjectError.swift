/// Why a DICOM object cannot be made from a mask, or read as one. It never holds anything of the patient.
public struct DICOMObjectError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The series, or the object that was to be read.
    public var path: String
    /// What is wrong.
    public var problem: DICOMObjectProblem

    /// An error about what lies at `path`.
    public init(path: String, problem: DICOMObjectProblem) {
        self.path = path
        self.problem = problem
    }

    /// One sentence: what is wrong, where, and what to do.
    public var description: String { "\(path): \(problem)." }
}

/// What is wrong with a mask, its series, or an object.
public enum DICOMObjectProblem: Error, Equatable, Sendable, CustomStringConvertible {
    // The series
    /// There is no DICOM series that an object could be about.
    case noSeries
    /// The series lacks an identifier without which an object cannot name it.
    case noIdentifier(file: String, what: String)
    /// A name or number of the patient is in a character set that cannot be read.
    case unreadableText(characterSet: String)

    // The mask
    /// The mask does not lie on the grid of the series.
    case gridDiffers(difference: String)
    /// The mask has several volumes.
    case severalChannels(Int)
    /// The object would be larger than a DICOM file can be.
    case tooLarge(bytes: Int)
    /// Fractions for another number of structures than there are names.
    case fractionsDiffer(channels: Int, structures: Int)

    // The object
    /// The file is DICOM, but not what is expected.
    case notA(expected: String, found: String)
    /// The object breaks a rule of the standard.
    case malformed(what: String, rule: String)
    /// A contour lies between the slices of the grid, or outside them.
    case contourOffGrid(structure: String, distance: Double)
    /// The frames of a segmentation are not among the voxels of the grid.
    case framesOffGrid(difference: String)
    /// A folder with several objects that could be meant.
    case severalObjects([String])
    /// Several structures, and nobody said which labels they are.
    case labelsNeeded(present: [String])
    /// No structure has the name of any wanted label.
    case noStructureNamed(wanted: [String], present: [String])

    /// The problem in words, without the place and without a full stop.
    public var description: String {
        switch self {
        case .noSeries: "there is no DICOM series that an object could be about; give one, or write the mask in another format"
        case .noIdentifier(let file, let what):
            "\(file) has no valid \(what), which an object about the series must name; export the series again with its identifiers"
        case .unreadableText(let set):
            "the patient's name or number is in the character set '\(set.prefix(40))' and cannot be read, so no object can repeat it; "
                + "export the series again in another character set"
        case .gridDiffers(let difference):
            "the mask does not lie on the grid of the series: \(difference); give the series that the mask was made from"
        case .severalChannels(let count): "the mask has \(count) volumes, expected one; give one mask"
        case .tooLarge(let bytes): "the object would have \(bytes >> 20) MB of voxels, and a DICOM object can hold 4096 MB; write fewer structures"
        case .fractionsDiffer(let channels, let structures): "there are probabilities for \(channels) structures, expected \(structures)"
        case .notA(let expected, let found): "it is \(found), expected \(expected)"
        case .malformed(let what, let rule): "\(what), but \(rule); export it again from where it came"
        case .contourOffGrid(let structure, let distance):
            "a contour of '\(structure.prefix(64))' lies \((distance * 1000).rounded() / 1000) mm from the next slice of the scan; "
                + "give the scan that it was drawn on"
        case .framesOffGrid(let difference): "its frames do not lie on the grid of the scan: \(difference); give the scan that it was made from"
        case .severalObjects(let names): "it holds several segmentations or structure sets, expected one: \(Self.list(names)); name one"
        case .labelsNeeded(let present):
            "it has the structures \(Self.list(present)), and nothing says which labels they are; give labels of these names"
        case .noStructureNamed(let wanted, let present):
            "no structure is called \(Self.list(wanted)); there are \(Self.list(present)); give labels of these names"
        }
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.prefix(20).map { "'\($0.prefix(64))'" }.joined(separator: ", ") + (names.count > 20 ? ", …" : "")
    }
}
