#include "codecs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* OpenJPEG's own declarations, as far as they are used; unchanged since its release 2.1. */
typedef int Bool;
typedef void Codec, Stream;
typedef size_t (*ReadFunction)(void *, size_t, void *);
typedef int64_t (*SkipFunction)(int64_t, void *);
typedef Bool (*SeekFunction)(int64_t, void *);
typedef struct {
    uint32_t dx, dy, w, h, x0, y0, prec, bpp, sgnd, resno_decoded, factor;
    int32_t *data;
    uint16_t alpha;
} Component;
typedef struct {
    uint32_t x0, y0, x1, y1, numcomps;
    int color_space;
    Component *comps;
    /* More follows, which only the library touches. */
} Image;
enum { codec_codestream = 0, codec_jp2 = 2 };

/* The decoder's parameters are two numbers, two paths of 4096 bytes and a few more; the library fills them with defaults. */
typedef union { char bytes[32768]; uint64_t alignment; } Parameters;

static struct {
    const char *(*version)(void);
    Codec *(*create)(int);
    void (*destroy)(Codec *);
    void (*defaults)(Parameters *);
    Bool (*setup)(Codec *, Parameters *);
    Bool (*set_strict)(Codec *, Bool);
    Bool (*set_error_handler)(Codec *, void (*)(const char *, void *), void *);
    Bool (*read_header)(Stream *, Codec *, Image **);
    Bool (*decode)(Codec *, Stream *, Image *);
    Bool (*end)(Codec *, Stream *);
    void (*image_destroy)(Image *);
    Stream *(*stream_create)(size_t, Bool);
    void (*stream_destroy)(Stream *);
    void (*stream_set_read)(Stream *, ReadFunction);
    void (*stream_set_skip)(Stream *, SkipFunction);
    void (*stream_set_seek)(Stream *, SeekFunction);
    void (*stream_set_data)(Stream *, void *, void (*)(void *));
    void (*stream_set_length)(Stream *, uint64_t);
} opj;

static const cic_symbol symbols[] = {
    {"opj_version", (void **)&opj.version, 0},
    {"opj_create_decompress", (void **)&opj.create, 0},
    {"opj_destroy_codec", (void **)&opj.destroy, 0},
    {"opj_set_default_decoder_parameters", (void **)&opj.defaults, 0},
    {"opj_setup_decoder", (void **)&opj.setup, 0},
    {"opj_decoder_set_strict_mode", (void **)&opj.set_strict, 1}, /* since 2.5; before it the decoder took cut streams for whole ones */
    {"opj_set_error_handler", (void **)&opj.set_error_handler, 0},
    {"opj_read_header", (void **)&opj.read_header, 0},
    {"opj_decode", (void **)&opj.decode, 0},
    {"opj_end_decompress", (void **)&opj.end, 0},
    {"opj_image_destroy", (void **)&opj.image_destroy, 0},
    {"opj_stream_create", (void **)&opj.stream_create, 0},
    {"opj_stream_destroy", (void **)&opj.stream_destroy, 0},
    {"opj_stream_set_read_function", (void **)&opj.stream_set_read, 0},
    {"opj_stream_set_skip_function", (void **)&opj.stream_set_skip, 0},
    {"opj_stream_set_seek_function", (void **)&opj.stream_set_seek, 0},
    {"opj_stream_set_user_data", (void **)&opj.stream_set_data, 0},
    {"opj_stream_set_user_data_length", (void **)&opj.stream_set_length, 0},
};

static const char *const names[] = {
    "libopenjp2.so.7", "libopenjp2.7.dylib", "/opt/homebrew/lib/libopenjp2.7.dylib", "/usr/local/lib/libopenjp2.7.dylib", NULL};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int status = CIC_ABSENT;

static void load(void) { status = cic_load(names, symbols, sizeof symbols / sizeof *symbols); }

int cic_openjpeg_open(void) {
    pthread_once(&once, load);
    return status;
}

const char *cic_openjpeg_version(void) { return opj.version(); }
const char *cic_openjpeg_path(void) { return cic_place((const void *)opj.version); }

/* The bytes of a frame as a stream. */
typedef struct { const uint8_t *bytes; size_t count, position; } Memory;

static size_t read_bytes(void *out, size_t wanted, void *data) {
    Memory *memory = data;
    size_t left = memory->count - memory->position, part = wanted < left ? wanted : left;
    if (part == 0) return (size_t)-1;
    memcpy(out, memory->bytes + memory->position, part);
    memory->position += part;
    return part;
}

static int64_t skip_bytes(int64_t wanted, void *data) {
    Memory *memory = data;
    int64_t left = (int64_t)(memory->count - memory->position);
    if (wanted < 0) return -1;
    if (wanted > left) wanted = left;
    memory->position += (size_t)wanted;
    return wanted == 0 ? -1 : wanted;
}

static Bool seek_bytes(int64_t place, void *data) {
    Memory *memory = data;
    if (place < 0 || (uint64_t)place > memory->count) return 0;
    memory->position = (size_t)place;
    return 1;
}

/* The first text is the cause, later ones are its consequences. */
static void keep_text(const char *text, void *data) {
    int *has_text = data;
    if (!*has_text) cic_keep(CIC_DAMAGED, text);
    *has_text = 1;
}

static int copy(const Image *image, uint32_t width, uint32_t height, int32_t *out) {
    const Component *component = image->comps;
    if (!component->data || component->w != width || component->h != height) return cic_keep(CIC_DAMAGED, "it has no samples");
    memcpy(out, component->data, (size_t)width * height * sizeof *out);
    return CIC_OK;
}

static int decode(Codec *codec, Stream *stream, uint32_t width, uint32_t height, int32_t *out) {
    int has_text = 0;
    Image *image = NULL;
    Parameters *parameters = calloc(1, sizeof *parameters);
    if (!parameters) return cic_keep(CIC_DAMAGED, "there is no memory");
    opj.defaults(parameters);
    cic_keep(CIC_DAMAGED, "the stream is cut off or damaged");
    opj.set_error_handler(codec, keep_text, &has_text);
    Bool is_set_up = opj.setup(codec, parameters);
    free(parameters);
    if (!is_set_up) return CIC_DAMAGED;
    if (opj.set_strict) opj.set_strict(codec, 1);
    if (!opj.read_header(stream, codec, &image) || !image) return CIC_DAMAGED;
    /* Before anything is unpacked: the size that the stream claims costs memory. */
    int result = CIC_DAMAGED;
    if (image->numcomps != 1 || image->x1 - image->x0 != width || image->y1 - image->y0 != height || image->comps[0].dx != 1 || image->comps[0].dy != 1)
        result = cic_keep(CIC_DIFFERS, "its size differs");
    else if (opj.decode(codec, stream, image) && opj.end(codec, stream))
        result = copy(image, width, height, out);
    opj.image_destroy(image);
    return result;
}

int cic_openjpeg_decode(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, int32_t *out) {
    static const uint8_t box[] = {0, 0, 0, 12, 'j', 'P', ' ', ' '};
    Memory memory = {bytes, count, 0};
    int is_boxed = count >= sizeof box && memcmp(bytes, box, sizeof box) == 0;
    int result = CIC_DAMAGED;
    Codec *codec = opj.create(is_boxed ? codec_jp2 : codec_codestream);
    Stream *stream = opj.stream_create(1 << 16, 1);
    if (codec && stream) {
        opj.stream_set_read(stream, read_bytes);
        opj.stream_set_skip(stream, skip_bytes);
        opj.stream_set_seek(stream, seek_bytes);
        opj.stream_set_data(stream, &memory, NULL);
        opj.stream_set_length(stream, count);
        result = decode(codec, stream, width, height, out);
    } else {
        cic_keep(CIC_DAMAGED, "there is no memory");
    }
    if (stream) opj.stream_destroy(stream);
    if (codec) opj.destroy(codec);
    return result;
}
