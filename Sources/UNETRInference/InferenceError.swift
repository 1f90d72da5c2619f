/// What stands between a scan and its mask.
public enum InferenceError: Error, Equatable, CustomStringConvertible, Sendable {
    /// Models to be averaged prepare scans differently.
    case differentPlans(path: String, first: String)
    /// Models to be averaged have other outputs, or decide before their masks go back to the scan.
    case differentOutputs(path: String, first: String)
    /// The scan has another number of channels than the model needs.
    case channels(scan: String, found: Int, expected: Int, names: [String])
    /// The network computed values that are not finite.
    case nonFinite(scan: String, count: Int)
    /// The model has no structure of this name or value.
    case unknownStructure(name: String, known: [String])
    /// The locator takes another number of channels than the model it is for.
    case locatorChannels(found: Int, expected: Int)
    /// The models of a task know only their own structures.
    case noProbabilities(task: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .differentPlans(let path, let first):
            "\(path) prepares scans differently from \(first), so the two cannot be averaged window by window"
        case .differentOutputs(let path, let first):
            "\(path) has other labels or channels than \(first), or one of the two decides before its masks go back to the scan, so their "
                + "probabilities cannot be averaged"
        case .channels(let scan, let found, let expected, let names):
            "\(scan) has \(found) channels, the model expects \(expected) (\(names.joined(separator: ", "))); "
                + "give one file a channel, CASE_0000.nii.gz and so on, or one 4-D file"
        case .nonFinite(let scan, let count):
            "\(scan) holds \(count) voxels that are not numbers (NaN or infinite); repair the scan first"
        case .noProbabilities(let task):
            "\(task) is made of several models, each of which knows only its own structures, so there are no probabilities of all"
        case .locatorChannels(let found, let expected):
            "the locator takes \(found) channels, the model \(expected); a locator is trained on the same channels"
        case .unknownStructure(let name, let known):
            "the model has no structure '\(name)'; it has \(known.joined(separator: ", "))"
        }
    }
}
