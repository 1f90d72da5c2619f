#include "codecs.h"

#include <pthread.h>

/* CharLS's own declarations, as far as they are used; those of its release 2. */
typedef int Error;
typedef struct Decoder Decoder;
typedef struct { uint32_t width, height; int32_t bits_per_sample, component_count; } FrameInfo;

static struct {
    Decoder *(*create)(void);
    void (*destroy)(const Decoder *);
    Error (*set_source)(Decoder *, const void *, size_t);
    Error (*read_header)(Decoder *);
    Error (*get_frame_info)(const Decoder *, FrameInfo *);
    Error (*get_size)(const Decoder *, uint32_t, size_t *);
    Error (*decode)(const Decoder *, void *, size_t, uint32_t);
    const char *(*text)(Error);
    const char *(*version)(void);
} charls;

static const cic_symbol symbols[] = {
    {"charls_jpegls_decoder_create", (void **)&charls.create, 0},
    {"charls_jpegls_decoder_destroy", (void **)&charls.destroy, 0},
    {"charls_jpegls_decoder_set_source_buffer", (void **)&charls.set_source, 0},
    {"charls_jpegls_decoder_read_header", (void **)&charls.read_header, 0},
    {"charls_jpegls_decoder_get_frame_info", (void **)&charls.get_frame_info, 0},
    {"charls_jpegls_decoder_get_destination_size", (void **)&charls.get_size, 0},
    {"charls_jpegls_decoder_decode_to_buffer", (void **)&charls.decode, 0},
    {"charls_get_error_message", (void **)&charls.text, 0},
    {"charls_get_version_string", (void **)&charls.version, 1},
};

static const char *const names[] = {
    "libcharls.so.2", "libcharls.2.dylib", "/opt/homebrew/lib/libcharls.2.dylib", "/usr/local/lib/libcharls.2.dylib", NULL};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int status = CIC_ABSENT;

static void load(void) { status = cic_load(names, symbols, sizeof symbols / sizeof *symbols); }

int cic_charls_open(void) {
    pthread_once(&once, load);
    return status;
}

const char *cic_charls_version(void) { return charls.version ? charls.version() : NULL; }
const char *cic_charls_path(void) { return cic_place((const void *)charls.create); }

static int decode(Decoder *decoder, const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint8_t *out, size_t room, int32_t *bits) {
    FrameInfo info = {0};
    size_t size = 0;
    Error error = charls.set_source(decoder, bytes, count);
    if (!error) error = charls.read_header(decoder);
    if (!error) error = charls.get_frame_info(decoder, &info);
    if (error) return cic_keep(CIC_DAMAGED, charls.text(error));
    if (info.width != width || info.height != height || info.component_count != 1) return cic_keep(CIC_DIFFERS, "its size differs");
    *bits = info.bits_per_sample;
    error = charls.get_size(decoder, 0, &size);
    if (error) return cic_keep(CIC_DAMAGED, charls.text(error));
    if (size > room) return cic_keep(CIC_DIFFERS, "its samples are wider");
    error = charls.decode(decoder, out, size, 0);
    return error ? cic_keep(CIC_DAMAGED, charls.text(error)) : CIC_OK;
}

int cic_charls_decode(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint8_t *out, size_t room, int32_t *bits) {
    Decoder *decoder = charls.create();
    if (!decoder) return cic_keep(CIC_DAMAGED, "there is no memory");
    int result = decode(decoder, bytes, count, width, height, out, room, bits);
    charls.destroy(decoder);
    return result;
}
