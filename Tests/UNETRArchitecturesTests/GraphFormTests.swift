import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRGraphs
import UNETRSupport

@testable import UNETRArchitectures

/// Blocks of networks as graphs, computed operation by operation: the fast form folds, joins and reorders, and must give what the readable one gives.
struct GraphFormTests {
    private struct Keys: PublishedKeys {}

    private typealias Writing = (_ writer: NetworkGraphWriter, _ inputs: [String: Graph.Value]) throws -> Graph.Value

    /// What `write` makes of its inputs in the readable and in the fast form, with weights under the keys and in the shapes that it asks for.
    private func outputs(_ inputs: [String: Numbers], _ write: Writing) throws -> (readable: Numbers, fast: Numbers) {
        var weights: [(key: String, array: StoredArray)] = []
        func output(_ form: GraphForm) throws -> Numbers {
            while true {
                do {
                    let builder = GraphBuilder(name: "block")
                    let values = Dictionary(uniqueKeysWithValues: inputs.map { ($0, builder.input($0, $1.shape.map(Optional.some))) })
                    builder.output("y", try write(NetworkGraphWriter(builder, StateDictionary(weights), rules: Keys(), form: form), values), [nil])
                    return try GraphArithmetic.output(of: builder.graph, inputs)
                } catch StateError.missing(let keys) {
                    weights.append((keys[0], StoredArray([] as [Float])))
                } catch StateError.shape(let key, _, let expected) {
                    let index = weights.firstIndex { $0.key == key }!
                    weights[index].array = StoredArray(ParityRule.parameter(key, shape: expected), shape: expected)
                }
            }
        }
        return (try output(.readable), try output(.fast))
    }

    private func input(_ shape: [Int]) -> Numbers {
        Numbers(shape, ParityRule("input \(shape)").values(shape.reduce(1, *), offset: 0.2, scale: 1).map(Double.init))
    }

    /// Expects both forms to agree; float32 folds weights, so within a few of its 1.2e-7, and returns the readable form's values.
    @discardableResult
    private func expectSame(
        _ name: String, _ shape: [Int], sourceLocation: SourceLocation = #_sourceLocation,
        _ write: (_ writer: NetworkGraphWriter, _ x: Graph.Value) throws -> Graph.Value
    ) throws -> Numbers {
        let (readable, fast) = try outputs(["x": input(shape)]) { try write($0, $1["x"]!) }
        #expect(fast.shape == readable.shape && Set(readable.values).count > 1, sourceLocation: sourceLocation)
        expectClose(fast.values, readable.values, within: 3e-6, name, sourceLocation: sourceLocation)
        return readable
    }

    private static let norms: [NormKind] = [.batch, .instance, .affineInstance(scale: 1), .group(2)]

    @Test(arguments: norms) func `A residual block is the same in both forms`(norm: NormKind) throws {
        for (outputs, stride) in [(4, [1, 1, 1]), (6, [1, 1, 1]), (6, [1, 2, 2])] as [(Int, Size3)] {
            let grid = Size3(3, 4, 4).divided(by: stride)
            let found = try expectSame("\(norm) \(stride)", [2, 4, 3, 4, 4]) { writer, x in
                try writer.residualBlock(x, "b", from: 4, to: outputs, stride: stride, norm: norm, grid: grid)
            }
            #expect(found.shape == [2, outputs] + grid)
        }
        // One channel: what is normalized by itself is a product.
        try expectSame("\(norm), one channel", [1, 1, 3, 4, 4]) { writer, x in
            try writer.residualBlock(x, "b", from: 1, to: 4, norm: norm, grid: [3, 4, 4])
        }
    }

    /// Joined where that saves products: the transposed convolution and the one behind it become one.
    @Test(arguments: [[2, 2, 2], [1, 2, 2], [2, 2, 1]] as [Size3]) func `An upsampling block is the same where two convolutions are joined`(stride: Size3)
        throws
    {
        #expect(JoinedConvolution.saves(from: 2, to: 4, kernel: [3, 3, 3], stride: stride))
        #expect(!JoinedConvolution.saves(from: 400, to: 2, kernel: [3, 3, 3], stride: stride))
        let large = Size3 { Size3(2, 3, 3)[$0] * stride[$0] }, skip = input([1, 4] + large)
        for norm in [.instance, .affineInstance(scale: 1)] as [NormKind] {
            let (readable, fast) = try outputs(["x": input([1, 2, 2, 3, 3]), "skip": skip]) { writer, values in
                try writer.upsamplingBlock(values["x"]!, skip: values["skip"]!, "up", from: 2, to: 4, stride: stride, norm: norm)
            }
            #expect(readable.shape == [1, 4] + large)
            expectClose(fast.values, readable.values, within: 3e-6, "\(stride), \(norm)")
        }
    }

    @Test func `Other convolutional blocks are the same in both forms`() throws {
        try expectSame("preactivation", [2, 4, 3, 3, 4]) {
            try $0.preactivationBlock($1, norms: ("n1", "n2"), convolutions: ("c1", "c2"), channels: 4, groups: 2, grid: [3, 3, 4])
        }
        try expectSame("unit", [1, 3, 4, 4, 4]) { try $0.convolutionUnit($1, "u", from: 3, to: 4, kernel: [1, 3, 3], stride: [1, 2, 2]) }
        for outputs in [3, 5] {
            try expectSame("nnU-Net, \(outputs)", [1, 3, 4, 4, 4]) {
                try $0.residualBlock(nnUNet: $1, "r", from: 3, to: outputs, kernel: [3, 3, 3], stride: [2, 2, 1])
            }
        }
        for norm in [nil, .batch, .instance] as [NormKind?] {
            for activation in [nil, .parametricReLU, .relu, .leakyReLU(slope: 0.2)] as [ActivationKind?] {
                var settings = UnitSettings()
                (settings.norm, settings.activation, settings.stride) = (norm, activation, [2, 1, 2])
                let thin = settings
                let small = try expectSame("MONAI", [1, 2, 4, 3, 4]) { try $0.convolution($1, "m", from: 2, to: 3, thin) }
                #expect(small.shape == [1, 3, 2, 3, 2])
                settings.isTransposed = true
                let wide = settings
                let large = try expectSame("MONAI, transposed", [1, 2, 2, 3, 2]) { try $0.convolution($1, "m", from: 2, to: 3, wide) }
                #expect(large.shape == [1, 3, 4, 3, 4])
            }
        }
    }

    @Test func `A picture of one channel is read as three alike`() throws {
        for standardized in [false, true] {
            try expectSame("image", [1, 1, 1, 6, 6]) {
                try $0.imageConvolution(
                    $1, "c", from: 1, images: 3, to: 4, kernel: [1, 3, 3], stride: [1, 2, 2], padding: [0, 1, 1], standardized: standardized,
                    bias: !standardized)
            }
        }
        try expectSame("standardized", [1, 3, 1, 5, 5]) { try $0.standardizedConvolution($1, "c", from: 3, to: 4, kernel: [1, 3, 3]) }
    }

    @Test func `Tokens are made, joined, split and mixed alike in both forms`() throws {
        for channels in [3, 6, 8] {
            let tokens = try expectSame("tokens", [2, channels, 2, 3, 2]) { writer, x in writer.tokens(x, channels) }
            // Channel last: token t of channel c is value c · T + t.
            let x = input([2, channels, 2, 3, 2])
            #expect(
                tokens.values == (0..<2 * 12 * channels).map { at in x.values[at / (12 * channels) * 12 * channels + at % channels * 12 + at / channels % 12] })
            try expectSame("there and back", [2, channels, 2, 3, 2]) { writer, x in writer.volume(writer.tokens(x, channels), channels, grid: [2, 3, 2]) }
        }
        try expectSame("embedding", [1, 2, 2, 4, 4]) { try $0.patchEmbedding($1, "p", from: 2, to: 4, block: [1, 2, 2]) }
        try expectSame("perceptron", [1, 2, 2, 4, 4]) { try $0.patchEmbedding(perceptron: "p", $1, from: 2, to: 4, block: [2, 2, 2], grid: [1, 2, 2]) }
        try expectSame("merging", [1, 16, 3]) {
            try $0.patchMerging($1, "m", channels: 3, grid: [1, 4, 4], unit: [1, 2, 2], offsets: [[0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 1]])
        }
        for factor in [2, 4] { try expectSame("expansion", [1, 6, 4]) { try $0.patchExpansion($1, "e", channels: 4, grid: [1, 2, 3], factor: factor) } }
        try expectSame("feed-forward", [2, 5, 4]) { try $0.feedForward($1, "f", channels: 4, hidden: 7, names: ("fc1", "fc2")) }
        let settings = MapTransformerSettings(
            channels: 3, grid: [1, 2, 3], hiddenSize: 4, feedForwardSize: 6, heads: 2, layers: 2, scalesShortcuts: true, dropout: 0)
        try expectSame("map transformer", [1, 3, 1, 2, 3]) { try $0.mapTransformer($1, "t", settings) }
    }

    @Test(arguments: [([0, 0, 0], true), ([1, 1, 1], true), ([0, 1, 1], false)] as [(Size3, Bool)])
    func `Attention within windows is the same in both forms`(shift: Size3, masked: Bool) throws {
        // 3 × 3 × 5 tokens in windows of 2 × 2 × 2: filled up along every axis.
        let grid = WindowGrid(grid: [3, 3, 5], window: [2, 2, 2], shift: shift, masked: masked)
        for index in [.unique, .nnFormer] as [WindowBlockSettings.PositionIndex] {
            let settings = WindowBlockSettings(heads: 2, window: [2, 2, 2], index: index)
            try expectSame("\(shift)", [1, 45, 4]) { try $0.windowTransformerBlock($1, "w", channels: 4, settings, in: grid) }
        }
        // Queries from elsewhere.
        let settings = WindowBlockSettings(heads: 2, window: [2, 2, 2])
        let x = input([1, 45, 4])
        let (readable, fast) = try outputs(["x": x, "q": x, "k": x.map { $0 * $0 }]) { writer, values in
            try writer.windowTransformerBlock(values["x"]!, "w", channels: 4, settings, in: grid, given: (values["q"]!, values["k"]!))
        }
        expectClose(fast.values, readable.values, within: 3e-6, "given queries")
    }

    // MARK: By their formulas

    private func parameter(_ key: String, _ shape: [Int]) -> [Double] { ParityRule.parameter(key, shape: shape).map(Double.init) }

    /// softmax(q kᵀ / √d) v for each head, then the output layer; a token's row after the other.
    @Test func `Attention is the formula of its inventors`() throws {
        let (tokens, channels, heads) = (5, 6, 2), width = 3, x = input([1, tokens, channels]).values
        let found = try expectSame("attention", [1, tokens, channels]) {
            try $0.selfAttention($1, .joined("a"), channels: channels, heads: heads, tokens: tokens)
        }
        func layer(_ rows: [[Double]], _ key: String, _ outputs: Int) -> [[Double]] {
            let (weight, bias) = (parameter("\(key).weight", [outputs, channels]), parameter("\(key).bias", [outputs]))
            return rows.map { (row: [Double]) -> [Double] in
                (0..<outputs).map { (output: Int) -> Double in
                    var sum = bias[output]
                    for channel in 0..<channels { sum += row[channel] * weight[output * channels + channel] }
                    return sum
                }
            }
        }
        let qkv = layer((0..<tokens).map { Array(x[$0 * channels..<($0 + 1) * channels]) }, "a.qkv", 3 * channels)
        var mixed = [[Double]](repeating: [Double](repeating: 0, count: channels), count: tokens)
        for head in 0..<heads {
            for query in 0..<tokens {
                let powers = (0..<tokens).map { (key: Int) -> Double in
                    var product = 0.0
                    for c in head * width..<(head + 1) * width { product += qkv[query][c] * qkv[key][channels + c] }
                    return exp(product / 3.0.squareRoot())
                }
                let sum = powers.reduce(0, +)
                for key in 0..<tokens {
                    for c in head * width..<(head + 1) * width { mixed[query][c] += powers[key] / sum * qkv[key][2 * channels + c] }
                }
            }
        }
        expectClose(found.values, layer(mixed, "a.proj", channels).flatMap { $0 }, within: 1e-6, "formula")
        try expectSame("separate layers", [1, tokens, channels]) {
            try $0.selfAttention($1, .transUNet("a"), channels: channels, heads: heads, tokens: tokens)
        }
    }

    @Test func `Group normalization takes mean and variance over the channels of a group together`() throws {
        let x = input([1, 4, 2, 2, 3]).values, (scale, shift) = (parameter("n.weight", [4]), parameter("n.bias", [4]))
        let found = try expectSame("group", [1, 4, 2, 2, 3]) { try $0.normalized($1, .group(2), "n", 4, grid: [2, 2, 3]) }
        let expected = (0..<48).map { at -> Double in
            let group = x[at / 24 * 24..<(at / 24 + 1) * 24], mean = group.reduce(0, +) / 24
            let variance = group.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 24
            return (x[at] - mean) / (variance + 1e-5).squareRoot() * scale[at / 12] + shift[at / 12]
        }
        expectClose(found.values, expected, within: 1e-7, "formula")
    }

    /// Windows one by one: roll, cut, and let tokens see each other that were neighbors before.
    @Test(arguments: [true, false]) func `Tokens of a shifted window see those that were neighbors before the shift`(masked: Bool) throws {
        let grid = WindowGrid(grid: [1, 4, 4], window: [1, 2, 2], shift: [0, 1, 1], masked: masked)
        for (kind, windows) in grid.ofKinds {
            let mask = kind == 0 ? [Float](repeating: 0, count: 16) : grid.mask(ofKind: kind)
            for window in windows {
                let tokens = grid.tokens(in: [window])
                for query in 0..<4 {
                    for key in 0..<4 {
                        // Two tokens of a window lie at most one apart, unless the roll put the first and the last row or column side by side.
                        let (a, b) = (tokens[query], tokens[key])
                        let areNeighbors = abs(a / 4 - b / 4) <= 1 && abs(a % 4 - b % 4) <= 1
                        #expect(mask[query * 4 + key] == (areNeighbors || !masked ? 0 : -100))
                    }
                }
            }
        }
        #expect(grid.ofKinds.flatMap { grid.tokens(in: $0.windows) }.sorted() == Array(0..<16), "each token stands in one window")
    }

    // MARK: A whole network

    private static let network: UNETRPlusPlusConfiguration = {
        var configuration = UNETRPlusPlusConfiguration(.acdc)
        configuration.featureSize = 2
        configuration.patchSize = [8, 32, 32]
        configuration.depths = [1, 1, 1, 1]
        configuration.decoderDepth = 1
        configuration.projectedTokens = [8, 8, 8, 4]
        configuration.decoderProjectedTokens = 8
        return configuration
    }()

    @Test(
        arguments: [(.separate, .concatenate, .published), (.shared, .sum, .positionPreserving)]
            as [(UNETRPlusPlusConfiguration.Projection, UNETRPlusPlusConfiguration.Fusion, UNETRPlusPlusConfiguration.SpatialOrder)])
    func `UNETR++ is the same function in both forms`(
        projection: UNETRPlusPlusConfiguration.Projection, fusion: UNETRPlusPlusConfiguration.Fusion, order: UNETRPlusPlusConfiguration.SpatialOrder
    ) throws {
        var configuration = Self.network
        (configuration.projection, configuration.fusion, configuration.spatialOrder) = (projection, fusion, order)
        let whole = configuration
        let found = try expectSame("UNETR++", [1, 1, 8, 32, 32]) { writer, x in try whole.logits(of: x, writer) }
        #expect(found.shape == [1, 4, 8, 32, 32])
    }
}
