// The passes of one patch. Included after vectors.hpp, in the same way.

// MARK: What convolutions read

/// `Voxels` voxels of the first convolution, from the input with its zero borders.
template <int Voxels>
__attribute__((always_inline)) static inline void first_convolution(const Blocks &b, const float *at, Vector *sum) {
    CFR_UNROLLED
    for (int i = 0; i < Voxels; ++i) sum[i] = _mm512_setzero_ps();
    const float *weight = b.first.data();
    for (int channel = 0; channel < b.sizes.inputs; ++channel) {
        for (int row = 0; row < 9; ++row) {
            const float *const from = at + channel * b.padded_volume + (row / 3) * b.padded_plane + (row % 3) * b.padded_width;
            for (int x = 0; x < 3; ++x, weight += 16) {
                const Vector w = _mm512_loadu_ps(weight);
                CFR_UNROLLED
                for (int i = 0; i < Voxels; ++i) sum[i] = _mm512_fmadd_ps(w, _mm512_set1_ps(from[x + i]), sum[i]);
            }
        }
    }
}

/// Row (z, y) of LeakyReLU(norm(first convolution)).
static inline void produce_first(const Blocks &b, int z, int y, float *row) {
    const Vector scale = _mm512_loadu_ps(b.norms[0].scale), shift = _mm512_loadu_ps(b.norms[0].shift);
    const float *const at = b.padded_input.data() + z * b.padded_plane + y * b.padded_width;
    for (int x = 0; x < b.sizes.width; x += 16) {
        Vector sum[16];
        first_convolution<16>(b, at + x, sum);
        CFR_UNROLLED
        for (int i = 0; i < 16; ++i) _mm512_storeu_ps(row + (x + i) * 16, leaky(_mm512_fmadd_ps(sum[i], scale, shift)));
    }
}

/// `Voxels` voxels of the coarse map, all channels, through one place of the upsampling's kernel.
template <int Voxels>
static inline void upsample(const Blocks &b, const float *coarse, const float *weights, float *row) {
    Vector sum[Voxels];
    CFR_UNROLLED
    for (int i = 0; i < Voxels; ++i) sum[i] = _mm512_setzero_ps();
    for (int channel = 0; channel < b.sizes.coarse; ++channel) {
        const Vector w = _mm512_loadu_ps(weights + channel * 16);
        CFR_UNROLLED
        for (int i = 0; i < Voxels; ++i) sum[i] = _mm512_fmadd_ps(w, _mm512_set1_ps(coarse[i * b.sizes.coarse + channel]), sum[i]);
    }
    const int64_t stride = 16 * b.sizes.stem[2];
    CFR_UNROLLED
    for (int i = 0; i < Voxels; ++i) _mm512_storeu_ps(row + i * stride, sum[i]);
}

/// Row (z, y) of the upsampled coarse map plus encoder1's output; also written to `kept`, if it is not null.
static inline void produce_sum(const Blocks &b, int z, int y, float *row, Stored *kept) {
    const int *const stem = b.sizes.stem;
    const int width = b.sizes.width / stem[2];
    const float *const coarse = b.coarse + (z / stem[0] * int64_t(b.sizes.height / stem[1]) + y / stem[1]) * width * b.sizes.coarse;
    for (int x = 0; x < stem[2]; ++x) {
        const float *const weights = b.upsampling.data() + ((z % stem[0] * stem[1] + y % stem[1]) * stem[2] + x) * b.sizes.coarse * 16;
        for (int i = 0; i < width;) {
            float *const to = row + (i * stem[2] + x) * 16;
            switch (width - i) {
            case 4: upsample<4>(b, coarse + i * b.sizes.coarse, weights, to); i += 4; break;
            case 8: upsample<8>(b, coarse + i * b.sizes.coarse, weights, to); i += 8; break;
            case 12: upsample<12>(b, coarse + i * b.sizes.coarse, weights, to); i += 12; break;
            default: upsample<16>(b, coarse + i * b.sizes.coarse, weights, to); i += 16; break;
            }
        }
    }
    const Vector scale = _mm512_loadu_ps(b.norms[1].scale), shift = _mm512_loadu_ps(b.shortcut_shift);
    const Stored *const second = b.map<Stored>(0) + (z * int64_t(b.sizes.height) + y) * b.sizes.width * 16;
    const float *const input = b.padded_input.data() + (z + 1) * b.padded_plane + (y + 1) * b.padded_width + 1;
    for (int x = 0; x < b.sizes.width; x += 2) {
        Vector sum[2];
        CFR_UNROLLED
        for (int i = 0; i < 2; ++i) {
            Vector e = _mm512_fmadd_ps(load(second + (x + i) * 16), scale, shift);
            for (int channel = 0; channel < b.sizes.inputs; ++channel) {
                const Vector factor = _mm512_loadu_ps(b.shortcut_scale.data() + channel * 16);
                e = _mm512_fmadd_ps(factor, _mm512_set1_ps(input[channel * b.padded_volume + x + i]), e);
            }
            sum[i] = leaky(e) + _mm512_loadu_ps(row + (x + i) * 16);
            _mm512_storeu_ps(row + (x + i) * 16, sum[i]);
        }
        if (kept) stream(kept + x * 16, sum);
    }
}

/// Row (z, y) of LeakyReLU(norm(map)).
static inline void produce_normalized(const Blocks &b, const Stored *map, const Norm &norm, int z, int y, float *row) {
    const Vector scale = _mm512_loadu_ps(norm.scale), shift = _mm512_loadu_ps(norm.shift);
    const Stored *const from = map + (z * int64_t(b.sizes.height) + y) * b.sizes.width * 16;
    for (int x = 0; x < b.sizes.width; ++x) {
        _mm512_storeu_ps(row + x * 16, leaky(_mm512_fmadd_ps(load(from + x * 16), scale, shift)));
    }
}

// MARK: Passes

/// Σ over a row of one channel, or of the product of two.
static inline double row_sum(const float *a, const float *b, int width) {
    Vector sum = _mm512_setzero_ps();
    for (int x = 0; x < width; x += 16) {
        const Vector value = _mm512_loadu_ps(a + x);
        sum += b ? value * _mm512_loadu_ps(b + x) : value;
    }
    return _mm512_reduce_add_ps(sum);
}

/// Pass 0: statistics of the first convolution, and the moments of the input that give the shortcut's.
static void statistics_tile(Blocks &b, const Tile &tile, int index) {
    Sums first;
    double *const moments = b.moments.data() + index * b.moment_count;
    std::fill_n(moments, b.moment_count, 0.0);
    for (int z = tile.z0; z < tile.z1; ++z) {
        for (int y = tile.y0; y < tile.y1; ++y) {
            const float *const at = b.padded_input.data() + z * b.padded_plane + y * b.padded_width;
            Vector sum = _mm512_setzero_ps(), squares = sum;
            for (int x = 0; x < b.sizes.width; x += 16) {
                Vector values[16];
                first_convolution<16>(b, at + x, values);
                CFR_UNROLLED
                for (int i = 0; i < 16; ++i) {
                    sum += values[i];
                    squares = _mm512_fmadd_ps(values[i], values[i], squares);
                }
            }
            first.add(sum, squares);
            const float *const center = at + b.padded_plane + b.padded_width + 1;
            double *moment = moments;
            for (int c = 0; c < b.sizes.inputs; ++c) *moment++ += row_sum(center + c * b.padded_volume, nullptr, b.sizes.width);
            for (int c = 0; c < b.sizes.inputs; ++c) {
                for (int d = 0; d <= c; ++d) {
                    *moment++ += row_sum(center + c * b.padded_volume, center + d * b.padded_volume, b.sizes.width);
                }
            }
        }
    }
    first.store(b.partial[index]);
}

/// Passes 1 to 3: a convolution over a tile, from rows that are made when they are first needed and kept for three planes.
template <int Pass>
static void convolution_tile(Blocks &b, const Tile &tile, int index, Workspace &space) {
    const int height = b.sizes.height, width = b.sizes.width, tiles = width / outputs;
    const int rows = tile.y1 - tile.y0 + 2;
    const int64_t row_stride = space.row_stride;
    Stored *const packed = space.packed<Stored>();
    float *const row = space.row.data();
    Stored *const target = b.map<Stored>(Pass == 2 ? 2 : 0);
    const Stored *const weights = b.weights<Stored>(Pass - 1);
    Sums sums;
    for (int z = tile.z0 - 1; z <= tile.z1; ++z) {
        for (int r = 0; r < rows; ++r) {
            const int y = tile.y0 - 1 + r;
            Stored *const to = packed + (((z + 3) % 3) * rows + r) * row_stride;
            if (z < 0 || z >= b.sizes.depth || y < 0 || y >= height) {
                std::memset(to, 0, row_stride * sizeof(Stored));
                continue;
            }
            if (Pass == 1) {
                produce_first(b, z, y, row + 16);
            } else if (Pass == 2) {
                const bool own = z >= tile.z0 && z < tile.z1 && y >= tile.y0 && y < tile.y1;
                produce_sum(b, z, y, row + 16, own ? b.map<Stored>(1) + (z * int64_t(height) + y) * width * 16 : nullptr);
            } else {
                produce_normalized(b, b.map<Stored>(2), b.norms[2], z, y, row + 16);
            }
            pack_row(row, tiles, to);
        }
        const int middle = z - 1;
        if (middle < tile.z0) continue;
        for (int y = tile.y0; y < tile.y1; y += 2) {
            const Stored *around[12];
            for (int i = 0; i < 12; ++i) around[i] = packed + (((middle + i / 4 + 2) % 3) * rows + y - tile.y0 + i % 4) * row_stride;
            Stored *const upper = target + (middle * int64_t(height) + y) * width * 16;
            Stored *const both[2] = {upper, upper + int64_t(width) * 16};
            convolve_rows(around, tiles, weights, both, sums);
        }
    }
    sums.store(b.partial[index]);
}

/// Pass 4: LeakyReLU(norm(last convolution) + sum) through the output layer, class by class.
static void output_tile(Blocks &b, const Tile &tile) {
    const Vector scale = _mm512_loadu_ps(b.norms[3].scale), shift = _mm512_loadu_ps(b.norms[3].shift);
    const int64_t volume = b.volume;
    const bool aligned = reinterpret_cast<uintptr_t>(b.logits) % 64 == 0;
    for (int z = tile.z0; z < tile.z1; ++z) {
        for (int y = tile.y0; y < tile.y1; ++y) {
            const int64_t start = (z * int64_t(b.sizes.height) + y) * b.sizes.width;
            for (int x = 0; x < b.sizes.width; x += 16) {
                const Stored *const last = b.map<Stored>(0) + (start + x) * 16, *const sum = b.map<Stored>(1) + (start + x) * 16;
                Vector v[16];
                CFR_UNROLLED
                for (int i = 0; i < 16; ++i) v[i] = leaky(_mm512_fmadd_ps(load(last + i * 16), scale, shift) + load(sum + i * 16));
                transpose(v);
                const float *weight = b.output.data();
                for (int k = 0; k < b.sizes.classes; ++k, weight += 16) {
                    Vector even = _mm512_set1_ps(b.output_bias[k]), odd = _mm512_setzero_ps();
                    CFR_UNROLLED
                    for (int c = 0; c < 16; c += 2) {
                        even = _mm512_fmadd_ps(v[c], _mm512_set1_ps(weight[c]), even);
                        odd = _mm512_fmadd_ps(v[c + 1], _mm512_set1_ps(weight[c + 1]), odd);
                    }
                    if (aligned) _mm512_stream_ps(b.logits + k * volume + start + x, even + odd);
                    else _mm512_storeu_ps(b.logits + k * volume + start + x, even + odd);
                }
            }
        }
    }
}

static void work(Blocks &b, int pass, int worker) {
    Workspace &space = b.spaces[worker];
    for (;;) {
        const int index = b.next.fetch_add(1);
        if (index >= static_cast<int>(b.tiles.size())) break;
        const Tile &tile = b.tiles[index];
        switch (pass) {
        case 0: statistics_tile(b, tile, index); break;
        case 1: convolution_tile<1>(b, tile, index, space); break;
        case 2: convolution_tile<2>(b, tile, index, space); break;
        case 3: convolution_tile<3>(b, tile, index, space); break;
        default: output_tile(b, tile); break;
        }
    }
    _mm_sfence();  // what went past the caches is there before another thread reads it
}
