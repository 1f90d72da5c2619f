#include "../handles.hpp"

#include <atomic>
#include <string>

namespace ctorch {

static thread_local std::string last_message;
static std::atomic<int64_t> live{0};
static thread_local int64_t live_of_thread = 0;

void remember(const char *message) noexcept {
    try {
        last_message = message;
    } catch (...) {
        last_message.clear();  // no memory even for the message; the status still tells
    }
}

CTTensor hand_out(at::Tensor tensor) {
    auto *owned = new at::Tensor(std::move(tensor));
    live.fetch_add(1, std::memory_order_relaxed);
    ++live_of_thread;
    return {owned};
}

at::ScalarType scalar_type(CTType type) {
    switch (type) {
        case CT_UINT8: return at::kByte;
        case CT_INT8: return at::kChar;
        case CT_INT16: return at::kShort;
        case CT_INT32: return at::kInt;
        case CT_INT64: return at::kLong;
        case CT_FLOAT16: return at::kHalf;
        case CT_BFLOAT16: return at::kBFloat16;
        case CT_FLOAT32: return at::kFloat;
        case CT_FLOAT64: return at::kDouble;
        case CT_BOOL: return at::kBool;
    }
    TORCH_CHECK(false, "unknown element type number ", static_cast<int>(type));
}

CTType scalar_type(at::ScalarType type) {
    switch (type) {
        case at::kByte: return CT_UINT8;
        case at::kChar: return CT_INT8;
        case at::kShort: return CT_INT16;
        case at::kInt: return CT_INT32;
        case at::kLong: return CT_INT64;
        case at::kHalf: return CT_FLOAT16;
        case at::kBFloat16: return CT_BFLOAT16;
        case at::kFloat: return CT_FLOAT32;
        case at::kDouble: return CT_FLOAT64;
        case at::kBool: return CT_BOOL;
        default: TORCH_CHECK(false, "tensors of type ", type, " are not supported");
    }
}

at::Device device(CTDevice device) {
    switch (device.kind) {
        case CT_CPU: return at::Device(at::kCPU);
        case CT_CUDA: return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(device.index));
        case CT_MPS: return at::Device(at::kMPS, 0);
    }
    TORCH_CHECK(false, "unknown device kind number ", static_cast<int>(device.kind));
}

at::MemoryFormat memory_format(CTMemoryFormat format) {
    return format == CT_CHANNELS_LAST_3D ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::Contiguous;
}

}  // namespace ctorch

using namespace ctorch;

const char *ct_error_message(void) { return last_message.c_str(); }

int64_t ct_live_handles(void) { return live.load(std::memory_order_relaxed); }

int64_t ct_live_handles_of_thread(void) { return live_of_thread; }

void ct_free(CTTensor handle) {
    if (!handle.pointer) return;
    live.fetch_sub(1, std::memory_order_relaxed);
    --live_of_thread;
    delete static_cast<at::Tensor *>(handle.pointer);
}

CTStatus ct_shape(CTTensor t, int64_t *values, int64_t capacity, int64_t *count) {
    return guarded([&] {
        auto shape = tensor(t).sizes();
        TORCH_CHECK(static_cast<int64_t>(shape.size()) <= capacity, "a tensor of ", shape.size(), " axes, at most ", capacity, " expected");
        std::copy(shape.begin(), shape.end(), values);
        *count = static_cast<int64_t>(shape.size());
    });
}

CTStatus ct_type(CTTensor t, CTType *out) {
    return guarded([&] { *out = scalar_type(tensor(t).scalar_type()); });
}

CTStatus ct_device(CTTensor t, CTDevice *out) {
    return guarded([&] {
        auto device = tensor(t).device();
        TORCH_CHECK(device.is_cpu() || device.is_cuda() || device.is_mps(), "device ", device, " is not supported");
        *out = {device.is_cpu() ? CT_CPU : device.is_cuda() ? CT_CUDA : CT_MPS, device.has_index() ? device.index() : 0};
    });
}

CTStatus ct_is_contiguous(CTTensor t, CTMemoryFormat format, bool *out) {
    return guarded([&] { *out = tensor(t).is_contiguous(memory_format(format)); });
}

CTStatus ct_copy_bytes(CTTensor t, void *bytes, int64_t count) {
    return guarded([&] {
        auto dense = tensor(t).detach().to(at::kCPU).contiguous();
        TORCH_CHECK(static_cast<int64_t>(dense.nbytes()) == count, "a tensor of ", dense.nbytes(), " bytes, ", count, " expected");
        if (count > 0) std::memcpy(bytes, dense.const_data_ptr(), count);
    });
}

CTStatus ct_data(CTTensor t, void **out) {
    return guarded([&] {
        TORCH_CHECK(tensor(t).is_cpu() && tensor(t).is_contiguous(), "memory is only given out of contiguous CPU tensors");
        *out = tensor(t).data_ptr();
    });
}
