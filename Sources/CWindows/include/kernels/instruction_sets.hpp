// Includes the file KERNEL once for each instruction set, into a namespace of its own, and defines WITH_BEST_INSTRUCTIONS, which calls a
// function of the best one that this processor has. To be included once in a C++ file, inside its unnamed namespace, after <cmath>, <cstdint>
// and <new>.
//
// A kernel is therefore without include guard, and without lambdas, which would not inherit the set. It is given `VECTORS` (vectors held at
// a time) and what exponential.hpp has.

namespace plain {
#define VECTORS 1
#include "exponential.hpp"
#include KERNEL
#undef VECTORS
}  // namespace plain

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
namespace avx2 {
#define VECTORS 1
#include "exponential.hpp"
#include KERNEL
#undef VECTORS
}  // namespace avx2
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
namespace avx512 {
#define VECTORS 4
#include "exponential.hpp"
#include KERNEL
#undef VECTORS
}  // namespace avx512
#pragma clang attribute pop

enum class Instructions { plain, avx2, avx512 };

// The one that is used. Scripts/sanitizers has it changed, to run the others too.
#if !defined(INSTRUCTIONS_MAY_CHANGE)
const
#endif
Instructions instructions = [] {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl")) {
        return Instructions::avx512;
    }
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? Instructions::avx2 : Instructions::plain;
}();
#define WITH_BEST_INSTRUCTIONS(call)                                \
    switch (instructions) {                                         \
        case Instructions::avx512: avx512::call; break;             \
        case Instructions::avx2: avx2::call; break;                 \
        case Instructions::plain: plain::call; break;               \
    }
#else
#define WITH_BEST_INSTRUCTIONS(call) plain::call;
#endif

/// Memory on a vector's boundary.
template <typename Scalar>
struct Scratch {
    Scalar *const start;

    explicit Scratch(int64_t count) : start(static_cast<Scalar *>(::operator new((count + 64) * sizeof(Scalar), std::align_val_t(64)))) {}
    Scratch(const Scratch &) = delete;
    ~Scratch() { ::operator delete(start, std::align_val_t(64)); }
};
