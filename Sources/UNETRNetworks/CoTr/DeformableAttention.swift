import Foundation
import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// The tokens of several maps in one row, finest map first, voxel after voxel.
struct TokenMaps {
    let places: TokenPlaces
    /// The center of each token's voxel, [T, 1, 1, 1, 3], and what an offset of one voxel is in each map, [maps, 1, 3], in the coordinates of
    /// `Tensor.sampled(at:)`.
    let centers, voxels: Tensor

    var grids: [Size3] { places.grids }

    init(grids: [Size3], dtype: DType, device: Device) throws {
        places = TokenPlaces(grids: grids)
        let centers = places.centers
        self.centers = try Tensor(centers, shape: [centers.count / 3, 1, 1, 1, 3]).to(dtype).to(device)
        voxels = try Tensor(places.voxels, shape: [grids.count, 1, 3]).to(dtype).to(device)
    }

    /// Sines and cosines of each token's place along D, H and W, [T, channels].
    func positions(channels: Int) throws -> Tensor {
        let values = places.positions(channels: channels)
        return try Tensor(values, shape: [values.count / channels, channels]).to(centers.dtype).to(centers.device)
    }

    /// Tokens [N, T, …] of one map.
    func tokens(_ x: Tensor, of map: Int) throws -> Tensor { try x.narrowed(1, places.tokens(of: map)) }
}

/// Attention in which each head of a token reads a few places of each map, near the token's own, and weights what it finds there.
struct DeformableAttention {
    private let offsets, weights, value, output: Linear
    private let heads: Int
    private let maps: TokenMaps

    init(_ scope: Scope, channels: Int, heads: Int, maps: TokenMaps) throws {
        let points = CoTrConfiguration.points, samples = maps.grids.count * points
        offsets = try Linear(
            scope / "sampling_offsets", from: channels, to: 3 * heads * samples, initial: .constant(0),
            initialBias: .values(Self.star(heads: heads, maps: maps.grids.count, points: points)))
        weights = try Linear(scope / "attention_weights", from: channels, to: heads * samples, initial: .constant(0))
        value = try Linear(scope / "value_proj", from: channels, to: channels, initial: .glorot)
        output = try Linear(scope / "output_proj", from: channels, to: channels, initial: .glorot)
        (self.heads, self.maps) = (heads, maps)
    }

    /// Every head begins with places in a direction of its own, 1, 2, 3… voxels away; the directions cover the sphere evenly.
    private static func star(heads: Int, maps: Int, points: Int) -> [Double] {
        (0..<heads).flatMap { head in
            let height = 1 - (2 * Double(head) + 1) / Double(heads), angle = Double(head) * .pi * (3 - 5.0.squareRoot())
            let radius = (1 - height * height).squareRoot()
            let direction = [height, radius * cos(angle), radius * sin(angle)]
            let longest = direction.map(abs).max() ?? 1
            return (0..<maps).flatMap { _ in (1...points).flatMap { point in direction.map { $0 / longest * Double(point) } } }
        }
    }

    /// [N, T, C] each → [N, T, C].
    /// - Parameter query: the tokens with their positions.
    func callAsFunction(query: Tensor, _ x: Tensor) throws -> Tensor {
        let batch = x.shape[0], tokens = x.shape[1], points = CoTrConfiguration.points
        let split = [batch, tokens, heads, maps.grids.count, points]
        let places = try offsets(query).reshaped(split + [3]) * maps.voxels + maps.centers
        let weights = try weights(query).reshaped([batch, tokens, heads, -1]).softmax(-1).reshaped(split)
        let values = try value(x).to(places.dtype)
        let sums = try maps.grids.indices.map { map in
            // [N, d·h·w, C] → [N · heads, C / heads, d, h, w]
            let volume = try maps.tokens(values, of: map).reshaped([batch] + maps.grids[map] + [heads, -1]).permuted([0, 4, 5, 1, 2, 3])
                .flattened(from: 0, to: 1)
            let own = try places.selected(3, map).transposed(1, 2).reshaped([batch * heads, tokens, points, 1, 3])
            let weight = try weights.selected(3, map).transposed(1, 2).reshaped([batch * heads, 1, tokens, points, 1])
            return try (volume.sampled(at: own) * weight).sum([3, 4])
        }
        let sum = try sums.dropFirst().reduce(sums[0]) { try $0 + $1 }  // [N · heads, C / heads, T]
        return try output(sum.reshaped([batch, -1, tokens]).transposed(1, 2))
    }
}
