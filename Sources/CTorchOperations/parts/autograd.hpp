#include "../handles.hpp"

#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>

using namespace ctorch;

CTStatus ct_requires_gradient(CTTensor t, bool *out) {
    return guarded([&] { *out = tensor(t).requires_grad(); });
}

CTStatus ct_set_requires_gradient(CTTensor t, bool value) {
    return guarded([&] { tensor(t).requires_grad_(value); });
}

CTStatus ct_backward(CTTensor t, CTTensor gradient) {
    return guarded([&] { tensor(t).backward(optional(gradient).value_or(at::Tensor())); });
}

CTStatus ct_gradient(CTTensor t, CTTensor *out) {
    return guarded([&] {
        const auto &gradient = tensor(t).grad();
        *out = gradient.defined() ? hand_out(gradient) : CTTensor{nullptr};
    });
}

CTStatus ct_clear_gradient(CTTensor t) {
    return guarded([&] { tensor(t).mutable_grad().reset(); });
}

CTStatus ct_set_gradient_recording(bool on, bool *previous) {
    return guarded([&] {
        *previous = c10::GradMode::is_enabled();
        c10::GradMode::set_enabled(on);
    });
}

static at::DeviceType device_type(CTDeviceKind kind) { return device({kind, 0}).type(); }

CTStatus ct_autocast_begin(CTDeviceKind kind, bool enabled, CTType type, bool *previous_enabled, CTType *previous_type) {
    return guarded([&] {
        const auto on = device_type(kind);
        *previous_enabled = at::autocast::is_autocast_enabled(on);
        *previous_type = scalar_type(at::autocast::get_autocast_dtype(on));
        at::autocast::set_autocast_enabled(on, enabled);
        at::autocast::set_autocast_dtype(on, scalar_type(type));
        at::autocast::increment_nesting();
        // A network uses each weight once a pass; without gradients nothing else needs the cast weights, so none are kept.
        at::autocast::set_autocast_cache_enabled(c10::GradMode::is_enabled());
    });
}

CTStatus ct_autocast_end(CTDeviceKind kind, bool previous_enabled, CTType previous_type) {
    return guarded([&] {
        const auto on = device_type(kind);
        // The cache of weights already cast belongs to the outermost scope: after it, weights may change.
        if (at::autocast::decrement_nesting() == 0) {
            at::autocast::clear_cache();
            at::autocast::set_autocast_cache_enabled(true);
        }
        at::autocast::set_autocast_enabled(on, previous_enabled);
        at::autocast::set_autocast_dtype(on, scalar_type(previous_type));
    });
}

#pragma mark - Many tensors at once

CTStatus ct_list_norms(CTTensors tensors, CTTensor *out) {
    return yields(out, [&] { return at::stack(at::_foreach_norm(list(tensors), 2)); });
}

CTStatus ct_list_multiply_scalar(CTTensors tensors, double factor) {
    return guarded([&] { at::_foreach_mul_(list(tensors), factor); });
}

CTStatus ct_list_lerp(CTTensors targets, CTTensors ends, double weight) {
    return guarded([&] { at::_foreach_lerp_(list(targets), list(ends), weight); });
}

CTStatus ct_sgd_step(
    CTTensors parameters, CTTensors gradients, CTTensors momenta, double rate, double momentum, double weight_decay, bool nesterov,
    bool first) {
    return guarded([&] {
        at::_fused_sgd_(
            list(parameters), list(gradients), list(momenta), weight_decay, momentum, rate, /*dampening=*/0.0, nesterov,
            /*maximize=*/false, /*is_first_step=*/first);
    });
}

CTStatus ct_adamw_step(
    CTTensors parameters, CTTensors gradients, CTTensors first_moments, CTTensors second_moments, CTTensors steps, double rate,
    double beta1, double beta2, double weight_decay, double epsilon) {
    return guarded([&] {
        at::_fused_adamw_(
            list(parameters), list(gradients), list(first_moments), list(second_moments), {}, list(steps), rate, beta1, beta2,
            weight_decay, epsilon, /*amsgrad=*/false, /*maximize=*/false);
    });
}
