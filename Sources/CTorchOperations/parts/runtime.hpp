#include "../handles.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/detail/MPSHooksInterface.h>
#include <ATen/Version.h>
#include <dlfcn.h>

#include <mutex>
#include <string>

using namespace ctorch;

const int ct_operations_are_linked = 1;

const char *ct_version(void) { return TORCH_VERSION; }

CTStatus ct_cpu_capability(const char **out) {
    return guarded([&] {
        static const std::string capability = at::get_cpu_capability();
        *out = capability.c_str();
    });
}

CTStatus ct_load_cuda(bool *out) {
    return guarded([&] {
        static const bool loaded = [] {
#if defined(__APPLE__)
            return false;
#else
            // Device code registers itself when its library is loaded. It lies in the folder of the CPU library; one binary serves both
            // builds of libtorch because it is only looked for at run time.
            Dl_info where;
            if (!dladdr(reinterpret_cast<void *>(&at::get_num_threads), &where) || !where.dli_fname) return false;
            std::string folder(where.dli_fname);
            folder.resize(folder.find_last_of('/') + 1);
            if (!dlopen((folder + "libtorch_cuda.so").c_str(), RTLD_NOW | RTLD_GLOBAL)) return false;
            dlopen((folder + "libtorch_cuda_linalg.so").c_str(), RTLD_NOW | RTLD_GLOBAL);  // optional
            return true;
#endif
        }();
        *out = loaded;
    });
}

CTStatus ct_device_count(CTDeviceKind kind, int64_t *out) {
    return guarded([&] {
        switch (kind) {
            case CT_CPU: *out = 1; break;
            case CT_CUDA: *out = at::hasCUDA() ? static_cast<int64_t>(at::detail::getCUDAHooks().deviceCount()) : 0; break;
            case CT_MPS: *out = at::hasMPS() ? 1 : 0; break;
        }
    });
}

CTStatus ct_set_threads(int32_t count) {
    return guarded([&] { at::set_num_threads(count); });
}

CTStatus ct_threads(int32_t *out) {
    return guarded([&] { *out = at::get_num_threads(); });
}

CTStatus ct_seed(uint64_t seed) {
    return guarded([&] { at::manual_seed(seed); });
}

CTStatus ct_random_state(CTTensor *out) {
    return yields(out, [&] {
        auto generator = at::detail::getDefaultCPUGenerator();
        std::lock_guard<std::mutex> lock(generator.mutex());
        return generator.get_state().clone();
    });
}

CTStatus ct_set_random_state(CTTensor state) {
    return guarded([&] {
        auto generator = at::detail::getDefaultCPUGenerator();
        std::lock_guard<std::mutex> lock(generator.mutex());
        generator.set_state(tensor(state));
    });
}

CTStatus ct_generator(CTDevice on, uint64_t seed, CTGenerator *out) {
    return guarded([&] {
        auto generator = on.kind == CT_CPU ? at::detail::createCPUGenerator(seed)
                                           : at::globalContext().defaultGenerator(device(on)).clone();
        generator.set_current_seed(seed);
        *out = {new at::Generator(std::move(generator))};
    });
}

void ct_free_generator(CTGenerator generator) { delete static_cast<at::Generator *>(generator.pointer); }

CTStatus ct_generator_state(CTGenerator handle, CTTensor *out) {
    return yields(out, [&] {
        auto generator = *optional(handle);
        std::lock_guard<std::mutex> lock(generator.mutex());
        return generator.get_state().clone();
    });
}

CTStatus ct_set_generator_state(CTGenerator handle, CTTensor state) {
    return guarded([&] {
        auto generator = *optional(handle);
        std::lock_guard<std::mutex> lock(generator.mutex());
        generator.set_state(tensor(state));
    });
}

CTStatus ct_synchronize(CTDevice on) {
    return guarded([&] {
        // Reading a value back waits for everything queued before it, on every kind of device.
        if (on.kind != CT_CPU) at::zeros({1}, at::dtype(at::kFloat).device(device(on))).item<float>();
    });
}

CTStatus ct_set_deterministic(bool on) {
    return guarded([&] { at::globalContext().setDeterministicAlgorithms(on, /*warn_only=*/true); });
}
