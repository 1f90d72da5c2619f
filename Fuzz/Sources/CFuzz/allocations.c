#include "allocations.h"
#include <stdatomic.h>

// Address sanitizer's own interface (sanitizer/allocator_interface.h), declared here so that no header path is needed.
size_t __sanitizer_get_allocated_size(const volatile void *);
int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void *, size_t), void (*)(const volatile void *));

static atomic_long now, highest;

static void allocated(const volatile void *block, size_t size) {
    (void)block;
    long total = atomic_fetch_add_explicit(&now, (long)size, memory_order_relaxed) + (long)size;
    long known = atomic_load_explicit(&highest, memory_order_relaxed);
    while (total > known && !atomic_compare_exchange_weak(&highest, &known, total)) {}
}

static void freed(const volatile void *block) {
    if (block) atomic_fetch_sub_explicit(&now, (long)__sanitizer_get_allocated_size(block), memory_order_relaxed);
}

void fuzz_watch_allocations(void) { __sanitizer_install_malloc_and_free_hooks(allocated, freed); }

void fuzz_begin(void) {
    atomic_store(&now, 0);
    atomic_store(&highest, 0);
}

size_t fuzz_peak(void) { return (size_t)atomic_load(&highest); }
