// What the kernels share, for instruction_sets.hpp.

// A `Vector` is 64 bytes; the compiler splits it where the processor has shorter ones.

template <typename Scalar>
constexpr int width = 64 / sizeof(Scalar);

/// eˣ for x ≤ 0, to two units in the last place: 2ⁿ · eʳ with |r| ≤ ln 2 / 2 and a polynomial for eʳ.
static inline void exponential(float *values) {
    typedef float Vector __attribute__((vector_size(64)));
    typedef int32_t Whole __attribute__((vector_size(64)));
    Vector x = *reinterpret_cast<const Vector *>(values);
    x = x < -87.0f ? Vector{} - 87.0f : x;
    const Vector magic = Vector{} + 12582912.0f;  // 1.5 · 2²³: adding it rounds to a whole number
    const Vector n = (x * 1.44269504f + magic) - magic;
    Vector r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    Vector y = Vector{} + 1.9875691500e-4f;
    y = y * r + 1.3981999507e-3f;
    y = y * r + 8.3334519073e-3f;
    y = y * r + 4.1665795894e-2f;
    y = y * r + 1.6666665459e-1f;
    y = y * r + 5.0000001201e-1f;
    y = y * r * r + r + 1.0f;
    const Whole power = (__builtin_convertvector(n, Whole) + 127) << 23;
    *reinterpret_cast<Vector *>(values) = y * reinterpret_cast<const Vector &>(power);
}

static inline void exponential(double *values) {
    for (int i = 0; i < width<double>; ++i) values[i] = std::exp(values[i]);
}
