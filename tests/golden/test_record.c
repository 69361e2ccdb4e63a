/* test_record.c - a forward pass as a list of operations: recorded over memory that must not be touched, then carried
 * out by the scalar kernels, it gives the bits of the same pass run at once. For the network of every golden case, each
 * member of a bag included. */
#include "base/alloc.h"
#include "cases.h"
#include "cpu/ops.h"
#include "golden.h"
#include "models/bag.h"
#include "support/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A network, and the memory to run it at once or from a list. */
typedef struct run {
    const dmx_network *network;
    int64_t frames;
    bool wanted[DMX_MAX_SOURCES];
    dmx_exec exec;   /* of passes at once */
    dmx_exec replay; /* of lists */
    dmx_arena arena; /* of the list's activations: mapped, at first without any access */
    dmx_op_list list;
} run;

/* Give an exec that has planned what it asked for, and let it compute. */
static bool reserve(dmx_exec *exec)
{
    const size_t bytes = exec->arena.peak;
    exec->planning = false;
    exec->arena = (dmx_arena){.block = dmx_alloc(bytes, 1), .size = bytes};
    exec->scratch = dmx_alloc(exec->scratch_floats, sizeof(float));
    return exec->arena.block != NULL && exec->scratch != NULL;
}

static bool prepare_exec(run *r)
{
    r->exec = dmx_cpu_plan(dmx_kernels_get(golden_lowest_level()), NULL, false);
    dmx_network_run(r->network, &r->exec, NULL, r->frames, r->wanted, NULL);
    return reserve(&r->exec);
}

static bool record(run *r)
{
    if (!dmx_network_record(r->network, r->frames, r->wanted, &r->arena, NULL)) return false;
    const size_t bytes = r->arena.peak;
    const int zeros = open("/dev/zero", O_RDWR);
    void *block = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE, zeros, 0);
    close(zeros);
    if (block == MAP_FAILED) return false;
    r->arena = (dmx_arena){.block = block, .size = bytes};
    return dmx_network_record(r->network, r->frames, r->wanted, &r->arena, &r->list);
}

static bool prepare_replay(run *r)
{
    r->replay = dmx_cpu_plan(r->exec.kernels, NULL, false);
    dmx_cpu_replay(&r->replay, &r->list, NULL, NULL);
    return mprotect(r->arena.block, r->arena.size, PROT_READ | PROT_WRITE) == 0 && reserve(&r->replay);
}

static void run_free(run *r)
{
    if (r->arena.block != NULL) munmap(r->arena.block, r->arena.size);
    dmx_free(r->exec.arena.block);
    dmx_free(r->exec.scratch);
    dmx_free(r->replay.arena.block);
    dmx_free(r->replay.scratch);
    dmx_op_list_clear(&r->list);
}

/* Both ways on one mix. Memory that nobody has written to holds NaN, and so do stems that nobody wants. */
static bool same_bits(run *r, const float *mix)
{
    const size_t count = (size_t)(r->network->source_count * r->network->channels) * (size_t)r->frames;
    float *once = malloc(count * sizeof *once), *listed = malloc(count * sizeof *listed);
    bool same = once != NULL && listed != NULL;
    if (same) {
        memset(once, 0xff, count * sizeof *once);
        memset(listed, 0xff, count * sizeof *listed);
        memset(r->arena.block, 0xff, r->arena.size);
        dmx_network_run(r->network, &r->exec, mix, r->frames, r->wanted, once);
        dmx_cpu_replay(&r->replay, &r->list, mix, listed);
        same = memcmp(once, listed, count * sizeof *once) == 0;
    }
    free(once);
    free(listed);
    return same;
}

/* Which operations have come by. */
static bool seen[DMX_OP_KINDS];

static void note_kinds(const dmx_op_list *list)
{
    for (size_t i = 0; i < list->count; i++) seen[list->ops[i].kind] = true;
}

/* The same sound backwards, and louder. */
static void turn_round(float *mix, size_t count)
{
    for (size_t i = 0, j = count - 1; i <= j && j < count; i++, j--) {
        const float first = mix[i];
        mix[i] = 3 * mix[j];
        mix[j] = 3 * first;
    }
}

/* `wanted`: how many stems, the first ones. `mixes`: how many different mixes the list must serve. */
static void check_network(const golden_case *c, const dmx_network *network, int wanted, int mixes)
{
    run r = {.network = network, .frames = c->frames};
    for (int s = 0; s < wanted; s++) r.wanted[s] = true;
    float *mix = golden_input(c, network->channels);
    const bool ready = mix != NULL && prepare_exec(&r) && record(&r) && prepare_replay(&r);
    CHECK(ready, "%s cannot be recorded", c->name);
    if (ready) printf("  %-20s %4zu operations, %zu KB\n", c->name, r.list.count, r.arena.size >> 10);
    note_kinds(&r.list);
    for (int i = 0; i < mixes && ready; i++) {
        CHECK(same_bits(&r, mix), "%s: %d stems of mix %d differ", c->name, wanted, i);
        turn_round(mix, (size_t)network->channels * (size_t)c->frames);
    }
    free(mix);
    run_free(&r);
}

enum { LONG = 4000 }; /* frames: one mix and all stems are enough */

static void check_case(const golden_case *c)
{
    demucs_model *model = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    REQUIRE(demucs_model_load(&model, golden_path(c->model), &error) == DEMUCS_OK, "%s", error.message);
    const bool pass = strcmp(c->kind, "forward") == 0;
    for (int i = 0; i < model->count; i++) {
        const dmx_network *network = model->members[i].network;
        const int64_t segment = dmx_segment_frames(network->segment, network->sample_rate_hz);
        const int sources = network->source_count;
        golden_case one = *c;
        if (!pass) one.frames = network->family->valid_length(network, segment);
        check_network(&one, network, sources, pass && c->frames < LONG ? 2 : 1);
        if (pass && c->frames < LONG) check_network(&one, network, sources > 1 ? 1 : 0, 1);
    }
    demucs_model_free(model);
}

/* Every operation is in the list of some model; tests/nn/test_local_attention.c has the two that no model uses. */
static void check_kinds(void)
{
    for (int kind = 0; kind < DMX_OP_KINDS; kind++)
        CHECK(seen[kind] != (kind == DMX_OP_PERIODS_WIDEN || kind == DMX_OP_PERIODS_JOIN), "operation %d", kind);
}

static void test_passes(void)
{
    const int count = golden_each_case("forward", check_case);
    CHECK(count == GOLDEN_FORWARD_CASES, "%d cases", count);
    if (strcmp(GOLDEN_FOLDER, "golden") == 0) check_kinds(); /* it has models of all three families */
}

static char last_bag[64];

static void check_bag(const golden_case *c)
{
    if (strstr(c->model, ".yaml") == NULL || strcmp(c->model, last_bag) == 0) return;
    memcpy(last_bag, c->model, sizeof last_bag);
    check_case(c);
}

static void test_bags(void)
{
    last_bag[0] = '\0';
    golden_each_case("apply", check_bag);
    CHECK(last_bag[0] != '\0', "there is no bag");
}

TEST_MAIN(test_passes, test_bags)
