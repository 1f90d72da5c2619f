public import UNETRSupport

/// A network and its settings: the `network` section of a plan.
///
/// As JSON: `{"architecture": "unetr-plus-plus", "configuration": {…}}`. The configuration of a UNETR++ may stand there bare.
public struct NetworkDescription: Sendable {
    /// The settings, whichever network's they are.
    public let configuration: any NetworkConfiguration

    /// The description of a network with these settings.
    public init(_ configuration: any NetworkConfiguration) { self.configuration = configuration }

    /// The kind of network.
    public var architecture: Architecture { configuration.architecture }

    /// The patch [D, H, W] the network takes.
    public var patchSize: Size3 { configuration.patchSize }

    /// Channels of the scan.
    public var inputChannels: Int { configuration.inputChannels }

    /// Classes, background included.
    public var classes: Int { configuration.classes }

    /// Sizes [D, H, W] of the outputs of training, finest first.
    public var outputSizes: [Size3] { configuration.outputSizes }

    /// The layers of the network with their parameters and multiply-adds.
    /// - Throws: `ConfigurationError` for impossible settings.
    public func complexity() throws -> NetworkComplexity { try configuration.complexity() }

    /// A network of that architecture in its usual size.
    ///
    /// The patch is rounded up to what the network can take: multiples of 16 (UNETR), of 32 (Swin UNETR), of the stem × 8 (UNETR++,
    /// nnFormer), or of the strides that nnU-Net's rule gives for spacing and patch. Two-dimensional networks take one slice of it.
    /// - Parameters:
    ///   - classes: background included.
    ///   - patchSize: voxels [D, H, W].
    ///   - spacing: mm, or any unit, along [D, H, W]; nil: that at which the patch is a cube.
    ///   - architecture: the kind of network.
    ///   - inputChannels: channels of a scan.
    public static func usual(
        _ architecture: Architecture, inputChannels: Int, classes: Int, patchSize: Size3, spacing: [Double]? = nil
    ) -> NetworkDescription {
        NetworkDescription(
            architecture.usual(
                NetworkTask(
                    inputChannels: inputChannels, classes: classes, patchSize: patchSize,
                    spacing: spacing ?? Stem.cubicSpacing(of: patchSize))))
    }
}

extension NetworkDescription: Equatable {
    /// Descriptions are equal if they are of one kind of network and have the same settings.
    public static func == (one: NetworkDescription, other: NetworkDescription) -> Bool {
        func areEqual<Configuration: NetworkConfiguration>(_ one: Configuration, _ other: any NetworkConfiguration) -> Bool {
            one == other as? Configuration
        }
        return areEqual(one.configuration, other.configuration)
    }
}

extension NetworkDescription: Codable {
    private enum CodingKeys: String, CodingKey { case architecture, configuration }

    /// - Throws: `ConfigurationError` for an architecture that is not in `Architectures.all`, and for impossible settings.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        guard values.contains(.architecture) else {
            // A bare configuration, as people write it and older planners did.
            self.init(try UNETRPlusPlusConfiguration(from: decoder))
            return
        }
        let name = try values.decode(String.self, forKey: .architecture)
        guard let architecture = Architecture(rawValue: name) else {
            throw ConfigurationError(
                field: "architecture", value: name, rule: "one of \(Architectures.all.map(\.rawValue).joined(separator: ", "))")
        }
        guard values.contains(.configuration) else {
            throw DecodingError.keyNotFound(
                CodingKeys.configuration, .init(codingPath: decoder.codingPath, debugDescription: "the settings of the network are missing"))
        }
        self.init(try architecture.decode(values.superDecoder(forKey: .configuration)))
    }

    /// Encodes what `init(from:)` reads.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(architecture, forKey: .architecture)
        try configuration.encode(to: values.superEncoder(forKey: .configuration))
    }
}
