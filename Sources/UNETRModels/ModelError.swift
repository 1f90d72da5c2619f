/// A folder that is no model.
public enum ModelError: Error, Equatable, CustomStringConvertible, Sendable {
    case notABundle(path: String, problem: String)

    public var description: String {
        switch self {
        case .notABundle(let path, let problem):
            "\(path) is not a model bundle: \(problem). A bundle is a folder (NAME.unetrpp) with model.safetensors and plan.json, "
                + "which a training or a conversion writes"
        }
    }
}
