import UNETRGraphs
import UNETRSupport

extension CoTrConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder, root = "U_ResTran3D"
        let maps = try encoder(input, writer)
        let coarsest =
            switch form {
            case .pyramid: [maps[2], try pyramid(maps[3], "\(root).aspp", writer)]
            case .published, .patches: try DeformableTransformerGraph(self, writer, "\(root).encoder_Detrans")(Array(maps.suffix(2)))
            }
        let skips = maps.dropLast(2) + [coarsest[0]]  // of levels 0, 1 and 2, or of level 2 alone
        var x = coarsest[1]
        for (index, level) in (0..<3).reversed().enumerated() {
            let channels = channels(level), place = "\(root).stage\(level)_de"
            x = try builder.in(place) {
                let raised = try writer.transposedConvolution(
                    x, "\(root).transposeconv_stage\(level)", from: self.channels(level + 1), to: channels, stride: [2, 2, 2])
                let sum = index < skips.count ? builder.add(raised, skips[skips.count - 1 - index]) : raised
                let inner = try unit(sum, ("\(place).resconv1.conv", "\(place).resconv1.norm"), from: channels, to: channels, writer)
                return builder.add(try unit(inner, ("\(place).resconv2.conv", "\(place).resconv2.norm"), from: channels, to: channels, writer), sum)
            }
        }
        func head(_ x: Graph.Value) throws -> Graph.Value {
            try writer.convolution(x, "\(root).cls_conv", from: channels(0), to: classes, kernel: [1, 1, 1], bias: true)
        }
        let factors = (0..<3).map { patchSize[$0] / size(0)[$0] }
        // Both are linear: there are fewer classes than channels to interpolate.
        return try writer.form == .fast ? builder.interpolated(head(x), factors) : head(builder.interpolated(x, factors))
    }

    // MARK: Encoder

    /// The maps of levels 0 to 3, or without convolutions those of levels 2 and 3.
    private func encoder(_ input: Graph.Value, _ writer: NetworkGraphWriter) throws -> [Graph.Value] {
        guard form != .patches else {
            return try Self.tokenLevels.map { level in
                try writer.convolution(
                    input, "U_ResTran3D.patches.\(level)", from: inputChannels, to: channels(level), kernel: block(level), stride: block(level),
                    padding: [0, 0, 0], bias: true)
            }
        }
        let scope = "U_ResTran3D.backbone"
        var maps = [
            try unit(
                input, ("\(scope).conv1", "\(scope).norm1"), from: inputChannels, to: channels(0), kernel: [7, 7, 7], stride: [1, 2, 2], writer)
        ]
        for (index, depth) in Self.depths.enumerated() {
            maps.append(
                try (0..<depth).reduce(maps[index]) { x, block in
                    try self.block(
                        x, "\(scope).layer\(index + 1).\(block)", from: channels(block == 0 ? index : index + 1), to: channels(index + 1),
                        isFirst: block == 0, writer)
                })
        }
        return maps
    }

    /// `CoTrBlock`: a convolution with normalization, the input added, and a leaky ReLU.
    private func block(
        _ x: Graph.Value, _ scope: String, from inputs: Int, to outputs: Int, isFirst: Bool, _ writer: NetworkGraphWriter
    ) throws -> Graph.Value {
        func normalized(_ names: (String, String), kernel: Size3) throws -> Graph.Value {
            try writer.normalizedConvolution(
                x, "\(scope).\(names.0)", from: inputs, to: outputs, kernel: kernel, stride: isFirst ? [2, 2, 2] : [1, 1, 1],
                norm: .affineInstance(scale: 1), "\(scope).\(names.1)")
        }
        return try writer.builder.in(scope) {
            let outer = try normalized(("conv1", "norm1"), kernel: [3, 3, 3])
            let shortcut = try isFirst ? normalized(("downsample.0", "downsample.1"), kernel: [1, 1, 1]) : x
            return writer.builder.leakyReLU(writer.builder.add(outer, shortcut))
        }
    }

    /// `ConvolutionUnit` with a key for each part and no bias.
    private func unit(
        _ x: Graph.Value, _ keys: (String, String), from inputs: Int, to outputs: Int, kernel: Size3 = [3, 3, 3], stride: Size3 = [1, 1, 1],
        rate: Int = 1, _ writer: NetworkGraphWriter
    ) throws -> Graph.Value {
        let weight = try writer.constant("\(keys.0).weight", [outputs, inputs] + kernel)
        let convolved = writer.builder.convolution(
            x, weight, kernel: Array(kernel), stride: Array(stride), padding: kernel.map { rate * ($0 / 2) }, rate: rate)
        return writer.builder.leakyReLU(try writer.normalized(convolved, .affineInstance(scale: 1), keys.1, outputs))
    }

    /// `AtrousPyramid`: convolutions of several reaches side by side, and the mean over space, brought together.
    private func pyramid(_ x: Graph.Value, _ scope: String, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder, channels = hiddenSize
        func branch(_ index: Int, kernel: Size3, rate: Int) throws -> Graph.Value {
            let place = "\(scope).branches.\(index)"
            return try unit(x, ("\(place).conv", "\(place).norm"), from: channels, to: channels, kernel: kernel, rate: rate, writer)
        }
        let branches = try [branch(0, kernel: [1, 1, 1], rate: 1)] + Self.rates.enumerated().map { try branch($0 + 1, kernel: [3, 3, 3], rate: $1) }
        let pooled = try writer.convolution(
            builder.mean(x, [2, 3, 4]), "\(scope).pooled", from: channels, to: channels, kernel: [1, 1, 1], bias: true)
        let mean = builder.expanded(builder.leakyReLU(pooled), [1, channels] + size(3))
        return try unit(
            builder.concatenated(branches + [mean], axis: 1), ("\(scope).projection.conv", "\(scope).projection.norm"),
            from: (branches.count + 1) * channels, to: channels, kernel: [1, 1, 1], writer)
    }
}

/// `DeformableTransformer` as a graph: attention in which each head of a token reads a few places of each map, by numbers of voxels.
private struct DeformableTransformerGraph {
    private let configuration: CoTrConfiguration
    private let writer: NetworkGraphWriter
    private let scope: String
    private let places: TokenPlaces
    private var builder: GraphBuilder { writer.builder }
    private var channels: Int { configuration.hiddenSize }
    private var heads: Int { configuration.heads }
    private var count: Int { places.grids.reduce(0) { $0 + $1.voxels } }
    private let points = CoTrConfiguration.points

    init(_ configuration: CoTrConfiguration, _ writer: NetworkGraphWriter, _ scope: String) {
        (self.configuration, self.writer, self.scope) = (configuration, writer, scope)
        places = TokenPlaces(grids: configuration.grids)
    }

    /// Maps [N, C, d, h, w], finest first → the same.
    func callAsFunction(_ volumes: [Graph.Value]) throws -> [Graph.Value] {
        var x = builder.concatenated(volumes.map { writer.tokens($0, channels) }, axis: 1)
        let levels = try writer.floats("\(scope).level_embed", [places.grids.count, channels])
        let positions = places.positions(channels: channels)
        let code = places.grids.indices.flatMap { map in
            places.tokens(of: map).flatMap { token in
                (0..<channels).map { Float(positions[token * channels + $0]) + levels[map * channels + $0] }
            }
        }
        let positionCode = builder.constant(code, [count, channels], key: "\(scope).level_embed, with positions")
        for layer in 0..<configuration.layers {
            let place = "\(scope).encoder.layers.\(layer)"
            x = try builder.in(place) {
                let found = try attention(builder.add(x, positionCode), x, "\(place).self_attn")
                let attended = try writer.layerNorm(builder.add(x, found), "\(place).norm1", channels)
                let inner = try writer.feedForward(
                    attended, place, channels: channels, hidden: configuration.feedForwardSize, names: ("linear1", "linear2"))
                return try writer.layerNorm(builder.add(attended, inner), "\(place).norm2", channels)
            }
        }
        return places.grids.enumerated().map { map, grid in
            writer.volume(builder.sliced(x, places.tokens(of: map), axis: 1), channels, grid: grid)
        }
    }

    /// `DeformableAttention`: [N, T, C] each → [N, T, C].
    private func attention(_ query: Graph.Value, _ x: Graph.Value, _ scope: String) throws -> Graph.Value {
        let maps = places.grids.count, samples = heads * points
        let values = try writer.linear(x, "\(scope).value_proj", from: channels, to: channels)
        let offsets = try self.offsets(query, scope)
        let logits = try writer.linear(query, "\(scope).attention_weights", from: channels, to: maps * samples)
        let weights = builder.softmax(builder.reshape(logits, [0, count, heads, maps * points]))
        let sums = (0..<maps).map { map in
            let weight = builder.reshape(builder.sliced(weights, map * points..<(map + 1) * points, axis: 3), [0, count, samples])
            let coordinates = (0..<3).map { axis in
                let first = (3 * map + axis) * samples
                return builder.sliced(offsets, first..<first + samples, axis: 2)
            }
            return sampled(builder.sliced(values, places.tokens(of: map), axis: 1), places.grids[map], at: coordinates, weight)
        }
        return try writer.linear(sums.dropFirst().reduce(sums[0]) { builder.add($0, $1) }, "\(scope).output_proj", from: channels, to: channels)
    }

    /// The places that are read, in voxels of each map, [N, T, maps · 3 · heads · points], the three coordinates along w, h and d.
    private func offsets(_ query: Graph.Value, _ scope: String) throws -> Graph.Value {
        let maps = places.grids.count, samples = heads * points, key = "\(scope).sampling_offsets", outputs = 3 * maps * samples
        let weight = GraphMatrix(try writer.floats("\(key).weight", [outputs, channels]), rows: outputs, columns: channels)
        let bias = try writer.floats("\(key).bias", [outputs])
        // Coordinates from −1 to 1 become voxels: place = (coordinate + 1) · size / 2 − 1/2.
        let sizes: [[Double]] = places.grids.map { grid in [2, 1, 0].map { Double(grid[$0]) / 2 } }
        let voxels = places.voxels, centers = places.centers
        var rows: [Float] = [], added: [Float] = []
        for map in 0..<maps {
            for axis in 0..<3 {
                let factor = Float(voxels[3 * map + axis] * sizes[map][axis])
                for sample in 0..<samples {
                    let place: Int = (sample / points * maps + map) * points + sample % points
                    let row = 3 * place + axis
                    rows += weight[rows: row..<row + 1].values.map { $0 * factor }
                    added.append(bias[row] * factor)
                }
            }
        }
        var own: [Float] = []
        for token in 0..<count {
            for map in 0..<maps {
                for axis in 0..<3 {
                    let center: Double = centers[3 * token + axis] + 1
                    own.append(Float(center * sizes[map][axis] - 0.5))
                }
            }
        }
        let product = builder.product(
            query,
            builder.constant(
                GraphMatrix(rows, rows: outputs, columns: channels).transposed.values, [channels, outputs], key: "\(key).weight, in voxels"))
        let moved = builder.add(product, builder.constant(added, [outputs], key: "\(key).bias, in voxels"))
        let centersOfTokens = builder.table("places of tokens", [count, 3 * maps, 1]) { own }
        let sum = builder.add(builder.reshape(moved, [0, count, 3 * maps, samples]), centersOfTokens)
        return builder.reshape(sum, [0, count, outputs])
    }

    /// The weighted sum of what lies between the voxels of a map at some places, interpolated linearly; zeros lie outside.
    ///
    /// - Parameters:
    ///   - values: tokens [N, d · h · w, C] of the map.
    ///   - coordinates: along w, h and d, in voxels, [N, T, heads · points] each.
    ///   - weight: [N, T, heads · points].
    /// - Returns: [N, T, C].
    private func sampled(_ values: Graph.Value, _ grid: Size3, at coordinates: [Graph.Value], _ weight: Graph.Value) -> Graph.Value {
        let samples = heads * points, width = channels / heads
        // Zeros around the map, one voxel before it and two behind, so that every place within one voxel of it has its eight neighbors.
        let wide = Size3 { grid[$0] + 3 }, steps = [1, wide.width, wide.width * wide.height]
        let volume = builder.padded(
            builder.reshape(values, [0] + grid + [channels]), before: [0, 1, 1, 1, 0], behind: [0, 2, 2, 2, 0])
        let rows = builder.reshape(volume, [0, wide.voxels * heads, width])
        var fractions: [Graph.Value] = [], numbers: [Graph.Value] = []
        for (axis, coordinate) in coordinates.enumerated() {
            let within = builder.minimum(
                builder.maximum(coordinate, builder.constant(-1)), builder.constant(Float(grid[2 - axis])))
            let lower = builder.floor(within)
            fractions.append(builder.subtract(within, lower))
            // Whole numbers from here on: rounded to bfloat16 they would be others.
            numbers.append(builder.multiply(builder.wholeNumbers(lower), builder.integers([steps[axis] * heads])))
        }
        // Row (place · heads + head) of the map that is filled up, where the first voxel's place is (1, 1, 1).
        let firsts = builder.numbers("rows of heads in \(grid)", [samples]) {
            let first: Int = steps.reduce(0, +) * heads
            return (0..<samples).map { first + $0 / points }
        }
        let base = numbers.reduce(firsts) { builder.add($0, $1) }
        let one = builder.constant(1), both = fractions.map { [builder.subtract(one, $0), $0] }
        let corners = (0..<8).map { corner in
            let sides: [Int] = [corner & 1, corner >> 1 & 1, corner >> 2 & 1]
            let away: Int = sides[0] * steps[0] + sides[1] * steps[1] + sides[2] * steps[2]
            let row = builder.add(base, builder.integers([away * heads]))
            let found = builder.rowsGathered(rows, builder.reshape(row, [0, count * samples, 1]))
            let factor = (0..<3).reduce(weight) { builder.multiply($0, both[$1][sides[$1]]) }
            return builder.multiply(found, builder.reshape(factor, [0, count * samples, 1]))
        }
        let sum = corners.dropFirst().reduce(corners[0]) { builder.add($0, $1) }
        let ofPoints = builder.sum(builder.reshape(sum, [0, count * heads, points, width]), [2])
        return builder.reshape(ofPoints, [0, count, channels])
    }
}
