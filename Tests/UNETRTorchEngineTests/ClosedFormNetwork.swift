import UNETRLayers
import UNETRNetworks
import UNETRSupport
import UNETRTorch

/// The network of the reference's sliding-window numbers: y_c = a_c x + b_c · mean of the 3×3×3 box + g_c · (z/Z − 0.3 y/Y + 0.2 x/X).
final class ClosedFormNetwork: SegmentationNetwork {
    let store = ParameterStore()
    private let a, b, g: [Double]
    private let ramp: Tensor

    init(a: [Double], b: [Double], g: [Double], patch: Size3) throws {
        (self.a, self.b, self.g) = (a, b, g)
        var ramp: [Float] = []
        for z in 0..<patch[0] {
            for y in 0..<patch[1] {
                for x in 0..<patch[2] {
                    ramp.append(
                        Float(Double(z) / Double(patch[0]) - 0.3 * Double(y) / Double(patch[1]) + 0.2 * Double(x) / Double(patch[2])))
                }
            }
        }
        self.ramp = try Tensor(ramp, shape: [1, 1] + patch)
    }

    func callAsFunction(_ input: Tensor, _ pass: ForwardPass, deepSupervision: Bool) throws -> [Tensor] {
        let box = try input.convolution3d(Tensor.full([1, 1, 3, 3, 3], 1 / 27), padding: [1, 1, 1])
        return [try Tensor.concatenated(a.indices.map { try input * a[$0] + box * b[$0] + ramp * g[$0] }, axis: 1)]
    }
}
