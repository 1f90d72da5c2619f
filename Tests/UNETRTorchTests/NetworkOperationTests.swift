import TestSupport
import Testing
import UNETRTorch

/// The operations of layers: small cases by hand, and numbers of PyTorch 2.13.0 in float64 for inputs by the parity rule.
///
/// The expected numbers are the first four of the flattened result, its last, and its sum. They were printed by Python; the call stands
/// beside each, where t(name, *shape) is the rule's r for that name. Both sides run the same kernels, so that only the way of calling
/// them can differ: 1e-12 leaves room for other processors.
struct NetworkOperationTests {
    private func t(_ name: String, _ shape: [Int]) throws -> Tensor {
        try Tensor(ParityRule(name).values(shape.reduce(1, *), scale: 1).map(Double.init), shape: shape)
    }

    private func x() throws -> Tensor { try t("x", [2, 4, 3, 4, 5]) }

    private func expect(
        _ result: Tensor, _ first: [Double], sum: Double, last: Double, count: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let values = try result.array(of: Double.self)
        #expect(values.count == count, sourceLocation: sourceLocation)
        let found = values.prefix(first.count) + [values.reduce(0, +), values.last ?? .nan]
        for (a, b) in zip(found, first + [sum, last]) {
            #expect(abs(a - b) <= 1e-12 * max(1, abs(b)), "\(a), \(b) expected", sourceLocation: sourceLocation)
        }
    }

    // MARK: By hand

    @Test(
        "In float64 a large convolution is computed slab by slab: values and gradients of one as small as its slabs",
        arguments: [
            ([3, 3, 3], [1, 1, 1], [1, 1, 1]), ([3, 3, 3], [2, 2, 2], [1, 1, 1]), ([2, 2, 2], [2, 2, 2], [0, 0, 0]), ([1, 3, 3], [1, 1, 1], [0, 1, 1]),
        ])
    func slabs(kernel: [Int], stride: [Int], padding: [Int]) throws {
        // Windows of 4 channels over 21×160×160 voxels fill more than one slab.
        let size = [21, 160, 160]
        let count = size.reduce(4, *)
        let rule = ParityRule("slabs")
        func leaf(_ shape: [Int], _ scale: Double) throws -> Tensor {
            let values = (0..<shape.reduce(1, *)).map { scale * rule.signed($0) }
            return try Tensor(values, shape: shape).requiringGradient()
        }
        let input = try leaf([1, 4] + size, 1), weight = try leaf([3, 4] + kernel, 0.2), bias = try leaf([3], 1)
        let whole = try input.convolution3d(weight, bias: bias, stride: stride, padding: padding)
        try (whole * whole).sum().backward()
        let gradient = try #require(input.gradient).array(of: Double.self)
        #expect(gradient.count == count)
        // The same voxel by voxel, where a slab ends and elsewhere.
        let x = try input.detached().array(of: Double.self), w = try weight.detached().array(of: Double.self)
        let y = try whole.detached().array(of: Double.self), outShape = whole.shape
        func expected(_ channel: Int, _ place: [Int]) -> Double {
            var sum = rule.signed(channel)
            for c in 0..<4 {
                for k in 0..<kernel.reduce(1, *) {
                    let tap = [k / (kernel[1] * kernel[2]), k / kernel[2] % kernel[1], k % kernel[2]]
                    let at = (0..<3).map { place[$0] * stride[$0] + tap[$0] - padding[$0] }
                    guard (0..<3).allSatisfy({ at[$0] >= 0 && at[$0] < size[$0] }) else { continue }
                    sum += x[((c * size[0] + at[0]) * size[1] + at[1]) * size[2] + at[2]] * w[(channel * 4 + c) * kernel.reduce(1, *) + k]
                }
            }
            return sum
        }
        for plane in 0..<outShape[2] {
            for (channel, row, column) in [(0, 0, 0), (1, 7, 9), (2, outShape[3] - 1, outShape[4] - 1)] {
                let found = y[((channel * outShape[2] + plane) * outShape[3] + row) * outShape[4] + column]
                #expect(abs(found - expected(channel, [plane, row, column])) < 1e-12, "plane \(plane), channel \(channel)")
            }
        }
        // Σ y² has the gradient 2 Σ y in the bias, and by Euler's rule Σ g·x + Σ g·w·… of a bilinear function is known: Σ ∂/∂w · w = Σ 2 y (y − bias).
        let parts = (weight: try #require(weight.gradient).array(of: Double.self), bias: try #require(bias.gradient).array(of: Double.self))
        var products = 0.0, biases = [0.0, 0.0, 0.0]
        let voxels = outShape[2...].reduce(1, *)
        for (index, value) in y.enumerated() {
            let channel = index / voxels
            biases[channel] += 2 * value
            products += 2 * value * (value - rule.signed(channel))
        }
        for channel in 0..<3 { #expect(abs(parts.bias[channel] - biases[channel]) < 1e-8 * abs(biases[channel]).squareRoot() + 1e-7) }
        #expect(abs(zip(parts.weight, w).reduce(0) { $0 + $1.0 * $1.1 } - products) < 1e-10 * products)
        #expect(abs(zip(gradient, x).reduce(0) { $0 + $1.0 * $1.1 } - products) < 1e-10 * products)
    }

    @Test("A convolution of ones counts the voxels under the kernel")
    func convolutionOfOnes() throws {
        let ones = try Tensor.ones([1, 1, 3, 1, 3])
        let kernel = try Tensor.ones([1, 1, 3, 3, 3])
        let counts = try ones.convolution3d(kernel, padding: [1, 1, 1])
        #expect(try counts.array(of: Float.self) == [4, 6, 4, 6, 9, 6, 4, 6, 4])
    }

    @Test("A transposed convolution makes a block of each voxel")
    func transposedConvolutionBlocks() throws {
        let x = try Tensor([1, 10] as [Float], shape: [1, 1, 1, 1, 2])
        let weight = try Tensor([1, 2, 3, 4] as [Float], shape: [1, 1, 1, 2, 2])
        let result = try x.transposedConvolution3d(weight, bias: Tensor([100] as [Float], shape: [1]), stride: [1, 2, 2])
        #expect(result.shape == [1, 1, 1, 2, 4])
        #expect(try result.array(of: Float.self) == [101, 102, 110, 120, 103, 104, 130, 140])
    }

    @Test("Normalizations subtract the mean and divide by the deviation of what they cover")
    func normalizationByHand() throws {
        // ±1 around the mean of each pair: (x − mean) / √(1 + ε).
        let one = 1 / (1 + 1e-5).squareRoot()
        let pairs = try Tensor([1, 3, 10, 12] as [Double], shape: [2, 2])
        for (a, b) in zip(try pairs.layerNorm([2]).array(of: Double.self), [-one, one, -one, one]) { #expect(abs(a - b) < 1e-12) }
        let volume = try pairs.reshaped([1, 2, 1, 1, 2])
        for (a, b) in zip(try volume.instanceNorm().array(of: Double.self), [-one, one, -one, one]) { #expect(abs(a - b) < 1e-12) }
        // One group of all four: mean 6.5, variance (30.25 + 12.25) / 2.
        let scale = 1 / (21.25 + 1e-5).squareRoot()
        for (a, b) in zip(try volume.groupNorm(1).array(of: Double.self), [-5.5, -3.5, 3.5, 5.5]) {
            let expected = b * scale
            #expect(abs(a - expected) < 1e-12)
        }
    }

    @Test("Batch norm records running statistics with the unbiased variance, and uses them in evaluation")
    func runningStatistics() throws {
        let (mean, variance) = (try Tensor.zeros([1], .float64), try Tensor.ones([1], .float64))
        let x = try Tensor([1, 3] as [Double], shape: [2, 1, 1, 1, 1])
        _ = try x.batchNorm(weight: nil, bias: nil, runningMean: mean, runningVariance: variance, training: true)
        #expect(abs(try mean.item() - 0.2) < 1e-15, "0.9 · 0 + 0.1 · 2")
        #expect(abs(try variance.item() - 1.1) < 1e-15, "0.9 · 1 + 0.1 · 2, the unbiased variance of 1 and 3")
        let used = try x.batchNorm(weight: nil, bias: nil, runningMean: mean, runningVariance: variance, training: false)
        let expected = 2.8 / (1.1 + 1e-5).squareRoot()
        #expect(abs(try used.array(of: Double.self)[1] - expected) < 1e-12)
        #expect(abs(try mean.item() - 0.2) < 1e-15, "evaluation changes nothing")
    }

    @Test("Class numbers become indicators")
    func oneHot() throws {
        let indicators = try Tensor([0, 2, 1, 0] as [Int64], shape: [2, 2]).oneHot(classes: 3)
        #expect(indicators.shape == [2, 3, 2])
        #expect(try indicators.array(of: UInt8.self) == [1, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0])
        #expect(throws: TorchError.self) { try Tensor([3] as [Int64], shape: [1]).oneHot(classes: 3) }
    }

    @Test("Cross-entropy of equal logits is the logarithm of the number of classes, over the voxels that count")
    func crossEntropyByHand() throws {
        let logits = try Tensor.zeros([1, 4, 3], .float64)
        let loss = try logits.crossEntropy(Tensor([0, 3, -1] as [Int64], shape: [1, 3]), ignoring: -1).item()
        #expect(abs(loss - 1.3862943611198906) < 1e-15, "ln 4")
    }

    // MARK: By PyTorch

    @Test("Convolution and linear layer as in PyTorch")
    func convolutions() throws {
        // F.conv3d(x, t("w",6,2,3,3,3), t("b",6), stride=(1,2,1), padding=(1,0,2), groups=2)
        try expect(
            x().convolution3d(t("w", [6, 2, 3, 3, 3]), bias: t("b", [6]), stride: [1, 2, 1], padding: [1, 0, 2], groups: 2),
            [-0.1584584738972552, -0.9804519824120064, 0.6013682298970622, -0.31960492720375555], sum: -4.087460012300355,
            last: -0.5681482517467771, count: 252)
        // F.conv_transpose3d(x, t("w",4,3,2,2,2), t("b",3), stride=2)
        try expect(
            x().transposedConvolution3d(t("w", [4, 3, 2, 2, 2]), bias: t("b", [3]), stride: [2, 2, 2]),
            [-0.8895638744904062, -1.4534819195663289, 0.12188415460796875, 0.4811765901452816], sum: -312.2565246182092,
            last: 1.4768382001096256, count: 2880)
        // F.linear(x, t("w",3,5), t("b",3))
        try expect(
            x().linear(t("w", [3, 5]), bias: t("b", [3])),
            [-1.2540930400987662, -0.21206495204363307, 0.4843415105801796, -0.6916493732483531], sum: -42.23916293216641,
            last: 1.4564294684432184, count: 288)
    }

    @Test("Normalizations as in PyTorch")
    func normalizations() throws {
        let (w, b) = (try t("w", [4]), try t("b", [4]))
        // F.layer_norm(x, (4,5), t("w",4,5), t("b",4,5))
        try expect(
            x().layerNorm([4, 5], weight: t("w", [4, 5]), bias: t("b", [4, 5])),
            [-1.3626410000612286, 0.26604179011752116, -0.10788536869320571, -1.3734512131717427], sum: -35.54492747516244,
            last: 1.211202121561809, count: 480)
        // F.group_norm(x, 2, t("w",4), t("b",4))
        try expect(
            x().groupNorm(2, weight: w, bias: b),
            [-1.2015075287542172, 0.6329718919501458, 0.13395568191305846, 0.6921236040457267], sum: -115.68828882629533,
            last: -1.169616818932879, count: 480)
        // F.instance_norm(x, weight=t("w",4), bias=t("b",4))
        try expect(
            x().instanceNorm(weight: w, bias: b),
            [-1.1835732349736994, 0.5469889284628129, 0.07624035407973648, 0.6027898895964069], sum: -117.94694423675539,
            last: -1.13477623802695, count: 480)
        // F.batch_norm(x, zeros(4), ones(4), t("w",4), t("b",4), training=True)
        let (mean, variance) = (try Tensor.zeros([4], .float64), try Tensor.ones([4], .float64))
        try expect(
            x().batchNorm(weight: w, bias: b, runningMean: mean, runningVariance: variance, training: true),
            [-1.225305415841116, 0.5658118095705886, 0.07859101032394891, 0.6235653331322263], sum: -117.94694423675537,
            last: -1.0982471603089414, count: 480)
        try expect(
            mean, [0.0015939117471377056, -0.002363013823827108, -0.006109161376953125], sum: -0.008818994363149008, last: -0.0019407309095064798, count: 4)
        try expect(variance, [0.9292431505834076, 0.928438427302694, 0.9363962614338841], sum: 3.732450162661666, last: 0.9383723233416802, count: 4)
        // F.batch_norm(x, t("m",4), t("v",4).abs()+0.5, t("w",4), t("b",4), training=False)
        try expect(
            x().batchNorm(weight: w, bias: b, runningMean: t("m", [4]), runningVariance: t("v", [4]).abs() + 0.5, training: false),
            [-0.9422748776380301, -0.05212158247951308, -0.2942616243293548, -0.02341911199012907], sum: -137.16979130470745,
            last: -0.4697541667936059, count: 480)
    }

    @Test("Activations, attention, interpolation and cross-entropy as in PyTorch")
    func others() throws {
        // F.gelu(x), torch.erfinv(x), torch.sigmoid(x), F.log_softmax(x, 1)
        try expect(
            x().gelu(), [-0.16437068547586842, 0.45131311141742964, 0.17565991706109832, 0.48833065027392375], sum: 52.24966774856829,
            last: 0.25855227503508105, count: 480)
        try expect(
            x().erfinv(), [-0.5920699345459857, 0.6169366320948907, 0.25976057112423545, 0.6694324696956621], sum: -12.623965833924085,
            last: 0.3662250712623438, count: 480)
        try expect(
            x().sigmoid(), [0.354896737881796, 0.6495481188836078, 0.5711751147074826, 0.6584104761409243], sum: 237.49104074221836,
            last: 0.5976026982588187, count: 480)
        try expect(
            x().logSoftmax(1), [-2.322682113081911, -0.808423802867453, -1.1927542430841778, -1.0611850702536192],
            sum: -726.2485706693386, last: -1.5601844311339046, count: 480)
        // F.scaled_dot_product_attention(t("q",1,2,3,4), t("k",1,2,5,4), t("v",1,2,5,4), scale=0.7)
        try expect(
            t("q", [1, 2, 3, 4]).attention(key: t("k", [1, 2, 5, 4]), value: t("v", [1, 2, 5, 4]), scale: 0.7),
            [-0.03095157385648198, -0.45904362574578805, -0.24375081000133708, 0.03836644566044673], sum: 0.056916193992973874,
            last: 0.7811418639811194, count: 24)
        // F.interpolate(x, size=(5,4,7), mode="trilinear", align_corners=False), F.interpolate(x, size=(6,2,10), mode="nearest")
        try expect(
            x().upsampledLinear(to: [5, 4, 7]), [-0.597583532333374, 0.0964947768620082, 0.5226517064230782, 0.2866472005844116],
            sum: -28.948113601548332, last: 0.3954862356185913, count: 1120)
        try expect(
            x().upsampledNearest(to: [6, 2, 10]), [-0.597583532333374, -0.597583532333374, 0.6170535087585449, 0.6170535087585449],
            sum: -41.515122413635254, last: -0.7234755754470825, count: 960)
        // F.grid_sample(x, 1.5*t("places",2,2,1,3,3), align_corners=False)
        try expect(
            x().sampled(at: t("places", [2, 2, 1, 3, 3]) * 1.5), [0.31615296730219294, -0.30539500061916425, 0.0, -0.13647025749370895],
            sum: 0.4099929196882517, last: -0.069887007033179, count: 48)
        // F.cross_entropy(x, labels, ignore_index=-1) with label i of 7i mod 4, the first −1
        var labels = (0..<120).map { Int64($0 * 7 % 4) }
        labels[0] = -1
        let loss = try x().crossEntropy(Tensor(labels, shape: [2, 3, 4, 5]), ignoring: -1)
        try expect(loss, [], sum: 1.5689675274226735, last: 1.5689675274226735, count: 1)
    }
}
