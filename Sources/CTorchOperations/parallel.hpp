// Work split over libtorch's own threads.
//
// `at::parallel_for` in a header is compiled with the flags of whoever includes it, and without -fopenmp, which a Swift package cannot ask for, it runs everything on the
// calling thread. The OpenMP library that libtorch has loaded is asked directly instead: its threads are those that libtorch's operations
// use, so none are started beside them.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>

#if defined(__linux__)
#include <dlfcn.h>
#endif

namespace ctorch {

/// What the compiler calls for `#pragma omp parallel`; nil where no OpenMP library of that interface is loaded.
struct OpenMP {
    void (*parallel)(void (*body)(void *), void *context, unsigned threads, unsigned flags) = nullptr;
    int (*thread)() = nullptr;
    int (*count)() = nullptr;
    int (*is_in_parallel)() = nullptr;

    static const OpenMP &loaded() {
        static const OpenMP found = [] {
            OpenMP library;
#if defined(__linux__)
            const auto look_up = [](auto &function, const char *name) { function = reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(RTLD_DEFAULT, name)); };
            look_up(library.thread, "omp_get_thread_num");
            look_up(library.count, "omp_get_num_threads");
            look_up(library.is_in_parallel, "omp_in_parallel");
            if (library.thread && library.count && library.is_in_parallel) look_up(library.parallel, "GOMP_parallel");
#endif
            return library;
        }();
        return found;
    }
};

/// Calls `body(first, last)` for parts of `begin..<end` that together are the whole, each of at least `grain`, on up to `at::get_num_threads()` threads.
///
/// `body` must not throw, and its results must not depend on where the parts begin: then they do not depend on the number of threads.
template <typename Body>
void parallel_for(int64_t begin, int64_t end, int64_t grain, const Body &body) {
    if (end <= begin) return;
    const OpenMP &library = OpenMP::loaded();
    const int64_t parts = std::min<int64_t>(at::get_num_threads(), (end - begin + grain - 1) / grain);
    if (!library.parallel || parts <= 1 || library.is_in_parallel()) return body(begin, end);
    struct Work {
        const OpenMP &library;
        const Body &body;
        int64_t begin, end;
    } work{library, body, begin, end};
    library.parallel(
        [](void *context) {
            const Work &work = *static_cast<Work *>(context);
            // The library may give fewer threads than were asked for.
            const int64_t number = work.library.thread(), threads = work.library.count();
            const int64_t size = (work.end - work.begin + threads - 1) / threads;
            const int64_t first = work.begin + number * size, last = std::min(first + size, work.end);
            if (first < last) work.body(first, last);
        },
        &work, static_cast<unsigned>(parts), 0);
}

}  // namespace ctorch
