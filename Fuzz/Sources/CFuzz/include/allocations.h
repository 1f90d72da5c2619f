#pragma once
#include <stddef.h>

/// Counts what is allocated from now on; see fuzz_peak.
void fuzz_watch_allocations(void);

/// Begins a new count.
void fuzz_begin(void);

/// The most bytes that were allocated at once since fuzz_begin, beyond those that were allocated then.
size_t fuzz_peak(void);
