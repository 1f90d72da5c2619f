import TestSupport
import Testing
import UNETRLayers
import UNETRTorch

/// Group normalization of volumes as large as patches are.
struct GroupNormTests {
    @Test("Statistics that are summed pairwise keep float32's precision on a large channels-last volume, sample by sample")
    func precision() throws {
        let shape = [2, 4, 64, 64, 64], count = shape.reduce(1, *)
        let values = ParityRule("group norm").values(count, offset: 1, scale: 1)
        let x = try Tensor(values, shape: shape)
        let norm = try GroupNorm(ParameterStore().root, channels: 4, groups: 2, sumsPairwise: true)
        let found = try withoutGradients { try norm(x.contiguous(.channelsLast)).array(of: Double.self) }
        let expected = try withoutGradients { try x.to(.float64).groupNorm(2).array(of: Double.self) }
        // One rounding of the input and of each of the four operations on it.
        expectClose(found, expected, within: 5 * 0x1p-23, "group norm")
    }

    @Test("In training it is libtorch's own, so that gradients follow the statistics")
    func training() throws {
        let x = try Tensor(ParityRule("group norm").values(2 * 4 * 27, scale: 1), shape: [2, 4, 3, 3, 3])
        let norm = try GroupNorm(ParameterStore().root, channels: 4, groups: 2, sumsPairwise: true)
        try x.requiringGradient()
        let plain = try x.groupNorm(2, weight: Tensor.ones([4]), bias: Tensor.zeros([4]))
        #expect(try norm(x).detached().array(of: Float.self) == plain.detached().array(of: Float.self))
    }
}
