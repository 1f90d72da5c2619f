// The part that connects GPUs: libtorch's ProcessGroupNCCL. A library of its own, since its headers come with CUDA builds of libtorch only.
//
// `Scripts/build-nccl` builds it; CDistributed loads it when it is there. Both must be built against the same version of libtorch.
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <torch/version.h>

extern "C" {

const char *unetrpp_nccl_version() { return TORCH_VERSION; }

/// Makes a backend for the GPUs of the processes that meet in `store`; what fails is thrown.
void unetrpp_nccl_backend(
    const c10::intrusive_ptr<c10d::Store> &store, int rank, int count, std::chrono::milliseconds timeout, c10::intrusive_ptr<c10d::Backend> &out) {
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = timeout;
    out = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, count, options);
}
}
