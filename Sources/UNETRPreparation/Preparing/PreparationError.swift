public import UNETRSupport
import UNETRVolumes

/// What keeps a scan or a data set from being prepared.
public enum PreparationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There are fewer cases than folds.
    case tooFewCases(got: Int, folds: Int)
    /// A case occurs twice.
    case duplicateCase(String)
    /// Nobody can tell what the scan or the labels of a case are.
    case unusableCase(name: String, problem: String)
    /// There is no published split for this data set.
    case noPublishedSplit(benchmark: String?)
    /// The data set lacks cases of the published split.
    case splitMismatch(benchmark: String, missing: [String])
    /// The folder has none of the known layouts.
    case notADataset(path: String, problem: String)
    /// The file `dataset.json` cannot be used.
    case invalidDescription(path: String, problem: String)
    /// A file does not exist.
    case missingFile(path: String, neededFor: String)
    /// The scan has another number of channels.
    case wrongChannelCount(scan: String, expected: [String], got: Int)
    /// The scan has another size than its counterpart.
    case sizeMismatch(scan: String, expected: Size3, got: Size3)
    /// Two files lie on different grids.
    case geometryMismatch(scan: String, other: String, difference: String)
    /// The scan is zero everywhere.
    case emptyScan(scan: String)
    /// A channel has one value everywhere.
    case constantChannel(scan: String, channel: String, value: Float)
    /// A channel of a color image holds values that are no color.
    case notColor(scan: String, channel: String, lowest: Float, highest: Float)
    /// Voxels are infinite or not a number.
    case notFinite(scan: String, channel: String, count: Int)
    /// The spacing is out of range.
    case invalidSpacing(scan: String, spacing: [Double])
    /// The affine maps the scan to a plane or a line.
    case singularAffine(scan: String)
    /// The scan's axes are not at right angles, so that a corner lies that many voxels from where it would.
    case sheared(scan: String, voxels: Double)
    /// An axis has fewer than two voxels.
    case notThreeDimensional(scan: String, size: Size3)
    /// Resampling leads to more voxels than fit into memory.
    case tooLargeForMemory(scan: String, size: Size3, spacing: [Double], target: [Double], needed: Int, limit: MemoryLimit)
    /// The label map has a value that is not declared.
    case unknownLabel(scan: String, value: Int, count: Int, known: [Int])
    /// The probabilities have another number of outputs.
    case wrongProbabilityCount(scan: String, expected: Int, got: Int)
    /// A prepared case cannot be used.
    case brokenCase(path: String, problem: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .tooFewCases(let got, let folds):
            "cannot make \(folds) folds of \(got) labeled cases; add cases or ask for fewer folds"
        case .duplicateCase(let name):
            "the case \(name) occurs twice; give every case a name of its own"
        case .unusableCase(let name, let problem):
            "the case \(name) cannot be used: \(problem)"
        case .noPublishedSplit(let benchmark):
            benchmark.map { "\($0) was published without a split of its own; choose a fold" }
                ?? "the data set is none of the published benchmarks by its name; name one, or choose a fold"
        case .splitMismatch(let benchmark, let missing):
            "the published split of \(benchmark) names \(missing.count) case\(missing.count == 1 ? "" : "s") that the data set lacks: "
                + missing.prefix(3).joined(separator: ", ") + (missing.count > 3 ? " and more" : "")
                + "; rename the cases as the benchmark does, or choose a fold"
        case .notADataset(let path, let problem):
            "\(path) is no data set: \(problem)"
        case .invalidDescription(let path, let problem):
            "\(path): \(problem)"
        case .missingFile(let path, let neededFor):
            "\(path) does not exist, but \(neededFor) needs it"
        case .wrongChannelCount(let scan, let expected, let got):
            "\(scan) has \(got) channel\(got == 1 ? "" : "s"), the plan expects \(expected.count) (\(expected.joined(separator: ", "))); "
                + "give one file for each channel, in that order"
        case .sizeMismatch(let scan, let expected, let got):
            "\(scan) is \(got.text(" × ")) voxels, but \(expected.text(" × ")) are expected; "
                + "channels and labels of a case must share one grid"
        case .geometryMismatch(let scan, let other, let difference):
            "\(scan) and \(other) do not lie on the same grid: \(difference); resample one onto the other"
        case .emptyScan(let scan):
            "\(scan) holds nothing but zeros; there is nothing to segment"
        case .constantChannel(let scan, let channel, let value):
            "\(scan): channel \(channel) is \(value) everywhere; an image without contrast cannot be normalized or segmented"
        case .notColor(let scan, let channel, let lowest, let highest):
            "\(scan): channel \(channel) holds values from \(lowest) to \(highest), but the plan takes colors from 0 to 255; "
                + "give the image the model was made for"
        case .notFinite(let scan, let channel, let count):
            "\(scan): channel \(channel) holds \(count) voxel\(count == 1 ? "" : "s") that are not a finite number (NaN or infinite); "
                + "replace them before preparing"
        case .invalidSpacing(let scan, let spacing):
            "\(scan) has the voxel spacing \(spacing) mm; each must be a finite number above 0, from "
                + "\(Geometry.spacingRange.lowerBound) to \(Geometry.spacingRange.upperBound)"
        case .singularAffine(let scan):
            "\(scan) has an affine whose axes fall together; its header does not say where the voxels lie"
        case .sheared(let scan, let voxels):
            "\(scan) has axes that are not at right angles (a corner is off by \((voxels * 10).rounded() / 10) voxels), as with a tilted gantry; "
                + "the plan resamples along right angles only: resample the scan to such a grid first"
        case .notThreeDimensional(let scan, let size):
            "\(scan) has the size \(size.text(" × ")); a scan needs three axes of at least two voxels each"
        case .tooLargeForMemory(let scan, let size, let spacing, let target, let needed, let limit):
            "\(scan) would have \(size.text(" × ")) voxels after resampling from \(spacing) to \(target) mm and needs about \(needed >> 20) MB, "
                + "allowed are \(limit.bytes >> 20) MB (\(limit.reason)); check its spacing and the plan's targetSpacing, or allow more"
        case .unknownLabel(let scan, let value, let count, let known):
            "\(scan) holds the label \(value) in \(count) voxel\(count == 1 ? "" : "s"), but the plan knows only "
                + "\(known.map(String.init).joined(separator: ", ")); correct the labels or the plan"
        case .wrongProbabilityCount(let scan, let expected, let got):
            "\(scan): \(got) network outputs were given, but classes × voxels of the prepared scan are \(expected)"
        case .brokenCase(let path, let problem):
            "\(path): \(problem); prepare the case again"
        }
    }

}
