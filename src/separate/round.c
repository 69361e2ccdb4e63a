/* round.c - see round.h */
#include "separate/round.h"

#include "separate/lanes.h"
#include "separate/memory.h"

/* ---- planning ---- */

/* The lane to run next: the one furthest behind that is not done, or NULL. */
static dmx_lane *next_lane(const demucs_separator *s)
{
    dmx_lane *behind = NULL;
    for (int i = 0; i < s->lane_count; i++) {
        dmx_lane *lane = &s->lanes[i];
        if (s->state == DMX_STREAM_FINISHED && lane->next >= s->window.end) continue;
        if (behind == NULL || lane->next < behind->next) behind = lane;
    }
    return behind;
}

/* There is room for one guest (weighted_network), so a round cannot have two members that are not resident. */
static bool may_join(const demucs_separator *s, const dmx_lane *lane)
{
    if (s->model->members[lane->member].resident) return true;
    for (int j = 0; j < s->planned; j++) {
        const int member = s->jobs[j].lane->member;
        if (member != lane->member && !s->model->members[member].resident) return false;
    }
    return true;
}

/* Give the lane's next segment to a job. False when the mix that it needs is not there yet. */
static bool plan_segment(const demucs_separator *s, const dmx_lane *lane, dmx_job *job)
{
    const bool finished = s->state == DMX_STREAM_FINISHED;
    if (!finished && lane->segment == 0) return false;
    job->lane = lane;
    job->at = lane->next;
    job->frames = finished ? dmx_lane_frames(lane, s->window.end) : lane->segment;
    job->length = dmx_lanes_input_length(s, lane, job->frames);
    job->first = job->at - (job->length - job->frames) / 2;
    return finished || job->first + job->length <= s->window.end;
}

bool dmx_round_plan(demucs_separator *s)
{
    while (s->planned < s->job_count) {
        dmx_lane *lane = next_lane(s);
        if (lane == NULL || !may_join(s, lane)) break;
        if (!plan_segment(s, lane, &s->jobs[s->planned])) return false;
        lane->next = lane->segment > 0 ? lane->next + lane->stride : s->window.end;
        s->planned++;
    }
    return s->planned > 0;
}

/* ---- before the networks run ---- */

static bool report(const demucs_separator *s, const dmx_job *job, bool finished)
{
    if (s->options.progress == NULL) return false;
    const dmx_lane *lane = job->lane;
    demucs_progress progress = {.member = s->member_order[lane->member],
                                .members = s->member_count,
                                .shift = lane->shift,
                                .shifts = dmx_lanes_shifts(s),
                                .segment_offset = job->at - lane->start,
                                .finished = finished,
                                .segments_done = s->segments_done,
                                .audio_frames = s->total_frames};
    for (int i = 0; i < s->lane_count; i++)
        progress.segments_total += (size_t)dmx_lane_segments(&s->lanes[i], (int64_t)s->total_frames);
    return s->options.progress(&progress, s->options.progress_user);
}

/* The network of a lane with its weights: the model's own, or, where memory is short, one that is loaded for its turn.
 */
static demucs_status weighted_network(demucs_separator *s, const dmx_lane *lane, const dmx_network **network,
                                      demucs_error *error)
{
    const dmx_member *member = &s->model->members[lane->member];
    *network = member->network;
    if (member->resident) return DEMUCS_OK;
    if (s->guest == NULL || s->guest_member != lane->member) {
        dmx_network_free(s->guest);
        s->guest = NULL;
        demucs_status status = dmx_member_reload(&s->guest, member, error);
        if (status != DEMUCS_OK) return status;
        const dmx_exec *exec = &s->jobs[0].exec;
        if (exec->bf16 && !dmx_network_add_bf16(s->guest, exec->kernels)) {
            dmx_network_free(s->guest);
            s->guest = NULL;
            return dmx_memory_short(error);
        }
        s->guest_member = lane->member;
    }
    *network = s->guest;
    return DEMUCS_OK;
}

/* Everything that may fail before the network of a job runs. */
static demucs_status prepare(demucs_separator *s, dmx_job *job, demucs_error *error)
{
    const dmx_lane *lane = job->lane;
    if (job->length < 0)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                        "%s cannot run on a last chunk of %lld frames; use another segment.",
                        s->model->members[lane->member].path, (long long)job->frames);
    if (report(s, job, false)) return dmx_fail(error, DEMUCS_ERROR_CANCELLED, "The separation was cancelled.");
    demucs_status status = weighted_network(s, lane, &job->network, error);
    /* The memory was planned for full segments. A shorter last chunk nearly always fits into it. */
    const bool planned = lane->segment == 0 || job->frames == lane->segment;
    return status == DEMUCS_OK && !planned ? dmx_memory_reserve_job(s, job, job->network, job->length, error) : status;
}

/* ---- running ---- */

/* A stage of the network is done; `grid` is what it gave, for the engine's own tests. Stages are measured with one job
 * only (dmx_options_check), so this is the caller's thread. */
static void on_stage(void *context, const char *stage, const struct dmx_grid *grid)
{
    demucs_separator *s = context;
    (void)grid;
    s->options.stage(stage, s->jobs[0].exec.flops, s->options.stage_user);
    s->jobs[0].exec.flops = 0;
}

/* One item of the team's work: one segment, by the threads of its job. */
static void run_segment(void *context, size_t item, int worker)
{
    demucs_separator *s = context;
    dmx_job *job = &s->jobs[item];
    (void)worker;
    dmx_window_read(&s->window, job->first, job->length, job->chunk);
    dmx_lane_share(job->lane, job->at, job->frames, job->share);
    job->exec.flops = 0;
    job->exec.trace = s->options.stage != NULL ? on_stage : NULL;
    job->exec.trace_context = s;
    dmx_network_run(job->network, &job->exec, job->chunk, job->length, s->wanted, job->result);
}

static int wanted_source(const demucs_separator *s, int place)
{
    int source = 0;
    while (!s->wanted[source] || place-- > 0) source++;
    return source;
}

/* Add what the networks gave, cut to the segments, to one plane of the mixdown: segment after segment. */
static void mix_plane(void *context, size_t plane, int worker)
{
    demucs_separator *s = context;
    const int channels = s->model->channels, c = (int)plane % channels;
    const int source = wanted_source(s, (int)plane / channels);
    (void)worker;
    for (int j = 0; j < s->planned; j++) {
        const dmx_job *job = &s->jobs[j];
        const double weight =
            s->model->members[job->lane->member].weights[source] / s->model->totals[source] / dmx_lanes_shifts(s);
        if (weight == 0) continue;
        const float *values = job->result + (source * channels + c) * job->length + (job->length - job->frames) / 2;
        dmx_mixdown_add(&s->mixdown, (int)plane, job->at, job->frames, (float)weight, job->share, values);
    }
}

/* All threads, which wait for nobody before and after the networks run. */
static dmx_thread_pool *everyone(const demucs_separator *s)
{
    return s->everyone != NULL ? s->everyone : s->jobs[0].pool;
}

static void run_and_mix(demucs_separator *s)
{
    const bool measured = s->options.stage != NULL;
    s->jobs[0].exec.pool = s->planned == 1 ? everyone(s) : s->jobs[0].pool;
    dmx_thread_pool_run(s->team, (size_t)s->planned, run_segment, s);
    if (measured) on_stage(s, "stems", NULL);
    dmx_mixdown_compact(&s->mixdown);
    dmx_thread_pool_run(everyone(s), (size_t)(s->wanted_count * s->model->channels), mix_plane, s);
    if (measured) on_stage(s, "overlap_add", NULL);
}

/* Say what is complete now, and forget what no lane needs any more. */
static void advance(demucs_separator *s)
{
    const dmx_lane *behind = next_lane(s);
    int64_t ready = behind != NULL ? behind->next : s->window.end;
    if (ready > s->window.end) ready = s->window.end;
    if (ready > s->mixdown.ready) s->mixdown.ready = ready;
    if (behind != NULL) dmx_window_forget(&s->window, behind->next - s->longest / 2 - 1);
}

demucs_status dmx_round_run(demucs_separator *s, demucs_error *error)
{
    demucs_status status = DEMUCS_OK;
    for (int j = 0; status == DEMUCS_OK && j < s->planned; j++) status = prepare(s, &s->jobs[j], error);
    if (status == DEMUCS_OK) run_and_mix(s);
    for (int j = 0; status == DEMUCS_OK && j < s->planned; j++) {
        s->segments_done++;
        if (report(s, &s->jobs[j], true))
            status = dmx_fail(error, DEMUCS_ERROR_CANCELLED, "The separation was cancelled.");
    }
    if (status != DEMUCS_OK) {
        dmx_separator_reset(s);
        return status;
    }
    s->planned = 0;
    advance(s);
    return DEMUCS_OK;
}
