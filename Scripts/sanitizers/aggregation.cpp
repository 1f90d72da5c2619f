// Runs the aggregation on tensors that end where their last value ends, and compares it with plain operations.
#include "kernels.hpp"

#include "../../Sources/CTorch/aggregation.cpp"

namespace {

at::Tensor activated(const at::Tensor &logits, CTActivation activation) {
    if (activation == CT_SOFTMAX) return logits.softmax(0);
    return activation == CT_SIGMOID ? logits.sigmoid() : logits;
}

/// `target` may be a window of a larger volume, whose rows then lie apart.
void run(const at::Tensor &target, CTActivation activation, const std::vector<int64_t> &axes) {
    const auto logits = 5 * at::randn(target.sizes()), weights = at::rand(target.sizes().slice(1)) + 0.1;
    const auto expected = target + 0.5 * weights * activated(logits, activation).flip(axes);
    add(target, logits, weights, activation, axes, 0.5);
    demand_near(target, expected, 1e-5, "sums");
}

void run_all(const char *set) {
    const std::vector<int64_t> mirrored[] = {{}, {1}, {2}, {3}, {1, 3}, {1, 2, 3}};
    for (const auto activation : {CT_SOFTMAX, CT_SIGMOID})
        for (const int64_t classes : {1, 2, 14})
            for (const int64_t width : {1, 15, 16, 17, 96})
                for (const auto &axes : mirrored) {
                    run(at::rand({classes, 3, 5, width}), activation, axes);
                    const auto volume = at::rand({classes, 5, 9, width + 3});
                    run(volume.slice(1, 1, 4).slice(2, 4, 9).slice(3, 3, width + 3), activation, axes);
                }
    // More rows than one thread takes.
    run(at::rand({3, 16, 20, 24}), CT_SOFTMAX, {1, 3});
    std::printf("aggregation, %s: done\n", set);
}

}  // namespace

int main() {
    at::set_num_threads(1);
    at::manual_seed(1);
    FOR_ALL_INSTRUCTIONS(run_all)
}
