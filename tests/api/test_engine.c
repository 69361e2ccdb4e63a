/* test_engine.c - many streams of one engine at once: each has the bits that it has alone, whatever the others do, fail
 * at or are cancelled in; and they go ahead evenly. The thread sanitizer watches. */
#include "api.h"

#include "engine/engine.h"
#include "support/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { USERS = 8, LONGEST = 17000 };

static demucs_engine *engine_of(const demucs_model *model, int threads, int jobs)
{
    demucs_engine_options o;
    demucs_engine *engine = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    demucs_default_engine_options(&o, sizeof o);
    o.threads = threads;
    o.jobs = jobs;
    CHECK(demucs_engine_create(&engine, model, &o, &error) == DEMUCS_OK, "%s", error.message);
    return engine;
}

static demucs_stream *stream_of(demucs_engine *engine, const demucs_stream_options *options)
{
    demucs_stream *stream = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    CHECK(demucs_stream_create(&stream, engine, options, &error) == DEMUCS_OK, "%s", error.message);
    return stream;
}

static demucs_stream_options options_of_stream(void)
{
    demucs_stream_options o;
    demucs_default_stream_options(&o, sizeof o);
    return o;
}

/* ---- a stream in a thread of its own ---- */

typedef struct runner {
    pthread_t thread;
    demucs_engine *engine;
    demucs_stream_options options;
    size_t frames;
    int rounds;
    const float *mix;
    float *stems; /* [API_PLANES][frames] of the last round */
    demucs_status status;
    demucs_error error;
    pthread_barrier_t *start; /* NULL, or all begin together */
} runner;

static void *use(void *argument)
{
    runner *u = argument;
    demucs_stream *stream = NULL;
    float *planes[API_PLANES];
    api_planes(planes, u->stems, API_PLANES, u->frames);
    if (u->start != NULL) pthread_barrier_wait(u->start);
    for (int round = 0; round < u->rounds; round++) {
        u->error = (demucs_error){DEMUCS_OK, ""};
        u->status = demucs_stream_create(&stream, u->engine, &u->options, &u->error);
        if (u->status == DEMUCS_OK)
            u->status = demucs_stream_separate(stream, (const float *const[]){u->mix, u->mix + LONGEST}, u->frames,
                                               planes, &u->error);
        demucs_stream_free(stream);
        stream = NULL;
    }
    return NULL;
}

static bool first_bool_only[API_SOURCES] = {true}, last_two[API_SOURCES] = {false, false, true, true};

/* Options and lengths that differ in everything that a stream may choose. */
static void choose(runner *u, int number)
{
    u->options = options_of_stream();
    u->options.shifts = number % 3;
    u->options.seed = (uint64_t)number;
    u->options.overlap = number % 2 == 0 ? 0.25 : 0.6;
    u->options.transition_power = 1 + number % 4;
    u->options.normalize = number % 4 != 1;
    u->frames = (size_t)(LONGEST - 1900 * number);
    if (number == 2) u->options.wanted = first_bool_only;
    if (number == 4) u->options.segment_seconds = 0.3;
    if (number == 5) u->options.wanted = last_two;
    if (number == 7) {
        u->options.shifts = 0;
        u->options.split = false;
        u->frames = 2345;
    }
}

static void check_together(const demucs_model *model, int threads, int jobs)
{
    demucs_engine *engine = engine_of(model, threads, jobs);
    float *mix = api_noise(API_CHANNELS, LONGEST, 3);
    runner users[USERS], alone[USERS];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, USERS);
    for (int i = 0; i < USERS; i++) {
        users[i] = (runner){.engine = engine, .mix = mix, .rounds = 2, .start = &start};
        choose(&users[i], i);
        users[i].stems = calloc(API_PLANES * users[i].frames, sizeof(float));
        alone[i] = users[i];
        alone[i].stems = calloc(API_PLANES * users[i].frames, sizeof(float));
        alone[i].engine = engine_of(model, 1, 1);
        alone[i].rounds = 1;
        alone[i].start = NULL;
        use(&alone[i]);
        demucs_engine_free(alone[i].engine);
    }
    for (int i = 0; i < USERS; i++) CHECK(pthread_create(&users[i].thread, NULL, use, &users[i]) == 0, "thread %d", i);
    for (int i = 0; i < USERS; i++) {
        pthread_join(users[i].thread, NULL);
        CHECK(users[i].status == DEMUCS_OK && alone[i].status == DEMUCS_OK, "stream %d: %s %s", i,
              users[i].error.message, alone[i].error.message);
        CHECK(memcmp(users[i].stems, alone[i].stems, API_PLANES * users[i].frames * sizeof(float)) == 0,
              "%d threads, %d jobs: stream %d has other stems than alone", threads, jobs, i);
        free(users[i].stems);
        free(alone[i].stems);
    }
    pthread_barrier_destroy(&start);
    free(mix);
    demucs_engine_free(engine);
}

static void test_bits(void)
{
    demucs_model *model = api_load(API_MODEL);
    if (model == NULL) return;
    check_together(model, 1, 1);
    check_together(model, 2, 1);
    check_together(model, 4, 2);
    check_together(model, 3, 3);
    demucs_model_free(model);
}

static void test_bits_of_a_bag(void)
{
    demucs_model *model = api_load(API_BAG);
    if (model == NULL) return;
    check_together(model, 2, 2);
    demucs_model_free(model);
}

/* Members that take turns in memory. */
static void test_bits_of_guests(void)
{
    demucs_model *all = api_load(API_BAG), *model = NULL;
    if (all == NULL) return;
    demucs_load_options o;
    demucs_default_load_options(&o, sizeof o);
    o.resident_bytes = demucs_model_memory_bytes(all) / 2;
    demucs_model_free(all);
    CHECK(demucs_model_load_with(&model, api_path(API_BAG), &o, NULL) == DEMUCS_OK, "load");
    if (model == NULL) return;
    int residents = 0;
    for (int m = 0; m < model->count; m++) residents += model->members[m].resident;
    CHECK(residents == 2, "%d members are resident", residents);
    check_together(model, 2, 2);
    demucs_model_free(model);
}

/* ---- networks that take their time, so that who waits for whom does not depend on the system's scheduling ---- */

static const dmx_family *real_family;
static atomic_int calm; /* passes whose threads would not spin */

static void slow_forward(const dmx_network *network, dmx_exec *exec, int64_t frames, const bool *wanted)
{
    if (!exec->planning) nanosleep(&(struct timespec){.tv_nsec = 8000000}, NULL);
    if (!exec->planning && !dmx_thread_pool_may_spin(exec->pool)) atomic_fetch_add(&calm, 1);
    real_family->forward(network, exec, frames, wanted);
}

static demucs_model *load_slow(dmx_family *slow)
{
    demucs_model *model = api_load(API_MODEL);
    if (model == NULL) return NULL;
    real_family = model->members[0].network->family;
    *slow = *real_family;
    slow->forward = slow_forward;
    model->members[0].network->family = slow;
    return model;
}

static void free_slow(demucs_model *model)
{
    model->members[0].network->family = real_family;
    demucs_model_free(model);
}

/* ---- fair ---- */

typedef struct race {
    pthread_mutex_t lock;
    char order[512]; /* which stream finished a segment, one letter each */
    int count;
} race;

typedef struct racer {
    race *race;
    char letter;
} racer;

static bool note(const demucs_progress *progress, void *user)
{
    racer *r = user;
    if (!progress->finished) return false;
    pthread_mutex_lock(&r->race->lock);
    if (r->race->count < (int)sizeof r->race->order - 1) r->race->order[r->race->count++] = r->letter;
    pthread_mutex_unlock(&r->race->lock);
    return false;
}

/* Two long tracks and a short one that comes to them at the same time: it ends long before they do. */
static void test_fair(void)
{
    enum { RACERS = 3 };
    dmx_family slow;
    demucs_model *model = load_slow(&slow);
    demucs_engine *engine = model != NULL ? engine_of(model, 1, 1) : NULL;
    if (engine == NULL) return;
    race all = {.lock = PTHREAD_MUTEX_INITIALIZER};
    racer racers[RACERS];
    runner users[RACERS];
    pthread_barrier_t start;
    const size_t frames[RACERS] = {LONGEST, LONGEST, 4000};
    float *mix = api_noise(API_CHANNELS, LONGEST, 4);
    pthread_barrier_init(&start, NULL, RACERS);
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (racer){&all, (char)('a' + i)};
        users[i] = (runner){.engine = engine, .mix = mix, .rounds = 1, .start = &start, .frames = frames[i]};
        users[i].options = options_of_stream();
        users[i].options.shifts = 0;
        users[i].options.progress = note;
        users[i].options.progress_user = &racers[i];
        users[i].stems = calloc(API_PLANES * frames[i], sizeof(float));
        CHECK(pthread_create(&users[i].thread, NULL, use, &users[i]) == 0, "thread %d", i);
    }
    for (int i = 0; i < RACERS; i++) pthread_join(users[i].thread, NULL);
    const char *last = strrchr(all.order, 'c');
    CHECK(last != NULL && last - all.order < 12, "the short one ended too late: %s", all.order);
    /* a and b go ahead evenly from where both have begun to where one has ended */
    const char *a = strchr(all.order, 'a'), *b = strchr(all.order, 'b');
    const char *a_end = strrchr(all.order, 'a'), *b_end = strrchr(all.order, 'b');
    int ahead = 0, most = 0;
    for (const char *c = a > b ? a : b; c < (a_end < b_end ? a_end : b_end); c++) {
        ahead += (*c == 'a') - (*c == 'b');
        if (abs(ahead) > most) most = abs(ahead);
    }
    CHECK(most <= 3, "one got %d segments ahead: %s", most, all.order);
    for (int i = 0; i < RACERS; i++) free(users[i].stems);
    pthread_barrier_destroy(&start);
    free(mix);
    demucs_engine_free(engine);
    free_slow(model);
}

/* ---- what fails or is cancelled in one stream leaves the others alone ---- */

static bool stop_at_once(const demucs_progress *progress, void *user)
{
    (void)user;
    return progress->segments_done == 2;
}

typedef struct canceller {
    demucs_stream *stream;
    atomic_bool stop;
} canceller;

static void *cancel_again_and_again(void *argument)
{
    canceller *c = argument;
    while (!atomic_load(&c->stop)) {
        nanosleep(&(struct timespec){.tv_nsec = 13000000}, NULL);
        demucs_stream_cancel(c->stream);
    }
    return NULL;
}

static void test_isolated(void)
{
    dmx_family slow;
    demucs_model *model = load_slow(&slow);
    demucs_engine *engine = model != NULL ? engine_of(model, 2, 2) : NULL;
    if (engine == NULL) return;
    float *mix = api_noise(API_CHANNELS, LONGEST, 5), *stems = calloc(API_PLANES * LONGEST, sizeof *stems);
    float *planes[API_PLANES];
    runner good = {.engine = engine, .mix = mix, .rounds = 1, .frames = LONGEST}, stopped = good;
    api_planes(planes, stems, API_PLANES, LONGEST);
    good.options = stopped.options = options_of_stream();
    stopped.options.progress = stop_at_once;
    stopped.rounds = 20;
    good.stems = calloc(API_PLANES * LONGEST, sizeof(float));
    stopped.stems = calloc(API_PLANES * LONGEST, sizeof(float));
    float *right = calloc(API_PLANES * LONGEST, sizeof *right);
    runner alone = good;
    alone.stems = right;
    use(&alone);
    demucs_stream *victim = stream_of(engine, NULL);
    canceller other = {.stream = victim};
    pthread_t thread;
    pthread_create(&thread, NULL, cancel_again_and_again, &other);
    pthread_create(&good.thread, NULL, use, &good);
    pthread_create(&stopped.thread, NULL, use, &stopped);
    int cancelled = 0;
    for (int i = 0; i < 20; i++) {
        demucs_error error = {DEMUCS_OK, ""};
        const demucs_status status =
            demucs_stream_separate(victim, (const float *const[]){mix, mix + LONGEST}, LONGEST, planes, &error);
        CHECK(status == DEMUCS_OK || api_is(status, &error, DEMUCS_ERROR_CANCELLED, "cancelled"), "%s", error.message);
        cancelled += status == DEMUCS_ERROR_CANCELLED;
    }
    atomic_store(&other.stop, true);
    pthread_join(thread, NULL);
    pthread_join(good.thread, NULL);
    pthread_join(stopped.thread, NULL);
    CHECK(cancelled > 0, "nothing was cancelled");
    CHECK(api_is(stopped.status, &stopped.error, DEMUCS_ERROR_CANCELLED, "cancelled"), "%s", stopped.error.message);
    CHECK(good.status == DEMUCS_OK && memcmp(good.stems, right, API_PLANES * LONGEST * sizeof *right) == 0,
          "another stream's stems have changed: %s", good.error.message);
    demucs_stream_reset(victim); /* of a cancel that came late */
    CHECK(demucs_stream_separate(victim, (const float *const[]){mix, mix + LONGEST}, LONGEST, planes, NULL) ==
                  DEMUCS_OK &&
              memcmp(stems, right, API_PLANES * LONGEST * sizeof *right) == 0,
          "the stream is not good for another track");
    demucs_stream_free(victim);
    demucs_engine_free(engine);
    free_slow(model);
    free(mix);
    free(stems);
    free(good.stems);
    free(stopped.stems);
    free(right);
}

/* ---- two engines ---- */

/* Each has a thread for each core. Alone its threads may spin; while both are at work none does. */
static void test_two_engines(void)
{
    dmx_family slow;
    demucs_model *model = load_slow(&slow);
    if (model == NULL) return;
    float *mix = api_noise(API_CHANNELS, LONGEST, 6);
    runner users[2];
    for (int i = 0; i < 2; i++) {
        users[i] = (runner){.engine = engine_of(model, 0, 1), .mix = mix, .rounds = 2, .frames = LONGEST};
        users[i].options = options_of_stream();
        users[i].stems = calloc(API_PLANES * LONGEST, sizeof(float));
    }
    atomic_store(&calm, 0);
    use(&users[0]);
    CHECK(atomic_load(&calm) == 0, "an engine that is alone does not spin");
    for (int i = 0; i < 2; i++) CHECK(pthread_create(&users[i].thread, NULL, use, &users[i]) == 0, "thread %d", i);
    for (int i = 0; i < 2; i++) pthread_join(users[i].thread, NULL);
    CHECK(atomic_load(&calm) > 0, "two engines spin");
    for (int i = 0; i < 2; i++) {
        free(users[i].stems);
        demucs_engine_free(users[i].engine);
    }
    free(mix);
    free_slow(model);
}

/* ---- facts ---- */

static void test_facts(void)
{
    demucs_model *model = api_load(API_MODEL);
    demucs_engine *engine = model != NULL ? engine_of(model, 5, 2) : NULL;
    if (engine == NULL) return;
    CHECK(demucs_engine_threads(engine) == 4 && demucs_engine_jobs(engine) == 2, "%d threads, %d jobs",
          demucs_engine_threads(engine), demucs_engine_jobs(engine));
    CHECK(demucs_engine_precision(engine) == DEMUCS_PRECISION_EXACT && demucs_engine_cpu(engine) != NULL, "names");
    const size_t before = demucs_engine_memory_bytes(engine);
    demucs_stream *streams[4];
    for (int i = 0; i < 4; i++) streams[i] = stream_of(engine, NULL);
    CHECK(demucs_engine_memory_bytes(engine) == before, "the engine grew from %zu to %zu bytes", before,
          demucs_engine_memory_bytes(engine));
    const size_t each = demucs_stream_memory_bytes(streams[0]);
    CHECK(each > 1000 && each < before / 2 && demucs_stream_memory_bytes(streams[3]) == each, "%zu bytes a stream",
          each);
    for (int i = 0; i < 4; i++) demucs_stream_free(streams[i]);
    demucs_engine_free(engine);
    demucs_model_free(model);
}

TEST_MAIN(test_bits, test_bits_of_a_bag, test_bits_of_guests, test_fair, test_isolated, test_two_engines, test_facts)
