// Runs the spatial attention, forward and backward, on tensors that end where their last value ends, and compares it with plain operations.
#include "kernels.hpp"

#include "../../Sources/CTorchOperations/parts/spatial_attention.hpp"

namespace {

struct Shape { int64_t samples, tokens, channels, heads, projected; };

/// One token, a tile's edge from both sides, several blocks; channels and projections that fill no vector.
const Shape shapes[] = {{1, 1, 4, 1, 1}, {2, 63, 16, 4, 8}, {1, 64, 32, 4, 32}, {1, 65, 12, 3, 5}, {2, 513, 8, 2, 7}, {1, 1100, 48, 4, 64}};

at::Tensor from_operations(const at::Tensor &tokens, const at::Tensor &keys, const at::Tensor &values, bool published) {
    const auto n = values.size(0), h = values.size(1), p = values.size(2), d = values.size(3), t = tokens.size(1);
    const auto attention = tokens.matmul(keys.transpose(1, 2)).view({n, t, h, p}).softmax(-1).transpose(1, 2);  // [N, h, T, p]
    const auto output = attention.matmul(values);                                                              // [N, h, T, d]
    return (published ? output.permute({0, 3, 1, 2}) : output.permute({0, 2, 1, 3})).reshape({n, t, h * d});
}

void run(const Shape &s, at::ScalarType type, bool published, double dropout) {
    const auto stored = at::dtype(type), computed = at::dtype(type == at::kDouble ? at::kDouble : at::kFloat);
    const int64_t width = s.channels / s.heads;
    auto tokens = at::randn({s.samples, s.tokens, s.channels}, stored).requires_grad_();
    auto keys = (0.3 * at::randn({s.samples, s.heads * s.projected, s.channels}, computed)).detach().requires_grad_();
    auto values = at::randn({s.samples, s.heads, s.projected, width}, computed).requires_grad_();
    const auto output = SpatialAttention::apply(tokens, keys, values, published, dropout, 7);
    const auto gradient = at::randn_like(output);
    output.backward(gradient);
    if (dropout > 0) return;
    const auto t = tokens.detach().to(at::kDouble).requires_grad_(), k = keys.detach().to(at::kDouble).requires_grad_(),
               v = values.detach().to(at::kDouble).requires_grad_();
    const auto expected = from_operations(t, k, v, published);
    expected.backward(gradient.to(at::kDouble));
    const double tolerance = type == at::kDouble ? 1e-11 : type == at::kFloat ? 2e-3 : 0.15;
    demand_near(output, expected, tolerance, "output");
    demand_near(tokens.grad(), t.grad(), 4 * tolerance, "gradient of the tokens");
    demand_near(keys.grad(), k.grad(), 40 * tolerance, "gradient of the keys");
    demand_near(values.grad(), v.grad(), 40 * tolerance, "gradient of the values");
}

void run_all(const char *set) {
    for (const auto &shape : shapes)
        for (const auto type : {at::kFloat, at::kDouble, at::kBFloat16, at::kHalf})
            for (const bool published : {false, true})
                for (const double dropout : {0.0, 0.25}) run(shape, type, published, dropout);
    std::printf("spatial attention, %s: done\n", set);
}

}  // namespace

int main() {
    at::set_num_threads(1);
    at::manual_seed(1);
    FOR_ALL_INSTRUCTIONS(run_all)
}
