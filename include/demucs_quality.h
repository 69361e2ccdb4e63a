/* demucs_quality.h - figures of a separation: what can be said of it without knowing the true stems.
 *
 *   levels        RMS, peak, samples beyond full scale, silence and DC of each stem
 *   correlation   of each stem with each other: stems of different instruments have next to none
 *   residual      what the stems do not add up to, against the track
 *   leak          how much of a stem is still in the others: of the vocals, how much is left in no_vocals
 *
 * They are gathered while the stems go by, in memory that does not grow with the track. demucs_tracks.h does it when a
 * request has `quality` set; a meter (below) does it for stems from anywhere. docs/quality.md says how each figure is
 * made, what it was on real music, and what none of them can see; that is also where the defaults come from.
 *
 * Conventions are those of demucs.h: functions that can fail return a demucs_status and take, last, a demucs_error that
 * may be NULL. A figure that has no meaning, such as the correlation with silence, is NaN.
 */
#ifndef DEMUCS_QUALITY_H
#define DEMUCS_QUALITY_H

#include "demucs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ----------------------------------------------------------------------------------------------------- limits ---- */

/* What a limit is set for, and what an outlier is about. */
typedef enum demucs_quality_figure {
    DEMUCS_QUALITY_CLIPPING = 0, /* share of a stem's samples that are beyond full scale, 0..1 */
    DEMUCS_QUALITY_SILENCE,      /* share of the time that a stem is silent, 0..1 */
    DEMUCS_QUALITY_DC,           /* mean of a stem's samples, without its sign; 1 is full scale */
    DEMUCS_QUALITY_CORRELATION,  /* of two stems, without its sign, 0..1 */
    DEMUCS_QUALITY_RESIDUAL,     /* level of the track minus all stems, in dB relative to the track */
    DEMUCS_QUALITY_LEAK,         /* level of what is left of a stem in the others, in dB relative to the stem */
    DEMUCS_QUALITY_FIGURES
} demucs_quality_figure;

/* "clipping", "silence", "dc", "correlation", "residual", "leak"; NULL for another number. */
DEMUCS_API const char *demucs_quality_figure_name(demucs_quality_figure figure);

/* A figure above its limit is an outlier; infinity turns a limit off. */
typedef struct demucs_quality_options {
    size_t struct_size;                    /* set by demucs_quality_options_init */
    double limits[DEMUCS_QUALITY_FIGURES]; /* Defaults: clipping 0.001, silence 1 (none: many tracks have no vocals),
                                              dc 0.003, correlation 0.3, residual -20, leak -15 */
} demucs_quality_options;

/* Fill in the defaults. `struct_size` is the caller's sizeof(demucs_quality_options); a struct that is longer than this
 * library's is refused when it is used. */
DEMUCS_API void demucs_quality_options_init(demucs_quality_options *options, size_t struct_size);

/* Whether a meter takes these options; NULL is fine. Errors: ARGUMENT (a newer library's, a limit that is no number).
 */
DEMUCS_API demucs_status demucs_quality_options_check(const demucs_quality_options *options, demucs_error *error);

/* Set limits from a text such as "leak=-20,silence=0.9", in this order; "off" is a value too. Errors: ARGUMENT (an
 * unknown figure, a value that is no number); `options` is then as it was. */
DEMUCS_API demucs_status demucs_quality_options_parse(demucs_quality_options *options, const char *text,
                                                      demucs_error *error);

/* ---------------------------------------------------------------------------------------------------- figures ---- */

/* Below this level a stem counts as silent, dBFS; and no level is given as less than the floor, dB. */
#define DEMUCS_QUALITY_SILENT_DB (-60.0)
#define DEMUCS_QUALITY_FLOOR_DB  (-80.0)

/* Of one stem, as it came out of the network: before it is turned down or cut off for its file. */
typedef struct demucs_quality_stem {
    const char *name;
    double rms, peak;    /* all channels together; 1 is full scale */
    double dc;           /* mean of the samples of the channel where it is largest, with its sign */
    uint64_t clipped;    /* samples beyond full scale */
    double silent_share; /* of the time, in windows of 0.1 s: below -60 dBFS RMS. 0..1 */
    bool silent;         /* all of it is */
    double leak_db;      /* level of what is left of this stem in the rest of the track, relative to the stem; the rest
                            is the sum of the other stems, or the track minus this stem where not all were computed.
                            -80 is as good as nothing. NaN when the stem as a whole is below -60 dBFS, or never louder
                            than the rest at any frequency */
} demucs_quality_stem;

/* A figure above its limit. */
typedef struct demucs_quality_outlier {
    demucs_quality_figure figure;
    const char *stem;  /* NULL when it is about the track */
    const char *other; /* CORRELATION: with which; else NULL */
    double value, limit;
    const char *text; /* one sentence for people */
} demucs_quality_outlier;

/* All figures of a track. They belong to themselves. A later version may add fields at the ends of the structs. */
typedef struct demucs_quality {
    int channels, sample_rate_hz;
    uint64_t frames;
    double seconds;
    double mix_rms, mix_peak;                /* of the track */
    const demucs_quality_stem *const *stems; /* [stems_count] */
    size_t stems_count;
    const double *correlation; /* [stems_count][stems_count], -1..1, of all samples at the same time,
                                  without DC. NaN where a stem as a whole is below -60 dBFS */
    double residual_db;        /* track minus all stems, relative to the track. NaN when not all stems
                                  of the model were computed, or the track is below -60 dBFS */
    const demucs_quality_outlier *const *outliers; /* [outliers_count] */
    size_t outliers_count;
} demucs_quality;

DEMUCS_API void demucs_quality_free(demucs_quality *quality);

/* The figures as JSON, one object without line ends, as in docs/quality.schema.json; NaN is null there. `track` is the
 * name that it gives the track, or NULL. *text is to be freed with demucs_quality_text_free. Errors: MEMORY. */
DEMUCS_API demucs_status demucs_quality_json(const demucs_quality *quality, const char *track, char **text,
                                             demucs_error *error);
DEMUCS_API void demucs_quality_text_free(char *text);

/* ------------------------------------------------------------------------------------------------------ meter ---- */

/* Gathers the figures of one track. Used by one thread at a time. */
typedef struct demucs_quality_meter demucs_quality_meter;

typedef struct demucs_quality_format {
    int channels;             /* 1..64 */
    int sample_rate_hz;       /* 1..768000 */
    const char *const *names; /* [stems] of the stems; copied */
    int stems;                /* 1..64 */
    bool complete;            /* they are meant to add up to the track */
} demucs_quality_format;

/* Create a meter. `options` NULL: the defaults. Errors: ARGUMENT, MEMORY. */
DEMUCS_API demucs_status demucs_quality_meter_create(demucs_quality_meter **meter, const demucs_quality_format *format,
                                                     const demucs_quality_options *options, demucs_error *error);
DEMUCS_API void demucs_quality_meter_free(demucs_quality_meter *meter);

/* Add frames, any number at a time: mix[channel][frame] and stems[stem * channels + channel][frame]. */
DEMUCS_API void demucs_quality_meter_add(demucs_quality_meter *meter, const float *const *mix,
                                         const float *const *stems, size_t frames);

/* The figures of what was added, to be freed with demucs_quality_free. It cannot fail. The meter can only be freed
 * after it. */
DEMUCS_API demucs_quality *demucs_quality_meter_finish(demucs_quality_meter *meter);

/* ----------------------------------------------------------------------------------------------------- report ---- */

/* A page for a person: one HTML file of any number of tracks, with the waveforms and spectrograms of its signals,
 * players, and the figures. It needs nothing but itself: no network, no script, no other file, as far as its limit of
 * sound goes. It is written piece by piece, and appears whole at the end. Used by one thread at a time. */
typedef struct demucs_quality_report demucs_quality_report;

typedef struct demucs_quality_report_options {
    size_t struct_size;   /* set by demucs_quality_report_options_init */
    int mp3_bitrate_kbps; /* of the sound in the page. 8..320. Default 128 */
    size_t sound_bytes;   /* how much of the page may be sound. Default 48 MiB, which is some 40 minutes, all signals
                             of all tracks together. A track that is beyond it gets players of the files themselves, by
                             relative links, which work as long as page and files stay where they are */
} demucs_quality_report_options;

/* Fill in the defaults. */
DEMUCS_API void demucs_quality_report_options_init(demucs_quality_report_options *options, size_t struct_size);

/* A signal to show: an audio file. */
typedef struct demucs_quality_signal {
    const char *name; /* "mix", "vocals", "no_vocals"; the figures of a stem of that name, and those of the mix, stand
                         beside it */
    const char *path;
    int stream; /* of its audio streams, from 0 */
} demucs_quality_signal;

/* Begin a page that is to be `path`, in a folder that is there. `options` NULL: the defaults. Errors: ARGUMENT, IO,
 * MEMORY. */
DEMUCS_API demucs_status demucs_quality_report_create(demucs_quality_report **report, const char *path,
                                                      const demucs_quality_report_options *options,
                                                      demucs_error *error);

/* Add a track: read its files and draw them.
 *   track    what to call it, in UTF-8; bytes that are none show as '?'
 *   signals  [count] in the order in which they are shown
 *   quality  NULL, or its figures
 * Errors: IO and FORMAT (a signal, the page), UNSUPPORTED, MEMORY. The page cannot be committed after one. */
DEMUCS_API demucs_status demucs_quality_report_add(demucs_quality_report *report, const char *track,
                                                   const demucs_quality_signal *signals, size_t count,
                                                   const demucs_quality *quality, demucs_error *error);

/* Finish the page, let it appear, free the report. Errors: IO, and the first of those above. */
DEMUCS_API demucs_status demucs_quality_report_commit(demucs_quality_report *report, demucs_error *error);

/* Give up: no page appears, an older one stays. NULL is fine. */
DEMUCS_API void demucs_quality_report_discard(demucs_quality_report *report);

#ifdef __cplusplus
}
#endif

#endif
