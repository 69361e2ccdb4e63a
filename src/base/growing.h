/* growing.h - a text that grows as it is written. */
#ifndef DMX_BASE_GROWING_H
#define DMX_BASE_GROWING_H

#include <stdbool.h>
#include <stddef.h>

/* All zeros at first. `text` ends with a zero once something was added, and is freed with dmx_free. */
typedef struct dmx_growing {
    char *text; /* [capacity] */
    size_t length, capacity;
    bool failed; /* out of memory: what is added after that is lost */
} dmx_growing;

/* Add `length` bytes, none of them inside the text itself. */
void dmx_growing_add(dmx_growing *self, const char *bytes, size_t length);

/* Add what printf would print. */
void dmx_growing_print(dmx_growing *self, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

#endif
