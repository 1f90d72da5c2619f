import UNETRArchitectures
import UNETRTorch

extension NetworkConfiguration {
    /// The input, if it has the configuration's channels and patch.
    func checked(_ input: Tensor) throws -> Tensor {
        let expected = [inputChannels] + patchSize
        guard input.rank == 5, Array(input.shape.dropFirst()) == expected else {
            throw InputShapeError(found: input.shape, expected: expected)
        }
        return input
    }

    /// What a network made for color images sees of a scan: one channel three times.
    func image(_ input: Tensor) throws -> Tensor {
        imageChannels == inputChannels ? input : try input.expanded([input.shape[0], imageChannels] + patchSize)
    }
}
