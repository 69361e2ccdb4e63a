/* client.h - what the engine knows of a stream: the segments that wait for their turn, and whom to ask for their
 * samples.
 *
 * A stream's thread fills in the turns, hands the client to dmx_engine_serve and waits there. While it waits nothing of
 * the stream changes, so the threads that run its segments may read and write it. */
#ifndef DMX_ENGINE_CLIENT_H
#define DMX_ENGINE_CLIENT_H

#include "demucs.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* One forward pass that is asked for. */
typedef struct dmx_turn {
    int member;     /* whose network */
    int64_t length; /* frames of its input, a length that the network takes */
} dmx_turn;

/* Where the samples of a turn lie while it runs. */
typedef struct dmx_buffers {
    float *chunk;  /* [channels][length] input of the network */
    float *share;  /* [frames of the segment] for the stream: what each counts in the mixdown */
    float *result; /* [sources][channels][length] output of the network, wanted sources only */
} dmx_buffers;

typedef struct dmx_client {
    /* Set by the stream, once. */
    void *stream;
    void (*read)(void *stream, int turn, const dmx_buffers *buffers);           /* fill in chunk and share */
    void (*mix)(void *stream, int turn, const dmx_buffers *buffers, int plane); /* add the result to one plane */
    int planes;            /* that mix is called for: several at a time, but in the order of the turns for each */
    const bool *wanted;    /* [sources] */
    demucs_stage_fn stage; /* NULL, or called after each stage, in the stream's own thread */
    void *stage_user;

    /* Set by the stream before each dmx_engine_serve. */
    dmx_turn *turns; /* [turn_count] in the order in which they are to be run */
    int turn_count;

    atomic_bool cancelled; /* set by any thread: turns that run stop computing, and others do not start */

    /* The engine's own, under its lock. */
    int started;    /* turns [0, started) were given to a job */
    int running;    /* of those, how many run now */
    int64_t served; /* frames that were run for this stream so far: who has the least is next */
    demucs_error failure;
    struct dmx_client *next; /* in the queue */
} dmx_client;

#endif
