// Adding the prediction of a window to the sums over all windows, as one operation: soft-max, weights, mirroring undone, and the addition in
// place. The arrays are the largest of inference and are read and written once, row by row.
#include "include/cwindows.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <new>

namespace {

#define KERNEL "window_kernel.hpp"
#include "include/kernels/instruction_sets.hpp"

}  // namespace

void cw_add(const CWPrediction *prediction, const float *logits, const float *weights, float *sums, int64_t first, int64_t end) {
    const CWPrediction &p = *prediction;
    const int64_t stride = (p.size[2] + 15) / 16 * 16;
    Scratch<float> scratch((p.classes + 1) * stride);
    std::memset(scratch.start, 0, (p.classes + 1) * stride * sizeof(float));
    for (int64_t row = first; row < end; ++row) {
        const int64_t d = row / p.size[1], h = row % p.size[1];
        const int64_t source_d = p.mirrored[0] ? p.size[0] - 1 - d : d, source_h = p.mirrored[1] ? p.size[1] - 1 - h : h;
        WITH_BEST_INSTRUCTIONS(add_row(
            p, logits + source_d * p.logits_stride[1] + source_h * p.logits_stride[2], weights + d * p.weights_stride[0] + h * p.weights_stride[1],
            sums + d * p.sums_stride[1] + h * p.sums_stride[2], stride, scratch.start))
    }
}

void cw_add_weights(const int64_t size[3], const float *weights, const int64_t weights_stride[2], float *counts, const int64_t counts_stride[2]) {
    for (int64_t d = 0; d < size[0]; ++d) {
        for (int64_t h = 0; h < size[1]; ++h) {
            const float *const from = weights + d * weights_stride[0] + h * weights_stride[1];
            float *const to = counts + d * counts_stride[0] + h * counts_stride[1];
            for (int64_t i = 0; i < size[2]; ++i) to[i] += from[i];
        }
    }
}

void cw_divide(const float *sums, const float *counts, int64_t stride, int64_t rows, int64_t columns, float *means) {
    for (int64_t row = 0; row < rows; ++row) {
        for (int64_t i = 0; i < columns; ++i) means[row * columns + i] = sums[row * stride + i] / counts[row * stride + i];
    }
}
