/* engine.c - see engine.h */
#include "engine/engine.h"

#include "base/alloc.h"
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

demucs_status dmx_engine_reserve(demucs_engine *e, const dmx_needs *needs, size_t more_bytes, demucs_error *error)
{
    pthread_mutex_lock(&e->lock);
    if (dmx_needs_fit(needs, &e->reserved)) { /* nothing to change: the round that runs need not be waited for */
        const bool room = dmx_jobs_suit_machine(&e->jobs, &e->reserved, more_bytes);
        pthread_mutex_unlock(&e->lock);
        return room ? DEMUCS_OK : dmx_memory_short(error);
    }
    e->growers++;
    while (e->busy) pthread_cond_wait(&e->moved, &e->lock);
    e->growers--;
    e->busy = true;
    const bool others = e->streams > 1;
    pthread_mutex_unlock(&e->lock);
    demucs_status status = dmx_jobs_reserve(&e->jobs, needs, more_bytes, others, error);
    pthread_mutex_lock(&e->lock);
    e->reserved = e->jobs.reserved;
    become_free(e);
    pthread_mutex_unlock(&e->lock);
    return status;
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

size_t dmx_engine_bytes(const demucs_engine *engine)
{
    demucs_engine *e = (demucs_engine *)engine; /* only its lock changes */
    pthread_mutex_lock(&e->lock);
    const size_t bytes = sizeof *e + dmx_jobs_bytes(&e->jobs, &e->reserved) + guest_bytes(e);
    pthread_mutex_unlock(&e->lock);
    return bytes;
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
