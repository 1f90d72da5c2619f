public import UNETRArchitectures
public import UNETRLayers
public import UNETRTorch

/// A network that is built from a configuration of its own type.
public protocol ConfiguredNetwork: SegmentationNetwork, SendableMetatype {
    /// Its settings.
    associatedtype Configuration: NetworkConfiguration

    /// - Parameters:
    ///   - values: what the parameters begin as; unset ones are filled from a file.
    ///   - generator: where random values come from; nil: libtorch's own.
    ///   - device: where it computes.
    ///   - dtype: the type of the elements.
    ///   - configuration: the settings, of the type that the network takes.
    /// - Throws: `ConfigurationError` for impossible settings.
    init(
        _ configuration: Configuration, device: Device, dtype: DType, values: ParameterStore.Values, generator: Generator?
    ) throws
}

/// The networks whose forward pass this package has.
///
/// A network is added by a folder with its forward pass, a `ConfiguredNetwork`, and a line in `all`; what it is, without its computation,
/// is added to `Architectures`, which says how.
public enum Networks {
    /// One network for each type of configuration.
    static let all: [any ConfiguredNetwork.Type] = [
        UNETRPlusPlus.self,
        UNETR.self,
        SwinUNETR.self,
        NNFormer.self,
        NNUNet.self,
        MONAIUNet.self,
        SegResNet.self,
        BasicUNet.self,
        AttentionUNet.self,
        STUNet.self,
        MedNeXt.self,
        DynUNet.self,
        TransBTS.self,
        SETR.self,
        TransUNet3D.self,
        CoTr.self,
        TransUNet.self,
        SwinUNet.self,
        MISSFormer.self,
    ]
}

extension ConfiguredNetwork {
    /// The network of that configuration, if it is one of this type.
    fileprivate static func make(
        _ configuration: any NetworkConfiguration, device: Device, dtype: DType, values: ParameterStore.Values, generator: Generator?
    ) throws -> (any SegmentationNetwork)? {
        guard let configuration = configuration as? Configuration else { return nil }
        return try Self(configuration, device: device, dtype: dtype, values: values, generator: generator)
    }
}

extension NetworkDescription {
    /// The network itself.
    /// - Throws: `ConfigurationError` for impossible settings.
    public func makeNetwork(
        device: Device = .cpu, dtype: DType = .float32, values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws -> any SegmentationNetwork {
        for type in Networks.all {
            if let network = try type.make(configuration, device: device, dtype: dtype, values: values, generator: generator) { return network }
        }
        throw ConfigurationError(field: "architecture", value: architecture.rawValue, rule: "a network with a forward pass")
    }
}
