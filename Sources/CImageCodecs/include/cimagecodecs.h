#ifndef CIMAGECODECS_H
#define CIMAGECODECS_H

/* The few functions of OpenJPEG, CharLS and libjpeg-turbo that DICOM's compressed pixels need, loaded at run time: the package builds without
   these libraries, and one program serves machines with them and without. A function returns CIC_OK, or another status and leaves a text in
   cic_message(). All may be called from any thread; a decoder of a library may only be called after that library's cic_..._open has returned
   CIC_OK. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CIC_OK = 0,
    CIC_ABSENT = 1,  /* there is no such library, or one without a function that is needed */
    CIC_DIFFERS = 2, /* the picture has another size or more than one component */
    CIC_DAMAGED = 3  /* the library refuses the bytes */
};

/* What went wrong in this thread's last call that did not return CIC_OK. Valid until the next call. */
const char *cic_message(void);

/* Each looks for its library once and returns the same status ever after. */
int cic_openjpeg_open(void);
int cic_charls_open(void);
int cic_turbojpeg_open(void);

/* The files of the loaded libraries; NULL before they are. */
const char *cic_openjpeg_path(void);
const char *cic_charls_path(void);
const char *cic_turbojpeg_path(void);

/* The versions of OpenJPEG and CharLS, such as 2.5.0; NULL where the library does not say. libjpeg-turbo has no function for that. */
const char *cic_openjpeg_version(void);
const char *cic_charls_version(void);

/* Whether the loaded libjpeg-turbo decodes samples of 12 bits (since its release 3). */
int cic_turbojpeg_has_12_bits(void);

/* JPEG 2000 and, since OpenJPEG 2.5, HTJ2K: one component of width × height samples, written to `out`. */
int cic_openjpeg_decode(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, int32_t *out);

/* JPEG-LS: one component of width × height samples. *bits gets the bits of a sample; up to 8 of them stand in bytes, more in pairs of bytes in
   the machine's order. `out` has room for `room` bytes. */
int cic_charls_decode(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint8_t *out, size_t room, int32_t *bits);

/* Baseline and extended sequential JPEG of 8 bits: gray, one byte a sample. */
int cic_turbojpeg_decode_8(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint8_t *out);

/* Extended sequential JPEG of 12 bits, where the library can: gray, in the machine's order of bytes. */
int cic_turbojpeg_decode_12(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, int16_t *out);

#ifdef __cplusplus
}
#endif
#endif
