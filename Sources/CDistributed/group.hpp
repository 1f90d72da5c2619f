// What the C++ files of this target share.
#pragma once

#include "handles.hpp"

#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <atomic>
#include <memory>

#include "cdistributed.h"

namespace cdistributed {

struct Group : torch::CustomClassHolder {
    c10::intrusive_ptr<c10d::ProcessGroup> processes;
    /// Set when processes are no longer in step. Its own, because what comes last of a call, on a thread of `processes`, must not be what keeps these alive: a
    /// thread cannot wait for itself.
    const std::shared_ptr<std::atomic<bool>> failure = std::make_shared<std::atomic<bool>>(false);

    bool has_failed() const { return *failure; }

    int64_t count() const { return processes->getSize(); }

    /// Runs a collective call and remembers that it failed, whatever the reason: the processes are no longer in step.
    template <typename Body>
    auto call(Body body) {
        try {
            return body();
        } catch (...) {
            *failure = true;
            throw;
        }
    }

    /// Sums a dense tensor in place.
    void sum_in_place(at::Tensor tensor) {
        call([&] {
            std::vector<at::Tensor> tensors{std::move(tensor)};
            processes->allreduce(tensors)->wait();
        });
    }
};

inline c10::intrusive_ptr<Group> group(CDGroup handle) {
    return c10::intrusive_ptr<Group>::reclaim_copy(static_cast<Group *>(handle.pointer));
}

}  // namespace cdistributed
