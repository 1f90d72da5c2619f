/// What stands between a scan and its mask.
public enum InferenceError: Error, Equatable, CustomStringConvertible, Sendable {
    case notABundle(path: String, problem: String)
    case channels(scan: String, found: Int, expected: Int, names: [String])
    case nonFinite(scan: String, count: Int)
    case unknownStructure(name: String, known: [String])

    public var description: String {
        switch self {
        case .notABundle(let path, let problem):
            "\(path) is not a model bundle: \(problem). A bundle is a folder (NAME.unetrpp) with model.safetensors and plan.json, "
                + "which a training or a conversion writes"
        case .channels(let scan, let found, let expected, let names):
            "\(scan) has \(found) channels, the model expects \(expected) (\(names.joined(separator: ", "))); "
                + "give one file a channel, CASE_0000.nii.gz and so on, or one 4-D file"
        case .nonFinite(let scan, let count):
            "\(scan) holds \(count) voxels that are not numbers (NaN or infinite); repair the scan first"
        case .unknownStructure(let name, let known):
            "the model has no structure '\(name)'; it has \(known.joined(separator: ", "))"
        }
    }
}
