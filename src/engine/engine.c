/* engine.c - see engine.h */
#include "engine/engine.h"

#include "base/alloc.h"
#include "base/memory.h"
#include "base/size.h"
#include "engine/options.h"
#include "engine/round.h"

#include <assert.h>

/* ---- creation ---- */

static demucs_status init(demucs_engine *e, const demucs_engine_options *options, demucs_error *error)
{
    demucs_engine_options o;
    dmx_cpu_level level;
    demucs_status status = dmx_engine_options_check(&o, options, error);
    if (status == DEMUCS_OK) status = dmx_engine_cpu_level(&o, &level, error);
    if (status != DEMUCS_OK) return status;
    e->kernels = dmx_kernels_get(level);
    e->bf16 = o.precision == DEMUCS_PRECISION_FAST && e->kernels->bf16_rows > 0;
    e->limit_bytes = o.memory_bytes > 0 ? o.memory_bytes : dmx_machine_memory();
    e->picks = dmx_alloc((size_t)o.jobs, sizeof *e->picks);
    if (e->picks == NULL) return dmx_memory_short(error);
    e->jobs.channels = (size_t)e->model->channels;
    e->jobs.sources = (size_t)e->model->source_count;
    return dmx_jobs_create(&e->jobs, o.jobs, o.threads, e->kernels, e->bf16, error);
}

demucs_status dmx_engine_create(demucs_engine **out, const demucs_model *model, const demucs_engine_options *options,
                                demucs_error *error)
{
    *out = NULL;
    demucs_engine *e = dmx_alloc(1, sizeof *e);
    if (e == NULL) return dmx_memory_short(error);
    e->model = model;
    e->guest.member = -1;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->moved, NULL);
    demucs_status status = init(e, options, error);
    if (status == DEMUCS_OK)
        *out = e;
    else
        dmx_engine_free(e);
    return status;
}

void dmx_engine_free(demucs_engine *e)
{
    if (e == NULL) return;
    assert(e->streams == 0);
    dmx_jobs_free(&e->jobs);
    dmx_guest_free(&e->guest);
    dmx_free(e->picks);
    pthread_cond_destroy(&e->moved);
    pthread_mutex_destroy(&e->lock);
    dmx_free(e);
}

/* ---- streams come and go ---- */

static void add_streams(demucs_engine *e, int change)
{
    pthread_mutex_lock(&e->lock);
    e->streams += change;
    pthread_mutex_unlock(&e->lock);
}

void dmx_engine_open(demucs_engine *e) { add_streams(e, 1); }
void dmx_engine_close(demucs_engine *e) { add_streams(e, -1); }

demucs_status dmx_engine_use(demucs_engine *e, int member, demucs_error *error)
{
    /* The model stays what it was for everybody else, so it may be const to its users. */
    return e->bf16 ? dmx_model_add_bf16((demucs_model *)e->model, member, e->kernels, error) : DEMUCS_OK;
}

/* ---- the threads and the memory have one user at a time ---- */

/* With the lock held. */
static void become_free(demucs_engine *e)
{
    e->busy = false;
    pthread_cond_broadcast(&e->moved);
}

/* Of the largest guest there can be. In bfloat16 its panels take half of what they take as floats. */
static size_t guest_bytes(const demucs_engine *e)
{
    size_t most = 0;
    for (int m = 0; m < e->model->count; m++) {
        const dmx_member *member = &e->model->members[m];
        if (!member->resident && member->bytes > most) most = member->bytes;
    }
    return e->bf16 ? most + most / 2 : most;
}

/* What all would take with memory for `needs`, and with `more_bytes`; SIZE_MAX for more than there can be. With the
 * lock held. */
static size_t total_bytes(const demucs_engine *e, const dmx_needs *needs, size_t more_bytes)
{
    dmx_arena others = {0};
    dmx_arena_carve(&others, more_bytes, 1);
    dmx_arena_carve(&others, e->held_bytes, 1);
    dmx_arena_carve(&others, guest_bytes(e), 1);
    return dmx_jobs_bytes(&e->jobs, needs, others.peak);
}

/* With the lock held. `more_bytes` as above. */
static demucs_status check_room(const demucs_engine *e, const dmx_needs *needs, size_t more_bytes, demucs_error *error)
{
    char needed[DMX_SIZE_TEXT], there[DMX_SIZE_TEXT];
    const size_t bytes = total_bytes(e, needs, more_bytes);
    if (bytes == SIZE_MAX) return dmx_memory_short(error);
    if (bytes <= e->limit_bytes) return DEMUCS_OK;
    return dmx_fail(error, DEMUCS_ERROR_MEMORY,
                    "The separation needs %s of memory besides the model, and %s are there for it; use shorter "
                    "segments, fewer jobs or fewer threads.",
                    dmx_size_text(needed, bytes), dmx_size_text(there, e->limit_bytes));
}

/* With the lock held, which is given up while memory is changed. */
static demucs_status grow(demucs_engine *e, const dmx_needs *needs, size_t more_bytes, demucs_error *error)
{
    e->growers++;
    while (e->busy) pthread_cond_wait(&e->moved, &e->lock);
    e->growers--;
    const bool keep = e->streams > 1;
    const dmx_needs all = dmx_needs_larger(e->reserved, needs);
    const size_t old_bytes = keep ? dmx_jobs_bytes(&e->jobs, &e->reserved, 0) : 0;
    demucs_status status = check_room(e, &all, more_bytes + old_bytes, error);
    if (status != DEMUCS_OK) {
        become_free(e); /* rounds waited for it */
        return status;
    }
    e->busy = true;
    pthread_mutex_unlock(&e->lock);
    status = dmx_jobs_reserve(&e->jobs, &all, keep, error);
    pthread_mutex_lock(&e->lock);
    e->reserved = e->jobs.reserved;
    become_free(e);
    return status;
}

demucs_status dmx_engine_reserve(demucs_engine *e, const dmx_needs *needs, size_t more_bytes, demucs_error *error)
{
    if (more_bytes > SIZE_MAX / 2) return dmx_memory_short(error); /* what was counted is more than there can be */
    pthread_mutex_lock(&e->lock);
    /* with nothing to change, the round that runs need not be waited for */
    demucs_status status = dmx_needs_fit(needs, &e->reserved) ? check_room(e, &e->reserved, more_bytes, error)
                                                              : grow(e, needs, more_bytes, error);
    if (status == DEMUCS_OK) e->held_bytes += more_bytes;
    pthread_mutex_unlock(&e->lock);
    return status;
}

void dmx_engine_give_back(demucs_engine *e, size_t bytes)
{
    pthread_mutex_lock(&e->lock);
    e->held_bytes -= bytes;
    pthread_mutex_unlock(&e->lock);
}

size_t dmx_engine_bytes_with(const demucs_engine *engine, const dmx_needs *needs)
{
    demucs_engine *e = (demucs_engine *)engine; /* only its lock changes */
    pthread_mutex_lock(&e->lock);
    const dmx_needs all = dmx_needs_larger(e->reserved, needs);
    const size_t bytes = dmx_jobs_bytes(&e->jobs, &all, sizeof *e + guest_bytes(e));
    pthread_mutex_unlock(&e->lock);
    return bytes;
}

size_t dmx_engine_bytes(const demucs_engine *engine)
{
    const dmx_needs none = {0};
    return dmx_engine_bytes_with(engine, &none);
}

/* ---- rounds ---- */

/* With the lock held, which is given up while the round runs. */
static void lead(demucs_engine *e)
{
    e->busy = true;
    const int count = dmx_queue_pick(&e->queue, e->model, e->guest.member, e->picks, e->jobs.count);
    pthread_mutex_unlock(&e->lock);
    dmx_round_run(&e->jobs, e->model, &e->guest, e->picks, count);
    pthread_mutex_lock(&e->lock);
    for (int i = 0; i < count; i++) e->picks[i].client->running--;
    become_free(e);
}

static bool is_served(const dmx_client *client)
{
    const bool given_up = client->failure.status != DEMUCS_OK || atomic_load(&client->cancelled);
    return client->running == 0 && (given_up || client->started == client->turn_count);
}

demucs_status dmx_engine_serve(demucs_engine *e, dmx_client *client, demucs_error *error)
{
    pthread_mutex_lock(&e->lock);
    dmx_queue_enter(&e->queue, client);
    while (!is_served(client)) {
        if (!e->busy && e->growers == 0 && dmx_queue_next(&e->queue, e->model, e->guest.member) == client)
            lead(e);
        else
            pthread_cond_wait(&e->moved, &e->lock);
    }
    dmx_queue_leave(&e->queue, client);
    pthread_mutex_unlock(&e->lock);
    if (client->failure.status != DEMUCS_OK)
        return dmx_fail(error, client->failure.status, "%s", client->failure.message);
    if (atomic_load(&client->cancelled))
        return dmx_fail(error, DEMUCS_ERROR_CANCELLED, "The separation was cancelled.");
    return DEMUCS_OK;
}

void dmx_engine_cancel(demucs_engine *e, dmx_client *client)
{
    pthread_mutex_lock(&e->lock);
    atomic_store(&client->cancelled, true);
    pthread_cond_broadcast(&e->moved);
    pthread_mutex_unlock(&e->lock);
}
