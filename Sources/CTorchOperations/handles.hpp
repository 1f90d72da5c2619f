// What the C++ files of this target share: handles to tensors, and the one place where exceptions become statuses.
#pragma once

#if !__has_include(<ATen/ATen.h>)
#error "libtorch was not found. Three ways out: (1) `make setup` installs it into .libtorch; (2) `make setup LIBTORCH=/path` uses yours (a folder with include/ and lib/); (3) in a package that depends on this one, set PKG_CONFIG_PATH to the folder that holds libtorch.pc."
#else
#include <ATen/ATen.h>
#include <torch/version.h>

#if TORCH_VERSION_MAJOR != 2 || TORCH_VERSION_MINOR < 11 || TORCH_VERSION_MINOR > 13
#error "This libtorch is not one of the versions 2.11 to 2.13. Three ways out: (1) `make setup` installs 2.13.0 into .libtorch; (2) `make setup LIBTORCH=/path` uses another one; (3) set PKG_CONFIG_PATH to the folder of another libtorch.pc."
#endif

#include <optional>
#include <vector>

#include "ctorch.h"

namespace ctorch {

/// Remembers `message` as the last failure of this thread.
void remember(const char *message) noexcept;

/// A new handle that owns `tensor`; counted until ct_free.
CTTensor hand_out(at::Tensor tensor);

inline at::Tensor &tensor(CTTensor handle) { return *static_cast<at::Tensor *>(handle.pointer); }

inline std::optional<at::Tensor> optional(CTTensor handle) {
    return handle.pointer ? std::optional<at::Tensor>(tensor(handle)) : std::nullopt;
}

inline std::optional<at::Generator> optional(CTGenerator handle) {
    return handle.pointer ? std::optional<at::Generator>(*static_cast<at::Generator *>(handle.pointer)) : std::nullopt;
}

inline at::IntArrayRef sizes(CTSizes sizes) { return {sizes.values, static_cast<size_t>(sizes.count)}; }

inline std::vector<at::Tensor> list(CTTensors handles) {
    std::vector<at::Tensor> result;
    result.reserve(handles.count);
    for (int64_t i = 0; i < handles.count; ++i) result.push_back(tensor(handles.tensors[i]));
    return result;
}

at::ScalarType scalar_type(CTType type);
CTType scalar_type(at::ScalarType type);
at::Device device(CTDevice device);
at::MemoryFormat memory_format(CTMemoryFormat format);

inline at::TensorOptions options(CTType type, CTDevice on) { return at::dtype(scalar_type(type)).device(device(on)); }

/// Runs `body`; an exception becomes a status and this thread's message.
template <typename Body>
CTStatus guarded(Body body) noexcept {
    try {
        body();
        return CT_OK;
    } catch (const c10::Error &error) {
        remember(error.what_without_backtrace());
        return CT_TORCH_ERROR;
    } catch (const std::exception &error) {
        remember(error.what());
        return CT_STANDARD_ERROR;
    } catch (...) {
        remember("an exception of unknown type");
        return CT_UNKNOWN_ERROR;
    }
}

/// Runs `body`, which returns a tensor, and hands the tensor out.
template <typename Body>
CTStatus yields(CTTensor *out, Body body) noexcept {
    return guarded([&] { *out = hand_out(body()); });
}

}  // namespace ctorch
#endif
