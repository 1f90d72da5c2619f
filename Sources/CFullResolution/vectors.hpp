// Vectors, Winograd's transforms and the product in the middle, for one number format. Included once for each, into a namespace of its own with
// the instruction set switched on, after `Stored` (how maps are kept), `outputs` (of a Winograd tile), `points` (products of one) and `depth`
// (channels that one instruction sums) are defined by full_resolution.cpp; so without include guard, and without lambdas, which would not
// inherit the instruction set.

typedef __m512 Vector;  // the 16 channels of one voxel

#if CFR_HALF
static inline Vector load(const Stored *from) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(from))), 16));
}
static inline void store(Stored *to, Vector value) {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), (__m256i)_mm512_cvtneps_pbh(value));
}
/// Two voxels side by side, past the caches: a map is longer than they are.
static inline void stream(Stored *to, const Vector *values) {
    _mm512_stream_si512(reinterpret_cast<__m512i *>(to), (__m512i)_mm512_cvtne2ps_pbh(values[1], values[0]));
}
/// Two channels, for each of 16 outputs.
typedef __m512bh Column;
static inline Column load_column(const Stored *weights) { return (__m512bh)_mm512_load_si512(weights); }
static inline Column repeated(const Stored *input) {
    int pair;
    std::memcpy(&pair, input, sizeof pair);
    return (__m512bh)_mm512_set1_epi32(pair);
}
static inline Vector multiply_add(Vector sum, Column weights, Column input) { return _mm512_dpbf16_ps(sum, weights, input); }
#else
static inline Vector load(const Stored *from) { return _mm512_loadu_ps(from); }
static inline void store(Stored *to, Vector value) { _mm512_storeu_ps(to, value); }
static inline void stream(Stored *to, const Vector *values) {
    _mm512_stream_ps(to, values[0]);
    _mm512_stream_ps(to + 16, values[1]);
}
/// One channel, for each of 16 outputs.
typedef __m512 Column;
static inline Column load_column(const Stored *weights) { return _mm512_load_ps(weights); }
static inline Column repeated(const Stored *input) { return _mm512_set1_ps(*input); }
static inline Vector multiply_add(Vector sum, Column weights, Column input) { return _mm512_fmadd_ps(weights, input, sum); }
#endif

static inline Vector leaky(Vector x) { return _mm512_max_ps(x, _mm512_mul_ps(x, _mm512_set1_ps(0.01f))); }

// MARK: Winograd's minimal filtering along the rows

#if CFR_HALF
/// F(2, 3): four products for two outputs instead of six. Values stay near the input's, so bfloat16 loses little.
static inline void transform(const float *d, Vector *v) {
    const Vector d0 = _mm512_loadu_ps(d), d1 = _mm512_loadu_ps(d + 16), d2 = _mm512_loadu_ps(d + 32), d3 = _mm512_loadu_ps(d + 48);
    v[0] = d0 - d2;
    v[1] = d1 + d2;
    v[2] = d2 - d1;
    v[3] = d1 - d3;
}
static inline void combine(const Vector *m, Vector *y) {
    y[0] = m[0] + m[1] + m[2];
    y[1] = m[1] - m[2] - m[3];
}
#else
/// F(4, 3): six products for four outputs instead of twelve (Lavin and Gray, 2016).
static inline void transform(const float *d, Vector *v) {
    Vector x[6];
    for (int i = 0; i < 6; ++i) x[i] = _mm512_loadu_ps(d + 16 * i);
    const Vector a = x[4] - 4.0f * x[2], b = x[3] - 4.0f * x[1], c = x[4] - x[2], e = 2.0f * (x[3] - x[1]);
    v[0] = 4.0f * x[0] - 5.0f * x[2] + x[4];
    v[1] = a + b;
    v[2] = a - b;
    v[3] = c + e;
    v[4] = c - e;
    v[5] = 4.0f * x[1] - 5.0f * x[3] + x[5];
}
static inline void combine(const Vector *m, Vector *y) {
    const Vector p = m[1] + m[2], q = m[1] - m[2], r = m[3] + m[4], s = m[3] - m[4];
    y[0] = m[0] + p + r;
    y[1] = q + 2.0f * s;
    y[2] = p + 4.0f * r;
    y[3] = q + 8.0f * s + m[5];
}
#endif

/// A row of floats [1 + W + 1, 16] with its zero borders → [points][W / outputs][16] as products take it.
static inline void pack_row(const float *row, int tiles, Stored *packed) {
    for (int tile = 0; tile < tiles; ++tile) {
        Vector v[points];
        transform(row + tile * outputs * 16, v);
        for (int p = 0; p < points; ++p) store(packed + (p * tiles + tile) * 16, v[p]);
    }
}

/// `Tiles` tiles of one point for two rows of outputs, from the twelve packed rows around them: Σ over the nine rows of each and 16 channels.
///
/// Two rows, because every value that is read is then used twice; a processor reads no more vectors at a time than it multiplies.
template <int Tiles>
static inline void multiply_tiles(const Stored *const *rows, int64_t offset, const Stored *weights, float *products) {
    Vector upper[Tiles], lower[Tiles];
    CFR_UNROLLED
    for (int t = 0; t < Tiles; ++t) upper[t] = lower[t] = _mm512_setzero_ps();
    for (int plane = 0; plane < 3; ++plane, weights += 3 * 16 * 16) {
        CFR_UNROLLED
        for (int y = 0; y < 4; ++y) {
            const Stored *const from = rows[4 * plane + y] + offset;
            for (int c = 0; c < 16; c += depth) {
                const Column for_upper = y < 3 ? load_column(weights + (y * 16 + c) * 16) : Column{};
                const Column for_lower = y > 0 ? load_column(weights + ((y - 1) * 16 + c) * 16) : Column{};
                CFR_UNROLLED
                for (int t = 0; t < Tiles; ++t) {
                    const Column input = repeated(from + t * 16 + c);
                    if (y < 3) upper[t] = multiply_add(upper[t], for_upper, input);
                    if (y > 0) lower[t] = multiply_add(lower[t], for_lower, input);
                }
            }
        }
    }
    CFR_UNROLLED
    for (int t = 0; t < Tiles; ++t) {
        _mm512_storeu_ps(products + t * 16, upper[t]);
        _mm512_storeu_ps(products + (Tiles + t) * 16, lower[t]);
    }
}

/// Σ and Σ² of a tile, in float for two rows and in double over rows.
struct Sums {
    __m512d sum[2] = {_mm512_setzero_pd(), _mm512_setzero_pd()}, squares[2] = {_mm512_setzero_pd(), _mm512_setzero_pd()};

    static inline void widen(__m512d *to, Vector value) {
        to[0] = _mm512_add_pd(to[0], _mm512_cvtps_pd(_mm512_castps512_ps256(value)));
        to[1] = _mm512_add_pd(to[1], _mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(value), 1))));
    }
    inline void add(Vector part_sum, Vector part_squares) {
        widen(sum, part_sum);
        widen(squares, part_squares);
    }
    inline void store(Statistics &to) const {
        for (int half = 0; half < 2; ++half) {
            _mm512_storeu_pd(to.sum + 8 * half, sum[half]);
            _mm512_storeu_pd(to.squares + 8 * half, squares[half]);
        }
    }
};

/// `Tiles` tiles of two rows of outputs, from tile `first` on.
template <int Tiles>
static inline void convolve_tiles(
    const Stored *const *rows, int tiles, int first, const Stored *weights, Stored *const *outputs_of_rows, Sums &sums) {
    alignas(64) float products[points][2][Tiles * 16];
    for (int p = 0; p < points; ++p) {
        multiply_tiles<Tiles>(rows, (p * tiles + first) * 16, weights + p * 9 * 16 * 16, products[p][0]);
    }
    Vector sum[outputs], squares[outputs];
    for (int i = 0; i < outputs; ++i) sum[i] = squares[i] = _mm512_setzero_ps();
    for (int row = 0; row < 2; ++row) {
        Stored *const to = outputs_of_rows[row] + first * outputs * 16;
        for (int t = 0; t < Tiles; ++t) {
            Vector m[points], y[outputs];
            for (int p = 0; p < points; ++p) m[p] = _mm512_load_ps(products[p][row] + t * 16);
            combine(m, y);
            for (int i = 0; i < outputs; ++i) {
                sum[i] += y[i];
                squares[i] = _mm512_fmadd_ps(y[i], y[i], squares[i]);
            }
            for (int i = 0; i < outputs; i += 2) stream(to + (t * outputs + i) * 16, y + i);
        }
    }
    for (int i = 1; i < outputs; ++i) {
        sum[0] += sum[i];
        squares[0] += squares[i];
    }
    sums.add(sum[0], squares[0]);
}

/// Two rows of outputs of a convolution from the twelve packed rows around them.
static inline void convolve_rows(const Stored *const *rows, int tiles, const Stored *weights, Stored *const *outputs_of_rows, Sums &sums) {
    for (int t = 0; t < tiles;) {
        const int left = tiles - t;
        if (left == 4) {
            convolve_tiles<4>(rows, tiles, t, weights, outputs_of_rows, sums);
            t += 4;
        } else if (left == 12) {
            convolve_tiles<12>(rows, tiles, t, weights, outputs_of_rows, sums);
            t += 12;
        } else {
            convolve_tiles<8>(rows, tiles, t, weights, outputs_of_rows, sums);
            t += 8;
        }
    }
}

/// 16 vectors of 16 become their transposition.
static inline void transpose(Vector *v) {
    Vector t[16];
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(v[i], v[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(v[i], v[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        const __m512d a = _mm512_castps_pd(t[i]), b = _mm512_castps_pd(t[i + 1]), c = _mm512_castps_pd(t[i + 2]), d = _mm512_castps_pd(t[i + 3]);
        v[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
        v[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
        v[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
        v[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
    }
    for (int i = 0; i < 4; ++i) {
        t[i] = _mm512_shuffle_f32x4(v[i], v[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_f32x4(v[i], v[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_f32x4(v[i + 8], v[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_f32x4(v[i + 8], v[i + 12], 0xdd);
    }
    for (int i = 0; i < 4; ++i) {
        v[i] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88);
        v[i + 8] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd);
        v[i + 4] = _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0x88);
        v[i + 12] = _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0xdd);
    }
}
