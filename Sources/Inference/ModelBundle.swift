public import Foundation
public import Layers
public import Networks
public import Preparation
import Support
public import Torch

/// A trained model as a folder: `model.safetensors`, `plan.json` and `card.md`; one made for 8 bits has `quantisation.json` too.
public struct ModelBundle: Sendable {
    public let url: URL
    public let plan: Plan
    public let network: NetworkDescription

    /// Opens a bundle; the weights are read when the network is made.
    public init(contentsOf url: URL) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw InferenceError.notABundle(path: url.path, problem: "there is no such folder")
        }
        guard isFolder.boolValue else { throw InferenceError.notABundle(path: url.path, problem: "it is a file") }
        for file in ["plan.json", "model.safetensors"] where !FileManager.default.fileExists(atPath: url.appending(path: file).path) {
            throw InferenceError.notABundle(path: url.path, problem: "\(file) is missing")
        }
        self.url = url
        plan = try Plan(contentsOf: url.appending(path: "plan.json"))
        network = try plan.networkDescription()
    }

    /// The weights, under the reference's keys.
    public func state() throws -> StateDictionary {
        try StateDictionary(safetensors: url.appending(path: "model.safetensors"))
    }

    /// The network with its weights.
    public func makeNetwork(device: Device = .cpu) throws -> any SegmentationNetwork {
        let network = try network.makeNetwork(device: device, values: .unset)
        try network.store.load(state())
        return network
    }

    /// Puts a clean-up of masks into the bundle's plan; everything else stays.
    public func store(_ postProcessing: PostProcessing?) throws {
        var plan = plan
        plan.postProcessing = postProcessing.flatMap { $0.keepLargest.isEmpty ? nil : $0 }
        try plan.write(to: url.appending(path: "plan.json"))
    }

    /// Writes a bundle; floating-point weights are stored as `dtype`.
    @discardableResult
    public static func write(
        plan: Plan, state: StateDictionary, card: String, to url: URL
    ) throws -> ModelBundle {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        try state.write(to: url.appending(path: "model.safetensors"))
        try AtomicFile.write(Data(card.utf8), to: url.appending(path: "card.md"))
        try plan.write(to: url.appending(path: "plan.json"))
        return try ModelBundle(contentsOf: url)
    }
}
