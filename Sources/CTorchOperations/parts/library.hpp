// Which libtorch this process runs with, by its own account.
#include "../handles.hpp"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <dlfcn.h>

#include <stdexcept>
#include <string>

using namespace ctorch;

CTStatus ct_library_path(const char **out) {
    return guarded([&] {
        static const std::string path = [] {
            Dl_info where;
            if (!dladdr(reinterpret_cast<void *>(&at::get_num_threads), &where) || !where.dli_fname) {
                throw std::runtime_error("the loader does not say where libtorch is");
            }
            return std::string(where.dli_fname);
        }();
        *out = path.c_str();
    });
}

CTStatus ct_build_settings(const char **out) {
    return guarded([&] {
        static const std::string settings = at::show_config();
        *out = settings.c_str();
    });
}
