// Runs the blocks at full resolution on arrays that end where their last value ends, with one worker and with several: the numbers must be equal.
#include "cfullresolution.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace {

std::vector<float> drawn(std::mt19937 &random, size_t count) {
    std::normal_distribution<float> normal(0, 0.3f);
    std::vector<float> values(count);
    for (float &value : values) value = normal(random);
    values.shrink_to_fit();
    return values;
}

std::vector<float> logits(CFRPrecision precision, const CFRSizes &s, const std::vector<float> &weights, const std::vector<float> &input,
                          const std::vector<float> &coarse, int workers) {
    std::vector<float> result(size_t(s.classes) * s.depth * s.height * s.width, NAN);
    const CFRHandle handle = cfr_create(precision, &s, weights.data(), workers);
    if (!handle) return {};
    // Twice: what is left of one patch must not reach the next.
    for (int patch = 0; patch < 2; ++patch) {
        cfr_begin(handle, input.data(), result.data());
        for (int pass = 0; pass < CFR_PASSES; ++pass) {
            if (pass == CFR_PASSES_BEFORE_COARSE) cfr_set_coarse(handle, coarse.data());
            std::vector<std::thread> threads;
            for (int worker = 0; worker < workers; ++worker) threads.emplace_back([=] { cfr_work(handle, pass, worker); });
            for (auto &thread : threads) thread.join();
            cfr_finish(handle, pass);
        }
    }
    cfr_free(handle);
    return result;
}

bool run(CFRPrecision precision, const CFRSizes &s) {
    std::mt19937 random(3);
    const size_t places = size_t(s.stem[0]) * s.stem[1] * s.stem[2], volume = size_t(s.depth) * s.height * s.width;
    const auto weights = drawn(
        random, 16 * 27 * s.inputs + 16 * 16 * 27 + 16 * s.inputs + s.coarse * 16 * places + 2 * 16 * 16 * 27 + 16 * s.classes + s.classes);
    const auto input = drawn(random, volume * s.inputs), coarse = drawn(random, volume / places * s.coarse);
    std::vector<float> first;
    for (const int workers : {1, 2, 3}) {
        const auto result = logits(precision, s, weights, input, coarse, workers);
        for (const float value : result) if (!std::isfinite(value)) return false;
        if (workers == 1) first = result;
        else if (result.size() != first.size() || std::memcmp(result.data(), first.data(), first.size() * sizeof(float)) != 0) return false;
    }
    return !first.empty();
}

}  // namespace

int main() {
    const CFRSizes sizes[] = {
        {1, 2, 16, 1, 1, {1, 1, 4}, 1}, {2, 2, 16, 1, 2, {1, 2, 4}, 3}, {3, 18, 16, 4, 3, {1, 1, 1}, 16}, {8, 16, 32, 1, 9, {2, 4, 4}, 32},
        {17, 34, 48, 2, 14, {1, 2, 4}, 20}, {4, 20, 32, 4, 4, {4, 4, 4}, 8},
    };
    for (const auto precision : {CFR_FLOAT32, CFR_BFLOAT16}) {
        const char *const name = precision == CFR_FLOAT32 ? "float32" : "bfloat16";
        if (!cfr_supports(precision)) {
            std::printf("blocks at full resolution, %s: this processor lacks the instructions; not run\n", name);
            continue;
        }
        for (const auto &s : sizes) {
            if (run(precision, s)) continue;
            std::fprintf(stderr, "blocks at full resolution, %s, %d x %d x %d: refused, not finite, or not the same with several workers\n", name, s.depth, s.height, s.width);
            return 1;
        }
        std::printf("blocks at full resolution, %s: done\n", name);
    }
}
