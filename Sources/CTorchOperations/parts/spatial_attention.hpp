// Spatial attention as one operation, the one that this target computes by itself instead of calling libtorch.
//
// With tokens x [N, T, C], keys K [N, h·p, C] and values V [N, h, p, d]: out = dropout(soft-max(x · Kᵀ over each head's p)) · V. The
// attention [N, T, h·p] is the largest tensor of a UNETR++ and exists here only tile by tile, in the cache; the backward pass makes it
// again from the logarithms of the soft-max's sums. Sums over tokens are taken in blocks of fixed size whose results are added in order,
// so the result does not depend on the number of threads.
#include "../handles.hpp"
#include "../parallel.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <new>

using namespace ctorch;

namespace {

/// Tokens that are worked on at a time, and tokens whose share in a gradient is added up before it meets others'.
constexpr int tile = 64;
constexpr int64_t block = 512;

struct Sizes {
    int64_t samples, tokens;
    int heads, channels, projected, width;
    bool published;  // whether the output lies in memory as [d, h, T] instead of [T, h, d]

    template <typename Scalar>
    static int padded(int count) { return (count + 64 / sizeof(Scalar) - 1) / (64 / sizeof(Scalar)) * (64 / sizeof(Scalar)); }
    template <typename Scalar>
    int padded_channels() const { return padded<Scalar>(channels); }
    template <typename Scalar>
    int padded_width() const { return padded<Scalar>(width); }
    int64_t blocks() const { return (tokens + block - 1) / block; }
};

struct Dropout {
    bool on;
    uint64_t seed;
    uint32_t threshold;  // kept where 32 random bits are below it
    double scale;        // 1 / keep

    Dropout(double probability, uint64_t seed)
        : on(probability > 0), seed(seed), threshold(static_cast<uint32_t>((1 - probability) * 4294967295.0)), scale(1 / (1 - probability)) {}
};

/// SplitMix64's finalizer.
inline uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

/// Inputs and outputs: `Stored` as the tokens are stored, `Scalar` as is computed.
template <typename Stored, typename Scalar>
struct Problem {
    Sizes sizes;
    Dropout dropout;
    const Stored *tokens;
    const Scalar *keys, *values;
    Scalar *log_sums;  // [N, h, T]
    Stored *output;
    const Stored *output_gradient;
    Stored *token_gradient;
};

#undef KERNEL  // a macro of autocasting, whose header may stand above
#define KERNEL "spatial_kernel.hpp"
#include <kernels/instruction_sets.hpp>

template <typename Scalar>
int64_t scratch_size(const Sizes &s) {
    return tile * (s.padded_channels<Scalar>() + 2 * s.channels + 3 * s.projected + s.width + s.padded_width<Scalar>() + 2);
}

/// Calls `body` with each block of tokens of each sample.
template <typename Body>
void for_each_block(const Sizes &s, Body body) {
    parallel_for(0, s.samples * s.blocks(), 1, [&](int64_t begin, int64_t end) {
        for (int64_t number = begin; number < end; ++number) body(number, number / s.blocks(), number % s.blocks() * block);
    });
}

template <typename Stored, typename Scalar>
void forward(const Problem<Stored, Scalar> &q) {
    const Sizes &s = q.sizes;
    for_each_block(s, [&](int64_t, int64_t sample, int64_t first) {
        Scratch<Scalar> scratch(scratch_size<Scalar>(s));
        for (int64_t token = first; token < std::min(first + block, s.tokens); token += tile) {
            WITH_BEST_INSTRUCTIONS(forward_tile(q, sample, token, scratch.start))
        }
    });
}

/// Sums `parts` [N, blocks, h·p, stride] over the blocks, in order, into [N, h·p, count].
template <typename Scalar>
void add_blocks(const Sizes &s, const Scalar *parts, int stride, int count, Scalar *to) {
    const int64_t rows = s.heads * s.projected;
    parallel_for(0, s.samples * rows, 64, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            const int64_t sample = row / rows;
            for (int c = 0; c < count; ++c) {
                Scalar sum = 0;
                for (int64_t b = 0; b < s.blocks(); ++b) sum += parts[((sample * s.blocks() + b) * rows + row % rows) * stride + c];
                to[row * count + c] = sum;
            }
        }
    });
}

template <typename Stored, typename Scalar>
void backward(const Problem<Stored, Scalar> &q, Scalar *key_gradient, Scalar *value_gradient) {
    const Sizes &s = q.sizes;
    const int stride = s.padded_channels<Scalar>(), depth = s.padded_width<Scalar>();
    const int64_t rows = s.heads * s.projected, blocks = s.samples * s.blocks();
    Scratch<Scalar> keys(blocks * rows * stride), values(blocks * rows * depth);
    for_each_block(s, [&](int64_t number, int64_t sample, int64_t first) {
        Scratch<Scalar> scratch(scratch_size<Scalar>(s));
        Scalar *const own_keys = keys.start + number * rows * stride, *const own_values = values.start + number * rows * depth;
        std::fill_n(own_keys, rows * stride, Scalar(0));
        std::fill_n(own_values, rows * depth, Scalar(0));
        for (int64_t token = first; token < std::min(first + block, s.tokens); token += tile) {
            WITH_BEST_INSTRUCTIONS(backward_tile(q, sample, token, scratch.start, own_keys, own_values))
        }
    });
    add_blocks(s, keys.start, stride, s.channels, key_gradient);
    add_blocks(s, values.start, depth, s.width, value_gradient);
}

/// Calls `body` with a value of the type tokens are stored in and one of the type that is computed in.
template <typename Body>
void with_types(at::ScalarType stored, Body body) {
    switch (stored) {
        case at::kFloat: return body(float(), float());
        case at::kBFloat16: return body(c10::BFloat16(), float());
        case at::kHalf: return body(c10::Half(), float());
        case at::kDouble: return body(double(), double());
        default: TORCH_CHECK(false, "spatial attention of ", stored, " tokens; a floating-point type is expected");
    }
}

Sizes sizes_of(const at::Tensor &tokens, const at::Tensor &keys, const at::Tensor &values, bool published) {
    TORCH_CHECK(tokens.is_cpu() && keys.is_cpu() && values.is_cpu(), "the fused spatial attention is for the CPU");
    TORCH_CHECK(
        tokens.dim() == 3 && keys.dim() == 3 && values.dim() == 4 && keys.size(0) == tokens.size(0) && values.size(0) == tokens.size(0)
            && keys.size(2) == tokens.size(2) && keys.size(1) == values.size(1) * values.size(2) && tokens.numel() > 0 && values.numel() > 0,
        "spatial attention of tokens ", tokens.sizes(), ", keys ", keys.sizes(), " and values ", values.sizes(),
        "; [N, T, C], [N, h·p, C] and [N, h, p, d] are expected");
    return {tokens.size(0), tokens.size(1), static_cast<int>(values.size(1)), static_cast<int>(tokens.size(2)),
            static_cast<int>(values.size(2)), static_cast<int>(values.size(3)), published};
}

struct SpatialAttention : torch::autograd::Function<SpatialAttention> {
    static at::Tensor forward(
        torch::autograd::AutogradContext *context, const at::Tensor &given_tokens, const at::Tensor &given_keys,
        const at::Tensor &given_values, bool published, double probability, int64_t seed) {
        const auto computed = given_tokens.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
        const auto tokens = given_tokens.contiguous(), keys = given_keys.to(computed).contiguous(), values = given_values.to(computed).contiguous();
        const Sizes s = sizes_of(tokens, keys, values, published);
        auto output = at::empty({s.samples, s.tokens, static_cast<int64_t>(s.heads) * s.width}, tokens.options());
        auto log_sums = at::empty({s.samples, s.heads, s.tokens}, keys.options());
        with_types(tokens.scalar_type(), [&](auto stored, auto scalar) {
            using Stored = decltype(stored);
            using Scalar = decltype(scalar);
            ::forward(Problem<Stored, Scalar>{
                s, Dropout(probability, static_cast<uint64_t>(seed)), tokens.const_data_ptr<Stored>(), keys.const_data_ptr<Scalar>(),
                values.const_data_ptr<Scalar>(), log_sums.data_ptr<Scalar>(), output.data_ptr<Stored>(), nullptr, nullptr});
        });
        context->save_for_backward({tokens, keys, values, log_sums});
        context->saved_data["published"] = published;
        context->saved_data["probability"] = probability;
        context->saved_data["seed"] = seed;
        context->saved_data["key type"] = static_cast<int64_t>(given_keys.scalar_type());
        context->saved_data["value type"] = static_cast<int64_t>(given_values.scalar_type());
        return output;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context, torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto &tokens = saved[0], &keys = saved[1], &values = saved[2], &log_sums = saved[3];
        const Sizes s = sizes_of(tokens, keys, values, context->saved_data["published"].toBool());
        const auto output_gradient = gradients[0].to(tokens.scalar_type()).contiguous();
        auto token_gradient = at::empty_like(tokens), key_gradient = at::empty_like(keys), value_gradient = at::empty_like(values);
        with_types(tokens.scalar_type(), [&](auto stored, auto scalar) {
            using Stored = decltype(stored);
            using Scalar = decltype(scalar);
            const Dropout dropout(context->saved_data["probability"].toDouble(), static_cast<uint64_t>(context->saved_data["seed"].toInt()));
            ::backward(
                Problem<Stored, Scalar>{
                    s, dropout, tokens.const_data_ptr<Stored>(), keys.const_data_ptr<Scalar>(), values.const_data_ptr<Scalar>(),
                    log_sums.data_ptr<Scalar>(), nullptr, output_gradient.const_data_ptr<Stored>(), token_gradient.data_ptr<Stored>()},
                key_gradient.data_ptr<Scalar>(), value_gradient.data_ptr<Scalar>());
        });
        const auto type = [&](const char *name) { return static_cast<at::ScalarType>(context->saved_data[name].toInt()); };
        return {token_gradient, key_gradient.to(type("key type")), value_gradient.to(type("value type")), {}, {}, {}};
    }
};

/// A seed of the operation's own, from the generator whose state belongs into checkpoints.
int64_t drawn_seed(std::optional<at::Generator> generator) {
    auto *from = at::get_generator_or_default<at::CPUGeneratorImpl>(generator, at::detail::getDefaultCPUGenerator());
    std::lock_guard<std::mutex> lock(from->mutex_);
    return static_cast<int64_t>(from->random64());
}

}  // namespace

bool ct_spatial_attention_is_fast(void) {
#if defined(__OPTIMIZE__)
    return true;
#else
    return false;
#endif
}

CTStatus ct_spatial_attention(
    CTTensor tokens, CTTensor keys, CTTensor values, bool published, double dropout, CTGenerator generator, CTTensor *out) {
    return yields(out, [&] {
        TORCH_CHECK(dropout >= 0 && dropout < 1, "dropout of probability ", dropout, "; from 0 to below 1 is expected");
        const int64_t seed = dropout > 0 ? drawn_seed(optional(generator)) : 0;
        return SpatialAttention::apply(tensor(tokens), tensor(keys), tensor(values), published, dropout, seed);
    });
}
