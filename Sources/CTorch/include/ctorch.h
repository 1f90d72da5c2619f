// The part of libtorch that this project uses, as plain C11.
//
// Rules of this layer:
//  - A tensor is a handle: a struct of one field, so that two kinds of handle cannot be mixed up. Whoever receives a handle through an
//    `out` parameter owns it and gives it to ct_free once.
//  - Every call returns a status and writes its results through out parameters, which are untouched unless the status is CT_OK.
//  - The sentence about the last failure on this thread is ct_error_message(); it holds until the thread's next failing call.
//  - No logic lives here: each function is one call of libtorch, but for ct_spatial_attention, which fuses what libtorch does one by one.
#ifndef CTORCH_H
#define CTORCH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct CTTensor { void *pointer; } CTTensor;

typedef struct CTGenerator { void *pointer; } CTGenerator;

typedef enum CTStatus {
    CT_OK = 0,
    CT_TORCH_ERROR = 1,    // libtorch refused: shapes, types, devices, memory
    CT_STANDARD_ERROR = 2, // the C++ library did: out of memory, usually
    CT_UNKNOWN_ERROR = 3,
    CT_NOT_LOADED = 4      // there is no libtorch
} CTStatus;

typedef enum CTType {
    CT_UINT8 = 0, CT_INT8, CT_INT16, CT_INT32, CT_INT64, CT_FLOAT16, CT_BFLOAT16, CT_FLOAT32, CT_FLOAT64, CT_BOOL
} CTType;

typedef enum CTDeviceKind { CT_CPU = 0, CT_CUDA, CT_MPS } CTDeviceKind;

typedef struct CTDevice { CTDeviceKind kind; int32_t index; } CTDevice;

typedef enum CTMemoryFormat { CT_CONTIGUOUS = 0, CT_CHANNELS_LAST_3D } CTMemoryFormat;

// A list of whole numbers: a shape, axes, strides.
typedef struct CTSizes { const int64_t *values; int64_t count; } CTSizes;

typedef struct CTTensors { const CTTensor *tensors; int64_t count; } CTTensors;

// A tensor whose pointer is null stands for "none" where a parameter is called optional; a null generator for libtorch's own.

// MARK: - Loading
//
// A program either links CTorchOperations, and with it libtorch, or loads both at the first call that needs them (Linux; see loading.c). In the second
// form it starts without libtorch, and works without as long as nothing calls it.

bool ct_is_loaded(void);       // whether libtorch is in this process
CTStatus ct_load(void);        // loads it now; CT_NOT_LOADED with a message where that fails, which is tried once
// As ct_set_threads, or as soon as libtorch is loaded.
CTStatus ct_request_threads(int32_t count);
int32_t ct_requested_threads(void);  // 0 if none were
// The libtorch_cpu that would be loaded, found without loading it; null if there is none or it cannot be told.
const char *ct_found_library(void);
// Lets the C allocator keep large blocks (up to `bytes` of free memory at the top of the heap) instead of returning each to the system.
void ct_keep_large_blocks(int64_t bytes);

// MARK: - Runtime

const char *ct_error_message(void);
const char *ct_version(void);        // of the headers this was built with, "2.13.0"
int64_t ct_live_handles(void);       // handles given out and not yet freed, for tests
int64_t ct_live_handles_of_thread(void);  // given out by this thread, less those it freed: unmoved by what other threads do
CTStatus ct_library_path(const char **out);    // of the libtorch_cpu this process runs with
CTStatus ct_build_settings(const char **out);  // what that library says of its version and build, many lines
CTStatus ct_cpu_capability(const char **out);
CTStatus ct_load_cuda(bool *out);    // loads libtorch_cuda if it lies beside libtorch_cpu; true when it is there and loaded
CTStatus ct_device_count(CTDeviceKind kind, int64_t *out);
CTStatus ct_set_threads(int32_t count);
CTStatus ct_threads(int32_t *out);
CTStatus ct_seed(uint64_t seed);
CTStatus ct_random_state(CTTensor *out);       // of the CPU generator, uint8
CTStatus ct_set_random_state(CTTensor state);
CTStatus ct_generator(CTDevice device, uint64_t seed, CTGenerator *out);  // freed with ct_free_generator
void ct_free_generator(CTGenerator generator);
CTStatus ct_generator_state(CTGenerator generator, CTTensor *out);        // uint8
CTStatus ct_set_generator_state(CTGenerator generator, CTTensor state);
CTStatus ct_synchronize(CTDevice device);
CTStatus ct_set_deterministic(bool on);

// MARK: - Life and properties

void ct_free(CTTensor tensor);
CTStatus ct_shape(CTTensor tensor, int64_t *values, int64_t capacity, int64_t *count);
CTStatus ct_type(CTTensor tensor, CTType *out);
CTStatus ct_device(CTTensor tensor, CTDevice *out);
CTStatus ct_is_contiguous(CTTensor tensor, CTMemoryFormat format, bool *out);
CTStatus ct_copy_bytes(CTTensor tensor, void *bytes, int64_t count);  // C-order; the count must be the tensor's exactly
CTStatus ct_data(CTTensor tensor, void **out);                        // a contiguous CPU tensor's memory, valid while the tensor lives

// MARK: - Making tensors

CTStatus ct_from_bytes(const void *bytes, int64_t count, CTSizes shape, CTType type, CTTensor *out);  // copies
CTStatus ct_empty(CTSizes shape, CTType type, CTDevice device, CTTensor *out);
CTStatus ct_full(CTSizes shape, double value, CTType type, CTDevice device, CTTensor *out);
CTStatus ct_arange(int64_t start, int64_t end, CTType type, CTDevice device, CTTensor *out);
CTStatus ct_rand(CTSizes shape, CTType type, CTDevice device, CTTensor *out);
CTStatus ct_randn(CTSizes shape, CTType type, CTDevice device, CTTensor *out);
CTStatus ct_clone(CTTensor tensor, CTTensor *out);
CTStatus ct_detach(CTTensor tensor, CTTensor *out);
CTStatus ct_to(CTTensor tensor, CTType type, CTDevice device, CTTensor *out);
CTStatus ct_contiguous(CTTensor tensor, CTMemoryFormat format, CTTensor *out);

// MARK: - Shape

CTStatus ct_reshape(CTTensor tensor, CTSizes shape, CTTensor *out);
CTStatus ct_permute(CTTensor tensor, CTSizes axes, CTTensor *out);
CTStatus ct_transpose(CTTensor tensor, int64_t first, int64_t second, CTTensor *out);
CTStatus ct_expand(CTTensor tensor, CTSizes shape, CTTensor *out);
CTStatus ct_squeeze(CTTensor tensor, int64_t axis, CTTensor *out);
CTStatus ct_unsqueeze(CTTensor tensor, int64_t axis, CTTensor *out);
CTStatus ct_flatten(CTTensor tensor, int64_t first, int64_t last, CTTensor *out);
CTStatus ct_narrow(CTTensor tensor, int64_t axis, int64_t start, int64_t length, CTTensor *out);
CTStatus ct_select(CTTensor tensor, int64_t axis, int64_t index, CTTensor *out);
CTStatus ct_index_select(CTTensor tensor, int64_t axis, CTTensor indices, CTTensor *out);
CTStatus ct_cat(CTTensors tensors, int64_t axis, CTTensor *out);
CTStatus ct_stack(CTTensors tensors, int64_t axis, CTTensor *out);
CTStatus ct_flip(CTTensor tensor, CTSizes axes, CTTensor *out);
CTStatus ct_roll(CTTensor tensor, CTSizes shifts, CTSizes axes, CTTensor *out);
CTStatus ct_pad(CTTensor tensor, CTSizes before_after_last_axis_first, double value, CTTensor *out);

// MARK: - Arithmetic, element by element

CTStatus ct_negative(CTTensor a, CTTensor *out);
CTStatus ct_exp(CTTensor a, CTTensor *out);
CTStatus ct_log(CTTensor a, CTTensor *out);
CTStatus ct_sqrt(CTTensor a, CTTensor *out);
CTStatus ct_rsqrt(CTTensor a, CTTensor *out);
CTStatus ct_reciprocal(CTTensor a, CTTensor *out);
CTStatus ct_abs(CTTensor a, CTTensor *out);
CTStatus ct_square(CTTensor a, CTTensor *out);
CTStatus ct_sigmoid(CTTensor a, CTTensor *out);
CTStatus ct_relu(CTTensor a, CTTensor *out);
CTStatus ct_gelu(CTTensor a, CTTensor *out);
CTStatus ct_tanh(CTTensor a, CTTensor *out);
CTStatus ct_erfinv(CTTensor a, CTTensor *out);
CTStatus ct_isfinite(CTTensor a, CTTensor *out);

CTStatus ct_add(CTTensor a, CTTensor b, CTTensor *out);
CTStatus ct_subtract(CTTensor a, CTTensor b, CTTensor *out);
CTStatus ct_multiply(CTTensor a, CTTensor b, CTTensor *out);
CTStatus ct_divide(CTTensor a, CTTensor b, CTTensor *out);
CTStatus ct_maximum(CTTensor a, CTTensor b, CTTensor *out);
CTStatus ct_minimum(CTTensor a, CTTensor b, CTTensor *out);
CTStatus ct_equal(CTTensor a, CTTensor b, CTTensor *out);
CTStatus ct_less(CTTensor a, CTTensor b, CTTensor *out);
CTStatus ct_greater(CTTensor a, CTTensor b, CTTensor *out);
CTStatus ct_matmul(CTTensor a, CTTensor b, CTTensor *out);
CTStatus ct_where(CTTensor condition, CTTensor a, CTTensor b, CTTensor *out);
CTStatus ct_masked_fill(CTTensor a, CTTensor mask, double value, CTTensor *out);

CTStatus ct_add_scalar(CTTensor a, double b, CTTensor *out);
CTStatus ct_multiply_scalar(CTTensor a, double b, CTTensor *out);
CTStatus ct_power_scalar(CTTensor a, double b, CTTensor *out);
CTStatus ct_equal_scalar(CTTensor a, double b, CTTensor *out);
CTStatus ct_less_scalar(CTTensor a, double b, CTTensor *out);
CTStatus ct_greater_scalar(CTTensor a, double b, CTTensor *out);
CTStatus ct_clamp(CTTensor a, double low, double high, CTTensor *out);

// MARK: - In place

CTStatus ct_copy_in_place(CTTensor target, CTTensor source);
CTStatus ct_fill_in_place(CTTensor target, double value);
CTStatus ct_add_in_place(CTTensor target, CTTensor b, double factor);
CTStatus ct_multiply_in_place(CTTensor target, CTTensor b);
CTStatus ct_multiply_scalar_in_place(CTTensor target, double b);
CTStatus ct_uniform_in_place(CTTensor target, double low, double high, CTGenerator optional_generator);
CTStatus ct_normal_in_place(CTTensor target, double mean, double deviation, CTGenerator optional_generator);

// MARK: - Reductions (an empty list of axes means all)

CTStatus ct_sum(CTTensor a, CTSizes axes, bool keep, CTTensor *out);
CTStatus ct_mean(CTTensor a, CTSizes axes, bool keep, CTTensor *out);
CTStatus ct_variance(CTTensor a, CTSizes axes, bool keep, CTTensor *out);  // population
CTStatus ct_amax(CTTensor a, CTSizes axes, bool keep, CTTensor *out);
CTStatus ct_amin(CTTensor a, CTSizes axes, bool keep, CTTensor *out);
CTStatus ct_norm(CTTensor a, CTSizes axes, bool keep, CTTensor *out);      // Euclidean
CTStatus ct_argmax(CTTensor a, int64_t axis, CTTensor *out);
CTStatus ct_softmax(CTTensor a, int64_t axis, CTTensor *out);
CTStatus ct_log_softmax(CTTensor a, int64_t axis, CTTensor *out);

// MARK: - Networks

CTStatus ct_linear(CTTensor input, CTTensor weight, CTTensor optional_bias, CTTensor *out);
CTStatus ct_conv3d(
    CTTensor input, CTTensor weight, CTTensor optional_bias, CTSizes stride, CTSizes padding, CTSizes dilation, int64_t groups, CTTensor *out);
CTStatus ct_conv_transpose3d(
    CTTensor input, CTTensor weight, CTTensor optional_bias, CTSizes stride, CTSizes padding, CTSizes output_padding, int64_t groups,
    CTTensor *out);
CTStatus ct_layer_norm(CTTensor input, CTSizes shape, CTTensor optional_weight, CTTensor optional_bias, double epsilon, CTTensor *out);
CTStatus ct_group_norm(CTTensor input, int64_t groups, CTTensor optional_weight, CTTensor optional_bias, double epsilon, CTTensor *out);
CTStatus ct_batch_norm(
    CTTensor input, CTTensor optional_weight, CTTensor optional_bias, CTTensor optional_running_mean,
    CTTensor optional_running_variance, bool training, double momentum, double epsilon, CTTensor *out);
CTStatus ct_instance_norm(CTTensor input, CTTensor optional_weight, CTTensor optional_bias, double epsilon, CTTensor *out);
CTStatus ct_leaky_relu(CTTensor input, double slope, CTTensor *out);
CTStatus ct_leaky_relu_in_place(CTTensor target, double slope);
CTStatus ct_prelu(CTTensor input, CTTensor slope, CTTensor *out);  // one slope for all channels, or one for each
// 1 / keep with probability `keep`, else 0: what dropout multiplies with.
CTStatus ct_dropout_mask(CTTensor like, CTSizes shape, double keep, CTGenerator optional_generator, CTTensor *out);
CTStatus ct_attention(CTTensor query, CTTensor key, CTTensor value, CTTensor optional_mask, double dropout, double scale, CTTensor *out);
// Dropout(soft-max of tokens [N, T, C] · keys [N, h·p, C] over each head's p) · values [N, h, p, d] as [N, T, h·d], in memory [d, h, T] a
// sample (`published`) or [T, h, d]; see spatial_attention.cpp. CPU only.
CTStatus ct_spatial_attention(
    CTTensor tokens, CTTensor keys, CTTensor values, bool published, double dropout, CTGenerator optional_generator, CTTensor *out);
bool ct_spatial_attention_is_fast(void);  // false in a debug build, whose loops are slower than the operations they fuse
CTStatus ct_cross_entropy(CTTensor logits, CTTensor target, int64_t ignored, CTTensor *out);
CTStatus ct_binary_cross_entropy(CTTensor logits, CTTensor target, CTTensor *out);  // mean, of logits of a sigmoid
CTStatus ct_one_hot(CTTensor labels, int64_t classes, CTTensor *out);  // [N, …] → [N, classes, …], uint8
CTStatus ct_upsample_trilinear(CTTensor input, CTSizes size, bool align_corners, CTTensor *out);
CTStatus ct_upsample_nearest(CTTensor input, CTSizes size, CTTensor *out);
// [N, C, D, H, W] at places [N, d, h, w, 3] along W, H, D, where −1 and 1 are the outer faces; linear, zeros outside.
CTStatus ct_grid_sample(CTTensor input, CTTensor places, CTTensor *out);
CTStatus ct_average_pool3d(CTTensor input, CTSizes stride, CTTensor *out);  // blocks of that size, each once
CTStatus ct_max_pool3d(CTTensor input, CTSizes kernel, CTSizes stride, CTTensor *out);

// MARK: - Autograd and mixed precision

CTStatus ct_requires_gradient(CTTensor tensor, bool *out);
CTStatus ct_set_requires_gradient(CTTensor tensor, bool value);
CTStatus ct_backward(CTTensor tensor, CTTensor optional_gradient);
CTStatus ct_gradient(CTTensor tensor, CTTensor *out);        // a null pointer when there is none
CTStatus ct_clear_gradient(CTTensor tensor);
CTStatus ct_set_gradient_recording(bool on, bool *previous);
CTStatus ct_autocast_begin(CTDeviceKind kind, bool enabled, CTType type, bool *previous_enabled, CTType *previous_type);
CTStatus ct_autocast_end(CTDeviceKind kind, bool previous_enabled, CTType previous_type);

// MARK: - Many tensors at once

CTStatus ct_list_norms(CTTensors tensors, CTTensor *out);    // the Euclidean norm of each, as one vector
CTStatus ct_list_multiply_scalar(CTTensors tensors, double factor);
CTStatus ct_list_lerp(CTTensors targets, CTTensors ends, double weight);
CTStatus ct_sgd_step(
    CTTensors parameters, CTTensors gradients, CTTensors momenta, double rate, double momentum, double weight_decay, bool nesterov,
    bool first);
CTStatus ct_adamw_step(
    CTTensors parameters, CTTensors gradients, CTTensors first_moments, CTTensors second_moments, CTTensors steps, double rate,
    double beta1, double beta2, double weight_decay, double epsilon);

#ifdef __cplusplus
}
#endif

#endif
