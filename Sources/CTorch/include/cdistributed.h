// Processes that train together, by libtorch's own c10d, as plain C11. The rules are those of ctorch.h; one more:
//
//  - Collective calls block until all processes of the group have made them, in the same order, or until one of them is lost: then the call
//    fails, and so do all later ones. What is left of the group can only be freed.
#ifndef CDISTRIBUTED_H
#define CDISTRIBUTED_H

#include <stdbool.h>
#include <stdint.h>

#include "ctorch.h"

#ifdef __cplusplus
extern "C" {
#endif

// A table of names and bytes that all processes see, through which they find each other.
typedef struct CDStore { void *pointer; } CDStore;

typedef struct CDGroup { void *pointer; } CDGroup;

// Averages gradients over a group during the backward pass: DDP's own.
typedef struct CDReducer { void *pointer; } CDReducer;

// MARK: - Meeting

// One process serves the store, unless the launcher does; keys get the prefix.
CTStatus cd_open_tcp_store(const char *host, int32_t port, bool serves, const char *prefix, int64_t timeout_ms, CDStore *out);
CTStatus cd_open_file_store(const char *path, int32_t count, int64_t timeout_ms, CDStore *out);
void cd_free_store(CDStore store);
CTStatus cd_set(CDStore store, const char *key, const char *text);
CTStatus cd_get(CDStore store, const char *key, int64_t timeout_ms, char *text, int64_t capacity);  // waits for the key; a text cut to fit

// Connects the processes of a group by gloo. `interface` is a network interface, or null: the one that leads to `towards`, a host; null: the
// machine's own loopback. With `uses_nccl`, tensors on GPUs go by NCCL (see cd_load_nccl). Afterward a process that does not take part in a collective call for `timeout_ms` counts as lost.
CTStatus cd_join(
    CDStore store, int32_t rank, int32_t count, const char *interface, const char *towards, bool uses_nccl, int64_t timeout_ms,
    CDGroup *out);
// Loads the part that connects GPUs, if it is there: from `path`, or where the loader looks. False: it is not; fails where it is for another libtorch.
CTStatus cd_load_nccl(const char *path, bool *out);
void cd_free_group(CDGroup group);
bool cd_has_failed(CDGroup group);  // whether a call of the group has failed, also in a backward pass

// MARK: - Collective calls

CTStatus cd_sum_values(CDGroup group, double *values, int64_t count);  // in place
CTStatus cd_average_in_place(CDGroup group, CTTensors tensors);
CTStatus cd_broadcast_in_place(CDGroup group, CTTensors tensors);  // from rank 0
CTStatus cd_broadcast_values(CDGroup group, double *values, int64_t count);
CTStatus cd_sum(CDGroup group, CTTensor tensor, CTTensor *out);    // with a gradient, which is summed likewise

// MARK: - Gradients

CTStatus cd_make_reducer(CDGroup group, CTTensors parameters, CDReducer *out);
// Before the backward pass of `loss`, whose gradients become means over the processes. Other backward passes add up without that.
CTStatus cd_prepare(CDReducer reducer, CTTensor loss);
void cd_free_reducer(CDReducer reducer);

#ifdef __cplusplus
}
#endif
#endif
