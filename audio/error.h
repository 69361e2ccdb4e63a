/* error.h - one sentence about one file, for every part of audio/. */
#ifndef DEMUCS_AUDIO_ERROR_H
#define DEMUCS_AUDIO_ERROR_H

#include "audio/audio.h"

/* Put "'path': sentence" into `error` (NULL is fine) and return false. The path is shown without control characters
 * and only its end when it is long, so that the sentence after it always fits. */
bool audio_fail(audio_error *error, const char *path, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* The system's words for an errno value, in `text`; returns `text`. */
#define AUDIO_REASON_SIZE 96
const char *audio_reason(char text[AUDIO_REASON_SIZE], int errno_value);

#endif
