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
}
