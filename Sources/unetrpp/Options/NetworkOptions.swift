import ArgumentParser
import Foundation
import UNETRArchitectures
import UNETRModels
import UNETRSupport

/// How a command that looks at one network is told which.
struct NetworkOptions: ParsableArguments {
    @Option(help: "A known network: \(NetworkPreset.names).", transform: NetworkPreset.init(argument:)) var preset: NetworkPreset?
    @Option(help: "Network configuration (JSON).", completion: .file()) var configuration: String?
    @Option(help: "Model bundle.", completion: .directory) var model: String?
    @Option(help: "Architecture in its usual size for --patch, --channels and --classes.") var network: NetworkDescription.Architecture?
    @OptionGroup var size: NetworkSizeOptions

    func validate() throws {
        guard [preset != nil, configuration != nil, model != nil, network != nil].count(where: { $0 }) <= 1 else {
            throw ValidationError("give only one of --preset, --configuration, --model and --network")
        }
    }

    /// True if the command line names a network.
    var isGiven: Bool { preset != nil || configuration != nil || model != nil || network != nil }

    /// The network that was named, else `usual`.
    func description(or usual: NetworkPreset = .synapse) throws -> NetworkDescription {
        if let network { return size.description(network) }
        if let configuration { return try NetworkDescription(contentsOf: URL(fileURLWithPath: configuration)) }
        if let model { return try ModelBundle(contentsOf: URL(fileURLWithPath: model)).network }
        return (preset ?? usual).network
    }
}

/// The size of a network that is named by its architecture.
struct NetworkSizeOptions: ParsableArguments {
    @Option(help: "Patch for --network, DxHxW; each network takes the next size it can.", transform: NetworkSizeOptions.patch)
    var patch: Size3 = [64, 128, 128]
    @Option(help: "Input channels for --network.") var channels = 1
    @Option(help: "Classes for --network, background included.") var classes = 14

    func validate() throws {
        guard (1...1024).contains(channels) else { throw ValidationError("--channels is \(channels); expected 1 to 1024") }
        guard (2...1024).contains(classes) else { throw ValidationError("--classes is \(classes); expected 2 to 1024") }
    }

    func description(_ architecture: NetworkDescription.Architecture) -> NetworkDescription {
        .usual(architecture, inputChannels: channels, classes: classes, patchSize: patch)
    }

    @Sendable static func patch(_ text: String) throws -> Size3 {
        let sizes = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard let size = Size3(sizes), size.allSatisfy({ (1...1024).contains($0) }) else {
            throw ValidationError("--patch is '\(text)'; expected three sizes from 1 to 1024 such as 64x128x128")
        }
        guard size.saturatingProduct() <= 1 << 27 else {
            throw ValidationError("--patch is '\(text)'; its voxels together may be at most 512 × 512 × 512")
        }
        return size
    }
}

extension NetworkPreset {
    static let names = allCases.map(\.rawValue).joined(separator: ", ")

    @Sendable init(argument name: String) throws {
        guard let preset = Self(rawValue: name) else {
            throw ValidationError("there is no preset '\(name)'; known are \(Self.names)")
        }
        self = preset
    }
}
