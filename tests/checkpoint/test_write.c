/* test_write.c - what is written is read back: same tensors within float16, same arguments, whole files only. */
#include "support.h"
#include "support/test.h"

#include "base/alloc.h"
#include "checkpoint/reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char target[64];

static void set_target(void) { snprintf(target, sizeof target, "test_write.%ld.safetensors", (long)getpid()); }

static void check_round_trip(const char *name)
{
    dmx_checkpoint *a = NULL, *b = NULL;
    demucs_error error = {.status = DEMUCS_OK};
    set_target();
    dmx_checkpoint_open(&a, data_path(name), &dmx_families, &error);
    REQUIRE(a != NULL, "%s", error.message);
    CHECK(dmx_checkpoint_write_safetensors(a, target, &error) == DEMUCS_OK, "%s", error.message);
    dmx_checkpoint_open(&b, target, &dmx_families, &error);
    unlink(target);
    REQUIRE(b != NULL, "%s", error.message);
    CHECK(values_crc(a) == values_crc(b), "%s: other values", name); /* these weights are float16 to begin with */
    CHECK(a->class == b->class, "%s", b->class->name);
    CHECK(a->kwargs.count == b->kwargs.count && a->args.count == b->args.count, "%s: other arguments", name);
    for (size_t i = 0; i < a->kwargs.count; i++) {
        const dmx_value *x = &a->kwargs.items[i], *y = dmx_value_get(&b->kwargs, a->kwargs.keys[i]);
        CHECK(y != NULL && x->kind == y->kind && x->number == y->number && x->integer == y->integer &&
                  x->denominator == y->denominator,
              "%s: %s", name, a->kwargs.keys[i]);
    }
    for (size_t i = 0; i < b->tensor_count; i++) CHECK(b->tensors[i].dtype == DMX_F16, "%s", b->tensors[i].name);
    dmx_checkpoint_close(a);
    dmx_checkpoint_close(b);
}

static void test_round_trips(void)
{
    check_round_trip("good/409eef75-f587c11e.th");
    check_round_trip("good/float64.th");
    check_round_trip("good/fraction_ints.th");
    check_round_trip("good/positional_sources.th");
}

/* A checkpoint of two tensors in memory. */
static void make(dmx_checkpoint *c, dmx_tensor *tensors, const float *large, const float *small)
{
    *c = (dmx_checkpoint){.path = "memory", .class = dmx_families.rows[2], .tensors = tensors, .tensor_count = 3};
    c->args.kind = DMX_VALUE_LIST;
    c->kwargs.kind = DMX_VALUE_DICT;
    static const int64_t counter = 7;
    tensors[0] = (dmx_tensor){.name = "small", .dtype = DMX_F32, .rank = 1, .shape = {3}, .count = 3, .data = small};
    tensors[1] = (dmx_tensor){.name = "large", .dtype = DMX_F32, .rank = 1, .shape = {2}, .count = 2, .data = large};
    tensors[2] = (dmx_tensor){.name = "counter", .dtype = DMX_I64, .rank = 0, .count = 1, .data = &counter};
}

/* What float16 cannot hold stays float32, and integers stay what they are. */
static void test_types(void)
{
    const float large[] = {70000.0f, 1e-8f}, small[] = {65504.0f, INFINITY, 0.1f};
    dmx_tensor tensors[3];
    dmx_checkpoint c, *back = NULL;
    demucs_error error = {.status = DEMUCS_OK};
    float values[3];
    unsigned char integer[8];
    set_target();
    make(&c, tensors, large, small);
    REQUIRE(dmx_checkpoint_write_safetensors(&c, target, &error) == DEMUCS_OK, "%s", error.message);
    dmx_checkpoint_open(&back, target, &dmx_families, &error);
    unlink(target);
    REQUIRE(back != NULL && back->tensor_count == 3, "%s", error.message);
    const dmx_tensor *counter = &back->tensors[0], *wide = &back->tensors[1], *half = &back->tensors[2];
    CHECK(dmx_checkpoint_bytes(back, counter->at, integer, 8, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(counter->dtype == DMX_I64 && memcmp(integer, "\7\0\0\0\0\0\0\0", 8) == 0, "%s", counter->name);
    CHECK(strcmp(wide->name, "large") == 0 && wide->dtype == DMX_F32, "%s", wide->name);
    CHECK(strcmp(half->name, "small") == 0 && half->dtype == DMX_F16, "%s", half->name);
    read_values(back, wide, values);
    CHECK(values[0] == large[0] && values[1] == large[1], "%g", (double)values[0]);
    read_values(back, half, values);
    CHECK(values[0] == 65504.0f && isinf(values[1]) && values[2] == 0.0999755859375f, "%g", (double)values[2]);
    dmx_checkpoint_close(back);
}

/* On failure nothing is left behind, and what was there stays. */
static void test_failures(void)
{
    const float large[] = {1, 2}, small[] = {1, 2, 3};
    dmx_tensor tensors[3];
    dmx_checkpoint c;
    demucs_error error = {.status = DEMUCS_OK};
    make(&c, tensors, large, small);
    demucs_status status = dmx_checkpoint_write_safetensors(&c, "no/such/folder/x.safetensors", &error);
    CHECK(status == DEMUCS_ERROR_IO && strstr(error.message, "x.safetensors': cannot write: No such") != NULL, "%s",
          error.message);
    error.status = DEMUCS_OK;
    dmx_value nan = {.kind = DMX_VALUE_FLOAT, .number = NAN};
    dmx_value_insert(&c.kwargs, "segment", &nan, NULL);
    set_target();
    status = dmx_checkpoint_write_safetensors(&c, target, &error);
    CHECK(is_refusal(status, &error, target), "%s", error.message);
    CHECK(access(target, F_OK) != 0, "a file was written");
    dmx_value_clear(&c.kwargs);
    c.kwargs.kind = DMX_VALUE_DICT;
    error.status = DEMUCS_OK;
    REQUIRE(mkdir(target, 0700) == 0, "%s", target);
    status = dmx_checkpoint_write_safetensors(&c, target, &error);
    CHECK(status == DEMUCS_ERROR_IO && strstr(error.message, target) != NULL, "%s", error.message);
    rmdir(target);
}

TEST_MAIN(test_round_trips, test_types, test_failures)
