/* jobs.c - see jobs.h */
#include "engine/jobs.h"

#include "base/alloc.h"
#include "cpu/ops.h"

demucs_status dmx_memory_short(demucs_error *error)
{
    return dmx_fail(
        error, DEMUCS_ERROR_MEMORY,
        "There is not enough memory for the separation; use shorter segments, fewer jobs or fewer threads.");
}

/* ---- threads ---- */

demucs_status dmx_jobs_create(dmx_jobs *jobs, int count, int threads, const dmx_kernels *kernels, bool bf16,
                              demucs_error *error)
{
    const int each = threads / count;
    jobs->threads = each * count;
    jobs->job = dmx_alloc((size_t)count, sizeof *jobs->job);
    if (jobs->job == NULL) return dmx_memory_short(error);
    jobs->count = count;
    demucs_status status = dmx_thread_pool_create(&jobs->team, count, error);
    for (int j = 0; status == DEMUCS_OK && j < count; j++) {
        dmx_job *job = &jobs->job[j];
        status = dmx_thread_pool_create_among(&job->pool, each, jobs->threads, error);
        job->exec = (dmx_exec){.ops = &dmx_cpu_ops, .kernels = kernels, .pool = job->pool, .bf16 = bf16};
    }
    if (status == DEMUCS_OK && count > 1) status = dmx_thread_pool_create(&jobs->everyone, jobs->threads, error);
    if (status != DEMUCS_OK) dmx_jobs_free(jobs);
    return status;
}

dmx_thread_pool *dmx_jobs_everyone(const dmx_jobs *jobs)
{
    return jobs->everyone != NULL ? jobs->everyone : jobs->job[0].pool;
}

/* ---- memory ---- */

static void free_memory(dmx_job *job)
{
    dmx_free(job->exec.arena.block);
    dmx_free(job->exec.scratch);
    dmx_free(job->block);
    job->exec.arena = (dmx_arena){0};
    job->exec.scratch = NULL;
    job->exec.scratch_floats = 0;
    job->block = NULL;
}

void dmx_jobs_free(dmx_jobs *jobs)
{
    dmx_thread_pool_free(jobs->team);
    dmx_thread_pool_free(jobs->everyone);
    for (int j = 0; j < jobs->count; j++) {
        dmx_thread_pool_free(jobs->job[j].pool);
        free_memory(&jobs->job[j]);
    }
    dmx_free(jobs->job);
    *jobs = (dmx_jobs){0};
}

void dmx_jobs_plan(const dmx_jobs *jobs, const dmx_network *network, int64_t length, const bool *wanted,
                   dmx_needs *needs)
{
    const dmx_exec *exec = &jobs->job[0].exec;
    dmx_exec plan = dmx_cpu_plan(exec->kernels, jobs->job[0].pool, exec->bf16);
    dmx_network_run(network, &plan, NULL, length, wanted, NULL);
    if (length > needs->length) needs->length = length;
    if (plan.arena.peak > needs->arena_bytes) needs->arena_bytes = plan.arena.peak;
    if (plan.scratch_floats > needs->scratch_floats) needs->scratch_floats = plan.scratch_floats;
}

bool dmx_needs_fit(const dmx_needs *needs, const dmx_needs *has)
{
    return needs->length <= has->length && needs->segment <= has->segment && needs->arena_bytes <= has->arena_bytes &&
           needs->scratch_floats <= has->scratch_floats;
}

dmx_needs dmx_needs_larger(dmx_needs a, const dmx_needs *b)
{
    if (b->length > a.length) a.length = b->length;
    if (b->segment > a.segment) a.segment = b->segment;
    if (b->arena_bytes > a.arena_bytes) a.arena_bytes = b->arena_bytes;
    if (b->scratch_floats > a.scratch_floats) a.scratch_floats = b->scratch_floats;
    return a;
}

static void carve_buffers(const dmx_jobs *jobs, const dmx_needs *needs, dmx_arena *arena, dmx_buffers *buffers)
{
    buffers->chunk = dmx_arena_floats(arena, jobs->channels * (size_t)needs->length);
    buffers->result = dmx_arena_floats(arena, jobs->sources * jobs->channels * (size_t)needs->length);
    buffers->share = dmx_arena_floats(arena, (size_t)needs->segment);
}

/* Threads that a job's scratch memory is for. A segment that is alone in its round is that of the first job. */
static size_t threads_of(const dmx_jobs *jobs, int j)
{
    return (size_t)(j == 0 ? jobs->threads : dmx_thread_pool_size(jobs->job[j].pool));
}

/* Count what one job takes. */
static void count_job(const dmx_jobs *jobs, int j, const dmx_needs *needs, dmx_arena *count)
{
    dmx_buffers buffers;
    carve_buffers(jobs, needs, count, &buffers);
    dmx_arena_carve(count, needs->arena_bytes, 1);
    dmx_arena_carve(count, needs->scratch_floats, threads_of(jobs, j) * sizeof(float));
}

size_t dmx_jobs_bytes(const dmx_jobs *jobs, const dmx_needs *needs, size_t more_bytes)
{
    dmx_arena count = {0};
    dmx_arena_carve(&count, more_bytes, 1);
    dmx_arena_carve(&count, (size_t)jobs->count, sizeof *jobs->job);
    for (int j = 0; j < jobs->count; j++) count_job(jobs, j, needs, &count);
    return count.peak;
}

/* A job's memory and nothing else of it. */
static bool make_memory(const dmx_jobs *jobs, int j, const dmx_needs *needs, dmx_job *made)
{
    dmx_arena count = {0};
    carve_buffers(jobs, needs, &count, &made->buffers);
    made->block = dmx_alloc(count.peak, 1);
    made->exec.arena.block = dmx_alloc(needs->arena_bytes, 1);
    made->exec.scratch = dmx_alloc(threads_of(jobs, j) * needs->scratch_floats, sizeof(float));
    if (made->block == NULL || made->exec.arena.block == NULL || made->exec.scratch == NULL) {
        free_memory(made);
        return false;
    }
    made->exec.arena.size = needs->arena_bytes;
    made->exec.scratch_floats = needs->scratch_floats;
    dmx_arena arena = {.block = made->block, .size = count.peak};
    carve_buffers(jobs, needs, &arena, &made->buffers);
    return true;
}

static void replace_memory(dmx_job *job, const dmx_job *made)
{
    free_memory(job);
    job->exec.arena = made->exec.arena;
    job->exec.scratch = made->exec.scratch;
    job->exec.scratch_floats = made->exec.scratch_floats;
    job->block = made->block;
    job->buffers = made->buffers;
}

demucs_status dmx_jobs_reserve(dmx_jobs *jobs, const dmx_needs *needs, bool keep, demucs_error *error)
{
    if (!keep) {
        for (int j = 0; j < jobs->count; j++) free_memory(&jobs->job[j]);
        jobs->reserved = (dmx_needs){0};
    }
    dmx_job *made = dmx_alloc((size_t)jobs->count, sizeof *made);
    int count = 0;
    while (made != NULL && count < jobs->count && make_memory(jobs, count, needs, &made[count])) count++;
    const bool done = count == jobs->count;
    for (int j = 0; j < count; j++) {
        if (done)
            replace_memory(&jobs->job[j], &made[j]);
        else
            free_memory(&made[j]);
    }
    if (done) jobs->reserved = *needs;
    dmx_free(made);
    return done ? DEMUCS_OK : dmx_memory_short(error);
}
