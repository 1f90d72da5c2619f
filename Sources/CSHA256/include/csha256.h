#ifndef CSHA256_H
#define CSHA256_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The state between blocks of SHA-256 (FIPS 180-4): eight words, begun with csha256_start.
typedef struct {
    uint32_t words[8];
} csha256_state;

/// The state before the first block.
void csha256_start(csha256_state *state);

/// Adds `count` blocks of 64 bytes, with the processor's instructions for SHA-256 where it has them.
void csha256_add(csha256_state *state, const uint8_t *bytes, size_t count);

/// The same by plain arithmetic.
void csha256_add_plainly(csha256_state *state, const uint8_t *bytes, size_t count);

#ifdef __cplusplus
}
#endif

#endif
