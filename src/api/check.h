/* check.h - what the public functions check of their arguments. */
#ifndef DMX_API_CHECK_H
#define DMX_API_CHECK_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Fail since an argument is NULL. */
demucs_status dmx_null_argument(demucs_error *error, const char *name);

/* `count` planes, of which none may be NULL. */
demucs_status dmx_check_planes(const float *const *planes, int count, const char *name, demucs_error *error);

/* A length of a track. Positions in one are int64_t, with room for what is added to and multiplied by them. */
demucs_status dmx_check_frames(size_t frames, demucs_error *error);

#endif
