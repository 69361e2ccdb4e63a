/* options.h - structs of options that callers of any version hand in: they begin with the size that the caller knows.
 *
 *     the library's struct   [size | a | b | c | d]
 *     an older caller's      [size | a | b]           c and d keep their defaults, and are never written
 *
 * A struct that is larger than the library's comes from a newer header. It may ask for what is not known here, so it is
 * refused. */
#ifndef DMX_BASE_OPTIONS_H
#define DMX_BASE_OPTIONS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Write the defaults, a whole struct of `size` bytes, into a caller's struct of `struct_size`, and its size at its
 * front. Not a byte beyond it is written; what a newer caller has beyond `size` becomes zero. */
void dmx_options_give(void *options, size_t struct_size, const void *defaults, size_t size);

/* The other way: copy a caller's struct over the defaults. False when its size is none that this library knows. */
bool dmx_options_take(void *checked, size_t size, const void *options, size_t struct_size);

/* The failure for the latter; `function` is what the caller should have called. */
demucs_status dmx_options_unknown(const char *function, demucs_error *error);

/* The failure for a value out of range, by the option's name. */
demucs_status dmx_options_range(demucs_error *error, const char *option, double value, const char *range);

#endif
