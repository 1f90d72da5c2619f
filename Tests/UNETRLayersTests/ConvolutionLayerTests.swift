import TestSupport
import Testing
import UNETRLayers
import UNETRTorch

/// Layers that mix channels, with the rule's weights, against PyTorch 2.13's functional calls on the same numbers; p(key) is the parameter.
struct ConvolutionLayerTests {
    /// What `body` makes in a store of float64 and gives for the rule's input.
    private func output(_ shape: [Int] = [2, 4, 4, 5, 3], _ body: (Scope) throws -> (Tensor) throws -> Tensor) throws -> Tensor {
        let store = ParameterStore(dtype: .float64)
        let layer = try body(store.root)
        try store.fillByRule()
        return try layer(ruleInput(shape))
    }

    @Test("A strided convolution keeps the ratio of sizes: its padding is half of its kernel")
    func strided() throws {
        // F.conv3d(x, p("c.weight"), p("c.bias"), stride=(2, 1, 1), padding=(1, 1, 0))
        let found = try output { try Convolution($0 / "c", from: 4, to: 6, kernel: [3, 3, 1], stride: [2, 1, 1], bias: true).callAsFunction }
        try expectValues(
            found, [2, 6, 2, 5, 3], sum: -22.2771721959, squares: 295.3993478286, [0: -0.1851071356651, 7: 0.8352905038877, 31: 0.04175753286558])
    }

    @Test("A kernel that reads distant voxels, group by group")
    func dilated() throws {
        // F.conv3d(x, p("d.weight"), padding=2, dilation=2, groups=2)
        let found = try output {
            try Convolution($0 / "d", from: 4, to: 4, kernel: [3, 3, 3], padding: [2, 2, 2], dilation: [2, 2, 2], groups: 2).callAsFunction
        }
        try expectValues(
            found, [2, 4, 4, 5, 3], sum: 10.19660967478, squares: 176.1771167736, [0: 0.7354118884059, 7: -0.5588199905652, 31: -0.9966607075729])
    }

    @Test("As many groups as channels make a depthwise convolution")
    func depthwise() throws {
        // F.conv3d(x, p("w.weight"), p("w.bias"), padding=1, groups=4)
        let found = try output { try Convolution($0 / "w", from: 4, to: 4, kernel: [3, 3, 3], groups: 4, bias: true).callAsFunction }
        try expectValues(
            found, [2, 4, 4, 5, 3], sum: -2.976813794967, squares: 322.0095646462, [0: -0.1436074643136, 7: 0.113541048207, 31: 0.3204970264445])
    }

    @Test("A kernel as large as its stride cuts the volume into patches, without padding")
    func patches() throws {
        // F.conv3d(x, p("p.weight"), stride=(2, 5, 3))
        let found = try output { try Convolution($0 / "p", from: 4, to: 3, kernel: [2, 5, 3], stride: [2, 5, 3]).callAsFunction }
        try expectValues(
            found, [2, 3, 2, 1, 1], sum: -0.89983947946, squares: 13.31025683226, [0: -0.004643565999622, 3: -0.8687845723653, 11: 0.5789656775985])
    }

    @Test("A map of each voxel's channels is the same as a linear layer and as a convolution")
    func voxelwise() throws {
        // F.conv3d(x, p("v.weight"), p("v.bias")): 4 to 5 channels, which fill no register, go through the linear layer.
        try expectValues(
            output { try Convolution($0 / "v", from: 4, to: 5, kernel: [1, 1, 1], bias: true).callAsFunction }, [2, 5, 4, 5, 3], sum: -48.84051501189,
            squares: 642.38590857, [0: -0.116134011746, 7: 0.8162152259827, 31: -1.021265515222])
        // F.conv3d(x, p("f.weight"), p("f.bias")): 16 to 16 channels go through the convolution.
        try expectValues(
            output([1, 16, 2, 2, 2]) { try Convolution($0 / "f", from: 16, to: 16, kernel: [1, 1, 1], bias: true).callAsFunction }, [1, 16, 2, 2, 2],
            sum: -11.39760806003, squares: 186.6271501856, [0: -1.128087624771, 7: 0.2209219603455, 31: -1.603078948902])
    }

    @Test("A transposed convolution has its stride for a kernel unless another is given")
    func transposed() throws {
        // F.conv_transpose3d(x, p("t.weight"), p("t.bias"), stride=(2, 2, 1))
        try expectValues(
            output { scope in
                let layer = try TransposedConvolution(scope / "t", from: 4, to: 3, stride: [2, 2, 1], bias: true)
                return { try layer($0) }
            }, [2, 3, 8, 10, 3], sum: -34.51971975414, squares: 712.4508861197, [0: 1.218652289582, 7: -0.5436584564106, 31: -1.21979709383])
        // F.conv_transpose3d(x, p("g.weight"), p("g.bias"), stride=2, padding=1, output_padding=1, groups=2)
        try expectValues(
            output { scope in
                let layer = try TransposedConvolution(
                    scope / "g", from: 4, to: 6, kernel: [3, 3, 3], stride: [2, 2, 2], padding: [1, 1, 1], outputPadding: [1, 1, 1], groups: 2, bias: true)
                return { try layer($0) }
            }, [2, 6, 8, 10, 6], sum: -84.78720099615, squares: 507.5478385887, [0: 0.02014794827093, 7: 0.2435110743787, 31: -0.2415878698803])
    }

    @Test("Slices that a strided convolution had left out come back with the bias alone")
    func missingSlices() throws {
        // F.pad(F.conv_transpose3d(x, p("m.weight"), stride=2), (0, 1, 0, 0, 0, 1)) + p("m.bias").reshape(1, -1, 1, 1, 1)
        func layer(bias: Bool) throws -> Tensor {
            try output { scope in
                let layer = try TransposedConvolution(scope / "m", from: 4, to: 2, stride: [2, 2, 2], bias: bias)
                return { try layer($0, missing: [1, 0, 1]) }
            }
        }
        let found = try layer(bias: true)
        try expectValues(
            found, [2, 2, 9, 10, 7], sum: 136.2863143563, squares: 456.8725767521, [0: 0.0878816478247, 7: 1.286030246598, 119: 0.598951079888])
        let bias = ParityRule.parameter("m.bias", shape: [2]).map(Double.init)
        for channel in 0..<2 { #expect(Set(try found.selected(1, channel).selected(1, 8).detached().array(of: Double.self)) == [bias[channel]]) }
        #expect(Set(try layer(bias: false).selected(2, 8).detached().array(of: Double.self)) == [0])
    }

    @Test("A linear layer maps the last axis, with and without a bias")
    func linear() throws {
        // F.linear(x, p("l.weight"), p("l.bias"))
        let found = try output([2, 3, 5]) { try Linear($0 / "l", from: 5, to: 4).callAsFunction }
        try expectValues(
            found, [2, 3, 4], sum: 1.228904013342, squares: 27.15474808984, [0: 0.4904547149102, 7: 0.1871232477438, 23: 1.253772818471])
        let plain = try output([2, 3, 5]) { try Linear($0 / "l", from: 5, to: 4, bias: false).callAsFunction }
        let bias = ParityRule.parameter("l.bias", shape: [4]).map(Double.init)
        let difference = try (found - plain).detached().array(of: Double.self)
        for (index, value) in difference.enumerated() { #expect(abs(value - bias[index % 4]) < 1e-14) }
    }

    @Test("Keys and shapes of the parameters are those of the framework's layers")
    func parameters() throws {
        let store = ParameterStore()
        _ = try Convolution(store.root / "a" / "conv", from: 6, to: 8, kernel: [3, 1, 2], groups: 2, bias: true)
        _ = try TransposedConvolution(store.root / "a" / "up", from: 6, to: 8, stride: [2, 2, 1], groups: 2)
        _ = try Linear(store.root / "b" / 3, from: 5, to: 7)
        #expect(store.entries.map(\.key) == ["a.conv.weight", "a.conv.bias", "a.up.weight", "b.3.weight", "b.3.bias"])
        #expect(store.entries.map(\.tensor.shape) == [[8, 3, 3, 1, 2], [8], [6, 4, 2, 2, 1], [7, 5], [7]])
    }

    @Test("An input of other channels is refused with both shapes")
    func otherChannels() throws {
        let store = ParameterStore()
        let layer = try Convolution(store.root, from: 4, to: 2, kernel: [3, 3, 3])
        let error = try #require(throws: TorchError.self) { try layer(Tensor.zeros([1, 3, 4, 4, 4])) }
        #expect(error.operation == "convolution" && error.shapes == [[1, 3, 4, 4, 4], [2, 4, 3, 3, 3]])
        let map = try Convolution(store.root / "v", from: 4, to: 2, kernel: [1, 1, 1])
        #expect(try #require(throws: TorchError.self) { try map(Tensor.zeros([1, 3, 4, 4, 4])) }.operation == "linear")
    }
}
