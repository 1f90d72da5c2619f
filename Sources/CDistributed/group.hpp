// What the C++ files of this target share.
#pragma once

#include "handles.hpp"

#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <atomic>

#include "cdistributed.h"

namespace cdistributed {

struct Group : torch::CustomClassHolder {
    c10::intrusive_ptr<c10d::ProcessGroup> processes;
    std::atomic<bool> has_failed{false};

    int64_t count() const { return processes->getSize(); }

    /// Runs a collective call and remembers that it failed, whatever the reason: the processes are no longer in step.
    template <typename Body>
    auto call(Body body) {
        try {
            return body();
        } catch (...) {
            has_failed = true;
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
