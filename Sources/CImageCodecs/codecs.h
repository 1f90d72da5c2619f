#ifndef CODECS_H
#define CODECS_H

#include "cimagecodecs.h"

/* Shared by the files of this folder. */

typedef struct { const char *name; void **slot; int is_optional; } cic_symbol;

/* Opens the first library that is there and finds its functions; leaves a message where it cannot. */
int cic_load(const char *const *names, const cic_symbol *symbols, size_t count);

/* The file of the library that a function is in; NULL where there is no function. */
const char *cic_place(const void *function);

/* Keeps a text for cic_message() and returns the status. */
int cic_keep(int status, const char *text);

#endif
