#include "../handles.hpp"

#include <ATen/TensorUtils.h>

using namespace ctorch;

CTStatus ct_from_bytes(const void *bytes, int64_t count, CTSizes shape, CTType type, CTTensor *out) {
    return yields(out, [&] {
        auto result = at::empty(sizes(shape), at::dtype(scalar_type(type)));
        TORCH_CHECK(static_cast<int64_t>(result.nbytes()) == count, count, " bytes for a tensor of ", result.nbytes(), " bytes");
        if (count > 0) std::memcpy(result.data_ptr(), bytes, count);
        return result;
    });
}

CTStatus ct_empty(CTSizes shape, CTType type, CTDevice on, CTTensor *out) {
    return yields(out, [&] { return at::empty(sizes(shape), options(type, on)); });
}

CTStatus ct_full(CTSizes shape, double value, CTType type, CTDevice on, CTTensor *out) {
    return yields(out, [&] { return at::full(sizes(shape), value, options(type, on)); });
}

CTStatus ct_arange(int64_t start, int64_t end, CTType type, CTDevice on, CTTensor *out) {
    return yields(out, [&] { return at::arange(start, end, options(type, on)); });
}

CTStatus ct_rand(CTSizes shape, CTType type, CTDevice on, CTTensor *out) {
    return yields(out, [&] { return at::rand(sizes(shape), options(type, on)); });
}

CTStatus ct_randn(CTSizes shape, CTType type, CTDevice on, CTTensor *out) {
    return yields(out, [&] { return at::randn(sizes(shape), options(type, on)); });
}

CTStatus ct_clone(CTTensor t, CTTensor *out) {
    return yields(out, [&] { return tensor(t).clone(); });
}

CTStatus ct_detach(CTTensor t, CTTensor *out) {
    return yields(out, [&] { return tensor(t).detach(); });
}

CTStatus ct_to(CTTensor t, CTType type, CTDevice on, CTTensor *out) {
    return yields(out, [&] { return tensor(t).to(device(on), scalar_type(type)); });
}

CTStatus ct_contiguous(CTTensor t, CTMemoryFormat format, CTTensor *out) {
    return yields(out, [&] { return tensor(t).contiguous(memory_format(format)); });
}

#pragma mark - Shape

CTStatus ct_reshape(CTTensor t, CTSizes shape, CTTensor *out) {
    return yields(out, [&] { return tensor(t).reshape(sizes(shape)); });
}

CTStatus ct_permute(CTTensor t, CTSizes axes, CTTensor *out) {
    return yields(out, [&] { return tensor(t).permute(sizes(axes)); });
}

CTStatus ct_transpose(CTTensor t, int64_t first, int64_t second, CTTensor *out) {
    return yields(out, [&] { return tensor(t).transpose(first, second); });
}

CTStatus ct_expand(CTTensor t, CTSizes shape, CTTensor *out) {
    return yields(out, [&] { return tensor(t).expand(sizes(shape)); });
}

CTStatus ct_squeeze(CTTensor t, int64_t axis, CTTensor *out) {
    return yields(out, [&] { return tensor(t).squeeze(axis); });
}

CTStatus ct_unsqueeze(CTTensor t, int64_t axis, CTTensor *out) {
    return yields(out, [&] { return tensor(t).unsqueeze(axis); });
}

CTStatus ct_flatten(CTTensor t, int64_t first, int64_t last, CTTensor *out) {
    return yields(out, [&] { return tensor(t).flatten(first, last); });
}

CTStatus ct_narrow(CTTensor t, int64_t axis, int64_t start, int64_t length, CTTensor *out) {
    return yields(out, [&] { return tensor(t).narrow(axis, start, length); });
}

CTStatus ct_select(CTTensor t, int64_t axis, int64_t index, CTTensor *out) {
    return yields(out, [&] { return tensor(t).select(axis, index); });
}

CTStatus ct_index_select(CTTensor t, int64_t axis, CTTensor indices, CTTensor *out) {
    return yields(out, [&] { return tensor(t).index_select(axis, tensor(indices)); });
}

CTStatus ct_cat(CTTensors tensors, int64_t axis, CTTensor *out) {
    return yields(out, [&] { return at::cat(list(tensors), axis); });
}

CTStatus ct_stack(CTTensors tensors, int64_t axis, CTTensor *out) {
    return yields(out, [&] { return at::stack(list(tensors), axis); });
}

CTStatus ct_flip(CTTensor t, CTSizes axes, CTTensor *out) {
    return yields(out, [&] { return tensor(t).flip(sizes(axes)); });
}

CTStatus ct_roll(CTTensor t, CTSizes shifts, CTSizes axes, CTTensor *out) {
    return yields(out, [&] { return tensor(t).roll(sizes(shifts), sizes(axes)); });
}

CTStatus ct_pad(CTTensor t, CTSizes amounts, double value, CTTensor *out) {
    return yields(out, [&] { return at::constant_pad_nd(tensor(t), sizes(amounts), value); });
}
