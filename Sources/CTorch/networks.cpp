#include "handles.hpp"

using namespace ctorch;

CTStatus ct_linear(CTTensor input, CTTensor weight, CTTensor bias, CTTensor *out) {
    return yields(out, [&] { return at::linear(tensor(input), tensor(weight), optional(bias)); });
}

CTStatus ct_conv3d(CTTensor input, CTTensor weight, CTTensor bias, CTSizes stride, CTSizes padding, int64_t groups, CTTensor *out) {
    return yields(out, [&] {
        return at::conv3d(tensor(input), tensor(weight), optional(bias), sizes(stride), sizes(padding), {1, 1, 1}, groups);
    });
}

CTStatus ct_conv_transpose3d(CTTensor input, CTTensor weight, CTTensor bias, CTSizes stride, CTTensor *out) {
    return yields(out, [&] { return at::conv_transpose3d(tensor(input), tensor(weight), optional(bias), sizes(stride)); });
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

CTStatus ct_upsample_trilinear(CTTensor input, CTSizes size, CTTensor *out) {
    return yields(out, [&] { return at::upsample_trilinear3d(tensor(input), sizes(size), /*align_corners=*/false); });
}

CTStatus ct_upsample_nearest(CTTensor input, CTSizes size, CTTensor *out) {
    return yields(out, [&] { return at::upsample_nearest3d(tensor(input), sizes(size)); });
}

CTStatus ct_average_pool3d(CTTensor input, CTSizes stride, CTTensor *out) {
    return yields(out, [&] { return at::avg_pool3d(tensor(input), sizes(stride), sizes(stride)); });
}
