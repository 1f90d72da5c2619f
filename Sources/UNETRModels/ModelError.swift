/// A folder that is no model.
public enum ModelError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The path is no model bundle.
    case notABundle(path: String, problem: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .notABundle(let path, let problem):
            "\(path) is not a model bundle: \(problem). A bundle is a folder (NAME.unetrpp) with model.safetensors and plan.json, "
                + "which a training or a conversion writes"
        }
    }
}
