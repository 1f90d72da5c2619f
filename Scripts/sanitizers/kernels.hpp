// What the drivers of the kernels that are compared with libtorch share. To be included before the kernel's .cpp file, which a driver includes whole.
#pragma once
#define INSTRUCTIONS_MAY_CHANGE

#include <ATen/ATen.h>
#include "../../Sources/CTorchOperations/parallel.hpp"
#include "../../Sources/CTorchOperations/parts/life.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace ctorch {

/// Stands for `parallel_for`: every chunk on a thread of its own, so that the thread sanitizer sees who writes what.
template <typename Body>
void on_threads(int64_t begin, int64_t end, int64_t grain, const Body &body) {
    constexpr int64_t most = 4;
    const int64_t size = std::max<int64_t>({grain, 1, (end - begin + most - 1) / most});
    std::vector<std::thread> threads;
    for (int64_t first = begin; first < end; first += size) {
        threads.emplace_back([&body, first, last = std::min(first + size, end)] { body(first, last); });
    }
    for (auto &thread : threads) thread.join();
}

}  // namespace ctorch
#define parallel_for on_threads

/// Ends the driver unless `got` is near `expected`.
inline void demand_near(const at::Tensor &got, const at::Tensor &expected, double tolerance, const char *what) {
    const double difference = (got.to(at::kDouble) - expected.to(at::kDouble)).abs().max().item<double>();
    if (!(difference <= tolerance)) {
        std::fprintf(stderr, "%s: %g from the plain operations, at most %g is expected\n", what, difference, tolerance);
        std::exit(1);
    }
}

/// Calls `body` once for each instruction set that this processor has, with its name. `instructions` and the sets are the kernel's.
#if defined(__x86_64__)
#define FOR_ALL_INSTRUCTIONS(body)                                                     \
    const Instructions best = instructions;                                            \
    for (const Instructions set : {Instructions::plain, Instructions::avx2, Instructions::avx512}) { \
        if (set > best) continue;                                                      \
        instructions = set;                                                            \
        body(set == Instructions::plain ? "plain" : set == Instructions::avx2 ? "AVX2" : "AVX-512"); \
    }
#else
#define FOR_ALL_INSTRUCTIONS(body) body("plain");
#endif
