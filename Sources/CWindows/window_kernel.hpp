// The inner loop of the sums over windows, for instruction_sets.hpp.

/// Soft-max, or the sigmoid of each, of rows [classes, stride] in place, but for the division by `sums`, which are 1 where none is needed.
static void activate(CWActivation activation, int64_t classes, int64_t stride, float *values, float *sums) {
    typedef float Vector __attribute__((vector_size(64)));
    const Vector one = Vector{} + 1.0f;
    for (int64_t column = 0; column < stride; column += width<float>) {
        Vector *const sum = reinterpret_cast<Vector *>(sums + column);
        if (activation == CW_SOFTMAX) {
            Vector largest = *reinterpret_cast<Vector *>(values + column);
            for (int64_t k = 1; k < classes; ++k) {
                const Vector value = *reinterpret_cast<Vector *>(values + k * stride + column);
                largest = value > largest ? value : largest;
            }
            *sum = Vector{};
            for (int64_t k = 0; k < classes; ++k) {
                Vector *const value = reinterpret_cast<Vector *>(values + k * stride + column);
                *value -= largest;
                exponential(values + k * stride + column);
                *sum += *value;
            }
            continue;
        }
        *sum = one;
        for (int64_t k = 0; k < classes && activation == CW_SIGMOID; ++k) {
            // 1 / (1 + e⁻ˣ) for x ≥ 0 and eˣ / (1 + eˣ) for the others: the exponential is of a negative number.
            Vector *const value = reinterpret_cast<Vector *>(values + k * stride + column);
            const Vector x = *value;
            *value = x < 0.0f ? x : -x;
            exponential(values + k * stride + column);
            const Vector e = *value;
            *value = (x < 0.0f ? e : one) / (one + e);
        }
    }
}

/// Adds one row of a prediction, all classes. `scratch` holds (classes + 1) · `stride` values, on a vector's boundary, none of them infinite.
static void add_row(const CWPrediction &a, const float *logits, const float *weights, float *target, int64_t stride, float *scratch) {
    float *const sums = scratch + a.classes * stride;
    for (int64_t k = 0; k < a.classes; ++k) {
        const float *const from = logits + k * a.logits_stride[0];
        float *const to = scratch + k * stride;
        if (a.mirrored[2]) {
            for (int64_t i = 0; i < a.size[2]; ++i) to[i] = from[a.size[2] - 1 - i];
        } else {
            std::memcpy(to, from, a.size[2] * sizeof(float));
        }
    }
    activate(a.activation, a.classes, stride, scratch, sums);
    for (int64_t i = 0; i < a.size[2]; ++i) sums[i] = a.factor * weights[i] / sums[i];
    for (int64_t k = 0; k < a.classes; ++k) {
        float *const to = target + k * a.sums_stride[0];
        const float *const values = scratch + k * stride;
        for (int64_t i = 0; i < a.size[2]; ++i) to[i] += values[i] * sums[i];
    }
}
