/* options.h - the command line of `demucs`: every flag of the official program, and a few of ours. Words become numbers
 * and enums here, once. */
#ifndef SEPARATE_OPTIONS_H
#define SEPARATE_OPTIONS_H

#include "common/arguments.h"
#include "demucs_tracks.h"

typedef struct separate_options {
    const char **tracks; /* [tracks_count] */
    int tracks_count;
    const char *sig, *name, *repo, *out, *filename, *device, *progress;
    const char *stem;         /* --two-stems, or NULL */
    const char *other_method; /* "add", "minus" or "none" */
    const char *clip_mode;    /* "rescale", "clamp" or "none" */
    const char *format;       /* "wav", "flac", "mp3", "ogg", "opus", "m4a", "alac" or "aiff" */
    const char *precision;    /* "exact" or "fast" */
    const char *on_collision; /* "rename", "skip", "overwrite" or "fail" */
    long long shifts, jobs, bitrate, mp3_bitrate, mp3_preset, seed, threads, stream;
    double overlap;
    double segment; /* seconds, 0 = the model's own */
    bool no_split, downmix, int24, float32, flac, mp3;
    bool list_models, verbose, offline;
    const char *cache, *cache_limit; /* or NULL */
    bool force_refresh, skip_existing;
    /* what the words above ask for */
    demucs_engine_options engine;
    demucs_stream_options separation;
    demucs_tracks_request request; /* of each track; without engine, input and folder */
} separate_options;

/* Fill in the defaults and parse. What it allocates is freed by options_free, whatever the result. */
arguments_result options_parse(separate_options *options, int argc, char **argv);
void options_free(separate_options *options);

#endif
