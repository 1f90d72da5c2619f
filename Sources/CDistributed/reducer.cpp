#include "group.hpp"

#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <memory>
#include <type_traits>

using namespace ctorch;
using namespace cdistributed;

namespace {

/// Averages a bucket, and remembers when that fails: the backward pass tells its own failures no other way.
class Averaging : public c10d::CommHookInterface {
public:
    explicit Averaging(c10::intrusive_ptr<Group> group) : group(std::move(group)) {}

    c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket &bucket) override {
        return group->call([&] {
            std::vector<at::Tensor> tensors{bucket.getBufferRef()};
            tensors[0].div_(group->count());
            auto future = group->processes->allreduce(tensors)->getFuture();
            future->addCallback([failure = group->failure](c10::ivalue::Future &done) {
                if (done.hasError()) *failure = true;
            });
            return future;
        });
    }

    at::Tensor parseHookResult(const c10::IValue &result) override { return c10d::detail::parseCppCommHookResult(result); }

private:
    c10::intrusive_ptr<Group> group;
};

/// Buckets in the order in which gradients become ready, about that in which the parameters were made, backward. They stay as they are, so that
/// sums do not depend on where a run was resumed.
std::vector<std::vector<size_t>> buckets(const std::vector<at::Tensor> &parameters) {
    const std::vector<at::Tensor> backward(parameters.rbegin(), parameters.rend());
    auto found = std::get<0>(c10d::compute_bucket_assignment_by_size(
        backward, {c10d::kDefaultFirstBucketBytes, c10d::kDefaultBucketBytesCap}, std::vector<bool>(backward.size(), false)));
    for (auto &bucket : found) {
        for (auto &index : bucket) index = parameters.size() - 1 - index;
    }
    return found;
}

/// The constructor's last parameters differ between versions of libtorch.
template <typename Made>
std::unique_ptr<Made> make_reducer(std::vector<at::Tensor> parameters, const c10::intrusive_ptr<c10d::ProcessGroup> &processes) {
    using Names = std::unordered_map<size_t, std::string>;
    using Buckets = std::vector<std::vector<size_t>>;
    auto assigned = buckets(parameters);
    std::vector<bool> sparse(parameters.size(), false);
    const int64_t first = c10d::kDefaultFirstBucketBytes, most = c10d::kDefaultBucketBytesCap;
    constexpr bool has_cap_list = std::is_constructible_v<
        Made, std::vector<at::Tensor>, Buckets, c10::intrusive_ptr<c10d::ProcessGroup>, std::vector<bool>, int64_t, bool, bool, Names, int64_t, bool, bool,
        std::vector<int64_t>>;
    if constexpr (has_cap_list) {
        return std::make_unique<Made>(
            std::move(parameters), std::move(assigned), processes, std::move(sparse), most, /*find_unused_parameters=*/true,
            /*gradient_as_bucket_view=*/true, Names{}, first, /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false,
            std::vector<int64_t>{});
    } else {
        return std::make_unique<Made>(
            std::move(parameters), std::move(assigned), processes, std::move(sparse), most, /*find_unused_parameters=*/true,
            /*gradient_as_bucket_view=*/true, Names{}, first, /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false);
    }
}

/// The reducer warns that it looks for parameters without gradients although there are none: they are few, but some networks have them.
struct Silence : c10::WarningHandler {
    void process(const c10::Warning &) override {}
};

struct Reduction {
    c10::intrusive_ptr<Group> group;
    std::unique_ptr<c10d::Reducer> reducer;
};

}  // namespace

CTStatus cd_make_reducer(CDGroup handle, CTTensors parameters, CDReducer *out) {
    return guarded([&] {
        auto shared = group(handle);
        auto made = make_reducer<c10d::Reducer>(list(parameters), shared->processes);
        made->register_comm_hook(std::make_unique<Averaging>(shared));
        *out = {new Reduction{shared, std::move(made)}};
    });
}

CTStatus cd_prepare(CDReducer handle, CTTensor loss) {
    return guarded([&] {
        auto *reduction = static_cast<Reduction *>(handle.pointer);
        Silence silence;
        c10::WarningUtils::WarningHandlerGuard guard(&silence);
        reduction->group->call([&] {
            reduction->reducer->prepare_for_forward();
            reduction->reducer->prepare_for_backward({tensor(loss)});
        });
    });
}

void cd_free_reducer(CDReducer handle) {
    auto *reduction = static_cast<Reduction *>(handle.pointer);
    if (!reduction) return;
    // What is under way can no longer end.
    if (reduction->group->has_failed()) return;
    delete reduction;
}
