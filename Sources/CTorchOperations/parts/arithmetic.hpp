#include "../handles.hpp"

using namespace ctorch;

// One line an operation: the C name, and the call of libtorch on `x` (and `y`).
#define UNARY(name, call) \
    CTStatus name(CTTensor a, CTTensor *out) { \
        return yields(out, [&] { const auto &x = tensor(a); return call; }); \
    }
#define BINARY(name, call) \
    CTStatus name(CTTensor a, CTTensor b, CTTensor *out) { \
        return yields(out, [&] { const auto &x = tensor(a); const auto &y = tensor(b); return call; }); \
    }
#define WITH_SCALAR(name, call) \
    CTStatus name(CTTensor a, double y, CTTensor *out) { \
        return yields(out, [&] { const auto &x = tensor(a); return call; }); \
    }
#define REDUCTION(name, call) \
    CTStatus name(CTTensor a, CTSizes axes, bool keep, CTTensor *out) { \
        return yields(out, [&] { const auto &x = tensor(a); const auto over = sizes(axes); return call; }); \
    }

UNARY(ct_negative, at::neg(x))
UNARY(ct_exp, at::exp(x))
UNARY(ct_log, at::log(x))
UNARY(ct_sqrt, at::sqrt(x))
UNARY(ct_rsqrt, at::rsqrt(x))
UNARY(ct_reciprocal, at::reciprocal(x))
UNARY(ct_abs, at::abs(x))
UNARY(ct_square, at::square(x))
UNARY(ct_sigmoid, at::sigmoid(x))
UNARY(ct_relu, at::relu(x))
UNARY(ct_gelu, at::gelu(x))
UNARY(ct_tanh, at::tanh(x))
UNARY(ct_erfinv, at::erfinv(x))
UNARY(ct_isfinite, at::isfinite(x))

BINARY(ct_add, at::add(x, y))
BINARY(ct_subtract, at::sub(x, y))
BINARY(ct_multiply, at::mul(x, y))
BINARY(ct_divide, at::div(x, y))
BINARY(ct_maximum, at::maximum(x, y))
BINARY(ct_minimum, at::minimum(x, y))
BINARY(ct_equal, at::eq(x, y))
BINARY(ct_less, at::lt(x, y))
BINARY(ct_greater, at::gt(x, y))
BINARY(ct_matmul, at::matmul(x, y))

WITH_SCALAR(ct_add_scalar, at::add(x, y))
WITH_SCALAR(ct_multiply_scalar, at::mul(x, y))
WITH_SCALAR(ct_power_scalar, at::pow(x, y))
WITH_SCALAR(ct_equal_scalar, at::eq(x, y))
WITH_SCALAR(ct_less_scalar, at::lt(x, y))
WITH_SCALAR(ct_greater_scalar, at::gt(x, y))

CTStatus ct_clamp(CTTensor a, double low, double high, CTTensor *out) {
    return yields(out, [&] { return at::clamp(tensor(a), low, high); });
}

CTStatus ct_where(CTTensor condition, CTTensor a, CTTensor b, CTTensor *out) {
    return yields(out, [&] { return at::where(tensor(condition), tensor(a), tensor(b)); });
}

CTStatus ct_masked_fill(CTTensor a, CTTensor mask, double value, CTTensor *out) {
    return yields(out, [&] { return at::masked_fill(tensor(a), tensor(mask), value); });
}

#pragma mark - In place

// A whole-number tensor takes a whole-number factor only.
static at::Scalar factor_for(const at::Tensor &target, double value) {
    return at::isIntegralType(target.scalar_type(), /*includeBool=*/false) ? at::Scalar(static_cast<int64_t>(value)) : at::Scalar(value);
}

CTStatus ct_copy_in_place(CTTensor target, CTTensor source) {
    return guarded([&] { tensor(target).copy_(tensor(source)); });
}

CTStatus ct_fill_in_place(CTTensor target, double value) {
    return guarded([&] { tensor(target).fill_(value); });
}

CTStatus ct_add_in_place(CTTensor target, CTTensor b, double factor) {
    return guarded([&] { tensor(target).add_(tensor(b), factor_for(tensor(target), factor)); });
}

CTStatus ct_multiply_in_place(CTTensor target, CTTensor b) {
    return guarded([&] { tensor(target).mul_(tensor(b)); });
}

CTStatus ct_multiply_scalar_in_place(CTTensor target, double b) {
    return guarded([&] { tensor(target).mul_(factor_for(tensor(target), b)); });
}

CTStatus ct_uniform_in_place(CTTensor target, double low, double high, CTGenerator generator) {
    return guarded([&] { tensor(target).uniform_(low, high, optional(generator)); });
}

CTStatus ct_normal_in_place(CTTensor target, double mean, double deviation, CTGenerator generator) {
    return guarded([&] { tensor(target).normal_(mean, deviation, optional(generator)); });
}

#pragma mark - Reductions

// An empty list of axes means all of them, in every libtorch reduction used here but these two.
static std::vector<int64_t> all_if_empty(const at::Tensor &x, at::IntArrayRef over) {
    if (!over.empty()) return over.vec();
    std::vector<int64_t> all(x.dim());
    for (int64_t i = 0; i < x.dim(); ++i) all[i] = i;
    return all;
}

REDUCTION(ct_sum, at::sum(x, over, keep))
REDUCTION(ct_mean, at::mean(x, over, keep))
REDUCTION(ct_variance, at::var(x, at::OptionalIntArrayRef(all_if_empty(x, over)), /*correction=*/at::Scalar(0), keep))
REDUCTION(ct_amax, at::amax(x, over, keep))
REDUCTION(ct_amin, at::amin(x, over, keep))
REDUCTION(ct_norm, at::linalg_vector_norm(x, 2, at::OptionalIntArrayRef(all_if_empty(x, over)), keep))

CTStatus ct_argmax(CTTensor a, int64_t axis, CTTensor *out) {
    return yields(out, [&] { return at::argmax(tensor(a), axis); });
}

CTStatus ct_softmax(CTTensor a, int64_t axis, CTTensor *out) {
    return yields(out, [&] { return at::softmax(tensor(a), axis); });
}

CTStatus ct_log_softmax(CTTensor a, int64_t axis, CTTensor *out) {
    return yields(out, [&] { return at::log_softmax(tensor(a), axis); });
}
