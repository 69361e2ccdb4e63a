/* audio_test.h - what the audio tests share: a scratch folder, signals, whole files in memory. */
#ifndef DEMUCS_AUDIO_TEST_H
#define DEMUCS_AUDIO_TEST_H

#include "audio/audio.h"

#include "support/test.h"

#include <stddef.h>
#include <stdint.h>

/* ---- files ---- */

/* A fresh empty folder becomes the current one; scratch_leave removes it with all that is in it. */
void scratch_enter(void);
void scratch_leave(void);

/* Entries of the current folder, hidden ones included. */
int scratch_count(void);

typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

/* A whole file; data is NULL when it cannot be read. Free `data`. */
bytes load_bytes(const char *path);
bool save_bytes(const char *path, const void *data, size_t size);

/* The path of a file in tests/data/audio; valid until the next call. */
const char *data_path(const char *name);

/* ---- sound ---- */

#define SOUND_CHANNELS 64

typedef struct sound {
    int channels, sample_rate_hz;
    size_t frames;
    float *planes[SOUND_CHANNELS]; /* [frames] */
} sound;

sound sound_new(int channels, int sample_rate_hz, size_t frames);
void sound_free(sound *it);

/* Noise in [-peak, peak], the same every time. */
sound sound_noise(int channels, int sample_rate_hz, size_t frames, float peak);

/* The signal of tests/data/audio/tone.*, in stereo. */
sound sound_tone(int sample_rate_hz, size_t frames);

/* Read a whole stream, `block` frames at a time. Without success channels is 0. */
sound sound_read(const char *path, int stream, size_t block, demucs_error *error);

/* Check that opening, or reading to the end, fails with a sentence that names the file and holds `reason`. */
void sound_check_refused(const char *path, int stream, const char *reason);

/* Write it, in pieces of uneven length. */
bool sound_write(const char *path, const audio_format *format, const sound *input, demucs_error *error);

/* Signal to noise ratio of `actual` against `expected` over [start, end), all channels together, in dB; 200 if equal.
 */
double sound_snr(const sound *actual, const sound *expected, size_t start, size_t end);

#endif
