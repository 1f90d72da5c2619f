// Adding the prediction of a window to the sums over all windows, as one operation: soft-max, weights, mirroring undone, and the addition in
// place. The tensors are the largest of inference and are read and written once, row by row.
#include "handles.hpp"

#include <ATen/Parallel.h>

#include <cstring>

using namespace ctorch;

namespace {

/// What is the same for all rows. Strides are those of the classes.
struct Aggregation {
    CTActivation activation;
    int64_t classes, size[3];
    bool flipped[3];
    float factor;
    int64_t logits_stride, target_stride;
};

#define KERNEL "aggregation_kernel.hpp"
#include "instruction_sets.hpp"

void add(const at::Tensor &target, const at::Tensor &logits, const at::Tensor &weights, CTActivation activation, at::IntArrayRef axes, double factor) {
    TORCH_CHECK(
        target.dim() == 4 && target.sizes() == logits.sizes() && weights.sizes() == target.sizes().slice(1) && target.numel() > 0,
        "logits ", logits.sizes(), " with weights ", weights.sizes(), " added to ", target.sizes(), "; [K, D, H, W], [D, H, W] and [K, D, H, W] are expected");
    for (const auto *tensor : {&target, &logits, &weights}) {
        TORCH_CHECK(tensor->is_cpu() && tensor->scalar_type() == at::kFloat, "the fused aggregation is for float32 on the CPU");
    }
    TORCH_CHECK(target.stride(3) == 1, "the target's rows must lie in one piece");
    Aggregation a{activation, target.size(0), {target.size(1), target.size(2), target.size(3)}, {}, static_cast<float>(factor), logits.stride(0), target.stride(0)};
    for (const int64_t axis : axes) {
        TORCH_CHECK(axis >= 1 && axis <= 3, "axis ", axis, " cannot be mirrored; 1, 2 and 3 are expected");
        a.flipped[axis - 1] = true;
    }
    const int64_t stride = (a.size[2] + 15) / 16 * 16;
    const float *const from = logits.const_data_ptr<float>(), *const counts = weights.const_data_ptr<float>();
    float *const to = target.data_ptr<float>();
    at::parallel_for(0, a.size[0] * a.size[1], 64, [&](int64_t begin, int64_t end) {
        Scratch<float> scratch((a.classes + 1) * stride);
        std::memset(scratch.start, 0, (a.classes + 1) * stride * sizeof(float));
        for (int64_t row = begin; row < end; ++row) {
            const int64_t d = row / a.size[1], h = row % a.size[1];
            const int64_t source_d = a.flipped[0] ? a.size[0] - 1 - d : d, source_h = a.flipped[1] ? a.size[1] - 1 - h : h;
            WITH_BEST_INSTRUCTIONS(add_row(
                a, from + source_d * logits.stride(1) + source_h * logits.stride(2), counts + d * weights.stride(0) + h * weights.stride(1),
                to + d * target.stride(1) + h * target.stride(2), stride, scratch.start))
        }
    });
}

/// The tensor, copied if its rows do not lie in one piece.
at::Tensor in_rows(const at::Tensor &tensor) { return tensor.dim() > 0 && tensor.stride(-1) == 1 ? tensor : tensor.contiguous(); }

}  // namespace

CTStatus ct_add_activated(CTTensor target, CTTensor logits, CTTensor weights, CTActivation activation, CTSizes mirrored_axes, double factor) {
    return guarded([&] { add(tensor(target), in_rows(tensor(logits)), in_rows(tensor(weights)), activation, sizes(mirrored_axes), factor); });
}
