/* memory.c - see memory.h */
#include "separate/memory.h"

#include "base/alloc.h"
#include "cpu/ops.h"
#include "separate/lanes.h"

enum { PUSH_SLACK = 1 << 15 }; /* frames of room beyond what the next segments need, so that pushes come in pieces */

/* The largest of what the lanes ask for. */
typedef struct needs {
    int64_t segment;       /* frames that a segment adds to the mixdown */
    int64_t stride;        /* between the segments of a lane */
    int64_t longest;       /* frames of a network's input */
    size_t arena_bytes;    /* of a job's activations */
    size_t scratch_floats; /* of each of its threads */
} needs;

demucs_status dmx_memory_short(demucs_error *error)
{
    return dmx_fail(
        error, DEMUCS_ERROR_MEMORY,
        "There is not enough memory for the separation; use shorter segments, fewer jobs or fewer threads.");
}

/* The most threads that a job runs on. A segment that is alone in its round is that of the first job. */
static size_t threads_of(const demucs_separator *s, const dmx_job *job)
{
    return (size_t)dmx_thread_pool_size(job == s->jobs && s->everyone != NULL ? s->everyone : job->pool);
}

/* Add what a network needs for an input of `length` frames. Planning runs the forward pass without computing. */
static void add_network(const demucs_separator *s, const dmx_network *network, int64_t length, needs *most)
{
    const dmx_exec *exec = &s->jobs[0].exec;
    dmx_exec plan = dmx_cpu_plan(exec->kernels, exec->pool, exec->bf16);
    dmx_network_run(network, &plan, NULL, length, s->wanted, NULL);
    if (plan.arena.peak > most->arena_bytes) most->arena_bytes = plan.arena.peak;
    if (plan.scratch_floats > most->scratch_floats) most->scratch_floats = plan.scratch_floats;
}

static demucs_status add_lane(const demucs_separator *s, const dmx_lane *lane, int64_t frames, needs *most,
                              demucs_error *error)
{
    const int64_t length = dmx_lanes_input_length(s, lane, frames);
    if (length < 0)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                        "%s cannot run on %lld frames at once; let the track be split into segments.",
                        s->model->members[lane->member].path, (long long)frames);
    if (frames > most->segment) most->segment = frames;
    if (lane->stride > most->stride) most->stride = lane->stride;
    if (length > most->longest) most->longest = length;
    add_network(s, dmx_lanes_network(s, lane), length, most);
    return DEMUCS_OK;
}

static demucs_status grow_job(const demucs_separator *s, dmx_job *job, const needs *most, demucs_error *error)
{
    dmx_exec *exec = &job->exec;
    if (most->arena_bytes > exec->arena.size) {
        dmx_free(exec->arena.block);
        exec->arena = (dmx_arena){0};
        exec->arena.block = dmx_alloc(most->arena_bytes, 1);
        if (exec->arena.block == NULL) return dmx_memory_short(error);
        exec->arena.size = most->arena_bytes;
    }
    if (most->scratch_floats > exec->scratch_floats) {
        dmx_free(exec->scratch);
        exec->scratch_floats = 0;
        exec->scratch = dmx_alloc(threads_of(s, job) * most->scratch_floats, sizeof(float));
        if (exec->scratch == NULL) return dmx_memory_short(error);
        exec->scratch_floats = most->scratch_floats;
    }
    return DEMUCS_OK;
}

demucs_status dmx_memory_reserve_job(demucs_separator *s, dmx_job *job, const dmx_network *network, int64_t length,
                                     demucs_error *error)
{
    needs most = {0};
    add_network(s, network, length, &most);
    return grow_job(s, job, &most, error);
}

/* What segments pass through. The segments of a round come from the lane that is furthest behind: each begins at most
 * one stride after the one before it, so that window and mixdown reach so much further for each job but the first. */
static void carve_block(demucs_separator *s, dmx_arena *arena, const needs *most)
{
    const size_t channels = (size_t)s->model->channels, sources = (size_t)s->model->source_count;
    const int64_t reach = (s->job_count - 1) * most->stride;
    /* A short chunk is centred in the network's input: half of it may lie before the chunk. */
    dmx_window_carve(&s->window, arena, s->model->channels, most->longest / 2 + 1 + reach + most->longest + PUSH_SLACK);
    dmx_mixdown_carve(&s->mixdown, arena, s->wanted_count * s->model->channels, reach + most->segment);
    for (int j = 0; j < s->job_count; j++) {
        s->jobs[j].chunk = dmx_arena_floats(arena, channels * (size_t)most->longest);
        s->jobs[j].result = dmx_arena_floats(arena, sources * channels * (size_t)most->longest);
        s->jobs[j].share = dmx_arena_floats(arena, (size_t)most->segment);
    }
    for (int i = 0; i < s->lane_count; i++) {
        dmx_lane *lane = &s->lanes[i];
        const bool same_as_before = i > 0 && lane->member == s->lanes[i - 1].member;
        lane->triangle = same_as_before ? s->lanes[i - 1].triangle : dmx_arena_floats(arena, (size_t)lane->segment);
    }
}

/* Is it more than the machine has, taken together? Each allocation by itself might pass, and the system end the process
 * when all are used. */
static bool beyond_machine(const demucs_separator *s, const needs *most, dmx_arena count)
{
    for (int j = 0; j < s->job_count; j++) {
        dmx_arena_carve(&count, most->arena_bytes, 1);
        dmx_arena_carve(&count, most->scratch_floats, threads_of(s, &s->jobs[j]) * sizeof(float));
    }
    return count.peak >= dmx_machine_memory();
}

demucs_status dmx_memory_reserve(demucs_separator *s, int64_t track_frames, demucs_error *error)
{
    needs most = {0};
    demucs_status status = DEMUCS_OK;
    for (int i = 0; status == DEMUCS_OK && i < s->lane_count; i++) {
        const dmx_lane *lane = &s->lanes[i];
        status = add_lane(s, lane, lane->segment > 0 ? lane->segment : track_frames - lane->start, &most, error);
    }
    if (status != DEMUCS_OK) return status;
    dmx_arena count = {0};
    carve_block(s, &count, &most);
    if (beyond_machine(s, &most, count)) return dmx_memory_short(error);
    for (int j = 0; status == DEMUCS_OK && j < s->job_count; j++) status = grow_job(s, &s->jobs[j], &most, error);
    if (status != DEMUCS_OK) return status;
    dmx_free(s->block);
    s->block_bytes = 0;
    s->block = dmx_alloc(count.peak, 1);
    if (s->block == NULL) return dmx_memory_short(error);
    s->block_bytes = count.peak;
    s->longest = most.longest;
    dmx_arena arena = {.block = s->block, .size = count.peak};
    carve_block(s, &arena, &most);
    for (int i = 0; i < s->lane_count; i++)
        if (i == 0 || s->lanes[i].triangle != s->lanes[i - 1].triangle)
            dmx_triangle(s->lanes[i].segment, s->options.transition_power, s->lanes[i].triangle);
    return DEMUCS_OK;
}

void dmx_memory_free(demucs_separator *s)
{
    for (int j = 0; s->jobs != NULL && j < s->job_count; j++) {
        dmx_free(s->jobs[j].exec.arena.block);
        dmx_free(s->jobs[j].exec.scratch);
    }
    dmx_free(s->block);
}

size_t dmx_memory_bytes(const demucs_separator *s)
{
    size_t bytes = sizeof *s + s->block_bytes + (size_t)s->lane_count * sizeof *s->lanes;
    for (int j = 0; j < s->job_count; j++) {
        const dmx_job *job = &s->jobs[j];
        bytes += sizeof *job + job->exec.arena.size + threads_of(s, job) * job->exec.scratch_floats * sizeof(float);
    }
    return bytes;
}
