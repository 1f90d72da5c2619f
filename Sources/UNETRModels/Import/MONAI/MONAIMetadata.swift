import Foundation
import UNETRSupport
import UNETRVolumes

/// `configs/metadata.json` of a bundle: what its data are called.
struct MONAIMetadata {
    private let members: JSONValue

    /// - Parameter url: the file; without it nothing has a name.
    /// - Throws: `ModelImportError.setting` for what is no JSON object; `FileError`.
    init(_ url: URL) throws {
        guard FileManager.default.fileExists(atPath: url.path) else {
            members = .null
            return
        }
        let json = try? JSONDecoder().decode(JSONValue.self, from: try InputFile.contents(of: url, most: 1 << 24))
        guard let json, json.object != nil else { throw ModelImportError.setting(path: url.path, place: "the file", problem: "it is not a JSON object") }
        members = json
    }

    var name: String? { members["name"]?.string }
    var version: String? { members["version"]?.string }
    var monaiVersion: String? { members["monai_version"]?.string }

    private var input: JSONValue? {
        let inputs = members["network_data_format"]?["inputs"]
        return inputs?["image"] ?? inputs?.object.flatMap { $0.count == 1 ? $0.values.first : nil }
    }
    private var output: JSONValue? {
        let outputs = members["network_data_format"]?["outputs"]
        return outputs?["pred"] ?? outputs?.object.flatMap { $0.count == 1 ? $0.values.first : nil }
    }

    /// What the channels of a scan are called.
    func channels(_ count: Int) -> [String] {
        if count == 1, let modality = input?["modality"]?.string, !modality.isEmpty, modality != "n/a" { return [modality] }
        return (0..<count).map { input?["channel_def"]?["\($0)"]?.string ?? "channel \($0)" }
    }

    /// The structures, by the outputs that the file names, and whether it names all; those without a name of their own are numbered.
    func labels(_ count: Int) -> (set: LabelSet, areNamed: Bool) {
        var used: Set<String> = ["background"], areNamed = true
        let definitions = (1..<max(count, 1)).map { value in
            var name = output?["channel_def"]?["\(value)"]?.string?.trimmingCharacters(in: .whitespaces) ?? ""
            if name.isEmpty || used.contains(name) {
                areNamed = false
                name = "class \(value)"
            }
            used.insert(name)
            return LabelDefinition(name: name, value: value)
        }
        return (LabelSet(definitions: [LabelDefinition(name: "background", value: 0)] + definitions), areNamed)
    }
}
