#include "codecs.h"

#include <limits.h>
#include <pthread.h>

/* libjpeg-turbo's own declarations, as far as they are used: the interface "TurboJPEG" of its releases 2 and 3. */
typedef void *Handle;
enum { format_gray = 6, flag_accurate = 4096, init_decompress = 1, gray = 3 };

static struct {
    Handle (*init)(void);
    int (*destroy)(Handle);
    int (*read_header)(Handle, const unsigned char *, unsigned long, int *, int *, int *, int *);
    int (*decompress)(Handle, const unsigned char *, unsigned long, unsigned char *, int, int, int, int, int);
    char *(*text)(Handle);
    /* Since release 3. */
    Handle (*init3)(int);
    int (*read_header3)(Handle, const unsigned char *, size_t);
    int (*decompress12)(Handle, const unsigned char *, size_t, short *, int, int);
} tj;

static const cic_symbol symbols[] = {
    {"tjInitDecompress", (void **)&tj.init, 0},
    {"tjDestroy", (void **)&tj.destroy, 0},
    {"tjDecompressHeader3", (void **)&tj.read_header, 0},
    {"tjDecompress2", (void **)&tj.decompress, 0},
    {"tjGetErrorStr2", (void **)&tj.text, 0},
    {"tj3Init", (void **)&tj.init3, 1},
    {"tj3DecompressHeader", (void **)&tj.read_header3, 1},
    {"tj3Decompress12", (void **)&tj.decompress12, 1},
};

static const char *const names[] = {
    "libturbojpeg.so.0", "libturbojpeg.0.dylib", "/opt/homebrew/lib/libturbojpeg.0.dylib", "/usr/local/lib/libturbojpeg.0.dylib", NULL};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int status = CIC_ABSENT;

static void load(void) { status = cic_load(names, symbols, sizeof symbols / sizeof *symbols); }

int cic_turbojpeg_open(void) {
    pthread_once(&once, load);
    return status;
}

const char *cic_turbojpeg_path(void) { return cic_place((const void *)tj.init); }

int cic_turbojpeg_has_12_bits(void) { return tj.init3 && tj.read_header3 && tj.decompress12; }

/* The size of the picture must be that which the caller has room for. */
static int check(Handle handle, const uint8_t *bytes, size_t count, uint32_t width, uint32_t height) {
    int found_width = 0, found_height = 0, sampling = 0, space = 0;
    if (count > INT_MAX) return cic_keep(CIC_DAMAGED, "it is too long");
    if (tj.read_header(handle, bytes, count, &found_width, &found_height, &sampling, &space) != 0)
        return cic_keep(CIC_DAMAGED, tj.text(handle));
    if ((uint32_t)found_width != width || (uint32_t)found_height != height || sampling != gray) return cic_keep(CIC_DIFFERS, "its size differs");
    return CIC_OK;
}

int cic_turbojpeg_decode_8(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint8_t *out) {
    Handle handle = tj.init();
    if (!handle) return cic_keep(CIC_DAMAGED, "there is no memory");
    int result = check(handle, bytes, count, width, height);
    /* A warning is an error here: the decoder fills what is missing in a cut stream with gray. */
    if (result == CIC_OK && tj.decompress(handle, bytes, count, out, (int)width, 0, (int)height, format_gray, flag_accurate) != 0)
        result = cic_keep(CIC_DAMAGED, tj.text(handle));
    tj.destroy(handle);
    return result;
}

int cic_turbojpeg_decode_12(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, int16_t *out) {
    if (!cic_turbojpeg_has_12_bits()) return cic_keep(CIC_ABSENT, "it has no samples of 12 bits");
    Handle handle = tj.init3(init_decompress);
    if (!handle) return cic_keep(CIC_DAMAGED, "there is no memory");
    int result = check(handle, bytes, count, width, height);
    if (result == CIC_OK
        && (tj.read_header3(handle, bytes, count) != 0 || tj.decompress12(handle, bytes, count, out, 0, format_gray) != 0))
        result = cic_keep(CIC_DAMAGED, tj.text(handle));
    tj.destroy(handle);
    return result;
}
