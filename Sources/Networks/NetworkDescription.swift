public import Layers
public import Torch

/// Which network, and its settings: the `network` section of a plan.
///
/// As JSON: `{"architecture": "unetr-plus-plus", "configuration": {…}}`.
public enum NetworkDescription: Equatable, Sendable {
    case unetrPlusPlus(UNETRPlusPlusConfiguration)

    /// Names of the architectures, as on the command line.
    public enum Architecture: String, Codable, Sendable, CaseIterable {
        case unetrPlusPlus = "unetr-plus-plus"
    }

    public var architecture: Architecture {
        switch self {
        case .unetrPlusPlus: .unetrPlusPlus
        }
    }

    /// The patch [D, H, W] the network takes.
    public var patchSize: [Int] {
        switch self {
        case .unetrPlusPlus(let configuration): configuration.patchSize
        }
    }

    public var inputChannels: Int {
        switch self {
        case .unetrPlusPlus(let configuration): configuration.inputChannels
        }
    }

    public var classes: Int {
        switch self {
        case .unetrPlusPlus(let configuration): configuration.classes
        }
    }

    /// Sizes [D, H, W] of the outputs of training, finest first.
    public var outputSizes: [[Int]] {
        switch self {
        case .unetrPlusPlus(let configuration): configuration.outputSizes
        }
    }

    /// The network itself.
    public func makeNetwork(
        device: Device = .cpu, dtype: DType = .float32, values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws -> any SegmentationNetwork {
        switch self {
        case .unetrPlusPlus(let configuration): 
            try UNETRPlusPlus(configuration, device: device, dtype: dtype, values: values, generator: generator)
        }
    }
}

extension NetworkDescription: Codable {
    private enum CodingKeys: String, CodingKey { case architecture, configuration }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let name = try values.decode(String.self, forKey: .architecture)
        guard let architecture = Architecture(rawValue: name) else {
            throw ConfigurationError(
                field: "architecture", value: name, rule: "one of \(Architecture.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        switch architecture {
        case .unetrPlusPlus: self = .unetrPlusPlus(try values.decode(UNETRPlusPlusConfiguration.self, forKey: .configuration))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(architecture, forKey: .architecture)
        switch self {
        case .unetrPlusPlus(let configuration): try values.encode(configuration, forKey: .configuration)
        }
    }
}
