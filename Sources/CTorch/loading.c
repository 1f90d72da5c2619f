// Loads libtorch, and the functions of ctorch.h that call it, when the first of them is called.
//
// lazy.S has an entry for each of these functions, a weak symbol that jumps through a slot. Where CTorchOperations is linked into the program its functions take
// the entries' place, and nothing here is used. Else a slot first leads to `ct_bind`, which loads libunetrpp-torch, looks the function up, and fills the slot.
#define _GNU_SOURCE  // memrchr, dlinfo
#include "ctorch.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__linux__)
#include <malloc.h>
#endif

// Defined by CTorchOperations where that is linked into the program.
extern const int ct_operations_are_linked __attribute__((weak));

void ct_keep_large_blocks(int64_t bytes) {
#if defined(__GLIBC__)
    const int limit = bytes > INT32_MAX ? INT32_MAX : (int)bytes;
    mallopt(M_ARENA_MAX, 1);  // other threads' arenas give large blocks back whatever the thresholds say
    mallopt(M_MMAP_THRESHOLD, limit);
    mallopt(M_TRIM_THRESHOLD, limit);
#else
    (void)bytes;
#endif
}

static _Atomic(int32_t) requested_threads;

CTStatus ct_request_threads(int32_t count) {
    atomic_store(&requested_threads, count);
    return ct_is_loaded() ? ct_set_threads(count) : CT_OK;
}

int32_t ct_requested_threads(void) { return atomic_load(&requested_threads); }

#if defined(__linux__)

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char torch_name[] = "libtorch_cpu.so", own_name[] = "libunetrpp-torch.so";

static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic(void *) library;  // null before it is loaded, and after a failure
static char failure[1024];

static void load(void) {
    // By its bare name, so that the loader looks where it would have looked for a linked library: LD_LIBRARY_PATH, then the program's run path. Global, because
    // its CUDA part and its OpenMP library are looked up by name later.
    if (!dlopen(torch_name, RTLD_NOW | RTLD_GLOBAL)) {
        const char *const reason = dlerror();
        snprintf(failure, sizeof failure, "libtorch cannot be loaded (%s)", reason ? reason : torch_name);
        return;
    }
    char path[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof own_name - 1);
    char *const end = length > 0 ? memrchr(path, '/', (size_t)length) : NULL;
    if (!end) {
        snprintf(failure, sizeof failure, "the system does not say where this program lies, beside which %s is", own_name);
        return;
    }
    strcpy(end + 1, own_name);
    void *const found = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!found) {
        const char *const reason = dlerror();
        snprintf(failure, sizeof failure, "what calls libtorch cannot be loaded (%s)", reason ? reason : path);
        return;
    }
    CTStatus (*const set_threads)(int32_t) = (CTStatus (*)(int32_t))dlsym(found, "ct_set_threads");
    if (set_threads && ct_requested_threads() > 0) set_threads(ct_requested_threads());
    atomic_store(&library, found);
}

bool ct_is_loaded(void) { return &ct_operations_are_linked || atomic_load(&library); }

CTStatus ct_load(void) {
    if (&ct_operations_are_linked) return CT_OK;
    pthread_once(&once, load);
    return atomic_load(&library) ? CT_OK : CT_NOT_LOADED;
}

const char *ct_found_library(void) {
    static char path[PATH_MAX];
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    if (!path[0]) {
        // The folders in which the loader looks for what this program opens.
        void *const program = dlopen(NULL, RTLD_LAZY);
        Dl_serinfo size, *places = NULL;
        if (program && dlinfo(program, RTLD_DI_SERINFOSIZE, &size) == 0 && (places = malloc(size.dls_size))) {
            dlinfo(program, RTLD_DI_SERINFOSIZE, places);
            if (dlinfo(program, RTLD_DI_SERINFO, places) != 0) places->dls_cnt = 0;
            for (unsigned index = 0; index < places->dls_cnt; ++index) {
                const int count = snprintf(path, sizeof path, "%s/%s", places->dls_serpath[index].dls_name, torch_name);
                if (count > 0 && (size_t)count < sizeof path && access(path, R_OK) == 0) break;
                path[0] = 0;
            }
            free(places);
        }
        if (program) dlclose(program);
    }
    pthread_mutex_unlock(&lock);
    return path[0] ? path : NULL;
}

// What stands in for a function that there is none of.
static CTStatus missing_status(void) { return CT_NOT_LOADED; }
static uintptr_t missing_value(void) { return 0; }
static const char *missing_message(void) { return failure; }

extern _Atomic(void *) ct_slots[];

// Called by an entry of lazy.S at its first use: where to go on.
__attribute__((visibility("hidden"))) void *ct_bind(uint32_t index) {
    static const struct { const char *name; bool is_status; } functions[] = {
#define STATUS(name) {#name, true},
#define PLAIN(name) {#name, false},
#include "functions.inc"
#undef STATUS
#undef PLAIN
    };
    void *found = NULL;
    if (ct_load() == CT_OK && !(found = dlsym(atomic_load(&library), functions[index].name)))
        snprintf(failure, sizeof failure, "%s is of another version than this program: it has no %s", own_name, functions[index].name);
    if (!found) {
        if (strcmp(functions[index].name, "ct_error_message") == 0) return (void *)(uintptr_t)missing_message;
        return functions[index].is_status ? (void *)(uintptr_t)missing_status : (void *)(uintptr_t)missing_value;
    }
    atomic_store(&ct_slots[index], found);
    return found;
}

#else

bool ct_is_loaded(void) { return true; }
CTStatus ct_load(void) { return CT_OK; }
const char *ct_found_library(void) { return NULL; }

#endif
