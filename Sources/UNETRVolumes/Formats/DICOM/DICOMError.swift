/// Why a DICOM study, series or file cannot be read as a scan. It never holds anything of the patient: paths, counts and numbers only.
public struct DICOMError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The folder, archive or file that was to be read.
    public var path: String
    /// The file that the problem is about, by its path below the folder or in the archive; nil where it is about all, or `path` is the file.
    public var file: String?
    /// What is wrong with it.
    public var problem: DICOMProblem

    /// An error about what lies at `path`.
    public init(path: String, file: String? = nil, problem: DICOMProblem) {
        self.path = path
        self.file = file
        self.problem = problem
    }

    /// One sentence: what is wrong, where, and what to do.
    public var description: String { "\(path): \(file.map { "\($0): " } ?? "")\(problem)." }
}

/// What is wrong with a DICOM study, series or file.
public enum DICOMProblem: Error, Equatable, Sendable {
    // The study
    /// None of the files is DICOM.
    case notDICOM(files: Int)
    /// DICOM files without pixels: reports, contours, a directory.
    case noImage(objects: Int)
    /// A file that is no DICOM object: of another kind, or a directory of DICOM files.
    case noObject
    /// More series than one could be meant; these are they, in words.
    case severalSeries([String])
    /// No series has that UID or number, or it has not so many volumes; these are there, in words.
    case noSuchSeries(choice: String, present: [String])
    /// Several series have that number.
    case sameNumber(choice: String, present: [String])

    // A file
    /// The file ends before what it should hold.
    case truncated(what: String, expected: Int, found: Int?)
    /// The file breaks a rule of the standard, or holds a number that cannot be.
    case malformed(what: String, rule: String)
    /// Something that the standard allows and this program does not read.
    case unsupported(what: String, expected: String)
    /// Red, green and blue, or a palette.
    case color(kind: String)
    /// The compressed pixels of a frame cannot be unpacked.
    case damagedPixels(frame: Int, codec: String, reason: String)
    /// A library that unpacks these pixels is not installed.
    case missingLibrary(codec: String, library: String, package: String)
    /// A compressed file that would unpack to far more than its size.
    case unpacksTooFar(bytes: Int)
    /// The file is another one than when its header was read.
    case changed

    // The geometry
    /// Position or orientation are absent or cannot be.
    case noGeometry(what: String)
    /// Two images of a series differ in orientation or pixel spacing.
    case orientationsDiffer(file: String, other: String)
    /// Two images of a series differ in rows or columns.
    case sizesDiffer(file: String, found: [Int], other: String, expected: [Int])
    /// Images of a series lie in different frames of reference, whose positions cannot be compared.
    case framesOfReferenceDiffer(file: String, other: String)
    /// Slices are missing between two files.
    case gap(after: String, before: String, missing: Int, distance: Double, usual: Double)
    /// Slices do not lie at even distances.
    case unevenSpacing(after: String, before: String, distance: Double, usual: Double)
    /// Slices are pushed sideways, as with a tilted gantry.
    case tilt(degrees: Double)
    /// Slices do not lie on a straight line.
    case crooked(file: String, offset: Double)
    /// Several slices lie at one position. `phases` is the number of volumes they are, `by` what tells them apart; nil where nothing does.
    case duplicates(file: String, other: String, phases: Int?, by: String?)
}

extension DICOMProblem: CustomStringConvertible {
    /// The problem in words, without the place and without a full stop: what is wrong, what was expected and found, and what to do.
    public var description: String {
        switch self {
        case .notDICOM(let files):
            switch files {
            case 0: "holds no files; give the folder of a study"
            case 1: "not a DICOM file; give a scan"
            default: "none of \(files) files is DICOM; give the folder of a study"
            }
        case .noImage(let objects):
            (objects == 1 ? "it is DICOM but holds no image" : "there are \(objects) DICOM files, but none holds an image")
                + "; give the folder with the images"
        case .noObject: "not a DICOM object; give images, segmentations or contours, or a folder with them"
        case .severalSeries(let all):
            "there are \(all.count) series, expected one: \(all.joined(separator: "; ")); choose one by its number or UID"
        case .noSuchSeries(let choice, let present):
            "no series has the number or UID \(choice.prefix(80)); there are: \(present.joined(separator: "; "))"
        case .sameNumber(let choice, let present):
            "several series have the number \(choice.prefix(80)): \(present.joined(separator: "; ")); choose one by its UID"
        case .truncated(let what, let expected, let found):
            "ends too early: \(what) should have \(expected) bytes, \(found.map { "there are \($0)" } ?? "there are fewer"); "
                + "copy it again from where it came"
        case .malformed(let what, let rule): "\(what), but \(rule); export it again from where it came"
        case .unsupported(let what, let expected): "\(what) cannot be read, expected \(expected); convert it first"
        case .color(let kind): "the pixels are colors (\(kind.prefix(20))), expected gray values; choose the series it was made from"
        case .damagedPixels(let frame, let codec, let reason):
            "the \(codec) pixels of frame \(frame + 1) cannot be unpacked (\(reason)); copy it again from where it came"
        case .missingLibrary(let codec, let library, let package):
            "the pixels are \(codec), for which \(library) is needed; install it (on Debian and Ubuntu the package \(package))"
        case .unpacksTooFar(let bytes): "it unpacks to more than \(bytes >> 20) MB, far more than its size; it is damaged or a trap"
        case .changed: "it changed while it was read; read it again when nobody writes to it"
        case .noGeometry, .orientationsDiffer, .sizesDiffer, .framesOfReferenceDiffer, .gap, .unevenSpacing, .tilt, .crooked, .duplicates:
            geometryDescription
        }
    }

    private var geometryDescription: String {
        switch self {
        case .noGeometry(let what): "\(what), so nobody can tell where the pixels lie; export the series again with its geometry"
        case .orientationsDiffer(let file, let other):
            "\(file) has another orientation or pixel spacing than \(other), expected one for the whole series; take out what does not belong to it"
        case .sizesDiffer(let file, let found, let other, let expected):
            "\(file) has \(found[0]) × \(found[1]) pixels, expected \(expected[0]) × \(expected[1]) as in \(other); "
                + "take out what does not belong to the series"
        case .framesOfReferenceDiffer(let file, let other):
            "\(file) lies in another frame of reference than \(other), expected one for the whole series; take out what does not belong to it"
        case .gap(let after, let before, let missing, let distance, let usual):
            "\(missing == 1 ? "a slice is" : "\(missing) slices are") missing between \(after) and \(before), which are \(Self.rounded(distance)) mm apart, "
                + "expected \(Self.rounded(usual)) mm; export the series again"
        case .unevenSpacing(let after, let before, let distance, let usual):
            "the slices \(after) and \(before) are \(Self.rounded(distance)) mm apart, expected \(Self.rounded(usual)) mm as between the others; "
                + "export a series with even spacing"
        case .tilt(let degrees):
            "the slices are pushed sideways by \(Self.rounded(degrees)) degrees (a tilted gantry), expected at most 0.3; "
                + "have the slices moved straight as they are read, which resamples them, or export the series without the tilt"
        case .crooked(let file, let offset):
            "\(file) lies \(Self.rounded(offset)) mm beside the line of the other slices; take out what does not belong to the series"
        case .duplicates(let file, let other, let phases, let by):
            "\(file) and \(other) lie at one position, expected one slice at each; "
                + (phases.map { "by \(by ?? "") the series is \($0) volumes: choose one as SERIES/1 to SERIES/\($0)" } ?? "take out what is there twice")
        default: ""
        }
    }

    private static func rounded(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }
}
