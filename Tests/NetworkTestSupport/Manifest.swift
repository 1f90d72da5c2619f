import Foundation
import TestSupport
public import UNETRArchitectures
public import UNETRArchives
import UNETRLayers
public import UNETRNetworks
public import UNETRTorch

/// One run of the reference's UNETR++: a manifest that names a variant, and for training runs what differs from it.
public struct Manifest: Sendable {
    // swift-format-ignore: AlwaysUseLowerCamelCase
    public struct Step: Decodable, Sendable {
        public var loss: Double
        public var gradient_norm: Double
    }

    // swift-format-ignore: AlwaysUseLowerCamelCase
    private struct Contents: Decodable {
        var variant: String
        var image_shape: [Int]?
        var classes: Int?
        var feature_size: Int?
        var depths: [Int]?
        var batch: Int?
        var steps: [Step]?
    }

    public let parity: ParityManifest
    public var configuration: UNETRPlusPlusConfiguration
    public let inputShape: [Int]
    public let steps: [Step]

    public var tensors: [String: ParityManifest.Inner] { parity.tensors }
    public var parameterCount: Int? { parity.parameterCount }
    public var parameters: [(key: String, shape: [Int])] { parity.parameters }
    public var values: SafetensorsFile { parity.values }

    public init(_ name: String) throws {
        parity = try ParityManifest(name)
        let contents = try JSONDecoder().decode(Contents.self, from: Data(contentsOf: Fixtures.url("parity/\(name).json")))
        var configuration = UNETRPlusPlusConfiguration(.init(rawValue: contents.variant)!)
        if let classes = contents.classes { configuration.classes = classes }
        if let featureSize = contents.feature_size { configuration.featureSize = featureSize }
        if let depths = contents.depths { configuration.depths = depths }
        self.configuration = configuration
        inputShape = parity.inputShape ?? [contents.batch ?? 1] + (contents.image_shape ?? []).dropFirst()
        steps = contents.steps ?? []
    }

    /// The probed values of a tensor: flat indices and float64 values.
    public func probe(_ name: String) throws -> (indices: [Int], values: [Double]) { try parity.probe(name) }

    /// The network with the weights of the rule.
    public func network(dtype: DType = .float32) throws -> UNETRPlusPlus {
        let network = try UNETRPlusPlus(configuration, dtype: dtype, values: .unset)
        try network.store.fillByRule()
        return network
    }

    /// The input of the rule.
    public func input(_ name: String = "input", dtype: DType = .float32) throws -> Tensor {
        try ParityManifest.input(inputShape, name: name, dtype: dtype)
    }
}
