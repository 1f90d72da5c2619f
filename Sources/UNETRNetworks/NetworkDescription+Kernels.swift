public import UNETRArchitectures
public import UNETRArchives
import UNETRLayers
import UNETRTorch

extension NetworkDescription {
    /// Weights for a network of this description made from those of one whose convolutions have kernels of another size, as a start for its
    /// training (UpKern: Roy et al., MICCAI 2023).
    ///
    /// Kernels are resampled linearly; everything else is taken over.
    /// - Parameter state: of a network that differs in the sizes of kernels only, under this network's keys.
    /// - Throws: `StateError` where something else differs; `ConfigurationError` for impossible settings.
    public func weights(resamplingKernelsOf state: StateDictionary) throws -> StateDictionary {
        let network = try makeNetwork(values: .unset)
        let resampled = try StateDictionary(
            state.removingCommonPrefix("module.").entries.map { entry in
                let shape = entry.array.shape
                guard shape.count == 5, let own = network.store[entry.key]?.shape, own != shape, own.prefix(2) == shape.prefix(2) else {
                    return entry
                }
                let kernel = try Tensor.from(entry.array)
                let exact = try (kernel.dtype == .float64 ? kernel : kernel.to(.float32)).upsampledLinear(to: Array(own.suffix(3)))
                return (entry.key, try exact.to(kernel.dtype).stored())
            })
        try network.store.load(resampled)
        return resampled
    }
}
