#include <ATen/autocast_mode.h>

#include <algorithm>

#include "../handles.hpp"

using namespace ctorch;

CTStatus ct_linear(CTTensor input, CTTensor weight, CTTensor bias, CTTensor *out) {
    return yields(out, [&] { return at::linear(tensor(input), tensor(weight), optional(bias)); });
}

/// Planes of output that are computed at once, 0 for all.
///
/// In float64 on the CPU libtorch writes every kernel window out before it multiplies: kernel × channels × voxels numbers, 1.8 GB for one
/// convolution of a narrow network over two patches. Slab by slab the sums are the same and the memory is bounded.
static int64_t planes_at_once(const at::Tensor &input, const at::Tensor &weight, at::IntArrayRef stride, at::IntArrayRef padding) {
    constexpr int64_t most_bytes = 128 << 20;
    if (input.scalar_type() != at::kDouble || !input.device().is_cpu() || input.dim() != 5 || weight.dim() != 5) return 0;
    if (stride.size() != 3 || padding.size() != 3 || stride[0] <= 0 || weight.size(2) < stride[0]) return 0;
    int64_t window = weight.size(1), plane = input.size(0);
    for (int axis = 2; axis < 5; ++axis) window *= weight.size(axis);
    for (int axis = 3; axis < 5; ++axis) plane *= (input.size(axis) + 2 * padding[axis - 2] - weight.size(axis)) / stride[axis - 2] + 1;
    const int64_t planes = (input.size(2) + 2 * padding[0] - weight.size(2)) / stride[0] + 1;
    const int64_t bytes = window * plane * int64_t(sizeof(double));
    if (window <= 1 || bytes <= 0 || planes <= 1 || bytes * planes <= most_bytes) return 0;
    return std::max<int64_t>(weight.size(2), most_bytes / bytes);  // a slab takes its overlap from the next one alone
}

static at::Tensor conv3d_by_slabs(
    const at::Tensor &input, const at::Tensor &weight, const std::optional<at::Tensor> &bias, at::IntArrayRef stride, at::IntArrayRef padding,
    int64_t groups, int64_t planes) {
    const auto padded = padding[0] == 0 ? input : at::constant_pad_nd(input, {0, 0, 0, 0, padding[0], padding[0]});
    const int64_t depth = weight.size(2), overlap = depth - stride[0], total = (padded.size(2) - depth) / stride[0] + 1;
    // One split whose gradient is one concatenation: slabs taken one by one would each have a gradient of the whole volume's size.
    std::vector<int64_t> lengths;
    for (int64_t first = 0; first < total; first += planes) lengths.push_back(std::min(planes, total - first) * stride[0]);
    lengths.back() = padded.size(2) - stride[0] * planes * (int64_t(lengths.size()) - 1);
    const auto pieces = padded.split_with_sizes(lengths, 2);
    std::vector<at::Tensor> slabs;
    for (size_t index = 0; index < pieces.size(); ++index) {
        const bool is_last = index + 1 == pieces.size();
        const auto slab = is_last || overlap == 0 ? pieces[index] : at::cat({pieces[index], pieces[index + 1].narrow(2, 0, overlap)}, 2);
        slabs.push_back(at::conv3d(slab, weight, bias, stride, {0, padding[1], padding[2]}, {1, 1, 1}, groups));
    }
    return at::cat(slabs, 2);
}

// Whether a convolution that is to be learned must not be computed in the lower precision. Where the kernel is longer than the volume, libtorch's CPU library (oneDNN, in 2.13)
// computes wrong weight gradients in bfloat16 and writes them beyond their place, on processors with instructions for it. Such volumes are tiny, so float32 costs nothing.
static bool needs_full_precision(const at::Tensor &input, const at::Tensor &weight) {
    if (!input.device().is_cpu() || !at::autocast::is_autocast_enabled(at::kCPU)) return false;
    if (!c10::GradMode::is_enabled() || !weight.requires_grad()) return false;
    for (int64_t axis = 2; axis < weight.dim(); ++axis) {
        if (input.size(axis) < weight.size(axis)) return true;
    }
    return false;
}

CTStatus ct_conv3d(
    CTTensor input, CTTensor weight, CTTensor bias, CTSizes stride, CTSizes padding, CTSizes dilation, int64_t groups, CTTensor *out) {
    return yields(out, [&] {
        if (needs_full_precision(tensor(input), tensor(weight))) {
            const auto lower = at::autocast::get_autocast_dtype(at::kCPU);
            const c10::impl::ExcludeDispatchKeyGuard without_autocast(c10::DispatchKey::AutocastCPU);
            return at::conv3d(
                       tensor(input).to(tensor(weight).scalar_type()), tensor(weight), optional(bias), sizes(stride), sizes(padding), sizes(dilation), groups)
                .to(lower);
        }
        const bool is_dense = std::all_of(dilation.values, dilation.values + dilation.count, [](int64_t rate) { return rate == 1; });
        const auto planes = is_dense ? planes_at_once(tensor(input), tensor(weight), sizes(stride), sizes(padding)) : 0;
        if (planes > 0) return conv3d_by_slabs(tensor(input), tensor(weight), optional(bias), sizes(stride), sizes(padding), groups, planes);
        return at::conv3d(tensor(input), tensor(weight), optional(bias), sizes(stride), sizes(padding), sizes(dilation), groups);
    });
}

CTStatus ct_conv_transpose3d(
    CTTensor input, CTTensor weight, CTTensor bias, CTSizes stride, CTSizes padding, CTSizes output_padding, int64_t groups, CTTensor *out) {
    return yields(out, [&] {
        return at::conv_transpose3d(
            tensor(input), tensor(weight), optional(bias), sizes(stride), sizes(padding), sizes(output_padding), groups);
    });
}

CTStatus ct_layer_norm(CTTensor input, CTSizes shape, CTTensor weight, CTTensor bias, double epsilon, CTTensor *out) {
    return yields(out, [&] { return at::layer_norm(tensor(input), sizes(shape), optional(weight), optional(bias), epsilon); });
}

CTStatus ct_group_norm(CTTensor input, int64_t groups, CTTensor weight, CTTensor bias, double epsilon, CTTensor *out) {
    return yields(out, [&] { return at::group_norm(tensor(input), groups, optional(weight), optional(bias), epsilon); });
}

CTStatus ct_batch_norm(
    CTTensor input, CTTensor weight, CTTensor bias, CTTensor running_mean, CTTensor running_variance, bool training, double momentum,
    double epsilon, CTTensor *out) {
    return yields(out, [&] {
        return at::batch_norm(
            tensor(input), optional(weight), optional(bias), optional(running_mean), optional(running_variance), training, momentum, epsilon,
            at::globalContext().userEnabledCuDNN());
    });
}

CTStatus ct_instance_norm(CTTensor input, CTTensor weight, CTTensor bias, double epsilon, CTTensor *out) {
    return yields(out, [&] {
        return at::instance_norm(
            tensor(input), optional(weight), optional(bias), {}, {}, /*use_input_stats=*/true, 0.1, epsilon,
            at::globalContext().userEnabledCuDNN());
    });
}

CTStatus ct_leaky_relu(CTTensor input, double slope, CTTensor *out) {
    return yields(out, [&] { return at::leaky_relu(tensor(input), slope); });
}

CTStatus ct_leaky_relu_in_place(CTTensor target, double slope) {
    return guarded([&] { at::leaky_relu_(tensor(target), slope); });
}

CTStatus ct_prelu(CTTensor input, CTTensor slope, CTTensor *out) {
    return yields(out, [&] { return at::prelu(tensor(input), tensor(slope)); });
}

CTStatus ct_dropout_mask(CTTensor like, CTSizes shape, double keep, CTGenerator generator, CTTensor *out) {
    return yields(out, [&] {
        return at::empty(sizes(shape), tensor(like).options().requires_grad(false)).bernoulli_(keep, optional(generator)).div_(keep);
    });
}

CTStatus ct_attention(CTTensor query, CTTensor key, CTTensor value, CTTensor mask, double dropout, double scale, CTTensor *out) {
    return yields(out, [&] {
        return at::scaled_dot_product_attention(
            tensor(query), tensor(key), tensor(value), optional(mask), dropout, /*is_causal=*/false, scale);
    });
}

CTStatus ct_cross_entropy(CTTensor logits, CTTensor target, int64_t ignored, CTTensor *out) {
    return yields(out, [&] {
        return at::cross_entropy_loss(tensor(logits), tensor(target), {}, at::Reduction::Mean, ignored);
    });
}

CTStatus ct_binary_cross_entropy(CTTensor logits, CTTensor target, CTTensor *out) {
    return yields(out, [&] {
        return at::binary_cross_entropy_with_logits(tensor(logits), tensor(target), {}, {}, at::Reduction::Mean);
    });
}

CTStatus ct_one_hot(CTTensor labels, int64_t classes, CTTensor *out) {
    return yields(out, [&] {
        const auto &from = tensor(labels);
        auto shape = from.sizes().vec();
        shape.insert(shape.begin() + 1, classes);
        auto result = at::zeros(shape, from.options().dtype(at::kByte));
        return result.scatter_(1, from.to(at::kLong).unsqueeze(1), 1);
    });
}

CTStatus ct_upsample_trilinear(CTTensor input, CTSizes size, bool align_corners, CTTensor *out) {
    return yields(out, [&] { return at::upsample_trilinear3d(tensor(input), sizes(size), align_corners); });
}

CTStatus ct_upsample_nearest(CTTensor input, CTSizes size, CTTensor *out) {
    return yields(out, [&] { return at::upsample_nearest3d(tensor(input), sizes(size)); });
}

CTStatus ct_grid_sample(CTTensor input, CTTensor places, CTTensor *out) {
    return yields(out, [&] {
        const int64_t linear = 0, zeros = 0;
        return at::grid_sampler(tensor(input), tensor(places), linear, zeros, /*align_corners=*/false);
    });
}

CTStatus ct_average_pool3d(CTTensor input, CTSizes stride, CTTensor *out) {
    return yields(out, [&] { return at::avg_pool3d(tensor(input), sizes(stride), sizes(stride)); });
}

CTStatus ct_max_pool3d(CTTensor input, CTSizes kernel, CTSizes stride, CTTensor *out) {
    return yields(out, [&] { return at::max_pool3d(tensor(input), sizes(kernel), sizes(stride)); });
}
