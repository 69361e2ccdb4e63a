/* song.h - the whole program's work on a song, measured: start, load, decode, separate, write.
 *
 * Each run is a process of its own that does what `demucs SONG` does, by the code of `demucs` (cli/separate): so its
 * CPU time and its memory at the highest are those of the program, and, unlike with the program itself, the engine can
 * be asked how long each stage took. What is left of the run when the network is taken away is what a faster network
 * cannot help. The stems go to a temporary folder in $TMPDIR (/tmp) that is removed afterwards. */
#ifndef BENCH_SONG_H
#define BENCH_SONG_H

#include "base/error.h"
#include "stages.h"

#define SONG_MADE "made" /* instead of a file: one that is made from a seed */

enum { SONG_MAX_RUNS = 100 };

/* The parts of a run, in order; what belongs to a segment is added up over all of them. */
typedef enum song_part {
    SONG_LOAD,        /* model and separator */
    SONG_READ,        /* decode, resample, measure the loudness, spool */
    SONG_INPUT,       /* norms and spectrogram of the segments */
    SONG_NETWORK,     /* encoders to decoders */
    SONG_STEMS,       /* inverse spectrogram */
    SONG_OVERLAP_ADD, /* of segments */
    SONG_WRITE,       /* what comes after the last segment: the stems to their files */
    SONG_REST,        /* starting the process, samples to and from the spools between segments */
    SONG_PARTS
} song_part;

typedef struct bench_song {
    int runs;
    double audio_seconds;
    double seconds[SONG_MAX_RUNS];     /* [runs] of the whole process, sorted */
    double cpu_seconds[SONG_MAX_RUNS]; /* [runs] of all its threads, sorted */
    double peak_bytes;                 /* resident, the most of all runs */
    double parts[SONG_PARTS];          /* seconds a run, mean */
    bench_stages stages;               /* of all runs together */
} bench_song;

/* What a part is called in tables and, with _ for blanks, in JSON. */
const char *song_part_name(song_part part);

/* The share of the runs in which the network does not work. */
double song_outside(const bench_song *song);

typedef struct bench_options bench_options; /* bench.h */

/* Separate the song of `options` with the model in the file `model_path`, as often as asked. */
bool song_measure(bench_song *song, const char *model_path, const bench_options *options, demucs_error *why);

#endif
