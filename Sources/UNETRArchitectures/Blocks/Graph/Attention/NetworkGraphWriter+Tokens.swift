import UNETRGraphs
import UNETRSupport

/// Tokens are [N, T, C] everywhere in graphs, T the voxels of their grid with the last axis fastest.
extension NetworkGraphWriter {
    // MARK: Volumes and tokens

    /// [N, C, D, H, W] → tokens [N, T, C].
    func tokens(_ x: Graph.Value, _ channels: Int) -> Graph.Value {
        guard form == .fast, channels.isMultiple(of: 2) else { return builder.transpose(builder.reshape(x, [0, channels, -1]), [0, 2, 1]) }
        // The channels split in two, because OpenVINO moves blocks of four axes several times faster than it transposes three.
        let part = channels.isMultiple(of: 4) ? 4 : 2
        let split = builder.reshape(x, [0, part, channels / part, -1])
        return builder.reshape(builder.transpose(split, [0, 3, 1, 2]), [0, -1, channels])
    }

    /// Tokens [N, T, C] → [N, C, D, H, W]. In this order of the two steps a runtime with channels-last volumes has nothing to move.
    func volume(_ tokens: Graph.Value, _ channels: Int, grid: Size3) -> Graph.Value {
        builder.transpose(builder.reshape(tokens, [0] + grid + [channels]), [0, 4, 1, 2, 3])
    }

    // MARK: Making tokens, fewer, more

    /// `PatchEmbedding` by a convolution: [N, inputs, D, H, W] → tokens [N, T, C], one for each block.
    func patchEmbedding(_ x: Graph.Value, _ key: String, from inputs: Int, to channels: Int, block: Size3) throws -> Graph.Value {
        tokens(try convolution(x, key, from: inputs, to: channels, kernel: block, stride: block, padding: [0, 0, 0], bias: true), channels)
    }

    /// `PatchEmbedding` by a linear layer over a block's voxels. OpenVINO computes it several times faster than a convolution of such blocks.
    /// - Parameter grid: of the blocks.
    func patchEmbedding(perceptron key: String, _ x: Graph.Value, from inputs: Int, to channels: Int, block: Size3, grid: Size3) throws -> Graph.Value {
        // [N, C, d, p, h, q, w, r] → [N, d, h, w, p, q, r, C]
        let split = builder.reshape(x, [0, inputs, grid[0], block[0], grid[1], block[1], grid[2], block[2]])
        let width = block.voxels * inputs
        let blocks = builder.reshape(builder.transpose(split, [0, 2, 4, 6, 3, 5, 7, 1]), [0, grid.voxels, width])
        return try linear(blocks, key, from: width, to: channels)
    }

    /// `PatchMerging`: tokens of a grid → fewer with twice the channels.
    func patchMerging(_ x: Graph.Value, _ scope: String, channels: Int, grid: Size3, unit: Size3, offsets: [Size3]) throws -> Graph.Value {
        let merged = grid.divided(by: unit), width = offsets.count * channels
        let places = builder.numbers("neighbors of \(grid)", [merged.voxels * offsets.count]) {
            merged.places.flatMap { place in
                offsets.map { offset in grid.index(of: Size3 { place[$0] * unit[$0] + offset[$0] }) }
            }
        }
        let neighbors = builder.reshape(builder.gathered(x, places, axis: 1), [0, merged.voxels, width])
        return try linear(layerNorm(neighbors, "\(scope).norm", width), "\(scope).reduction", from: width, to: 2 * channels, bias: false)
    }

    /// `PatchExpansion`: tokens of a slice → squares of tokens, by 2 with half the channels, by 4 with as many.
    func patchExpansion(_ x: Graph.Value, _ scope: String, channels: Int, grid: Size3, factor: Int) throws -> Graph.Value {
        let outputs = factor == 2 ? channels / 2 : channels
        let expanded = try linear(x, "\(scope).expand", from: channels, to: factor * factor * outputs, bias: false)
        let rows = builder.transpose(builder.reshape(expanded, [0, grid.height, grid.width, factor, factor * outputs]), [0, 1, 3, 2, 4])
        return try layerNorm(builder.reshape(rows, [0, factor * factor * grid.voxels, outputs]), "\(scope).norm", outputs)
    }

    // MARK: Layers

    /// `FeedForward`: two linear layers with a GELU between them.
    func feedForward(_ x: Graph.Value, _ scope: String, channels: Int, hidden: Int, names: (String, String)) throws -> Graph.Value {
        let inner = builder.gelu(try linear(x, "\(scope).\(names.0)", from: channels, to: hidden))
        return try linear(inner, "\(scope).\(names.1)", from: hidden, to: channels)
    }

    /// Layer normalization without parameters.
    func layerNorm(_ x: Graph.Value, _ channels: Int) -> Graph.Value {
        builder.layerNorm(
            x, scale: builder.table("ones \(channels)", [channels]) { Array(repeating: 1, count: channels) },
            bias: builder.table("zeros \(channels)", [channels]) { Array(repeating: 0, count: channels) }, epsilon: Self.epsilon)
    }
}

extension Size3 {
    /// The places of a grid of this size, the last axis fastest.
    var places: [Size3] { (0..<voxels).map { Size3($0 / (height * width), $0 / width % height, $0 % width) } }

    /// The place's number in the grid.
    func index(of place: Size3) -> Int { (place.depth * height + place.height) * width + place.width }
}
