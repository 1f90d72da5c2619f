// The inner loops of the spatial attention, for instruction_sets.hpp.
//
// Everything is computed for a tile of tokens and one head at a time. In scratch memory tokens lie side by side ([p, tile], [C, tile]),
// so that soft-max, dropout and most products run along whole vectors, and a tile's attention [p, tile] stays in the first cache.

/// target[rows, vectors] (+)= a[rows, depth] · b[depth, vectors]; a may be strided either way.
template <typename Scalar, int Rows, int Vectors>
static inline void multiply_block(
    int depth, const Scalar *a, int64_t row_stride, int64_t column_stride, const Scalar *b, int64_t b_stride, Scalar *target,
    int64_t target_stride, bool adds) {
    typedef Scalar Vector __attribute__((vector_size(64)));
    constexpr int w = width<Scalar>;
    Vector sum[Rows][Vectors];
    for (int r = 0; r < Rows; ++r) {
        for (int v = 0; v < Vectors; ++v) {
            sum[r][v] = adds ? *reinterpret_cast<const Vector *>(target + r * target_stride + v * w) : Vector{};
        }
    }
    for (int k = 0; k < depth; ++k) {
        Vector column[Vectors];
        for (int v = 0; v < Vectors; ++v) column[v] = *reinterpret_cast<const Vector *>(b + k * b_stride + v * w);
        for (int r = 0; r < Rows; ++r) {
            const Scalar factor = a[r * row_stride + k * column_stride];
            for (int v = 0; v < Vectors; ++v) sum[r][v] += factor * column[v];
        }
    }
    for (int r = 0; r < Rows; ++r) {
        for (int v = 0; v < Vectors; ++v) *reinterpret_cast<Vector *>(target + r * target_stride + v * w) = sum[r][v];
    }
}

template <typename Scalar, int Vectors>
static inline void multiply_columns(
    int rows, int depth, const Scalar *a, int64_t row_stride, int64_t column_stride, const Scalar *b, int64_t b_stride, Scalar *target,
    int64_t target_stride, bool adds) {
    int r = 0;
    for (; r + 4 <= rows; r += 4) {
        multiply_block<Scalar, 4, Vectors>(
            depth, a + r * row_stride, row_stride, column_stride, b, b_stride, target + r * target_stride, target_stride, adds);
    }
    for (; r < rows; ++r) {
        multiply_block<Scalar, 1, Vectors>(
            depth, a + r * row_stride, row_stride, column_stride, b, b_stride, target + r * target_stride, target_stride, adds);
    }
}

/// target[rows, columns] (+)= a[rows, depth] · b[depth, columns], the columns a multiple of the vector's width.
template <typename Scalar>
static void multiply(
    int rows, int columns, int depth, const Scalar *a, int64_t row_stride, int64_t column_stride, const Scalar *b, int64_t b_stride,
    Scalar *target, int64_t target_stride, bool adds) {
    constexpr int w = width<Scalar>;
    int j = 0;
    for (; j + VECTORS * w <= columns; j += VECTORS * w) {
        multiply_columns<Scalar, VECTORS>(rows, depth, a, row_stride, column_stride, b + j, b_stride, target + j, target_stride, adds);
    }
    for (; j < columns; j += w) {
        multiply_columns<Scalar, 1>(rows, depth, a, row_stride, column_stride, b + j, b_stride, target + j, target_stride, adds);
    }
}

/// Soft-max over the rows of logits [p, tile], in place; the logarithm of each column's sum of exponentials goes to `log_sums`.
template <typename Scalar>
static void softmax_rows(int p, Scalar *logits, Scalar *log_sums) {
    typedef Scalar Vector __attribute__((vector_size(64)));
    constexpr int w = width<Scalar>;
    for (int column = 0; column < tile; column += w) {
        Scalar *const first = logits + column;
        Vector largest = *reinterpret_cast<Vector *>(first);
        for (int j = 1; j < p; ++j) {
            const Vector value = *reinterpret_cast<Vector *>(first + j * tile);
            largest = value > largest ? value : largest;
        }
        Vector sum{};
        for (int j = 0; j < p; ++j) {
            *reinterpret_cast<Vector *>(first + j * tile) -= largest;
            exponential(first + j * tile);
            sum += *reinterpret_cast<Vector *>(first + j * tile);
        }
        const Vector factor = Scalar(1) / sum;
        for (int j = 0; j < p; ++j) *reinterpret_cast<Vector *>(first + j * tile) *= factor;
        for (int i = 0; i < w; ++i) log_sums[column + i] = largest[i] + std::log(sum[i]);
    }
}

/// The same from known logarithms of sums.
template <typename Scalar>
static void softmax_again(int p, Scalar *logits, const Scalar *log_sums) {
    typedef Scalar Vector __attribute__((vector_size(64)));
    for (int j = 0; j < p; ++j) {
        for (int column = 0; column < tile; column += width<Scalar>) {
            Scalar *const at = logits + j * tile + column;
            *reinterpret_cast<Vector *>(at) -= *reinterpret_cast<const Vector *>(log_sums + column);
            exponential(at);
        }
    }
}

/// The factors of dropout for one row of the attention and the tokens from `token` on: 0, or 1 / keep. Each is a function of seed, row
/// and token alone (a 32-bit mixing function of the token, keyed before and in between), so threads do not matter.
template <typename Scalar>
static inline void dropout_factors(const Dropout &dropout, uint64_t row, int64_t token, Scalar *factors) {
    const uint64_t key = mixed(dropout.seed + (row + 1) * 0x9E3779B97F4A7C15ull);
    const uint32_t low = static_cast<uint32_t>(key), high = static_cast<uint32_t>(key >> 32);
    const Scalar scale = static_cast<Scalar>(dropout.scale);
    for (int i = 0; i < tile; ++i) {
        uint32_t x = static_cast<uint32_t>(token + i) * 0x9E3779B9u + low;
        x = (x ^ (x >> 16)) * 0x7FEB352Du;
        x ^= high;
        x = (x ^ (x >> 15)) * 0x846CA68Bu;
        x ^= x >> 16;
        factors[i] = x < dropout.threshold ? scale : Scalar(0);
    }
}

/// [tokens, channels] as stored → scratch [tile, stride] with zeros in what is left over.
template <typename Stored, typename Scalar>
static void load_rows(const Stored *from, int tokens, int channels, Scalar *to, int stride) {
    for (int i = 0; i < tile; ++i) {
        const int count = i < tokens ? channels : 0;
        for (int c = 0; c < count; ++c) to[i * stride + c] = static_cast<Scalar>(from[i * static_cast<int64_t>(channels) + c]);
        for (int c = count; c < stride; ++c) to[i * stride + c] = 0;
    }
}

/// scratch [tile, stride] ↔ scratch [channels, tile].
template <typename Scalar>
static void transpose(const Scalar *rows, int stride, int channels, Scalar *columns) {
    for (int c = 0; c < channels; ++c) {
        for (int i = 0; i < tile; ++i) columns[c * tile + i] = rows[i * stride + c];
    }
}

/// A head's output [d, tile] to or from where it lies in [N, T, C].
template <typename Stored>
struct HeadPlace {
    Stored *base;
    int64_t row, token;  // strides of a value of the head and of a token
};

template <typename Stored>
static HeadPlace<Stored> place(Stored *sample, const Sizes &s, int head, int64_t token) {
    if (s.published) return {sample + head * s.tokens + token, s.heads * s.tokens, 1};  // read in memory as [d, h, T]
    return {sample + token * s.heads * s.width + head * s.width, 1, s.heads * s.width};
}

/// The attention of one head for the tile: soft-max of keys[p, C] · columns[C, tile].
template <typename Scalar>
static inline void logits_of(const Sizes &s, const Scalar *keys, const Scalar *columns, Scalar *attention) {
    multiply<Scalar>(s.projected, tile, s.channels, keys, s.channels, 1, columns, tile, attention, tile, false);
}

template <typename Stored, typename Scalar>
static void forward_tile(const Problem<Stored, Scalar> &q, int64_t sample, int64_t token, Scalar *scratch) {
    const Sizes &s = q.sizes;
    const int count = static_cast<int>(std::min<int64_t>(tile, s.tokens - token));
    const int stride = s.padded_channels<Scalar>();
    Scalar *const rows = scratch, *const columns = rows + tile * stride, *const attention = columns + s.channels * tile;
    Scalar *const output = attention + s.projected * tile, *const sums = output + s.width * tile, *const factors = sums + tile;
    load_rows(q.tokens + (sample * s.tokens + token) * s.channels, count, s.channels, rows, stride);
    transpose(rows, stride, s.channels, columns);
    for (int head = 0; head < s.heads; ++head) {
        const int64_t part = sample * s.heads + head;
        logits_of(s, q.keys + part * s.projected * s.channels, columns, attention);
        softmax_rows(s.projected, attention, sums);
        for (int i = 0; i < count; ++i) q.log_sums[part * s.tokens + token + i] = sums[i];
        for (int j = 0; q.dropout.on && j < s.projected; ++j) {
            dropout_factors(q.dropout, part * s.projected + j, token, factors);
            for (int i = 0; i < tile; ++i) attention[j * tile + i] *= factors[i];
        }
        const Scalar *const values = q.values + part * s.projected * s.width;  // [p, d]
        multiply<Scalar>(s.width, tile, s.projected, values, 1, s.width, attention, tile, output, tile, false);
        const auto to = place(q.output + sample * s.tokens * s.heads * s.width, s, head, token);
        for (int d = 0; d < s.width; ++d) {
            for (int i = 0; i < count; ++i) to.base[d * to.row + i * to.token] = static_cast<Stored>(output[d * tile + i]);
        }
    }
}

/// Tokens beyond the last one are zero, and so are their output gradients: whatever their attention, they add nothing to any sum.
/// Adds the tile's share to the gradients of keys [h·p, padded C] and values [h·p, padded d], and writes that of its tokens.
template <typename Stored, typename Scalar>
static void backward_tile(
    const Problem<Stored, Scalar> &q, int64_t sample, int64_t token, Scalar *scratch, Scalar *key_gradients, Scalar *value_gradients) {
    const Sizes &s = q.sizes;
    const int count = static_cast<int>(std::min<int64_t>(tile, s.tokens - token));
    const int stride = s.padded_channels<Scalar>(), depth = s.padded_width<Scalar>(), p = s.projected;
    Scalar *const rows = scratch, *const columns = rows + tile * stride, *const attention = columns + s.channels * tile;
    Scalar *const change = attention + p * tile, *const dropped = change + p * tile, *const output = dropped + p * tile;
    Scalar *const output_rows = output + s.width * tile, *const token_change = output_rows + tile * depth;
    Scalar *const sums = token_change + s.channels * tile, *const factors = sums + tile;
    load_rows(q.tokens + (sample * s.tokens + token) * s.channels, count, s.channels, rows, stride);
    transpose(rows, stride, s.channels, columns);
    for (int head = 0; head < s.heads; ++head) {
        const int64_t part = sample * s.heads + head;
        const Scalar *const keys = q.keys + part * p * s.channels, *const values = q.values + part * p * s.width;
        logits_of(s, keys, columns, attention);
        for (int i = 0; i < tile; ++i) sums[i] = i < count ? q.log_sums[part * s.tokens + token + i] : 0;
        softmax_again(p, attention, sums);

        const auto from = place(q.output_gradient + sample * s.tokens * s.heads * s.width, s, head, token);
        for (int d = 0; d < s.width; ++d) {
            for (int i = 0; i < count; ++i) output[d * tile + i] = static_cast<Scalar>(from.base[d * from.row + i * from.token]);
            for (int i = count; i < tile; ++i) output[d * tile + i] = 0;
        }
        for (int i = 0; i < tile; ++i) {
            for (int d = 0; d < s.width; ++d) output_rows[i * depth + d] = output[d * tile + i];
            for (int d = s.width; d < depth; ++d) output_rows[i * depth + d] = 0;
        }
        multiply<Scalar>(p, tile, s.width, values, s.width, 1, output, tile, change, tile, false);
        const Scalar *applied = attention;
        if (q.dropout.on) {
            for (int j = 0; j < p; ++j) {
                dropout_factors(q.dropout, part * p + j, token, factors);
                for (int i = 0; i < tile; ++i) {
                    dropped[j * tile + i] = attention[j * tile + i] * factors[i];
                    change[j * tile + i] *= factors[i];
                }
            }
            applied = dropped;
        }
        multiply<Scalar>(p, depth, tile, applied, tile, 1, output_rows, depth, value_gradients + head * p * depth, depth, true);

        // Through the soft-max: a · (g − Σ a g).
        for (int i = 0; i < tile; ++i) sums[i] = 0;
        for (int j = 0; j < p; ++j) {
            for (int i = 0; i < tile; ++i) sums[i] += attention[j * tile + i] * change[j * tile + i];
        }
        for (int j = 0; j < p; ++j) {
            for (int i = 0; i < tile; ++i) change[j * tile + i] = attention[j * tile + i] * (change[j * tile + i] - sums[i]);
        }
        multiply<Scalar>(s.channels, tile, p, keys, 1, s.channels, change, tile, token_change, tile, head > 0);
        multiply<Scalar>(p, stride, tile, change, tile, 1, rows, stride, key_gradients + head * p * stride, stride, true);
    }
    Stored *const to = q.token_gradient + (sample * s.tokens + token) * s.channels;
    for (int i = 0; i < count; ++i) {
        for (int c = 0; c < s.channels; ++c) {
            to[i * static_cast<int64_t>(s.channels) + c] = static_cast<Stored>(token_change[c * tile + i]);
        }
    }
}
