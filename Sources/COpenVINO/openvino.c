#include "copenvino.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* OpenVINO's own declarations, as far as they are used; unchanged since its release 2022.1 introduced this interface. */
typedef int Status;
typedef struct { int64_t rank; int64_t *dims; } Shape;
typedef struct { const char *buildNumber; const char *description; } Version;
enum { element_f32 = 4 };

static struct {
    Status (*version)(Version *);
    void (*version_free)(Version *);
    const char *(*last_message)(void);
    Status (*core_create)(void **);
    void (*core_free)(void *);
    Status (*set_property)(const void *, const char *, ...);
    Status (*read_model)(const void *, const char *, size_t, const void *, void **);
    void (*model_free)(void *);
    Status (*compile_model)(const void *, const void *, const char *, size_t, void **, ...);
    Status (*import_model)(const void *, const char *, size_t, const char *, void **);
    Status (*export_model)(const void *, const char *);
    void (*compiled_free)(void *);
    Status (*create_request)(const void *, void **);
    void (*request_free)(void *);
    Status (*tensor_create)(int, Shape, void *, void **);
    void (*tensor_free)(void *);
    Status (*set_input)(void *, const void *);
    Status (*set_output)(void *, const void *);
    Status (*infer)(void *);
} ov;

static const struct { const char *name; void **slot; } symbols[] = {
    {"ov_get_openvino_version", (void **)&ov.version},
    {"ov_version_free", (void **)&ov.version_free},
    {"ov_get_last_err_msg", (void **)&ov.last_message},
    {"ov_core_create", (void **)&ov.core_create},
    {"ov_core_free", (void **)&ov.core_free},
    {"ov_core_set_property", (void **)&ov.set_property},
    {"ov_core_read_model_from_memory_buffer", (void **)&ov.read_model},
    {"ov_model_free", (void **)&ov.model_free},
    {"ov_core_compile_model", (void **)&ov.compile_model},
    {"ov_core_import_model", (void **)&ov.import_model},
    {"ov_compiled_model_export_model", (void **)&ov.export_model},
    {"ov_compiled_model_free", (void **)&ov.compiled_free},
    {"ov_compiled_model_create_infer_request", (void **)&ov.create_request},
    {"ov_infer_request_free", (void **)&ov.request_free},
    {"ov_tensor_create_from_host_ptr", (void **)&ov.tensor_create},
    {"ov_tensor_free", (void **)&ov.tensor_free},
    {"ov_infer_request_set_input_tensor", (void **)&ov.set_input},
    {"ov_infer_request_set_output_tensor", (void **)&ov.set_output},
    {"ov_infer_request_infer", (void **)&ov.infer},
};

static _Thread_local char message[2048];

const char *cov_message(void) { return message; }

static int keep(const char *text) {
    snprintf(message, sizeof message, "%s", text ? text : "no reason given");
    return 1;
}

/* Keeps OpenVINO's text when the status is not 0. */
static int checked(Status status) {
    if (status != 0) keep(ov.last_message());
    return status;
}

int cov_open(const char *path) {
    static int is_open;
    if (is_open) return 0;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) return keep(dlerror());
    for (size_t index = 0; index < sizeof symbols / sizeof *symbols; index++) {
        void *address = dlsym(library, symbols[index].name);
        if (!address) {
            snprintf(message, sizeof message, "it has no function %s", symbols[index].name);
            dlclose(library);
            return 1;
        }
        *symbols[index].slot = address;
    }
    is_open = 1;
    return 0;
}

int cov_version(char *out, size_t size) {
    Version version = {0};
    int status = checked(ov.version(&version));
    if (status != 0) return status;
    snprintf(out, size, "%s", version.buildNumber ? version.buildNumber : "");
    ov.version_free(&version);
    return 0;
}

int cov_core_create(COVCore *out, const char *precision, const char *threads) {
    int status = checked(ov.core_create(&out->pointer));
    if (status != 0) return status;
    /* Of the core and not of each model, because a model that is imported takes no settings of its own. */
    const char *const settings[][2] = {
        {"INFERENCE_NUM_THREADS", threads}, {"INFERENCE_PRECISION_HINT", precision}, {"PERFORMANCE_HINT", "LATENCY"}};
    for (size_t index = 0; index < 3 && status == 0; index++)
        status = checked(ov.set_property(out->pointer, "CPU", settings[index][0], settings[index][1]));
    if (status != 0) {
        ov.core_free(out->pointer);
        out->pointer = NULL;
    }
    return status;
}

void cov_core_free(COVCore core) { ov.core_free(core.pointer); }

int cov_compile(COVCore core, const char *model, size_t size, COVModel *out) {
    void *read = NULL;
    int status = checked(ov.read_model(core.pointer, model, size, NULL, &read));
    if (status != 0) return status;
    status = checked(ov.compile_model(core.pointer, read, "CPU", 0, &out->pointer));
    ov.model_free(read);
    return status;
}

int cov_import(COVCore core, const char *blob, size_t size, COVModel *out) {
    return checked(ov.import_model(core.pointer, blob, size, "CPU", &out->pointer));
}

int cov_export(COVModel model, const char *path) { return checked(ov.export_model(model.pointer, path)); }
void cov_model_free(COVModel model) { ov.compiled_free(model.pointer); }
int cov_request_create(COVModel model, COVRequest *out) { return checked(ov.create_request(model.pointer, &out->pointer)); }
void cov_request_free(COVRequest request) { ov.request_free(request.pointer); }

/* A tensor of OpenVINO around memory that stays the caller's, given to the request by `set`. */
static int bind(Status (*set)(void *, const void *), void *request, const float *data, const int64_t *shape) {
    void *tensor = NULL;
    Shape dims = {5, (int64_t *)shape};
    int status = checked(ov.tensor_create(element_f32, dims, (void *)data, &tensor));
    if (status != 0) return status;
    status = checked(set(request, tensor));
    ov.tensor_free(tensor);
    return status;
}

int cov_infer(COVRequest request, const float *input, const int64_t *input_shape, float *output, const int64_t *output_shape) {
    int status = bind(ov.set_input, request.pointer, input, input_shape);
    if (status == 0) status = bind(ov.set_output, request.pointer, output, output_shape);
    return status == 0 ? checked(ov.infer(request.pointer)) : status;
}
