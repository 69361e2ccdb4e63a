/* plan.c - see plan.h */
#include "plan.h"

#include "base/alloc.h"
#include "cpu/ops.h"
#include "support/npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool plan_run(plan_fn run, void *context, dmx_cpu_level level, int threads)
{
    demucs_error error = {DEMUCS_OK, ""};
    dmx_exec exec = dmx_cpu_plan(dmx_kernels_get(level), NULL, false);
    if (dmx_thread_pool_create(&exec.pool, threads, &error) != DEMUCS_OK) {
        printf("%s\n", error.message);
        return false;
    }
    run(&exec, context);
    exec.planning = false;
    const size_t bytes = exec.arena.peak;
    exec.arena = (dmx_arena){.block = dmx_alloc(bytes, 1), .size = bytes};
    exec.scratch = dmx_alloc((size_t)threads * exec.scratch_floats, sizeof(float));
    const bool ready = exec.arena.block != NULL && exec.scratch != NULL;
    if (ready)
        run(&exec, context);
    else
        printf("no memory\n");
    dmx_thread_pool_free(exec.pool);
    dmx_free(exec.arena.block);
    dmx_free(exec.scratch);
    return ready;
}

static bool level_agrees(plan_fn run, void *context, float **y, const float *expected, size_t count, double least_db,
                         dmx_cpu_level level)
{
    float *result[2];
    bool ran = true;
    for (int i = 0; i < 2; i++) {
        *y = result[i] = plan_random(9, count, 1);
        ran = plan_run(run, context, level, 1 + 2 * i) && ran;
    }
    const double snr = test_snr_db(expected, result[0], count);
    const bool same = memcmp(result[0], result[1], count * sizeof **result) == 0, near = snr > least_db;
    if (!near) printf("  %s: %.1f dB\n", dmx_cpu_level_name(level), snr);
    if (!same) printf("  %s: 1 and 3 threads differ\n", dmx_cpu_level_name(level));
    dmx_free(result[0]);
    dmx_free(result[1]);
    return ran && near && same;
}

bool plan_levels_agree(plan_fn run, void *context, float **y, const float *expected, size_t count, double least_db)
{
    bool agree = true;
    for (int level = 0; level < DMX_CPU_LEVELS; level++)
        if (dmx_cpu_has((dmx_cpu_level)level))
            agree = level_agrees(run, context, y, expected, count, least_db, (dmx_cpu_level)level) && agree;
    return agree;
}

float *plan_random(uint32_t seed, size_t count, float scale)
{
    float *x = dmx_alloc(count, sizeof *x);
    if (x == NULL) abort();
    uint32_t state = seed * 2654435761u | 1;
    for (size_t i = 0; i < count; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        x[i] = scale * ((float)(state >> 8) * 0x1p-23f - 1);
    }
    return x;
}

static const float *read_rows(const dmx_rows *rows, size_t first, size_t count)
{
    (void)count;
    return (const float *)rows->source + first * rows->row_floats;
}

dmx_rows plan_rows(const float *values, size_t count, size_t row_floats)
{
    return (dmx_rows){.count = count, .row_floats = row_floats, .read = read_rows, .source = (void *)values};
}
