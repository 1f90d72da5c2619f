public import Foundation
public import UNETRArchives
import UNETRSupport

/// A network's weights in whatever form they come: a model bundle, a safetensors file, or a checkpoint of PyTorch.
public enum WeightsFile {
    /// The forms weights are read and written in, told by the name of the file.
    public enum Form: Sendable, Equatable, CaseIterable {
        /// A folder `NAME.unetrpp`.
        case bundle
        /// A file `NAME.safetensors` under the reference's keys.
        case safetensors
        /// A file of `torch.save`: `NAME.pth`, `.pt`, `.model`, `.bin` or `.ckpt`.
        case pyTorch

        /// The name extensions of the form.
        public var extensions: [String] {
            switch self {
            case .bundle: ["unetrpp"]
            case .safetensors: ["safetensors"]
            case .pyTorch: ["pth", "pt", "model", "bin", "ckpt"]
            }
        }

        /// The form that the name says.
        /// - Throws: `WeightsFileError.unknownForm`.
        public init(of url: URL) throws {
            let name = url.pathExtension.lowercased()
            guard let form = Self.allCases.first(where: { $0.extensions.contains(name) }) else {
                throw WeightsFileError.unknownForm(path: url.path)
            }
            self = form
        }
    }

    /// The weights of a model bundle, a safetensors file, or a PyTorch file.
    ///
    /// Of a checkpoint of PyTorch only the network's state is taken (`state_dict` or what other trainers call it); no pickle is run.
    /// The prefix "module." of parallel training is taken off where all keys have it.
    /// - Throws: `WeightsFileError`, or what the reader of that form throws.
    public static func read(_ url: URL) throws -> StateDictionary {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw WeightsFileError.missing(path: url.path)
        }
        if isFolder.boolValue { return try ModelBundle(contentsOf: url).state() }
        try InputFile.check(url)
        let state =
            switch try Form(of: url) {
            case .bundle: try ModelBundle(contentsOf: url).state()  // says that a bundle is a folder
            case .safetensors: try StateDictionary(safetensors: url)
            case .pyTorch: try pyTorchState(url)
            }
        return try state.removingCommonPrefix("module.")
    }

    private static func pyTorchState(_ url: URL) throws -> StateDictionary {
        let value = try PyTorchArchive.read(url)
        do {
            return try StateDictionary(PyTorchArchive.stateDictionary(of: value).map { ($0.name, $0.array) })
        } catch let problem as ArchiveError.Problem {
            throw ArchiveError(path: url.path, problem: problem)
        }
    }

    /// Writes weights as a safetensors or a PyTorch file, atomically.
    ///
    /// The PyTorch file is a dictionary with the weights under `state_dict`, which `torch.load(weights_only=True)` accepts.
    /// - Throws: `WeightsFileError.needsPlan` for a bundle, which is more than weights: see `ModelBundle.write`.
    public static func write(_ state: StateDictionary, to url: URL) throws {
        switch try Form(of: url) {
        case .bundle: throw WeightsFileError.needsPlan(path: url.path)
        case .safetensors: try state.write(to: url)
        case .pyTorch: try PyTorchArchive.write(state.entries.map { ($0.key, $0.array) }, under: "state_dict", to: url)
        }
    }
}

/// Weights that cannot be read or written.
public enum WeightsFileError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The file does not exist.
    case missing(path: String)
    /// The file is none of the known kinds.
    case unknownForm(path: String)
    /// Weights alone do not say what the network is; a plan is needed.
    case needsPlan(path: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .missing(let path):
            "\(path): there is no such file or folder"
        case .unknownForm(let path):
            "\(path): the name does not say what it is; expected a bundle NAME.unetrpp, a file NAME.safetensors, or a PyTorch file "
                + "(\(WeightsFile.Form.pyTorch.extensions.map { ".\($0)" }.joined(separator: ", ")))"
        case .needsPlan(let path):
            "\(path): a bundle holds a plan beside its weights; give one"
        }
    }
}
