public import Foundation
import UNETRArchitectures
import UNETRArchives
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// Bundles of MONAI: `NAME/{configs/{metadata.json, inference.json}, models/model.pt}`.
///
/// The configuration is read as data: references are followed, a few forms of Python are recognized, nothing is evaluated. What a bundle does
/// and what is not known here is refused by name. Source: MONAI 1.6.1 (`monai.bundle`) and its model zoo.
public struct MONAIBundleImporter: ModelImporter {
    /// An importer.
    public init() {}

    /// The tool and its files, for people.
    public let description = "bundles of MONAI (folders with configs/inference.json, and their zip files)"

    /// The model that lies at a place; nil if the place holds none of this tool's.
    public func model(at place: URL, _ choice: ModelChoice) throws -> ImportedModel? {
        guard let folder = try Self.folder(at: place) else { return nil }
        guard choice == ModelChoice() else { throw ModelImportError.nothingToChoose(path: folder.path) }
        return try MONAIBundle(folder).model()
    }

    /// Whether a file of an archive is needed.
    public func reads(_ name: String, _ choice: ModelChoice) -> Bool {
        let parts = name.split(separator: "/").map(String.init)
        guard parts.count >= 2, let file = parts.last else { return false }
        switch parts[parts.count - 2] {
        case "configs": return MONAIBundle.configurations.contains(file) || file == MONAIBundle.metadata
        case "models": return file.hasSuffix(".pt")
        default: return false
        }
    }

    /// The bundle at a place, which may name a file in it or the folder around it.
    private static func folder(at place: URL) throws -> URL? {
        let parent = place.deletingLastPathComponent()
        if MONAIBundle.isBundle(place) { return place }
        if ["configs", "models"].contains(place.lastPathComponent), MONAIBundle.isBundle(parent) { return parent }
        if ["configs", "models"].contains(parent.lastPathComponent), MONAIBundle.isBundle(parent.deletingLastPathComponent()) {
            return parent.deletingLastPathComponent()
        }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []).sorted()
        let found = names.filter { MONAIBundle.isBundle(place.appending(path: $0)) }
        guard found.count <= 1 else { throw ModelImportError.several(path: place.path, what: "bundles", names: found) }
        return found.first.map { place.appending(path: $0) }
    }
}

/// One bundle.
private struct MONAIBundle {
    let folder: URL

    static let configurations = ["inference.json", "inference.yaml", "inference.yml"], metadata = "metadata.json"

    init(_ folder: URL) { self.folder = folder }

    static func isBundle(_ folder: URL) -> Bool { configurations.contains { exists(folder.appending(path: "configs/\($0)")) } }

    private static func exists(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path) }

    func model() throws -> ImportedModel {
        let url = folder.appending(path: "configs/inference.json")
        guard Self.exists(url) else {
            let other = Self.configurations.first { Self.exists(folder.appending(path: "configs/\($0)")) } ?? ""
            throw ModelImportError.yaml(path: folder.appending(path: "configs/\(other)").path)
        }
        let configuration = try MONAIConfiguration(url), metadata = try MONAIMetadata(folder.appending(path: "configs/\(Self.metadata)"))
        let inferer = try MONAIInferer(part(of: configuration, "evaluator#inferer", "inferer"), of: configuration)
        let network = try MONAINetwork(part(of: configuration, "network_def", "network"), of: configuration, window: inferer.window).description
        let (labels, areNamed) = metadata.labels(network.classes)
        let preprocessing = try MONAIPreprocessing(
            part(of: configuration, "dataset#transform", "preprocessing"), of: configuration, channels: network.inputChannels)
        let postprocessing = try MONAIPostprocessing(
            part(of: configuration, "evaluator#postprocessing", "postprocessing"), of: configuration, preprocessing: ["preprocessing", "dataset#transform"],
            labels: labels.foregroundValues)
        var inference = inferer.settings
        inference.restored = postprocessing.restored
        let normalization = preprocessing.steps.isEmpty ? IntensityNormalization(scheme: .noNorm) : IntensityNormalization(steps: preprocessing.steps)
        let plan: Plan
        do {
            plan = try Plan(
                dataset: metadata.name ?? folder.lastPathComponent, channelNames: metadata.channels(network.inputChannels), labels: labels,
                targetSpacing: preprocessing.spacing, orientation: preprocessing.orientation,
                // MONAI's arrays have the file's first axis first.
                axisOrder: AxisOrder([2, 1, 0]), patchSize: inferer.window,
                normalization: Array(repeating: normalization, count: network.inputChannels), compatibility: .monai, network: network, inference: inference,
                postProcessing: postprocessing.cleaning)
        } catch let error as PlanError { throw PlanError.inFile(path: url.path, problem: "\(error)") }
        let weights = try weights(configuration)
        let title = ["MONAI bundle: \(plan.dataset)", metadata.version].compactMap { $0 }.joined(separator: " ")
        return ImportedModel(
            title: title, plan: plan, members: [.init(name: weights.deletingPathExtension().lastPathComponent, checkpoint: weights)],
            notes: notes(plan, metadata, areNamed) + preprocessing.notes)
    }

    /// What stands in one of two places: where MONAI's workflow has it, or else where bundles usually do.
    private func part(of configuration: MONAIConfiguration, _ place: String, _ usual: String) throws -> JSONValue {
        let (whole, part) = (String(place.prefix { $0 != "#" }), place.drop { $0 != "#" }.dropFirst())
        if part.isEmpty {
            if let value = try configuration.member(whole) { return value }
        } else if let value = try configuration.member(whole)?[String(part)], value != .null {
            return try configuration.resolved(value, place: "\(whole), \(part)")
        }
        guard let value = try configuration.member(usual), value != .null else { throw configuration.fail("the file", "it has no \(usual)") }
        return value
    }

    /// The file that the bundle's checkpoint loader reads.
    private func weights(_ configuration: MONAIConfiguration) throws -> URL {
        let file = try loadPath(configuration) ?? "models/model.pt"
        let parts = file.split(separator: "/").filter { $0 != "." }
        guard !file.hasPrefix("/"), !parts.contains(".."), !parts.isEmpty else {
            throw configuration.fail(
                "checkpointloader", "its load_path is \(file), which leads out of the bundle; put the weights into models/ and name them there")
        }
        let url = folder.appending(path: parts.joined(separator: "/"))
        guard Self.exists(url) else {
            let script = url.deletingPathExtension().appendingPathExtension("ts")
            if Self.exists(script) { throw ModelImportError.torchScript(path: script.path) }
            let list = ["large_files.yml", "large_files.yaml"].first { Self.exists(folder.appending(path: $0)) }
            throw ModelImportError.noWeights(path: folder.path, name: parts.joined(separator: "/"), list: list)
        }
        if url.pathExtension == "ts"
            || (try? ZipArchive.recognizes(url) && ZipArchive(contentsOf: url).names.contains { $0.hasSuffix("/constants.pkl") }) == true
        {
            throw ModelImportError.torchScript(path: url.path)
        }
        return url
    }

    private func loadPath(_ configuration: MONAIConfiguration) throws -> String? {
        let handlers = try configuration.member("handlers")?.array ?? []
        for value in [try configuration.member("checkpointloader")].compactMap({ $0 }) + handlers {
            guard var loader = try? MONAIComponent(value, of: configuration, place: "checkpointloader"), loader.name == "CheckpointLoader" else { continue }
            return try loader.text("load_path")
        }
        return nil
    }

    /// What was read, in sentences.
    private func notes(_ plan: Plan, _ metadata: MONAIMetadata, _ areNamed: Bool) -> [String] {
        let rule = plan.inference.windows
        var notes = [
            "Scans are \(plan.orientation.map { "turned to \($0.text) and " } ?? "")resampled as MONAI's Spacing does it; on scans that are turned against the "
                + "patient's axes MONAI's grid may begin a voxel earlier, by rounding of the header.",
            "Logits are averaged over windows that lie as MONAI lays them; "
                + (rule.weight == .constant ? "all voxels of a window count alike" : "a Gaussian weights them")
                + (rule.padding == .edge ? ", and small scans are padded with their own edge." : "."),
        ]
        switch plan.inference.restored {
        case .averages: notes.append("Logits go back to the grid of the scan and are decided there.")
        case .probabilities: notes.append("Probabilities go back to the grid of the scan and are decided there.")
        case .nearestLabels: notes.append("The labels are decided before they go back to the grid of the scan, where each voxel takes the nearest.")
        case .interpolatedLabels:
            notes.append(
                "The bundle interpolates the numbers of labels on the way back to the grid of the scan (Invertd with nearest_interp false after AsDiscreted), so "
                    + "its own files hold fractions at borders; here these are rounded.")
        }
        if let cleaning = plan.postProcessing {
            notes.append(
                "Masks are cleaned up: the largest part of \(cleaning.keepLargest) is kept\(cleaning.grid == .prepared ? ", before they go back" : "").")
        }
        notes.append(areNamed ? "Its structures have the names of metadata.json." : "metadata.json does not name all its structures, so some are numbered.")
        if let version = metadata.monaiVersion { notes.append("It was made for MONAI \(version); it runs as MONAI 1.6 runs it.") }
        return notes
    }
}
