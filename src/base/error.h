/* error.h - how every part of the project reports failure: a status and one sentence; the first cause wins.
 *
 * There is one struct for it, demucs_error of the public header, so that what a file, a download or a network says
 * reaches the caller as it was written. Functions that can fail return a demucs_status, or a bool that says whether all
 * is well, and take the error last. */
#ifndef DMX_BASE_ERROR_H
#define DMX_BASE_ERROR_H

#include "base/text.h" /* what a sentence is made of */
#include "demucs.h"

/* Write `status` and the sentence into `error`, unless it is NULL or already holds a failure, and return `status`, so
 * that a caller can write `return dmx_fail(error, DEMUCS_ERROR_IO, "...")`; who returns whether all is well writes
 * `return !dmx_fail(...)`, which is false. The sentence is made printable (base/text.h). What the program calls first
 * clears the error. */
demucs_status dmx_fail(demucs_error *error, demucs_status status, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* The same about a file: "'PATH': sentence". A long path is cut at its front, so that the sentence stays whole. */
demucs_status dmx_refuse(const char *path, demucs_error *error, demucs_status status, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;

/* Forget what `error` held. NULL is fine. */
void dmx_error_clear(demucs_error *error);

#endif
