/* round.c - see round.h */
#include "engine/round.h"

typedef struct round {
    dmx_jobs *jobs;
    const dmx_pick *picks; /* [count], one for each job */
    int count;
} round;

/* ---- before the networks run ---- */

/* A file that was changed since may describe another network, which needs more memory than was reserved for it. */
static demucs_status check_guest(const dmx_jobs *jobs, const demucs_model *model, dmx_guest *guest,
                                 const dmx_client *client, const dmx_turn *turn, demucs_error *error)
{
    const dmx_member *member = &model->members[turn->member];
    dmx_needs needs = {0};
    dmx_jobs_plan(jobs, guest->network, turn->length, client->wanted, &needs);
    if (dmx_needs_fit(&needs, &jobs->reserved)) return DEMUCS_OK;
    dmx_guest_free(guest);
    return dmx_fail(error, DEMUCS_ERROR_FORMAT, "%s: is another model now than the one that was loaded.", member->path);
}

/* The network of a turn with its weights: the model's own, or the guest. */
static demucs_status find_network(const dmx_jobs *jobs, const demucs_model *model, dmx_guest *guest, dmx_pick *e,
                                  demucs_error *error)
{
    const dmx_turn *turn = &e->client->turns[e->turn];
    const dmx_member *member = &model->members[turn->member];
    const dmx_exec *exec = &jobs->job[0].exec;
    e->network = member->network;
    if (member->resident) return DEMUCS_OK;
    demucs_status status = dmx_guest_load(guest, model, turn->member, exec->kernels, exec->bf16, error);
    if (status == DEMUCS_OK) status = check_guest(jobs, model, guest, e->client, turn, error);
    e->network = guest->network;
    return status;
}

/* ---- running ---- */

/* A stage of the network is done; `grid` is what it gave, for the engine's own tests. A stream that is measured runs
 * alone and in its own thread (queue.h). */
static void on_stage(void *context, const char *stage, const struct dmx_grid *grid)
{
    const round *r = context;
    const dmx_client *client = r->picks[0].client;
    dmx_exec *exec = &r->jobs->job[0].exec;
    (void)grid;
    client->stage(stage, exec->flops, client->stage_user);
    exec->flops = 0;
}

/* One item of the team's work: one segment, by the threads of its job. */
static void run_segment(void *context, size_t item, int worker)
{
    round *r = context;
    const dmx_pick *e = &r->picks[item];
    dmx_job *job = &r->jobs->job[item];
    (void)worker;
    e->client->read(e->client->stream, e->turn, &job->buffers);
    job->exec.flops = 0;
    job->exec.stop = &e->client->cancelled;
    job->exec.trace = e->client->stage != NULL ? on_stage : NULL;
    job->exec.trace_context = r;
    dmx_network_run(e->network, &job->exec, job->buffers.chunk, e->client->turns[e->turn].length, e->client->wanted,
                    job->buffers.result);
}

typedef struct mix_job {
    const round *round;
    dmx_client *client;
} mix_job;

/* Add what the networks gave to one plane of a stream's mixdown: segment after segment. */
static void mix_plane(void *context, size_t plane, int worker)
{
    const mix_job *m = context;
    (void)worker;
    for (int j = 0; j < m->round->count; j++) {
        const dmx_pick *e = &m->round->picks[j];
        if (e->client == m->client)
            m->client->mix(m->client->stream, e->turn, &m->round->jobs->job[j].buffers, (int)plane);
    }
}

/* The mixdown of each stream in the round, once. */
static void mix_all(const round *r)
{
    for (int j = 0; j < r->count; j++) {
        mix_job m = {.round = r, .client = r->picks[j].client};
        bool done = false;
        for (int i = 0; i < j; i++) done |= r->picks[i].client == m.client;
        if (!done) dmx_thread_pool_run(dmx_jobs_everyone(r->jobs), (size_t)m.client->planes, mix_plane, &m);
    }
}

static void run_all(round *r)
{
    dmx_jobs *jobs = r->jobs;
    const bool measured = r->picks[0].client->stage != NULL;
    dmx_threads_begin(jobs->threads);
    jobs->job[0].exec.pool = r->count == 1 ? dmx_jobs_everyone(jobs) : jobs->job[0].pool;
    dmx_thread_pool_run(jobs->team, (size_t)r->count, run_segment, r);
    if (measured) on_stage(r, "stems", NULL);
    mix_all(r);
    if (measured) on_stage(r, "overlap_add", NULL);
    dmx_threads_end(jobs->threads);
}

void dmx_round_run(dmx_jobs *jobs, const demucs_model *model, dmx_guest *guest, dmx_pick *picks, int count)
{
    round r = {.jobs = jobs, .picks = picks};
    for (int i = 0; i < count; i++) {
        dmx_pick pick = picks[i];
        demucs_error *failure = &pick.client->failure;
        if (failure->status != DEMUCS_OK || find_network(jobs, model, guest, &pick, failure) != DEMUCS_OK) continue;
        picks[i] = picks[r.count]; /* those that cannot run come last */
        picks[r.count++] = pick;
    }
    if (r.count > 0) run_all(&r);
}
