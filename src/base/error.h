/* error.h - how the engine reports failure: a status and one sentence; the first cause wins. */
#ifndef DMX_BASE_ERROR_H
#define DMX_BASE_ERROR_H

#include "demucs.h"

/* Write `status` and the sentence into `error`, unless it is NULL or already holds a failure, and return `status`, so
 * that a caller can write `return dmx_fail(error, DEMUCS_ERROR_IO, "...")`. The API clears errors on entry. */
demucs_status dmx_fail(demucs_error *error, demucs_status status, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* Forget what `error` held. NULL is fine. */
void dmx_error_clear(demucs_error *error);

/* Copy text of foreign origin into `out`, for use in a message: control and non-ASCII bytes become '?', long text is
 * cut with "...". Returns `out`. */
const char *dmx_printable(char *out, size_t size, const char *text, size_t text_length);

#endif
