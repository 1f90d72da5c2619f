import UNETRArchitectures
import UNETRLayers
import UNETRTorch

/// Efficient paired attention (UNETR++, section III-B): a channel and a spatial attention that share queries and keys.
///
/// Computed from the Gram matrix S = xᵀx of the tokens instead of from queries, keys and values of their length. With x [T, C]:
///
///     ‖q_c‖² = (Wq S Wqᵀ)_cc,  ‖k_c‖² = (Wk S Wkᵀ)_cc                     lengths along the tokens
///     A = soft-max(τ · Wq S Wkᵀ / (‖q‖ ‖k‖))  per head                    channel attention, [d, d]
///     channel branch = x · (W₂ A Wc)ᵀ + b₂                                 with its output layer W₂
///     K = E x Wkᵀ + bE,  V = F x Wsᵀ + bF                                  [p, C]
///     spatial branch = soft-max(x · (τ₂ K / ‖q‖ · Wq)ᵀ) · V  per head,     then its output layer W₁
///
/// This is the function of the paper; only the order of the products differs. Everything but two thin products over x and the spatial
/// soft-max is of size C or p. On the CPU the latter is one operation with its values (`Tensor.spatialAttention`).
struct PairedAttention {
    let configuration: UNETRPlusPlusConfiguration
    let temperature, temperature2: Tensor
    let qkvv: Linear
    let keyProjection, valueProjection: TokenProjection
    /// The output layers of the two branches, where they are concatenated.
    let outputs: (spatial: Linear, channel: Linear)?

    // The order of the parameters is the order of the keys in a checkpoint.
    init(
        _ scope: Scope, _ configuration: UNETRPlusPlusConfiguration, tokens: Int, channels: Int, projected: Int, initial: Initializer
    ) throws {
        self.configuration = configuration
        temperature = try scope.parameter("temperature", [configuration.heads, 1, 1], .constant(1))
        temperature2 = try scope.parameter("temperature2", [configuration.heads, 1, 1], .constant(1))

        switch configuration.projection {
        case .matrix:
            keyProjection = try TokenProjection(matrix: "EF", scope, from: tokens, to: projected)
            valueProjection = keyProjection
            qkvv = try Linear(scope / "qkvv", from: channels, to: 4 * channels, bias: false, initial: initial)
        case .shared:
            qkvv = try Linear(scope / "qkvv", from: channels, to: 4 * channels, bias: false, initial: initial)
            keyProjection = try TokenProjection(linear: scope / "E", from: tokens, to: projected, initial: initial)
            valueProjection = keyProjection
            scope.alias("F.weight", of: "E.weight")
            scope.alias("F.bias", of: "E.bias")
        case .separate:
            qkvv = try Linear(scope / "qkvv", from: channels, to: 4 * channels, bias: false, initial: initial)
            keyProjection = try TokenProjection(linear: scope / "E", from: tokens, to: projected, initial: initial)
            valueProjection = try TokenProjection(linear: scope / "F", from: tokens, to: projected, initial: initial)
        }
        switch configuration.fusion {
        case .sum:
            outputs = nil
        case .concatenate:
            outputs = (
                spatial: try Linear(scope / "out_proj", from: channels, to: channels / 2, initial: initial),
                channel: try Linear(scope / "out_proj2", from: channels, to: channels / 2, initial: initial)
            )
        }
    }

    /// Normalized tokens [N, T, C] → [N, T, C].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        // The small matrices decide over the whole attention: they stay in full precision, and only the products of length T are
        // computed in the reduced one.
        try withAutocast(nil, on: x.device) {
            let shared = try SharedTerms(x, self, pass)
            let channel = try channelBranch(shared, pass)
            let spatial = try spatialBranch(shared, pass)
            return outputs == nil ? try channel + spatial : try Tensor.concatenated([spatial, channel], axis: -1)
        }
    }

    /// What both branches use; h heads of width d = C / h.
    private struct SharedTerms {
        /// The tokens in full and in working precision, [N, T, C].
        let full, working: Tensor
        /// Parts of `qkvv`, [h, d, C].
        let query, key, channelValue, spatialValue: Tensor
        /// Wq S, [N, h, d, C], and ‖q‖, ‖k‖, [N, h, d].
        let queryGram, queryLength, keyLength: Tensor

        init(_ x: Tensor, _ attention: PairedAttention, _ pass: ForwardPass) throws {
            let weight = attention.qkvv.weight
            let (channels, heads) = (weight.shape[1], attention.configuration.heads)
            full = try x.to(weight.dtype)
            working = try pass.mixedPrecision.map { try x.to($0) } ?? full
            let parts = try weight.reshaped([4, heads, channels / heads, channels])
            query = try parts.selected(0, 0)
            key = try parts.selected(0, 1)
            channelValue = try parts.selected(0, 2)
            spatialValue = try parts.selected(0, 3)

            let gram = try full.transposed(1, 2).matmul(full).unsqueezed(1)  // S, [N, 1, C, C]
            queryGram = try query.matmul(gram)
            queryLength = try Self.length(queryGram, query)
            keyLength = try Self.length(key.matmul(gram), key)
        }

        /// √(W S Wᵀ)_cc. Rounding can take the square of a vanishing length below 0; 1e-24 is the square of the reference's least length.
        private static func length(_ weightGram: Tensor, _ weight: Tensor) throws -> Tensor {
            try (weightGram * weight).sum([-1]).clamped(1e-24, .infinity).sqrt()
        }
    }

    private func channelBranch(_ shared: SharedTerms, _ pass: ForwardPass) throws -> Tensor {
        let products = try shared.queryGram.matmul(shared.key.transposed(-1, -2))  // Wq S Wkᵀ, [N, h, d, d]
        let lengths = try shared.queryLength.unsqueezed(-1) * shared.keyLength.unsqueezed(-2)
        let attention = try drop((products / lengths * temperature).softmax(-1), pass)
        let mixed = try attention.matmul(shared.channelValue).flattened(from: 1, to: 2)  // A Wc, [N, C, C]
        guard let output = outputs?.channel else {
            return try shared.working.matmul(mixed.transposed(1, 2).to(shared.working.dtype))
        }
        let matrix = try output.weight.matmul(mixed).transposed(1, 2)  // (W₂ A Wc)ᵀ, [N, C, C/2]
        return try shared.working.matmul(matrix.to(shared.working.dtype)) + output.bias!
    }

    private func spatialBranch(_ shared: SharedTerms, _ pass: ForwardPass) throws -> Tensor {
        let projected = try keyProjection(shared.full)  // E x, [N, 1, p, C]
        let projectedForValues = configuration.projection == .separate ? try valueProjection(shared.full) : projected
        let keys = try keyProjection.addingBias(projected.matmul(shared.key.transposed(-1, -2)))  // K, [N, h, p, d]
        let values = try valueProjection.addingBias(projectedForValues.matmul(shared.spatialValue.transposed(-1, -2)))

        let scaledKeys = try keys * (temperature2 / shared.queryLength.unsqueezed(-2))
        let matrix = try scaledKeys.matmul(shared.query).flattened(from: 1, to: 2)  // [N, h·p, C]
        let tokens =
            try pass.fused && matrix.device == .cpu
            ? shared.working.spatialAttention(
                keys: matrix, values: values, byChannel: configuration.spatialOrder == .published,
                dropout: pass.drops ? configuration.attentionDropout : 0, using: pass.generator)
            : plainAttention(shared.working, matrix, values, pass)
        guard let output = outputs?.spatial else { return tokens }
        return try tokens.linear(output.weight.to(tokens.dtype)) + output.bias!
    }

    /// `Tensor.spatialAttention` in plain operations.
    private func plainAttention(_ tokens: Tensor, _ keys: Tensor, _ values: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let logits = try tokens.matmul(keys.transposed(1, 2).to(tokens.dtype))  // [N, T, h·p]
        let shape = logits.shape
        let attention = try drop(logits.reshaped([shape[0], shape[1], configuration.heads, -1]).softmax(-1), pass)  // [N, T, h, p]
        return try weighted(values.to(attention.dtype), by: attention)
    }

    /// The values [N, h, p, d] averaged by the attention [N, T, h, p], as tokens [N, T, C] in the configuration's order.
    private func weighted(_ values: Tensor, by attention: Tensor) throws -> Tensor {
        let shape = attention.shape
        // Sample by sample, because the attention of one sample is a matrix for each head as it lies, while that of a batch would be copied.
        let samples = try (0..<shape[0]).map { sample in
            let values = try values.selected(0, sample)
            let attention = try attention.selected(0, sample)
            switch configuration.spatialOrder {
            case .published:  // [h, d, T], read in memory as [d, h, T]
                return try values.transposed(1, 2).matmul(attention.permuted([1, 2, 0])).transposed(0, 1).reshaped([shape[1], -1])
            case .positionPreserving:  // [h, T, d], read as [T, h, d]
                return try attention.permuted([1, 0, 2]).matmul(values).transposed(0, 1).reshaped([shape[1], -1])
            }
        }
        return samples.count == 1 ? try samples[0].unsqueezed(0) : try Tensor.stacked(samples)
    }

    private func drop(_ attention: Tensor, _ pass: ForwardPass) throws -> Tensor {
        guard pass.drops, configuration.attentionDropout > 0 else { return attention }
        return try attention.dropout(configuration.attentionDropout, using: pass.generator)
    }
}

/// A linear map along the tokens, T → p.
struct TokenProjection {
    /// [p, T]
    private let weight: Tensor
    /// [p, 1]
    private let bias: Tensor?

    init(linear scope: Scope, from tokens: Int, to projected: Int, initial: Initializer) throws {
        let linear = try Linear(scope, from: tokens, to: projected, initial: initial)
        weight = linear.weight
        bias = try linear.bias?.unsqueezed(-1)
    }

    /// A bare matrix stored as [T, p], first values even in ±1/√p.
    init(matrix name: String, _ scope: Scope, from tokens: Int, to projected: Int) throws {
        weight = try scope.parameter(name, [tokens, projected], .uniform(1 / Double(projected).squareRoot())).transposed(0, 1)
        bias = nil
    }

    /// [N, T, C] → [N, 1, p, C], without the bias.
    func callAsFunction(_ x: Tensor) throws -> Tensor { try weight.matmul(x).unsqueezed(1) }

    /// [N, h, p, d] with the bias of each projected token added.
    func addingBias(_ projected: Tensor) throws -> Tensor { try bias.map { try projected + $0 } ?? projected }
}
