public import UNETRSupport
import UNETRVolumes

/// Why predictions and references cannot be scored.
public enum EvaluationError: Error, Equatable, Sendable {
    /// The two masks have different sizes.
    case shapesDiffer(case: String, prediction: Size3, reference: Size3)
    /// The two masks lie on different grids.
    case geometriesDiffer(case: String, difference: String)
    /// A label map has more than one channel.
    case severalChannels(file: String, channels: Int)
    /// A label map has so many values that it is probably a scan.
    case tooManyLabels(case: String, count: Int, limit: Int)
    /// A label map has values that nobody declared.
    case undeclaredLabels(file: String, labels: [Int16], declared: [Int16])
    /// Distances cannot be measured on this grid.
    case unusableGeometry(case: String, problem: String)
    /// The folder has no label maps.
    case noFiles(folder: String)
    /// No name occurs in both folders.
    case noCaseInCommon(predictions: String, references: String)
    /// Names that occur in one of the folders only.
    case unmatched(predictions: [String], references: [String])
    /// Two files of a folder belong to the same case.
    case duplicateCase(case: String, folder: String)
    /// The file does not exist.
    case missing(path: String)
    /// The file cannot be read.
    case unreadable(path: String, problem: String)
    /// Prediction and reference are DICOM objects, and their series is not at hand.
    case noGrid(case: String)
    /// There is nothing to score.
    case noClasses
    /// A tolerance is negative or not a number.
    case badTolerance(Double)
    /// The probabilities of a case do not fit its mask.
    case probabilities(case: String, problem: String)
    /// Cases without a file of probabilities.
    case noProbabilities(cases: [String], folder: String)
    /// The file is not an evaluation of this program.
    case notAnEvaluation(path: String, problem: String)
    /// Masks are to be scored, and no references are named.
    case noReferences(predictions: String)
    /// A mask has so many values that it is probably a scan.
    case looksLikeScan(mask: String, labels: Int)
    /// A mask is a DICOM object, and its series is not at hand.
    case noSeries(mask: String)
    /// A mask without its scan.
    case noScan(mask: String, place: String)
    /// A mask lies on another grid than its scan.
    case gridsDiffer(mask: String, scan: String, difference: String)
    /// A scan has fewer channels than the one that is wanted.
    case noChannel(scan: String, channel: Int, channels: Int)
    /// Two evaluations were made with different settings.
    case notComparable(String)

    /// The most different labels that a pair of label maps may hold together.
    static let labelLimit = 2048
}

extension EvaluationError: CustomStringConvertible {
    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .shapesDiffer(let name, let prediction, let reference):
            "\(name): the prediction has \(prediction.text()) voxels [D, H, W] but the reference \(reference.text()); "
                + "resample the prediction to the reference, or check that both are of the same scan."
        case .geometriesDiffer(let name, let difference):
            "\(name): prediction and reference do not lie on the same grid: \(difference). "
                + "Resample the prediction to the reference, or correct the header that is wrong."
        case .severalChannels(let file, let channels):
            "\(file): holds \(channels) channels, but a label map has one; pass the labels, not the probabilities."
        case .tooManyLabels(let name, let count, let limit):
            "\(name): prediction and reference hold \(count) different labels (at most \(limit) are expected): is one of them a scan?"
        case .undeclaredLabels(let file, let labels, let declared):
            "\(file): holds labels that are not declared: \(Self.list(labels)) (declared: \(Self.list(declared))). "
                + "Declare them, or name the classes to score."
        case .unusableGeometry(let name, let problem):
            "\(name): distances cannot be computed: \(problem)."
        case .noFiles(let folder):
            "\(folder): holds no label maps (\(VolumeFormats.endings.joined(separator: ", ")))."
        case .noCaseInCommon(let predictions, let references):
            "No case of \(predictions) has the same name as one of \(references); "
                + "a prediction CASE.nii.gz is scored against the reference CASE.nii.gz."
        case .unmatched(let predictions, let references):
            Self.unmatchedSentence(predictions, references)
        case .duplicateCase(let name, let folder):
            "\(folder): holds more than one file for the case \(name); keep one."
        case .missing(let path):
            "\(path): there is no such file or folder."
        case .unreadable(let path, let problem):
            "\(path): \(problem)"
        case .noGrid(let name):
            "\(name): prediction and reference are DICOM objects, and the series that they are about lies beside neither; give the scans, or write the masks "
                + "as label maps."
        case .noClasses:
            "There is no class to score: prediction and reference hold only background. Name the classes."
        case .badTolerance(let tolerance):
            "The tolerance \(tolerance) mm of the normalized surface Dice is not a number of at least 0."
        case .probabilities(let name, let problem):
            "\(name): the probabilities cannot be used: \(problem)."
        case .noProbabilities(let cases, let folder):
            "\(folder): holds no probabilities for \(cases.joined(separator: ", ")); expected CASE.nii.gz with one channel a label."
        case .notAnEvaluation(let path, let problem):
            "\(path) is not an evaluation.json of this program: \(problem)"
        case .noReferences(let predictions):
            "\(predictions) is not a file evaluation.json; to score predictions, name the folder of their references."
        case .looksLikeScan(let mask, let labels):
            "\(mask): holds \(labels) different labels (at most \(Self.labelLimit) are expected): is it a scan?"
        case .noSeries(let mask):
            "\(mask): is a DICOM object, and the series that it is about does not lie beside it; give the scans too."
        case .noScan(let mask, let place):
            "\(mask): its scan is not in \(place); a mask CASE.nii.gz belongs to the scan CASE.nii.gz, CASE_0000.nii.gz or the DICOM study CASE, "
                + "in a BIDS data set to the scan whose entities its name has."
        case .gridsDiffer(let mask, let scan, let difference):
            "\(mask): does not lie on the grid of its scan \(scan): \(difference); resample the mask to the scan, or correct the header that is wrong."
        case .noChannel(let scan, let channel, let channels):
            "\(scan): there is no channel \(channel); it has \(channels), counted from 0."
        case .notComparable(let problem):
            "The two results cannot be compared: \(problem)."
        }
    }

    private static func unmatchedSentence(_ predictions: [String], _ references: [String]) -> String {
        var parts: [String] = []
        if !predictions.isEmpty { parts.append("predictions without reference: \(predictions.joined(separator: ", "))") }
        if !references.isEmpty { parts.append("references without prediction: \(references.joined(separator: ", "))") }
        return "Not every case has its counterpart; \(parts.joined(separator: "; ")). Complete the folders, or score only the matched cases."
    }

    private static func list(_ labels: [Int16]) -> String {
        let shown = labels.prefix(12).map(String.init).joined(separator: ", ")
        return labels.count > 12 ? "\(shown), … (\(labels.count) in all)" : shown
    }
}
