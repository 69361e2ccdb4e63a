/* test_cancel.c - demucs_stream_cancel: from another thread, in the middle of a forward pass, and while another stream
 * has the engine; and what a stream says of itself: whether it is done, how far behind it is. */
#include "api.h"

#include "engine/engine.h"
#include "support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FRAMES = 9000, UNSPLIT = 3000 };

static const dmx_family *real_family;
static demucs_error error;

/* ---- a model whose forward passes can be watched ---- */

static demucs_stream *victim; /* is cancelled when its pass has come to a stage */
static atomic_bool computed;  /* the pass has written stems */
static atomic_int gate;       /* 1: a pass waits; 2: it may go on; 3: it did not want to wait any longer */

static void cancelled_forward(const dmx_network *network, dmx_exec *exec, int64_t frames, const bool *wanted)
{
    float *stems = exec->stems;
    const size_t count = (size_t)(API_PLANES * frames);
    for (size_t i = 0; !exec->planning && i < count; i++) stems[i] = 77;
    real_family->forward(network, exec, frames, wanted);
    for (size_t i = 0; !exec->planning && i < count; i++)
        if (stems[i] != 77) atomic_store(&computed, true);
}

static void waiting_forward(const dmx_network *network, dmx_exec *exec, int64_t frames, const bool *wanted)
{
    if (!exec->planning && atomic_load(&gate) == 0) {
        atomic_store(&gate, 1);
        for (int ms = 0; ms < 3000 && atomic_load(&gate) == 1; ms++)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        if (atomic_load(&gate) == 1) atomic_store(&gate, 3);
    }
    real_family->forward(network, exec, frames, wanted);
}

typedef struct watched {
    dmx_family family;
    demucs_model *model;
    demucs_engine *engine;
} watched;

static bool watch(watched *w, void (*forward)(const dmx_network *, dmx_exec *, int64_t, const bool *))
{
    w->model = api_load(API_MODEL);
    if (w->model == NULL) return false;
    real_family = w->model->members[0].network->family;
    w->family = *real_family;
    w->family.forward = forward;
    w->model->members[0].network->family = &w->family;
    const demucs_engine_options o = {.struct_size = sizeof o, .threads = 2, .jobs = 1};
    CHECK(demucs_engine_create(&w->engine, w->model, &o, &error) == DEMUCS_OK, "%s", error.message);
    return w->engine != NULL;
}

static void unwatch(watched *w)
{
    demucs_engine_free(w->engine);
    w->model->members[0].network->family = real_family;
    demucs_model_free(w->model);
}

static demucs_stream *stream_of(demucs_engine *engine, const demucs_stream_options *o)
{
    demucs_stream *stream = NULL;
    CHECK(demucs_stream_create(&stream, engine, o, &error) == DEMUCS_OK, "%s", error.message);
    return stream;
}

static demucs_stream_options options_of(bool split)
{
    demucs_stream_options o;
    demucs_default_stream_options(&o, sizeof o);
    o.shifts = 0;
    o.split = split;
    return o;
}

static demucs_status separate(demucs_stream *stream, const float *mix, size_t frames, float *stems)
{
    float *planes[API_PLANES];
    api_planes(planes, stems, API_PLANES, frames);
    return demucs_stream_separate(stream, (const float *const[]){mix, mix + frames}, frames, planes, &error);
}

/* ---- in the middle of a pass ---- */

static void cancel_at_stage(const char *stage, double flops, void *user)
{
    (void)flops;
    if (strcmp(stage, user) == 0) demucs_stream_cancel(victim);
}

/* What comes after the stage is not computed, split or not, and nobody needs a way out. */
static void check_mid_pass(bool split, const char *stage, bool computes)
{
    watched w = {0};
    if (!watch(&w, cancelled_forward)) return;
    demucs_stream_options o = options_of(split);
    o.stage = cancel_at_stage;
    o.stage_user = (void *)stage;
    victim = stream_of(w.engine, &o);
    float *mix = api_noise(API_CHANNELS, UNSPLIT, 1), *stems = calloc(API_PLANES * UNSPLIT, sizeof *stems);
    atomic_store(&computed, false);
    CHECK_FAILS(separate(victim, mix, UNSPLIT, stems), DEMUCS_ERROR_CANCELLED, "cancelled");
    CHECK(atomic_load(&computed) == computes, "split %d, cancelled at %s: the stems were%s written", split, stage,
          computes ? " not" : "");
    demucs_stream_free(victim);
    unwatch(&w);
    free(mix);
    free(stems);
}

static void test_mid_pass(void)
{
    check_mid_pass(false, "encoder.1", false);
    check_mid_pass(true, "encoder.1", false);
    check_mid_pass(true, "stems", true); /* the pass was over */
}

/* ---- while another stream has the engine ---- */

typedef struct user_of_stream {
    pthread_t thread;
    demucs_stream *stream;
    const float *mix;
    float *stems;
    demucs_status status;
    atomic_bool done;
} user_of_stream;

static void *use(void *argument)
{
    user_of_stream *u = argument;
    float *planes[API_PLANES];
    api_planes(planes, u->stems, API_PLANES, FRAMES);
    u->status =
        demucs_stream_separate(u->stream, (const float *const[]){u->mix, u->mix + FRAMES}, FRAMES, planes, NULL);
    atomic_store(&u->done, true);
    return NULL;
}

/* The first stream is in a pass that does not end before the second one, which waits for it, was cancelled and is back.
 */
static void test_while_waiting(void)
{
    watched w = {0};
    if (!watch(&w, waiting_forward)) return;
    const demucs_stream_options o = options_of(true);
    float *mix = api_noise(API_CHANNELS, FRAMES, 2);
    user_of_stream users[2] = {{.mix = mix}, {.mix = mix}};
    atomic_store(&gate, 0);
    for (int i = 0; i < 2; i++) {
        users[i].stream = stream_of(w.engine, &o);
        users[i].stems = calloc(API_PLANES * FRAMES, sizeof(float));
        CHECK(pthread_create(&users[i].thread, NULL, use, &users[i]) == 0, "thread");
        for (int ms = 0; ms < 3000 && atomic_load(&gate) == 0; ms++)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    for (int ms = 0; ms < 2500 && !atomic_load(&users[1].done); ms++) {
        demucs_stream_cancel(users[1].stream); /* again, since it may not have begun the first time */
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    CHECK(atomic_load(&users[1].done) && atomic_load(&gate) == 1, "it waited for the other stream");
    atomic_store(&gate, 2);
    for (int i = 0; i < 2; i++) pthread_join(users[i].thread, NULL);
    CHECK(users[0].status == DEMUCS_OK && users[1].status == DEMUCS_ERROR_CANCELLED, "%d %d", users[0].status,
          users[1].status);
    for (int i = 0; i < 2; i++) {
        demucs_stream_free(users[i].stream);
        free(users[i].stems);
    }
    free(mix);
    unwatch(&w);
}

/* ---- between calls ---- */

static void test_between_calls(void)
{
    demucs_model *model = api_load(API_MODEL);
    demucs_engine *engine = NULL;
    CHECK(demucs_engine_create(&engine, model, NULL, &error) == DEMUCS_OK, "%s", error.message);
    demucs_stream_options o = options_of(true);
    o.normalize = false;
    demucs_stream *s = stream_of(engine, &o);
    float *mix = api_noise(API_CHANNELS, FRAMES, 3), *stems = calloc(API_PLANES * FRAMES, sizeof *stems);
    float *planes[API_PLANES];
    const float *const inputs[] = {mix, mix + FRAMES};
    size_t count;
    bool done = true;
    api_planes(planes, stems, API_PLANES, FRAMES);
    demucs_stream_cancel(NULL);
    demucs_stream_cancel(s); /* nothing is under way: forgotten */
    for (int call = 0; call < 3; call++) {
        CHECK(demucs_stream_begin(s, 0, NULL, &error) == DEMUCS_OK, "%s", error.message);
        CHECK(demucs_stream_push(s, inputs, 1000, &count, &error) == DEMUCS_OK && count == 1000, "%s", error.message);
        demucs_stream_cancel(s);
        if (call == 0) CHECK_FAILS(demucs_stream_push(s, inputs, 1, &count, &error), DEMUCS_ERROR_CANCELLED, "cancel");
        if (call == 1) CHECK_FAILS(demucs_stream_finish(s, &error), DEMUCS_ERROR_CANCELLED, "cancel");
        if (call == 2)
            CHECK_FAILS(demucs_stream_pull(s, planes, 1, &count, &done, &error), DEMUCS_ERROR_CANCELLED, "cancel");
        CHECK_FAILS(demucs_stream_finish(s, &error), DEMUCS_ERROR_STATE, "begin"); /* the track is dropped */
    }
    CHECK(!done, "a cancelled track is not done");
    CHECK(separate(s, mix, FRAMES, stems) == DEMUCS_OK, "%s", error.message);
    demucs_stream_free(s);
    demucs_engine_free(engine);
    demucs_model_free(model);
    free(mix);
    free(stems);
}

/* ---- what a stream says of itself ---- */

/* "More input, please" and "done" are told apart; and the first frames come when the latency says so, not before. */
static void check_latency(int jobs, int shifts, double overlap)
{
    demucs_model *model = api_load(API_MODEL);
    demucs_engine *engine = NULL;
    const demucs_engine_options e = {.struct_size = sizeof e, .threads = jobs, .jobs = jobs};
    demucs_stream_options o = options_of(true);
    o.normalize = false;
    o.shifts = shifts;
    o.overlap = overlap;
    CHECK(demucs_engine_create(&engine, model, &e, &error) == DEMUCS_OK, "%s", error.message);
    demucs_stream *s = stream_of(engine, &o);
    const size_t latency = demucs_stream_latency_frames(s), frames = 3 * latency;
    float *mix = api_noise(API_CHANNELS, frames, 4), *stems = calloc(API_PLANES * frames, sizeof *stems);
    float *planes[API_PLANES];
    size_t pulled = 0, count, got = 1;
    bool done = true;
    CHECK(demucs_stream_begin(s, 0, NULL, &error) == DEMUCS_OK, "%s", error.message);
    for (size_t pushed = 0; pushed < frames; pushed += count) {
        const size_t piece = pushed == 0 ? latency - 1 : pushed < latency ? 1 : 157; /* at first one too few */
        const float *const inputs[] = {mix + pushed, mix + frames + pushed};
        CHECK(demucs_stream_push(s, inputs, piece < frames - pushed ? piece : frames - pushed, &count, NULL) ==
                      DEMUCS_OK &&
                  count > 0,
              "push");
        for (got = 1; got > 0; pulled += got) {
            api_planes(planes, stems + pulled, API_PLANES, frames);
            CHECK(demucs_stream_pull(s, planes, frames - pulled, &got, &done, NULL) == DEMUCS_OK && !done, "pull");
        }
        CHECK(pushed > 0 || pulled == 0, "%zu frames came before the latency of %zu", pulled, latency);
        CHECK(pushed + count < latency || pulled > pushed + count - latency, "only %zu frames after %zu, latency %zu",
              pulled, pushed + count, latency);
    }
    CHECK(demucs_stream_finish(s, NULL) == DEMUCS_OK, "finish");
    for (got = 1; got > 0; pulled += got) {
        api_planes(planes, stems + pulled, API_PLANES, frames);
        const size_t room = frames - pulled > 0 ? frames - pulled : 1;
        CHECK(!done && demucs_stream_pull(s, planes, room, &got, &done, NULL) == DEMUCS_OK, "pull at the end");
    }
    CHECK(done && pulled == frames, "%zu of %zu frames, done %d", pulled, frames, done);
    CHECK(demucs_stream_begin(s, 0, NULL, NULL) == DEMUCS_OK, "it is ready for another track");
    demucs_stream_free(s);
    demucs_engine_free(engine);
    demucs_model_free(model);
    free(mix);
    free(stems);
}

static void test_latency(void)
{
    check_latency(1, 0, 0.25);
    check_latency(3, 0, 0.25);
    check_latency(2, 0, 0.7);
    demucs_model *model = api_load(API_MODEL);
    demucs_engine *engine = NULL;
    const demucs_stream_options o = options_of(false);
    CHECK(demucs_engine_create(&engine, model, NULL, &error) == DEMUCS_OK, "%s", error.message);
    demucs_stream *s = stream_of(engine, &o);
    CHECK(demucs_stream_latency_frames(s) == SIZE_MAX && demucs_stream_latency_frames(NULL) == 0, "unsplit");
    demucs_stream_free(s);
    demucs_engine_free(engine);
    demucs_model_free(model);
}

TEST_MAIN(test_mid_pass, test_while_waiting, test_between_calls, test_latency)
