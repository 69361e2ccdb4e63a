/* engine.h - what a demucs_engine is: what is dear and shared by any number of streams.
 *
 *     stream A's thread --serve--> \                                      / job 0
 *     stream B's thread --serve-->  queue: who was served least is next --  job 1     one round of segments at a time
 *     stream C's thread --serve--> /                                      \ job 2
 *
 * An engine has no thread that decides. Whose segment is next, its thread leads a round: it picks what runs, runs it on
 * the engine's threads, and wakes the others, of which one leads the next round. So a single stream never waits for
 * another thread to take notice. */
#ifndef DMX_ENGINE_ENGINE_H
#define DMX_ENGINE_ENGINE_H

#include "engine/guest.h"
#include "engine/jobs.h"
#include "engine/queue.h"

#include <pthread.h>

struct demucs_engine {
    const demucs_model *model;
    const dmx_kernels *kernels;
    bool bf16;     /* the precision is FAST */
    dmx_jobs jobs; /* whoever set `busy` may use them, and the guest */
    dmx_guest guest;
    dmx_pick *picks; /* [jobs.count] of the round that runs */

    pthread_mutex_t lock; /* of what follows and of what the clients' texts call the engine's own */
    pthread_cond_t moved; /* a round has ended, a stream was cancelled: look again */
    bool busy;            /* a round runs, or memory is being changed */
    int growers;          /* threads that wait to change memory: the next round lets them go first */
    dmx_queue queue;
    int streams;        /* that are open */
    dmx_needs reserved; /* as jobs.reserved, for those that only want to know */
    size_t held_bytes;  /* that the streams hold */
    size_t limit_bytes; /* for all of it: jobs, a guest and what streams hold */
};

demucs_status dmx_engine_create(demucs_engine **engine, const demucs_model *model, const demucs_engine_options *options,
                                demucs_error *error);
void dmx_engine_free(demucs_engine *engine);

/* A stream comes and goes. */
void dmx_engine_open(demucs_engine *engine);
void dmx_engine_close(demucs_engine *engine);

/* Make sure that a member has the weights that the engine's precision asks for. Members that are not resident get them
 * when they are loaded. */
demucs_status dmx_engine_use(demucs_engine *engine, int member, demucs_error *error);

/* Make sure that there is memory for segments with these needs, within the engine's limit, and room below it for
 * `more_bytes` that the stream is about to hold: each allocation by itself might pass, and the system end the process
 * when all of them are used. Waits for the round that runs, if memory has to be changed. */
demucs_status dmx_engine_reserve(demucs_engine *engine, const dmx_needs *needs, size_t more_bytes, demucs_error *error);

/* A stream holds so much less. */
void dmx_engine_give_back(demucs_engine *engine, size_t bytes);

/* Run the turns of a client; returns when they are done and mixed, or when it was cancelled or one could not run. */
demucs_status dmx_engine_serve(demucs_engine *engine, dmx_client *client, demucs_error *error);

/* Cancel what the client is waiting for. For any thread. */
void dmx_engine_cancel(demucs_engine *engine, dmx_client *client);

/* Bytes that the engine holds, a guest included; and those that it would hold with memory for `needs` besides. */
size_t dmx_engine_bytes(const demucs_engine *engine);
size_t dmx_engine_bytes_with(const demucs_engine *engine, const dmx_needs *needs);

#endif
