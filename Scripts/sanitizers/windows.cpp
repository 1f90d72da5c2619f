// Runs the sums over windows on arrays that end where their last value ends, and compares them with plain operations.
#include "kernels.hpp"

#include "../../Sources/CWindows/windows.cpp"

namespace {

at::Tensor activated(const at::Tensor &logits, CWActivation activation) {
    if (activation == CW_SOFTMAX) return logits.softmax(0);
    return activation == CW_SIGMOID ? logits.sigmoid() : logits;
}

/// `target` may be a window of a larger volume, whose rows then lie apart. Axes are those of D, H, W from 1 on.
void run(const at::Tensor &target, CWActivation activation, const std::vector<int64_t> &axes) {
    const auto logits = 5 * at::randn(target.sizes()), weights = at::rand(target.sizes().slice(1)) + 0.1;
    const auto expected = target + 0.5 * weights * activated(logits, activation).flip(axes);
    CWPrediction prediction{
        activation, target.size(0), {target.size(1), target.size(2), target.size(3)}, {}, 0.5f,
        {logits.stride(0), logits.stride(1), logits.stride(2)}, {weights.stride(0), weights.stride(1)},
        {target.stride(0), target.stride(1), target.stride(2)}};
    for (const int64_t axis : axes) prediction.mirrored[axis - 1] = true;
    ctorch::parallel_for(0, target.size(1) * target.size(2), 64, [&](int64_t first, int64_t end) {
        cw_add(&prediction, logits.const_data_ptr<float>(), weights.const_data_ptr<float>(), target.data_ptr<float>(), first, end);
    });
    demand_near(target, expected, 1e-5, "sums");

    const auto counts = at::rand(weights.sizes()) + 1, more = counts + weights;
    const int64_t strides[2] = {weights.stride(0), weights.stride(1)};
    cw_add_weights(prediction.size, weights.const_data_ptr<float>(), strides, counts.data_ptr<float>(), strides);
    demand_near(counts, more, 1e-6, "counts");
    const auto means = at::empty(weights.sizes());
    cw_divide(
        logits.const_data_ptr<float>(), counts.const_data_ptr<float>(), weights.size(2), weights.size(0) * weights.size(1), weights.size(2),
        means.data_ptr<float>());
    demand_near(means, logits[0] / counts, 1e-6, "means");
}

void run_all(const char *set) {
    const std::vector<int64_t> mirrored[] = {{}, {1}, {2}, {3}, {1, 3}, {1, 2, 3}};
    for (const auto activation : {CW_SOFTMAX, CW_SIGMOID})
        for (const int64_t classes : {1, 2, 14})
            for (const int64_t width : {1, 15, 16, 17, 96})
                for (const auto &axes : mirrored) {
                    run(at::rand({classes, 3, 5, width}), activation, axes);
                    const auto volume = at::rand({classes, 5, 9, width + 3});
                    run(volume.slice(1, 1, 4).slice(2, 4, 9).slice(3, 3, width + 3), activation, axes);
                }
    // More rows than one thread takes.
    run(at::rand({3, 16, 20, 24}), CW_SOFTMAX, {1, 3});
    std::printf("windows, %s: done\n", set);
}

}  // namespace

int main() {
    at::set_num_threads(1);
    at::manual_seed(1);
    FOR_ALL_INSTRUCTIONS(run_all)
}
