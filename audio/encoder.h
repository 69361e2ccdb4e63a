/* encoder.h - what a container's file offers to writer.c: one table per container. */
#ifndef DEMUCS_AUDIO_ENCODER_H
#define DEMUCS_AUDIO_ENCODER_H

#include "audio/audio.h"
#include "base/file.h"

typedef struct audio_encoder {
    /* Start a file on an empty `output`, which stays the caller's. NULL on failure. The format's rate and channel count
     * are positive and its enums valid; what else the container demands is checked here. */
    void *(*open)(dmx_file *output, const audio_format *format, const audio_kept *kept, demucs_error *error);

    /* So many frames will come: write what the header says of them now. NULL: it says nothing. */
    bool (*expect)(void *state, uint64_t frames, demucs_error *error);

    /* Add frames (at least 1). */
    bool (*write)(void *state, const float *const *planes, size_t frames, demucs_error *error);

    /* Write what is left and set the sizes in the header right. */
    bool (*finish)(void *state, demucs_error *error);

    /* Free the state, finished or not. NULL is fine. */
    void (*free)(void *state);
} audio_encoder;

extern const audio_encoder audio_wav_encoder;
extern const audio_encoder audio_ffmpeg_encoder; /* all containers but wav and mp3 */
extern const audio_encoder audio_mp3_encoder;

/* The version of LAME, "3.100". */
const char *audio_mp3_version(void);

#endif
