/// Why another tool's model cannot be used.
public indirect enum ModelImportError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No tool's model is recognized.
    case unknown(path: String, known: [String])
    /// There are several, and nothing says which one is meant.
    case several(path: String, what: String, names: [String])
    /// What was chosen is not there.
    case missing(path: String, what: String, present: [String])
    /// A fold has no checkpoint of the kind.
    case noCheckpoint(path: String, name: String, present: [String])
    /// The best configuration is an ensemble of several, one of which cannot be used.
    case ensemble(path: String, names: [String], problem: String)
    /// The trainer may have changed the network.
    case trainer(path: String, name: String)
    /// The network of the plan is not known here.
    case network(path: String, name: String)
    /// The checkpoint was trained with another plan.
    case otherPlan(checkpoint: String, found: String, expected: String)
    /// The checkpoint lacks something.
    case checkpoint(path: String, problem: String)
    /// A model of another tool has no weights that fit its own plan.
    case weights(path: String, problem: String)
    /// A bundle is one network, so there is nothing to choose.
    case nothingToChoose(path: String)
    /// The model inside an archive cannot be used; the sentence names the archive. The cause is nil if it is an error of another kind.
    case archive(sentence: String, cause: ModelImportError?)
    /// The file of the best configuration cannot be read.
    case bestConfiguration(path: String)
    /// A setting of a bundle is not known here, or contradicts another.
    case setting(path: String, place: String, problem: String)
    /// The configuration is in a form that is not read.
    case yaml(path: String)
    /// The weights are a program.
    case torchScript(path: String)
    /// The weights are not there; `list` is the file that may say where they are.
    case noWeights(path: String, name: String, list: String?)
    /// The post-processing is not known here.
    case postProcessing(path: String, problem: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        func list(_ names: [String]) -> String { names.isEmpty ? "nothing" : names.joined(separator: ", ") }
        return switch self {
        case .unknown(let path, let known): "\(path) is no model that is known here; known are \(known.joined(separator: "; "))"
        case .several(let path, let what, let names): "\(path) holds several \(what): \(list(names)); choose one"
        case .missing(let path, let what, let present): "\(path) has no \(what)" + (present.isEmpty ? "" : ", only \(list(present))")
        case .noCheckpoint(let path, let name, let present):
            "\(path) has no \(name)"
                + (present.isEmpty ? "; the training has left nothing there" : ", only \(list(present)); choose that state, or finish the training")
        case .ensemble(let path, let names, let problem):
            "\(path): the best of its configurations is the ensemble of \(list(names)), which cannot be made: \(problem); choose one of them"
        case .trainer(let path, let name):
            "\(path) was trained by \(name), which is not one of nnU-Net's own trainers and may have changed the network; if it has not, say so"
        case .network(let path, let name): "\(path): its network \(name) is not known here"
        case .otherPlan(let checkpoint, let found, let expected):
            "\(checkpoint) was trained with the plan of \(found), but the plan beside it is that of \(expected); take both from one training"
        case .checkpoint(let path, let problem): "\(path): \(problem)"
        case .weights(let path, let problem): "\(path) does not fit the plan beside it: \(problem)"
        case .nothingToChoose(let path): "\(path) is one model in one configuration; there is nothing to choose"
        case .archive(let sentence, _): sentence
        case .bestConfiguration(let path):
            "\(path) does not name the best configuration (best_model_or_ensemble, selected_model_or_models); choose one, or remove the file"
        case .postProcessing(let path, let problem): "\(path): \(problem)"
        case .setting(let path, let place, let problem): "\(path): \(place): \(problem)"
        case .yaml(let path):
            "\(path) is YAML, which is not read; write the same as configs/inference.json (in Python: json.dump(yaml.safe_load(file), other))"
        case .torchScript(let path):
            "\(path) is TorchScript, a program with its weights, which is not run; put the weights alone (model.pt, the network's state_dict) beside it"
        case .noWeights(let path, let name, let list):
            "\(path) has no \(name)" + (list.map { "; \($0) says where its weights are kept: put them there first" } ?? "; put the network's weights there")
        }
    }
}
