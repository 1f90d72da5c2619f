/// A folder that is no model, or a plan that contradicts itself.
public enum ModelError: Error, Equatable, CustomStringConvertible, Sendable {
    case planMismatch(what: String, network: [Int], plan: [Int])
    case notABundle(path: String, problem: String)

    public var description: String {
        switch self {
        case .planMismatch(let what, let network, let plan):
            "the plan's network has \(what) \(network), the plan itself says \(plan); make the two agree in plan.json"
        case .notABundle(let path, let problem):
            "\(path) is not a model bundle: \(problem). A bundle is a folder (NAME.unetrpp) with model.safetensors and plan.json, "
                + "which a training or a conversion writes"
        }
    }
}
