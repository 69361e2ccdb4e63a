/* test_source.c - a model file that somebody cuts or writes to while it is loaded: a sentence, and no half model. */
#include "support.h"
#include "support/test.h"

#include "cpu/upload.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *const names[] = {"good/409eef75.safetensors", "good/409eef75-f587c11e.th",
                                    "good/legacy_nonzip.th",     "good/strided.th",
                                    "good/uniform.th",           "good/b72453dc.safetensors"};
enum { NAMES = sizeof names / sizeof *names };

static char copy[64];

static void write_bytes(const unsigned char *bytes, size_t size)
{
    FILE *file = fopen(copy, "wb");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) abort();
}

/* A copy of a good file; its bytes, to be freed with free. */
static unsigned char *make_copy(const char *name, size_t *size)
{
    unsigned char *bytes = read_file(data_path(name), size);
    if (bytes == NULL) abort();
    snprintf(copy, sizeof copy, "test_source.%ld.model", (long)getpid());
    write_bytes(bytes, *size);
    return bytes;
}

/* As if it had been written to a second later. */
static void touch(void)
{
    struct stat info;
    if (stat(copy, &info) != 0) abort();
    const struct timespec dates[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = info.st_mtime + 1}};
    if (utimensat(AT_FDCWD, copy, dates, 0) != 0) abort();
}

static demucs_status load(const dmx_checkpoint *checkpoint, demucs_error *error)
{
    dmx_network *network = (dmx_network *)1;
    dmx_warnings warnings = {0};
    const demucs_status status = dmx_network_load(&network, checkpoint, &dmx_cpu_upload, &warnings, error);
    CHECK((status == DEMUCS_OK) == (network != NULL), "%s: half a model", copy);
    dmx_network_free(network);
    dmx_warnings_clear(&warnings);
    return status;
}

/* Open each file, do that to it, and load it. */
static void check_changed(const char *what, void (*change)(const unsigned char *bytes, size_t size), bool right)
{
    for (int i = 0; i < NAMES; i++) {
        size_t size;
        dmx_checkpoint *checkpoint = NULL;
        demucs_error error = {.status = DEMUCS_OK};
        unsigned char *bytes = make_copy(names[i], &size);
        dmx_checkpoint_open(&checkpoint, copy, &dmx_families, &error);
        REQUIRE(checkpoint != NULL, "%s", error.message);
        change(bytes, size);
        const demucs_status status = load(checkpoint, &error);
        if (right)
            CHECK(status == DEMUCS_OK, "%s, %s: %s", names[i], what, error.message);
        else
            CHECK(status == DEMUCS_ERROR_IO && is_refusal(status, &error, copy) &&
                      strstr(error.message, "the file changed while it was read") != NULL,
                  "%s, %s: %s", names[i], what, error.message);
        dmx_checkpoint_close(checkpoint);
        unlink(copy);
        free(bytes);
    }
}

static void leave_alone(const unsigned char *bytes, size_t size)
{
    (void)bytes;
    (void)size;
}

static void cut_in_half(const unsigned char *bytes, size_t size)
{
    (void)bytes;
    if (truncate(copy, (off_t)(size / 2)) != 0) abort();
}

static void empty(const unsigned char *bytes, size_t size)
{
    write_bytes(bytes, 0);
    (void)size;
}

static void write_anew(const unsigned char *bytes, size_t size)
{
    write_bytes(bytes, size);
    touch();
}

static void append(const unsigned char *bytes, size_t size)
{
    FILE *file = fopen(copy, "ab");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) abort();
}

/* Another one under its name is none of our business: that is how a file should be replaced. */
static void replace(const unsigned char *bytes, size_t size)
{
    unlink(copy);
    write_bytes(bytes, size / 2);
}

static void test_changes(void)
{
    check_changed("left alone", leave_alone, true);
    check_changed("replaced", replace, true);
    check_changed("cut", cut_in_half, false);
    check_changed("emptied", empty, false);
    check_changed("written anew", write_anew, false);
    check_changed("longer", append, false);
}

/* What was read from a file that is written anew meanwhile is not written either. */
static void test_conversion(void)
{
    size_t size;
    char target[80];
    dmx_checkpoint *checkpoint = NULL;
    demucs_error error = {.status = DEMUCS_OK};
    unsigned char *bytes = make_copy(names[0], &size);
    snprintf(target, sizeof target, "%s.safetensors", copy);
    dmx_checkpoint_open(&checkpoint, copy, &dmx_families, &error);
    REQUIRE(checkpoint != NULL, "%s", error.message);
    touch();
    CHECK(dmx_checkpoint_write_safetensors(checkpoint, target, &error) == DEMUCS_ERROR_IO, "written all the same");
    CHECK(access(target, F_OK) != 0, "%s is there", target);
    dmx_checkpoint_close(checkpoint);
    unlink(copy);
    free(bytes);
}

/* Values that are gone are not made up. */
static void test_reading(void)
{
    for (int i = 0; i < 3; i++) {
        size_t size;
        float value = 7;
        dmx_checkpoint *checkpoint = NULL;
        demucs_error error = {.status = DEMUCS_OK};
        unsigned char *bytes = make_copy(names[i], &size);
        dmx_checkpoint_open(&checkpoint, copy, &dmx_families, &error);
        REQUIRE(checkpoint != NULL && checkpoint->tensor_count > 0, "%s", error.message);
        const dmx_tensor *last = &checkpoint->tensors[checkpoint->tensor_count - 1];
        CHECK(dmx_checkpoint_read(checkpoint, last, 0, 1, &value, &error) == DEMUCS_OK, "%s", error.message);
        cut_in_half(bytes, size);
        const demucs_status status = dmx_checkpoint_read(checkpoint, last, 0, 1, &value, &error);
        CHECK(status == DEMUCS_ERROR_IO && is_refusal(status, &error, copy), "%s: %s", names[i], error.message);
        dmx_checkpoint_close(checkpoint);
        unlink(copy);
        free(bytes);
    }
}

TEST_MAIN(test_changes, test_reading, test_conversion)
