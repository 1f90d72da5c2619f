#include "group.hpp"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/comm.hpp>

#include <dlfcn.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <memory>

using namespace ctorch;
using namespace cdistributed;
using std::chrono::milliseconds;

namespace {

using Store = c10::intrusive_ptr<c10d::Store>;

Store &store(CDStore handle) { return *static_cast<Store *>(handle.pointer); }

/// Bytes that are sent at once.
constexpr int64_t piece = 25 << 20;

std::string text(const sockaddr *address, socklen_t length) {
    char name[NI_MAXHOST];
    return getnameinfo(address, length, name, sizeof name, nullptr, 0, NI_NUMERICHOST) == 0 ? name : "";
}

bool is_loopback(const std::string &address) { return address.empty() || address.rfind("127.", 0) == 0 || address == "::1"; }

/// This machine's address on the way to `host`, which no packet is sent for.
std::string address_towards(const char *host) {
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_DGRAM;
    if (getaddrinfo(host, "9", &hints, &found) != 0) return "";
    std::string result;
    for (auto *one = found; one && result.empty(); one = one->ai_next) {
        const int socket = ::socket(one->ai_family, SOCK_DGRAM, 0);
        if (socket < 0) continue;
        sockaddr_storage own{};
        socklen_t length = sizeof own;
        if (::connect(socket, one->ai_addr, one->ai_addrlen) == 0 && getsockname(socket, reinterpret_cast<sockaddr *>(&own), &length) == 0) {
            result = text(reinterpret_cast<sockaddr *>(&own), length);
        }
        ::close(socket);
    }
    freeaddrinfo(found);
    return result;
}

/// The first address that other machines can reach. On many systems the own name leads to 127.0.1.1, which none can.
std::string outside_address() {
    ifaddrs *all = nullptr;
    if (getifaddrs(&all) != 0) return "";
    std::string result;
    for (auto *one = all; one && result.empty(); one = one->ifa_next) {
        const bool is_up = (one->ifa_flags & IFF_UP) && (one->ifa_flags & IFF_RUNNING) && !(one->ifa_flags & IFF_LOOPBACK);
        if (is_up && one->ifa_addr && one->ifa_addr->sa_family == AF_INET) result = text(one->ifa_addr, sizeof(sockaddr_in));
    }
    freeifaddrs(all);
    return result;
}

std::shared_ptr<gloo::transport::Device> make_device(const char *interface, const char *towards) {
    if (interface) return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
    if (!towards) return c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1");
    auto address = address_towards(towards);
    if (is_loopback(address)) address = outside_address();
    return address.empty() ? c10d::ProcessGroupGloo::createDefaultDevice() : c10d::ProcessGroupGloo::createDeviceForHostname(address);
}

/// The part that connects GPUs (nccl/nccl.cpp), once it is loaded.
using MakeNCCL = void (*)(const Store &, int, int, milliseconds, c10::intrusive_ptr<c10d::Backend> &);
MakeNCCL make_nccl = nullptr;

/// The sum over the processes; so is its gradient.
struct Sum : torch::autograd::Function<Sum> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &values, const c10::intrusive_ptr<Group> &group) {
        context->saved_data["group"] = c10::IValue::make_capsule(group);
        return summed(values, *group);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context, torch::autograd::variable_list gradients) {
        auto group = c10::static_intrusive_pointer_cast<Group>(context->saved_data["group"].toCapsule());
        return {summed(gradients[0], *group), {}};
    }

    static at::Tensor summed(const at::Tensor &values, Group &group) {
        auto sum = values.detach().clone(at::MemoryFormat::Contiguous);
        group.sum_in_place(sum);
        return sum;
    }
};

/// Calls `body` with lists of tensors of one type on one device that are at most a piece together, or one tensor.
template <typename Body>
void in_pieces(const std::vector<at::Tensor> &tensors, Body body) {
    std::map<std::pair<at::ScalarType, at::Device>, std::vector<at::Tensor>, bool (*)(const std::pair<at::ScalarType, at::Device> &, const std::pair<at::ScalarType, at::Device> &)>
        kinds([](const auto &a, const auto &b) {
            return std::make_tuple(a.first, a.second.type(), a.second.index()) < std::make_tuple(b.first, b.second.type(), b.second.index());
        });
    for (const auto &tensor : tensors) kinds[{tensor.scalar_type(), tensor.device()}].push_back(tensor);
    for (auto &[kind, members] : kinds) {
        std::vector<at::Tensor> next;
        int64_t bytes = 0;
        for (const auto &tensor : members) {
            if (!next.empty() && bytes + static_cast<int64_t>(tensor.nbytes()) > piece) {
                body(next);
                next.clear();
                bytes = 0;
            }
            next.push_back(tensor);
            bytes += static_cast<int64_t>(tensor.nbytes());
        }
        if (!next.empty()) body(next);
    }
}

}  // namespace

CTStatus cd_open_tcp_store(const char *host, int32_t port, bool serves, const char *prefix, int64_t timeout_ms, CDStore *out) {
    return guarded([&] {
        c10d::TCPStoreOptions options;
        options.port = static_cast<uint16_t>(port);
        options.isServer = serves;
        options.waitWorkers = false;
        options.timeout = milliseconds(timeout_ms);
        *out = {new Store(c10::make_intrusive<c10d::PrefixStore>(prefix, c10::make_intrusive<c10d::TCPStore>(host, options)))};
    });
}

CTStatus cd_open_file_store(const char *path, int32_t count, int64_t timeout_ms, CDStore *out) {
    return guarded([&] {
        auto opened = c10::make_intrusive<c10d::FileStore>(path, count);
        opened->setTimeout(milliseconds(timeout_ms));
        *out = {new Store(std::move(opened))};
    });
}

void cd_free_store(CDStore handle) { delete static_cast<Store *>(handle.pointer); }

CTStatus cd_set(CDStore handle, const char *key, const char *text) {
    return guarded([&] { store(handle)->set(key, std::string(text)); });
}

CTStatus cd_get(CDStore handle, const char *key, int64_t timeout_ms, char *text, int64_t capacity) {
    return guarded([&] {
        store(handle)->wait({key}, milliseconds(timeout_ms));
        const auto found = store(handle)->get_to_str(key);
        const auto length = std::min(static_cast<int64_t>(found.size()), capacity - 1);
        std::copy_n(found.data(), length, text);
        text[length] = 0;
    });
}

CTStatus cd_join(
    CDStore handle, int32_t rank, int32_t count, const char *interface, const char *towards, bool uses_nccl, int64_t timeout_ms,
    CDGroup *out) {
    return guarded([&] {
        TORCH_CHECK(!uses_nccl || make_nccl, "the part that connects GPUs is not loaded");
        auto options = c10d::ProcessGroupGloo::Options::create(milliseconds(timeout_ms));
        options->devices.push_back(make_device(interface, towards));
        auto backend = c10::make_intrusive<c10d::ProcessGroupGloo>(store(handle), rank, count, options);
        auto made = c10::make_intrusive<Group>();
        made->processes = c10::make_intrusive<c10d::ProcessGroup>(store(handle), rank, count);
        made->processes->setBackend(at::kCPU, c10d::ProcessGroup::BackendType::GLOO, backend);
        made->processes->setDefaultBackend(c10d::ProcessGroup::BackendType::GLOO);
        if (uses_nccl) {
            c10::intrusive_ptr<c10d::Backend> gpus;
            make_nccl(c10::make_intrusive<c10d::PrefixStore>("nccl", store(handle)), rank, count, milliseconds(timeout_ms), gpus);
            made->processes->setBackend(at::kCUDA, c10d::ProcessGroup::BackendType::NCCL, gpus);
        }
        made->processes->setGroupName("training");
        *out = {made.release()};
    });
}

CTStatus cd_load_nccl(const char *path, bool *out) {
    return guarded([&] {
        if (!make_nccl) {
            void *library = dlopen(path ? path : "libunetrpp-nccl.so", RTLD_NOW | RTLD_LOCAL);
            if (library) {
                auto version = reinterpret_cast<const char *(*)()>(dlsym(library, "unetrpp_nccl_version"));
                TORCH_CHECK(version && std::string(version()) == TORCH_VERSION, "the library that connects GPUs was built for another libtorch");
                make_nccl = reinterpret_cast<MakeNCCL>(dlsym(library, "unetrpp_nccl_backend"));
            }
        }
        *out = make_nccl != nullptr;
    });
}

void cd_free_group(CDGroup handle) {
    if (!handle.pointer) return;
    auto owned = c10::intrusive_ptr<Group>::reclaim(static_cast<Group *>(handle.pointer));
    // Freeing would wait for what can no longer end.
    if (owned->has_failed()) owned.release();
}

bool cd_has_failed(CDGroup handle) { return group(handle)->has_failed(); }

CTStatus cd_sum_values(CDGroup handle, double *values, int64_t count) {
    return guarded([&] { group(handle)->sum_in_place(at::from_blob(values, {count}, at::kDouble)); });
}

CTStatus cd_average_in_place(CDGroup handle, CTTensors tensors) {
    return guarded([&] {
        at::NoGradGuard guard;
        auto shared = group(handle);
        in_pieces(list(tensors), [&](const std::vector<at::Tensor> &members) {
            std::vector<at::Tensor> flat;
            for (const auto &tensor : members) flat.push_back(tensor.reshape(-1));
            auto joined = at::cat(flat);
            joined.div_(shared->count());
            shared->sum_in_place(joined);
            int64_t start = 0;
            for (const auto &tensor : members) {
                tensor.copy_(joined.narrow(0, start, tensor.numel()).view(tensor.sizes()));
                start += tensor.numel();
            }
        });
    });
}

CTStatus cd_broadcast_in_place(CDGroup handle, CTTensors tensors) {
    return guarded([&] {
        at::NoGradGuard guard;
        auto shared = group(handle);
        shared->call([&] { c10d::broadcast_coalesced(shared->processes, list(tensors), piece, 0); });
    });
}

CTStatus cd_broadcast_values(CDGroup handle, double *values, int64_t count) {
    return guarded([&] {
        auto shared = group(handle);
        shared->call([&] {
            std::vector<at::Tensor> tensors{at::from_blob(values, {count}, at::kDouble)};
            shared->processes->broadcast(tensors)->wait();
        });
    });
}

CTStatus cd_sum(CDGroup handle, CTTensor values, CTTensor *out) {
    return yields(out, [&] { return Sum::apply(tensor(values), group(handle)); });
}
