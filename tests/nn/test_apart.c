/* test_apart.c - bins that do not look at one another: one or two at a time on the CPU, and all at once from a list,
 * with the same bits. The norm in between would give others if its sums were taken in another order: its input is
 * nearly constant, so that what is left of the variance are the last digits of sums. */
#include "base/alloc.h"
#include "cpu/ops.h"
#include "plan.h"
#include "support/test.h"

#include <string.h>

enum { STEPS = 70, CHANNELS = 6 };

typedef struct problem {
    int bins, at_once;
    dmx_norm norm;
    float *x; /* [STEPS][bins][CHANNELS] */
    float *y;
    int ranges; /* that the body has been run on, outside planning */
} problem;

typedef struct layers {
    problem *p;
    const dmx_grid *x;
    bool counted;
} layers;

/* x += norm(x), gathered with a margin; the inner part is apart too, as DConv in a decoder. */
static void inner(dmx_exec *own, const void *context, const dmx_bins *bins)
{
    const layers *l = context;
    const size_t mark = own->arena.used;
    const dmx_grid here = dmx_bins_fetch(own, bins, l->x, (dmx_margin){.steps = 3});
    const dmx_grid normed = dmx_grid_create(own, STEPS, here.bins, CHANNELS, (dmx_margin){0});
    dmx_grid_copy(own, &here, &normed);
    dmx_norm_activate(own, &l->p->norm, DMX_NORM_PER_BIN, DMX_ACTIVATION_RELU, &normed);
    dmx_grid_add(own, &normed, &here);
    dmx_bins_store(own, bins, &here, l->x);
    own->arena.used = mark;
}

static void outer(dmx_exec *own, const void *context, const dmx_bins *bins)
{
    const layers *l = context;
    const size_t mark = own->arena.used;
    const dmx_grid here = dmx_bins_fetch(own, bins, l->x, (dmx_margin){.steps = 3});
    if (!own->planning) l->p->ranges++;
    dmx_bins_run_apart(own, here.bins, 1, inner, &(layers){.p = l->p, .x = &here});
    dmx_bins_store(own, bins, &here, l->x);
    own->arena.used = mark;
}

static void pass(dmx_exec *exec, const problem *p, const dmx_grid *x)
{
    dmx_bins_run_apart(exec, p->bins, p->at_once, outer, &(layers){.p = (problem *)p, .x = x});
}

static size_t count_of(const problem *p) { return (size_t)STEPS * (size_t)p->bins * CHANNELS; }

static dmx_grid grid_of(const problem *p, float *data)
{
    return (dmx_grid){.data = data,
                      .steps = STEPS,
                      .bins = p->bins,
                      .channels = CHANNELS,
                      .step_stride = (ptrdiff_t)p->bins * CHANNELS};
}

static void run_once(dmx_exec *exec, void *context)
{
    problem *p = context;
    memcpy(p->y, p->x, count_of(p) * sizeof *p->x);
    const dmx_grid x = grid_of(p, p->y);
    pass(exec, p, &x);
}

static void replay(dmx_exec *exec, void *context) { dmx_cpu_replay(exec, context, NULL, NULL); }

static void check(int bins, int at_once, int ranges)
{
    problem p = {.bins = bins, .at_once = at_once};
    float *gamma = plan_random(1, CHANNELS, 1), *beta = plan_random(2, CHANNELS, 1);
    p.norm = (dmx_norm){.channels = CHANNELS, .groups = 2, .gamma = gamma, .beta = beta};
    p.x = plan_random(3, count_of(&p), 1e-3f);
    for (size_t i = 0; i < count_of(&p); i++) p.x[i] += 100;
    for (int level = 0; level < DMX_CPU_LEVELS; level++) {
        if (!dmx_cpu_has((dmx_cpu_level)level)) continue;
        float *once = plan_random(4, count_of(&p), 1), *listed = plan_random(5, count_of(&p), 1);
        p.y = once;
        p.ranges = 0;
        CHECK(plan_run(run_once, &p, (dmx_cpu_level)level, 1), "no run");
        CHECK(p.ranges == ranges, "%d bins went through in %d ranges", bins, p.ranges);

        memcpy(listed, p.x, count_of(&p) * sizeof *listed);
        char *arena = dmx_alloc(1 << 20, 1);
        dmx_op_list list = {0};
        dmx_exec recorder = {.ops = &dmx_record_ops, .list = &list, .arena = {.block = arena, .size = 1 << 20}};
        const dmx_grid x = grid_of(&p, listed);
        REQUIRE(arena != NULL, "no memory");
        pass(&recorder, &p, &x);
        CHECK(list.count == 3 && !list.failed, "%zu operations", list.count);
        CHECK(plan_run(replay, &list, (dmx_cpu_level)level, 2), "no replay");
        CHECK(memcmp(once, listed, count_of(&p) * sizeof *once) == 0, "%d bins, %d at once, %s: bits differ", bins,
              at_once, dmx_cpu_level_name((dmx_cpu_level)level));
        CHECK(memcmp(once, p.x, count_of(&p) * sizeof *once) != 0, "nothing has happened");
        dmx_op_list_clear(&list);
        dmx_free(arena);
        dmx_free(once);
        dmx_free(listed);
    }
    dmx_free(gamma);
    dmx_free(beta);
    dmx_free(p.x);
}

static void test_one_at_a_time(void) { check(37, 1, 37); }
static void test_two_at_a_time(void) { check(37, 2, 19); }
static void test_few(void)
{
    check(2, 1, 2);
    check(1, 1, 1);
}

/* ---- memory ---- */

/* A list without memory says so, and so does an arena that no machine has. */
static void test_no_memory(void)
{
    dmx_op_list list = {0};
    dmx_exec recorder = {.ops = &dmx_record_ops, .list = &list};
    const dmx_grid x = {.steps = 1, .bins = 1, .channels = 1};
    dmx_alloc_fail_after(0);
    dmx_grid_add(&recorder, &x, &x);
    dmx_alloc_fail_after(-1);
    CHECK(list.failed && list.count == 0, "%zu operations", list.count);
    dmx_op_list_clear(&list);
    dmx_exec counter = {.ops = &dmx_record_ops};
    for (int i = 0; i < 8; i++) dmx_grid_create(&counter, 1 << 30, 1 << 30, 1, (dmx_margin){0});
    CHECK(counter.arena.peak == SIZE_MAX, "an arena of %zu bytes", counter.arena.peak);
}

TEST_MAIN(test_one_at_a_time, test_two_at_a_time, test_few, test_no_memory)
