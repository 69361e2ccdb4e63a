/* streams.h - several streams of one engine at once, beside the same tracks one after the other. */
#ifndef CLI_BENCH_STREAMS_H
#define CLI_BENCH_STREAMS_H

#include "demucs.h"

#include <stdbool.h>

enum { STREAMS_MAX = 256, STREAMS_MAX_RUNS = 1000 };

typedef struct bench_options bench_options;

/* Seconds of all tracks together. The ways take turns, so that what else the machine does hits both. */
typedef struct bench_streams {
    int count; /* of streams; 0: not measured */
    int runs;
    double audio_seconds;                /* of all tracks together */
    double at_once[STREAMS_MAX_RUNS];    /* [runs] sorted */
    double one_by_one[STREAMS_MAX_RUNS]; /* [runs] sorted */
    double ratio;                        /* of the medians: what sharing the engine costs */
    size_t engine_bytes, stream_bytes;   /* memory of the engine, and of each stream */
} bench_streams;

/* Measure options->streams tracks of noise, each a few segments of `segment_seconds` long. */
bool streams_measure(bench_streams *streams, const demucs_model *model, double segment_seconds,
                     const bench_options *options, demucs_error *why);

#endif
