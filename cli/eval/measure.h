/* measure.h - level of one audio file, and its distance from another, read side by side in small pieces: memory does
 * not grow with their length. */
#ifndef CLI_EVAL_MEASURE_H
#define CLI_EVAL_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct measure {
    int channels, sample_rate_hz;
    uint64_t frames;
    double peak, rms; /* 1 is full scale; rms over all channels */
    bool compared;    /* a reference was given */
    double sdr_db;    /* infinite when the files are the same */
} measure;

typedef struct measure_error {
    char message[1024];
} measure_error;

/* Measure the audio file `path`. With `reference` not NULL also its signal to distortion ratio as in the Music Demixing
 * Challenge (Mitsufuji et al. 2022), over the whole track and all channels:
 *
 *     SDR = 10 log10(sum reference^2 / sum (reference - estimate)^2)
 *
 * Rates and channels have to be the same, and the lengths: a missing end would count as an error of the separation.
 * A reference that is silent has no SDR (NaN). False: `error` has one sentence. */
bool measure_file(measure *result, const char *path, const char *reference, measure_error *error);

#endif
