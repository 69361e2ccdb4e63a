/* test_alloc.c - each allocation in turn fails: a sentence, no leak (AddressSanitizer sees to that), no half result. */
#include "support.h"
#include "support/test.h"

#include "base/alloc.h"
#include "base/bag.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Run `work` with the n-th allocation failing, for n = 0, `step`, ... until it succeeds. */
static void fail_each(const char *what, int64_t step, demucs_status (*work)(const char *what, demucs_error *error))
{
    demucs_status status = DEMUCS_ERROR_MEMORY;
    int64_t n = 0;
    for (; status != DEMUCS_OK && n < 1000000; n += step) {
        demucs_error error = {.status = DEMUCS_OK};
        dmx_alloc_fail_after(n);
        status = work(what, &error);
        dmx_alloc_fail_after(-1);
        if (status == DEMUCS_OK) break;
        CHECK(status == DEMUCS_ERROR_MEMORY && error.status == status && error.message[0] != '\0', "%s at %lld: %s",
              what, (long long)n, error.message);
    }
    CHECK(status == DEMUCS_OK && n > 0, "%s: %lld allocations", what, (long long)n);
}

static demucs_status open_file(const char *name, demucs_error *error)
{
    dmx_checkpoint *checkpoint = NULL;
    demucs_status status = dmx_checkpoint_open(&checkpoint, data_path(name), &dmx_families, error);
    CHECK((status == DEMUCS_OK) == (checkpoint != NULL), "%s", name);
    dmx_checkpoint_close(checkpoint);
    return status;
}

static void test_reading(void)
{
    fail_each("good/409eef75-f587c11e.th", 1, open_file);
    fail_each("good/409eef75.safetensors", 1, open_file);
    fail_each("good/legacy_nonzip.th", 1, open_file);
    fail_each("good/strided.th", 1, open_file);
    fail_each("good/b72453dc-9f8cb998.th", 1, open_file);
    fail_each("good/b72453dc.safetensors", 7, open_file);
    fail_each("good/a0b1e544.safetensors", 97, open_file);
}

static demucs_status write_file(const char *name, demucs_error *error)
{
    dmx_checkpoint *checkpoint = NULL;
    dmx_alloc_fail_after(-1);
    demucs_status status =
        dmx_checkpoint_open(&checkpoint, data_path("good/409eef75-f587c11e.th"), &dmx_families, error);
    if (status != DEMUCS_OK) return status;
    dmx_alloc_fail_after(atoi(name));
    char target[64];
    snprintf(target, sizeof target, "test_alloc.%ld.safetensors", (long)getpid());
    status = dmx_checkpoint_write_safetensors(checkpoint, target, error);
    dmx_alloc_fail_after(-1);
    CHECK((access(target, F_OK) == 0) == (status == DEMUCS_OK), "a half-written file");
    unlink(target);
    dmx_checkpoint_close(checkpoint);
    return status;
}

static void test_writing(void)
{
    demucs_status status = DEMUCS_ERROR_MEMORY;
    int n = 0;
    for (; status != DEMUCS_OK && n < 100000; n += 3) {
        char text[16];
        demucs_error error = {.status = DEMUCS_OK};
        snprintf(text, sizeof text, "%d", n);
        status = write_file(text, &error);
        CHECK(status == DEMUCS_OK || status == DEMUCS_ERROR_MEMORY, "%d: %s", n, error.message);
    }
    CHECK(status == DEMUCS_OK && n > 3, "%d", n);
}

static demucs_status parse_bag(const char *text, demucs_error *error)
{
    dmx_bag bag;
    demucs_status status = dmx_bag_parse(&bag, "x.yaml", (const unsigned char *)text, strlen(text), error);
    dmx_bag_clear(&bag);
    return status;
}

static demucs_status find_member(const char *name, demucs_error *error)
{
    char *path = NULL;
    demucs_status status = dmx_bag_member_path(&path, data_path("good/x.yaml"), name, error);
    dmx_free(path);
    return status;
}

static void test_bags(void)
{
    fail_each("models: [a, b]\nweights: [[1], [2]]\n", 1, parse_bag);
    fail_each("409eef75", 1, find_member);
    fail_each("409eef75-f587c11e", 1, find_member);
}

TEST_MAIN(test_reading, test_writing, test_bags)
