import Foundation
import UNETRArchitectures
import UNETREngines
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRSupport
import UNETRVolumes
import UNETRWork

/// The models in a folder, loaded when they are first needed and kept as long as memory allows.
final class ModelShelf {
    /// A model that is loaded for one precision.
    private struct Warm {
        var key: Key
        var segmenter: any ScanSegmenter
        /// Bytes it keeps between scans.
        var bytes: Int
    }

    private struct Key: Hashable {
        var model: String
        var precision: SegmentationChoices.Precision
        /// Of a task, whose parts are made for certain options.
        var options: SegmentationChoices?
    }

    let descriptions: [ModelDescription]
    private let places: [String: URL]
    private let settings: Worker.Settings
    private let note: (String) -> Void
    /// The one used last at the end.
    private var warm: [Warm] = []

    private static let ending = ".unetrpp"

    /// Bundles and tasks need no conversion.
    private static let opener = ModelOpener { _, _ in throw ModelError.notABundle(path: "the model", problem: "it has to be imported first") }

    private static func bundles(in folder: URL) throws -> [URL] {
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            return names.filter { $0.hasSuffix(ending) && !$0.hasPrefix(".") }.map { folder.appending(path: $0) }
        } catch { throw FileError(path: folder.path, problem: "the folder cannot be read: \(FileError.reason(error))") }
    }

    /// Looks at the bundles and tasks in folders; their weights are not read.
    ///
    /// - Parameter note: gets a sentence about each that cannot be used.
    /// - Throws: `FileError` for a folder that cannot be read.
    init(_ settings: Worker.Settings, note: @escaping (String) -> Void) throws {
        self.settings = settings
        self.note = note
        var places: [String: URL] = [:]
        descriptions = try settings.models.flatMap(Self.bundles).compactMap { url in
            let name = String(url.lastPathComponent.dropLast(Self.ending.count))
            do {
                let description = try ModelDescription(Self.opener.open(url), at: url, name: name)
                guard places[name] == nil else {
                    note("\(url.path): there is a model \(name) already, \(places[name]!.path)")
                    return nil
                }
                places[name] = url
                return description
            } catch {
                note("\(error)")
                return nil
            }
        }
        self.places = places
    }

    /// The names of what is loaded, the one used last at the end.
    var names: [String] { warm.map(\.key.model).reduce(into: []) { names, name in names = names.filter { $0 != name } + [name] } }

    /// A model that is ready for scans.
    ///
    /// - Parameter willLoad: called before the model is loaded, where it has to be.
    /// - Throws: `WorkerError.unknownModel`, `InferenceError.unknownStructure`; what loading a model throws.
    func segmenter(_ model: String, _ choices: SegmentationChoices, willLoad: () -> Void) throws -> any ScanSegmenter {
        let opened = try open(model), labels = opened.task?.labels ?? opened.bundles[0].plan.labels
        let structures = try choices.structures.map { try labels.structures(named: $0) }
        let options = SegmenterOptions(mirroring: choices.mirroring ?? true, structures: structures)
        let key = Key(model: model, precision: choices.precision ?? .auto, options: opened.task == nil ? nil : choices)
        if let index = warm.firstIndex(where: { $0.key == key }) {
            warm.append(warm.remove(at: index))
        } else {
            willLoad()
            // About what making it takes; what it keeps is known afterwards.
            let weights = opened.bundles.map { Self.size(of: $0) }.reduce(0, +)
            makeRoom(for: 3 * weights)
            let segmenter = try make(opened, key.precision, options)
            warm.append(Warm(key: key, segmenter: segmenter, bytes: max(0, segmenter.memoryEstimate.kept - EngineMemory.program)))
        }
        let segmenter = warm[warm.count - 1].segmenter
        return (segmenter as? Segmenter)?.with(options) ?? segmenter
    }

    /// What a model consists of.
    /// - Throws: `WorkerError.unknownModel`; what reading it throws.
    func open(_ model: String) throws -> ModelOpener.Opened {
        guard let url = places[model] else { throw WorkerError.unknownModel(name: model, known: places.keys.sorted()) }
        return try Self.opener.open(url)
    }

    /// Lets go of models, the one used longest ago first and never the one used last, until a scan of this size can be segmented.
    /// - Returns: what the work on the scan may take.
    func makeRoom(forScan geometry: Geometry?, _ segmenter: any ScanSegmenter) -> MemoryLimit {
        makeRoom(for: segmenter.memoryEstimate.alone(geometry.map { [$0] } ?? [], writesProbabilities: false), keeping: 1)
        let others = warm.dropLast().map(\.bytes).reduce(0, +)
        return MemoryLimit(bytes: settings.memory.bytes - others, reason: settings.memory.reason)
    }

    private func makeRoom(for bytes: Int, keeping kept: Int = 0) {
        while warm.count > kept, bytes.addingReportingOverflow(warm.dropLast(kept).map(\.bytes).reduce(0, +)).partialValue > settings.memory.bytes {
            warm.removeFirst()
        }
    }

    private func make(_ opened: ModelOpener.Opened, _ precision: SegmentationChoices.Precision, _ options: SegmenterOptions) throws -> any ScanSegmenter {
        let engine = EngineSettings(
            settings.engine, device: settings.device, precision: EnginePrecision(precision, on: settings.device), usesEightBits: precision == .auto,
            threads: settings.threads)
        if let task = opened.task {
            return try TaskSegmenter(task, models: opened.bundles, engines: settings.engines, settings: engine, options: options, note: note)
        }
        return try Segmenter(models: opened.bundles, engines: settings.engines, settings: engine, options: options, note: note)
    }

    private static func size(of bundle: ModelBundle) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: bundle.url.appending(path: "model.safetensors").path)
        return (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }
}

extension SegmentationMemoryEstimate {
    /// Bytes that are kept between two scans.
    fileprivate var kept: Int { alone([], writesProbabilities: false) }
}

extension EnginePrecision {
    init(_ precision: SegmentationChoices.Precision, on device: EngineDevice) {
        self =
            switch precision {
            case .auto: .automatic(on: device)
            case .float32: .float32
            case .bfloat16: .bfloat16
            }
    }
}

extension ModelDescription {
    /// What a model says about itself.
    /// - Throws: `FileError`, `PlanError`.
    init(_ model: ModelOpener.Opened, at url: URL, name: String) throws {
        let plan = model.bundles[0].plan, labels = model.task?.labels ?? plan.labels
        let card = Self.card(url)
        self.init(
            name: name, title: card.title ?? model.task?.name ?? plan.dataset, architecture: model.bundles[0].network.architecture.rawValue,
            channels: plan.channelNames.map(Channel.init), labels: labels.descriptions, regions: labels.hasRegions,
            spacing: model.task.map { $0.spacing.reversed() } ?? plan.targetSpacing, patch: Array(plan.patchSize), license: card.license,
            digest: try SHA256Digest(ofModels: model.groups, task: model.task).text)
    }

    /// Heading and license of a card, where it has them.
    private static func card(_ url: URL) -> (title: String?, license: String?) {
        guard let data = try? InputFile.contents(of: url.appending(path: "card.md"), most: 1 << 20) else { return (nil, nil) }
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
        let cells = lines.filter { $0.hasPrefix("|") }.map { $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
        return (
            lines.first { $0.hasPrefix("# ") }.map { String($0.dropFirst(2)) },
            cells.first { $0.count == 2 && ["licence", "license"].contains(where: $0[0].lowercased().hasPrefix) }?[1]
        )
    }
}
