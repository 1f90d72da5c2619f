import UNETRLayers
public import UNETRModels
public import UNETRNetworks
public import UNETRTorch

extension ModelBundle {
    /// The network with its weights.
    /// - Throws: `BundleDigestError` if they are not what their digest says; what reading them throws.
    public func makeNetwork(device: Device = .cpu) throws -> any SegmentationNetwork {
        try checkingWeights {
            let network = try network.makeNetwork(device: device, values: .unset)
            try network.store.load(uncheckedState())
            return network
        }
    }
}
