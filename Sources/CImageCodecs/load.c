#define _GNU_SOURCE /* dladdr */
#include "codecs.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[512];

const char *cic_message(void) { return message; }

int cic_keep(int status, const char *text) {
    snprintf(message, sizeof message, "%s", text && *text ? text : "no reason given");
    /* One line, without the end that libraries put behind theirs. */
    for (char *c = message; *c; c++)
        if (*c == '\n' || *c == '\r') *c = c[1] ? ' ' : 0;
    return status;
}

int cic_load(const char *const *names, const cic_symbol *symbols, size_t count) {
    void *library = NULL;
    for (; *names && !library; names++) library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
    if (!library) return cic_keep(CIC_ABSENT, dlerror());
    for (size_t index = 0; index < count; index++) {
        void *address = dlsym(library, symbols[index].name);
        if (!address && !symbols[index].is_optional) {
            char text[128];
            snprintf(text, sizeof text, "it has no function %s", symbols[index].name);
            dlclose(library);
            return cic_keep(CIC_ABSENT, text);
        }
        *symbols[index].slot = address;
    }
    return CIC_OK;
}

const char *cic_place(const void *function) {
    Dl_info info;
    return function && dladdr(function, &info) ? info.dli_fname : NULL;
}
