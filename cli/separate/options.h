/* options.h - the command line of `demucs`: every flag of the official program, and a few of ours. Most flags stand for
 * a setting, whose value may also come from a file or a variable (demucs_settings.h). */
#ifndef SEPARATE_OPTIONS_H
#define SEPARATE_OPTIONS_H

#include "common/arguments.h"
#include "demucs_settings.h"

#define OPTIONS_LOUDNESS (-16.0) /* of --loudness, when it is not given */

enum { OPTIONS_MOST = 96 }; /* rows of the table at most */

typedef struct separate_options {
    const char **tracks; /* [tracks_count] */
    int tracks_count;
    const char *sig; /* or NULL */
    bool list_models, list_presets, print_settings, force_refresh;
    const char *quality_json, *report; /* or NULL */
    const char *from, *glob;           /* or NULL */
    bool recursive;
    double start, duration;          /* seconds; 0 to the end */
    const char *given[OPTIONS_MOST]; /* [row of the table] what was given for a setting, or NULL */
    demucs_settings *settings;       /* these flags among them */
    /* what the settings ask for */
    const char *name, *progress;
    const char *repo, *cache, *cache_limit, *log, *summary; /* or NULL */
    bool offline, log_names;
    bool quality, strict_quality;
    double timeout; /* seconds, 0: none */
    demucs_engine_options engine;
    demucs_stream_options separation;
    demucs_fit_options fit;
    demucs_tracks_request request; /* of each track; without engine and input, and its folder is that of all models */
    demucs_quality_options quality_limits;
    const char *replace_audio, *dub; /* or NULL */
    double loudness;                 /* LUFS */
    bool drop_other_audio;
    demucs_video_options video;         /* of the request, with replace_audio */
    char *video_folder, *video_pattern; /* where -o is the name of a video; else NULL */
} separate_options;

/* Read the settings and parse. What it allocates is freed by options_free, whatever the result. */
arguments_result options_parse(separate_options *options, int argc, char **argv);
void options_free(separate_options *options);

#endif
