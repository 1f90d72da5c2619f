#ifndef COPENVINO_H
#define COPENVINO_H

/* The part of OpenVINO's C interface that is needed, loaded at run time: the package builds without OpenVINO, and one program serves
   machines with it and without. Handles are pointers of OpenVINO's own; a function returns 0, or OpenVINO's status and leaves a text in
   cov_message(). Only cov_open may be called before cov_open has returned 0. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The library `libopenvino_c` of that path. Later calls return the first call's result if it was 0. */
int cov_open(const char *path);

/* What went wrong in this thread's last call that did not return 0. Valid until the next call. */
const char *cov_message(void);

/* OpenVINO's build number, such as 2026.4.1-22048-…, copied to `out`. */
int cov_version(char *out, size_t size);

typedef struct { void *pointer; } COVCore;
typedef struct { void *pointer; } COVModel;   /* compiled */
typedef struct { void *pointer; } COVRequest;

/* How the CPU's models are computed. precision: "f32" or "bf16"; threads: a number as text. */
int cov_core_create(COVCore *out, const char *precision, const char *threads);
void cov_core_free(COVCore core);

/* Compiles a model in memory (ONNX) for the CPU. */
int cov_compile(COVCore core, const char *model, size_t size, COVModel *out);

/* A model that cov_export wrote; it reads its weights from the blob as long as it lives. */
int cov_import(COVCore core, const char *blob, size_t size, COVModel *out);
int cov_export(COVModel model, const char *path);
void cov_model_free(COVModel model);

int cov_request_create(COVModel model, COVRequest *out);
void cov_request_free(COVRequest request);

/* Computes: `input` and `output` are float32 in row-major order with five axes each. */
int cov_infer(COVRequest request, const float *input, const int64_t *input_shape, float *output, const int64_t *output_shape);

#ifdef __cplusplus
}
#endif
#endif
