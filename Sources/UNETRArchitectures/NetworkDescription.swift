/// Which network, and its settings: the `network` section of a plan.
///
/// As JSON: `{"architecture": "unetr-plus-plus", "configuration": {…}}`.
public enum NetworkDescription: Equatable, Sendable {
    case unetrPlusPlus(UNETRPlusPlusConfiguration)
    case unetr(UNETRConfiguration)
    case swinUNETR(SwinUNETRConfiguration)
    case nnFormer(NNFormerConfiguration)
    /// With a plain or a residual encoder, which are two architectures by name.
    case nnUNet(NNUNetConfiguration)

    /// Names of the architectures, as on the command line.
    public enum Architecture: String, Codable, Sendable, CaseIterable {
        case unetrPlusPlus = "unetr-plus-plus"
        case unetr
        case swinUNETR = "swin-unetr"
        case nnFormer = "nnformer"
        case nnUNet = "nnunet"
        case nnUNetResidual = "nnunet-resenc"
    }

    public var architecture: Architecture {
        switch self {
        case .unetrPlusPlus: .unetrPlusPlus
        case .unetr: .unetr
        case .swinUNETR: .swinUNETR
        case .nnFormer: .nnFormer
        case .nnUNet(let configuration): configuration.encoder == .plain ? .nnUNet : .nnUNetResidual
        }
    }

    /// The settings, whichever network's they are.
    public var configuration: any NetworkConfiguration {
        switch self {
        case .unetrPlusPlus(let configuration): configuration
        case .unetr(let configuration): configuration
        case .swinUNETR(let configuration): configuration
        case .nnFormer(let configuration): configuration
        case .nnUNet(let configuration): configuration
        }
    }

    /// The patch [D, H, W] the network takes.
    public var patchSize: [Int] { configuration.patchSize }

    public var inputChannels: Int { configuration.inputChannels }

    public var classes: Int { configuration.classes }

    /// Sizes [D, H, W] of the outputs of training, finest first.
    public var outputSizes: [[Int]] { configuration.outputSizes }

    /// The layers of the network with their parameters and multiply-adds.
    /// - Throws: `ConfigurationError` for impossible settings.
    public func complexity() throws -> NetworkComplexity { try configuration.complexity() }
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
        case .unetr: self = .unetr(try values.decode(UNETRConfiguration.self, forKey: .configuration))
        case .swinUNETR: self = .swinUNETR(try values.decode(SwinUNETRConfiguration.self, forKey: .configuration))
        case .nnFormer: self = .nnFormer(try values.decode(NNFormerConfiguration.self, forKey: .configuration))
        case .nnUNet, .nnUNetResidual:
            let configuration = try NNUNetConfiguration(from: values.superDecoder(forKey: .configuration)) {
                try NNUNetConfiguration.defaults(for: $0, encoder: architecture == .nnUNet ? .plain : .residual)
            }
            self = .nnUNet(configuration)
            guard self.architecture == architecture else {
                throw ConfigurationError(
                    field: "encoder", value: configuration.encoder.rawValue,
                    rule: "plain for the architecture nnunet, residual for nnunet-resenc")
            }
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(architecture, forKey: .architecture)
        try configuration.encode(to: values.superEncoder(forKey: .configuration))
    }
}

extension UNETRPlusPlusConfiguration {}
