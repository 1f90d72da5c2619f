public import UNETRArchitectures
public import UNETRLayers
public import UNETRTorch

extension NetworkDescription {
    /// The network itself.
    /// - Throws: `ConfigurationError` for impossible settings.
    public func makeNetwork(
        device: Device = .cpu, dtype: DType = .float32, values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws -> any SegmentationNetwork {
        switch self {
        case .unetrPlusPlus(let configuration):
            try UNETRPlusPlus(configuration, device: device, dtype: dtype, values: values, generator: generator)
        case .unetr(let configuration): try UNETR(configuration, device: device, dtype: dtype, values: values, generator: generator)
        case .swinUNETR(let configuration): try SwinUNETR(configuration, device: device, dtype: dtype, values: values, generator: generator)
        case .nnFormer(let configuration): try NNFormer(configuration, device: device, dtype: dtype, values: values, generator: generator)
        case .nnUNet(let configuration): try NNUNet(configuration, device: device, dtype: dtype, values: values, generator: generator)
        }
    }
}
