// Memory, weights and the order of the passes; the passes themselves stand in passes.hpp.
//
// Of a patch's maps three are kept: what encoder1's second convolution gives (later decoder2's second), decoder2's sum of skip and upsampled
// map, and what decoder2's first convolution gives. The first convolution is computed twice instead, once for its statistics. Everything else is
// made row by row where a convolution reads it: normalization, LeakyReLU, shortcut, upsampling and the sum. Convolutions go by Winograd's
// minimal filtering along the rows, in float32 sums.
#include "cfullresolution.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>

namespace {

/// The arrays that are given one behind the other.
struct Weights {
    const float *encoder_first, *encoder_second, *shortcut, *upsampling, *decoder_first, *decoder_second, *output, *output_bias;

    Weights(const float *at, const CFRSizes &s) {
        const int64_t square = 16 * 16 * 27;
        const auto next = [&](int64_t count) { return at += count, at - count; };
        encoder_first = next(16 * 27 * s.inputs);
        encoder_second = next(square);
        shortcut = next(16 * s.inputs);
        upsampling = next(int64_t(s.coarse) * 16 * s.stem[0] * s.stem[1] * s.stem[2]);
        decoder_first = next(square);
        decoder_second = next(square);
        output = next(16 * s.classes);
        output_bias = next(s.classes);
    }
};

/// Memory that begins at a line of the cache, filled with zeros.
template <typename Element>
class Buffer {
    struct Free { void operator()(Element *at) const { ::operator delete[](at, std::align_val_t(64)); } };
    std::unique_ptr<Element[], Free> elements;

public:
    void resize(int64_t count) {
        elements.reset(static_cast<Element *>(::operator new[](count * sizeof(Element), std::align_val_t(64))));
        std::memset(elements.get(), 0, count * sizeof(Element));
    }
    Element *data() { return elements.get(); }
    const Element *data() const { return elements.get(); }
    Element &operator[](int64_t index) { return elements[index]; }
    const Element &operator[](int64_t index) const { return elements[index]; }
};

struct Norm { float scale[16], shift[16]; };             // norm(x) = x · scale + shift
struct Statistics { double sum[16], squares[16]; };      // of one tile
struct Tile { int z0, z1, y0, y1; };

/// Memory of one worker.
struct Workspace {
    Buffer<float> row;
    Buffer<uint8_t> rows;
    int64_t row_stride;  // elements from one packed row to the next
    template <typename Stored> Stored *packed() { return reinterpret_cast<Stored *>(rows.data()); }
};

/// Rows that a tile is high: with three planes of them packed it fits into the second cache.
constexpr int tile_height = 16;

template <typename Stored> constexpr int outputs_of = sizeof(Stored) == 2 ? 2 : 4;

}  // namespace

struct CFRBlocks {
    CFRPrecision precision;
    CFRSizes sizes;
    int64_t volume, padded_width, padded_plane, padded_volume;
    std::vector<Tile> tiles;
    std::vector<Workspace> spaces;
    std::vector<Statistics> partial;  // of each tile
    std::vector<double> moments;      // of each tile: Σ of every input channel, Σ of every product of two (c, d ≤ c)
    int moment_count;
    std::atomic<int> next{0};

    Buffer<float> first, shortcut, upsampling, output, output_bias;
    Buffer<uint8_t> convolutions[3];
    template <typename Stored> const Stored *weights(int index) const { return reinterpret_cast<const Stored *>(convolutions[index].data()); }

    /// Maps of 16 channels: what the second and the last convolution give, the sum at decoder2's entry, what decoder2's first gives.
    Buffer<uint8_t> maps[3];
    template <typename Stored> Stored *map(int index) { return reinterpret_cast<Stored *>(maps[index].data()); }
    template <typename Stored> const Stored *map(int index) const { return reinterpret_cast<const Stored *>(maps[index].data()); }

    Buffer<float> padded_input;  // [inputs, D + 2, H + 2, W + 2]
    const float *coarse = nullptr;
    float *logits = nullptr;

    Norm norms[4];
    Buffer<float> shortcut_scale;  // [inputs, 16]
    float shortcut_shift[16];      // that of norms[1] and the shortcut's together
};

namespace {

using Blocks = CFRBlocks;

// Loops over a block of sums, which stay in registers only if nothing is left of the loop.
#define CFR_UNROLLED _Pragma("clang loop unroll(full)")

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))), apply_to = function)
namespace float32 {
typedef float Stored;
constexpr int outputs = 4, points = outputs + 2, depth = 1;
#define CFR_HALF 0
#include "vectors.hpp"
#include "passes.hpp"
#undef CFR_HALF
}
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16"))), apply_to = function)
namespace bfloat16 {
typedef uint16_t Stored;
constexpr int outputs = 2, points = outputs + 2, depth = 2;
#define CFR_HALF 1
#include "vectors.hpp"
#include "passes.hpp"
#undef CFR_HALF
}
#pragma clang attribute pop

constexpr float epsilon = 1e-5f;

uint16_t rounded(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

void put(float value, float &to) { to = value; }
void put(float value, uint16_t &to) { to = rounded(value); }

/// [16, 16, 3, 3, 3] → [points][9 rows][16 / depth][16 outputs][depth], the rows' three weights as Winograd's transform has them.
template <typename Stored>
Buffer<uint8_t> packed_weights(const float *weights) {
    constexpr int outputs = outputs_of<Stored>, points = outputs + 2, depth = 4 / sizeof(Stored);
    static const double two[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
    static const double four[6][3] = {{1.0 / 4, 0, 0}, {-1.0 / 6, -1.0 / 6, -1.0 / 6}, {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                      {1.0 / 24, 1.0 / 12, 1.0 / 6}, {1.0 / 24, -1.0 / 12, 1.0 / 6}, {0, 0, 1}};
    Buffer<uint8_t> packed;
    packed.resize(points * 9 * 16 * 16 * sizeof(Stored));
    Stored *const to = reinterpret_cast<Stored *>(packed.data());
    for (int point = 0; point < points; ++point) {
        const double *const g = outputs == 2 ? two[point] : four[point];
        for (int row = 0; row < 9; ++row) {
            for (int c = 0; c < 16; ++c) {
                for (int o = 0; o < 16; ++o) {
                    const float *const w = weights + ((o * 16 + c) * 9 + row) * 3;
                    const float value = static_cast<float>(g[0] * w[0] + g[1] * w[1] + g[2] * w[2]);
                    put(value, to[((point * 9 + row) * (16 / depth) + c / depth) * 16 * depth + o * depth + c % depth]);
                }
            }
        }
    }
    return packed;
}

void prepare(Blocks &b, const Weights &w, int workers) {
    const CFRSizes &s = b.sizes;
    const int64_t element = b.precision == CFR_BFLOAT16 ? 2 : 4, points = b.precision == CFR_BFLOAT16 ? 4 : 6;
    b.volume = int64_t(s.depth) * s.height * s.width;
    b.padded_width = s.width + 2;
    b.padded_plane = b.padded_width * (s.height + 2);
    b.padded_volume = b.padded_plane * (s.depth + 2);
    b.padded_input.resize(s.inputs * b.padded_volume);
    b.shortcut_scale.resize(s.inputs * 16);

    b.first.resize(s.inputs * 27 * 16);
    for (int i = 0; i < s.inputs * 27; ++i)
        for (int o = 0; o < 16; ++o) b.first[i * 16 + o] = w.encoder_first[o * s.inputs * 27 + i];
    b.shortcut.resize(s.inputs * 16);
    for (int c = 0; c < s.inputs; ++c)
        for (int o = 0; o < 16; ++o) b.shortcut[c * 16 + o] = w.shortcut[o * s.inputs + c];
    const int places = s.stem[0] * s.stem[1] * s.stem[2];
    b.upsampling.resize(int64_t(places) * s.coarse * 16);
    for (int place = 0; place < places; ++place)
        for (int c = 0; c < s.coarse; ++c)
            for (int o = 0; o < 16; ++o) b.upsampling[(place * s.coarse + c) * 16 + o] = w.upsampling[(c * 16 + o) * places + place];
    b.output.resize(s.classes * 16);
    std::copy_n(w.output, s.classes * 16, b.output.data());
    b.output_bias.resize(s.classes);
    std::copy_n(w.output_bias, s.classes, b.output_bias.data());
    const float *const convolutions[] = {w.encoder_second, w.decoder_first, w.decoder_second};
    for (int i = 0; i < 3; ++i)
        b.convolutions[i] = b.precision == CFR_BFLOAT16 ? packed_weights<uint16_t>(convolutions[i]) : packed_weights<float>(convolutions[i]);

    // Two tiles or more for every worker, but as thick as that allows, because each makes the two planes beside it again.
    const int rows = (s.height + tile_height - 1) / tile_height;
    const int parts = std::max(2, (2 * workers + rows - 1) / rows);
    const int thickness = std::max(8, (s.depth + parts - 1) / parts);
    for (int z = 0; z < s.depth; z += thickness)
        for (int y = 0; y < s.height; y += tile_height)
            b.tiles.push_back({z, std::min(z + thickness, s.depth), y, std::min(y + tile_height, s.height)});
    b.partial.resize(b.tiles.size());
    b.moment_count = s.inputs * (s.inputs + 3) / 2;
    b.moments.resize(b.tiles.size() * b.moment_count);
    b.spaces.resize(workers);
    const int64_t row = points * (s.width / (points - 2)) * 16;
    for (Workspace &space : b.spaces) {
        space.row.resize((s.width + 2) * 16);
        // One line of the cache more than a row has, because rows a power of two apart would push each other out of the first cache.
        space.row_stride = row + 64 / element;
        space.rows.resize(3 * (tile_height + 2) * space.row_stride * element);
    }
    for (auto &map : b.maps) map.resize(b.volume * 16 * element);
}

void set(Norm &norm, int channel, double mean, double square) {
    const double scale = 1 / std::sqrt(std::max(square - mean * mean, 0.0) + epsilon);
    norm.scale[channel] = static_cast<float>(scale);
    norm.shift[channel] = static_cast<float>(-mean * scale);
}

/// The instance normalization of what the last pass has computed, from the tiles' statistics, always added in the same order.
Norm norm(const Blocks &b) {
    Norm result;
    for (int c = 0; c < 16; ++c) {
        double sum = 0, squares = 0;
        for (const Statistics &tile : b.partial) {
            sum += tile.sum[c];
            squares += tile.squares[c];
        }
        set(result, c, sum / b.volume, squares / b.volume);
    }
    return result;
}

/// That of the shortcut w · x, of which the mean is w · μ and the mean square wᵀ M w, with the input's means μ and second moments M.
Norm shortcut_norm(const Blocks &b) {
    std::vector<double> moments(b.moment_count, 0);
    for (size_t index = 0; index < b.moments.size(); ++index) moments[index % b.moment_count] += b.moments[index] / b.volume;
    Norm result;
    for (int channel = 0; channel < 16; ++channel) {
        const double *moment = moments.data();
        double mean = 0, square = 0;
        for (int c = 0; c < b.sizes.inputs; ++c) mean += b.shortcut[c * 16 + channel] * *moment++;
        for (int c = 0; c < b.sizes.inputs; ++c)
            for (int d = 0; d <= c; ++d)
                square += (c == d ? 1.0 : 2.0) * b.shortcut[c * 16 + channel] * b.shortcut[d * 16 + channel] * *moment++;
        set(result, channel, mean, square);
    }
    return result;
}

bool fits(const CFRSizes &s) {
    if (s.depth < 1 || s.height < 2 || s.height % 2 != 0 || s.width < 16 || s.width % 16 != 0 || s.inputs < 1 || s.classes < 1 || s.coarse < 1) return false;
    const int sizes[] = {s.depth, s.height, s.width};
    for (int axis = 0; axis < 3; ++axis)
        if (s.stem[axis] < 1 || sizes[axis] % s.stem[axis] != 0) return false;
    return s.width / s.stem[2] % 4 == 0;
}

}  // namespace

int cfr_supports(CFRPrecision precision) {
    const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512dq");
    return wide && (precision == CFR_FLOAT32 || __builtin_cpu_supports("avx512bf16"));
}

CFRHandle cfr_create(CFRPrecision precision, const CFRSizes *sizes, const float *weights, int workers) {
    if (!cfr_supports(precision) || !fits(*sizes)) return nullptr;
    try {
        auto blocks = std::make_unique<Blocks>();
        blocks->precision = precision;
        blocks->sizes = *sizes;
        prepare(*blocks, Weights(weights, *sizes), workers);
        return blocks.release();
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

void cfr_free(CFRHandle handle) { delete handle; }

void cfr_begin(CFRHandle handle, const float *input, float *logits) {
    Blocks &b = *handle;
    b.logits = logits;
    b.next = 0;
    for (int64_t plane = 0; plane < int64_t(b.sizes.inputs) * b.sizes.depth; ++plane) {
        const int64_t channel = plane / b.sizes.depth, z = plane % b.sizes.depth;
        float *const to = b.padded_input.data() + channel * b.padded_volume + (z + 1) * b.padded_plane + b.padded_width + 1;
        const float *const from = input + plane * b.sizes.height * b.sizes.width;
        for (int y = 0; y < b.sizes.height; ++y)
            std::memcpy(to + y * b.padded_width, from + int64_t(y) * b.sizes.width, b.sizes.width * sizeof(float));
    }
}

void cfr_set_coarse(CFRHandle handle, const float *coarse) { handle->coarse = coarse; }

void cfr_work(CFRHandle handle, int pass, int worker) {
    if (handle->precision == CFR_BFLOAT16) bfloat16::work(*handle, pass, worker);
    else float32::work(*handle, pass, worker);
}

void cfr_finish(CFRHandle handle, int pass) {
    Blocks &b = *handle;
    b.next = 0;
    if (pass > 3) return;
    b.norms[pass] = norm(b);
    if (pass == 0) {
        const Norm shortcut = shortcut_norm(b);
        for (int c = 0; c < 16; ++c) {
            b.shortcut_shift[c] = shortcut.shift[c];
            for (int i = 0; i < b.sizes.inputs; ++i) b.shortcut_scale[i * 16 + c] = b.shortcut[i * 16 + c] * shortcut.scale[c];
        }
    } else if (pass == 1) {
        for (int c = 0; c < 16; ++c) b.shortcut_shift[c] += b.norms[1].shift[c];
    }
}

#else

int cfr_supports(CFRPrecision) { return 0; }
CFRHandle cfr_create(CFRPrecision, const CFRSizes *, const float *, int) { return nullptr; }
void cfr_free(CFRHandle) {}
void cfr_begin(CFRHandle, const float *, float *) {}
void cfr_set_coarse(CFRHandle, const float *) {}
void cfr_work(CFRHandle, int, int) {}
void cfr_finish(CFRHandle, int) {}

#endif
