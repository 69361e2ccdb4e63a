/* error.c - the first cause wins, messages stay one printable line and within their room. */
#include "base/error.h"

#include "support/test.h"

#include <string.h>

static void test_first_cause_wins(void)
{
    demucs_error error = {0};
    CHECK(dmx_fail(&error, DEMUCS_ERROR_IO, "cannot open %s", "a.wav") == DEMUCS_ERROR_IO, "the status comes back");
    CHECK(dmx_fail(&error, DEMUCS_ERROR_MEMORY, "later") == DEMUCS_ERROR_MEMORY, "also of a later failure");
    CHECK(error.status == DEMUCS_ERROR_IO && strcmp(error.message, "cannot open a.wav") == 0, "%s", error.message);
    dmx_error_clear(&error);
    CHECK(error.status == DEMUCS_OK && error.message[0] == '\0', "%s", error.message);
    dmx_fail(&error, DEMUCS_ERROR_STATE, "again");
    CHECK(error.status == DEMUCS_ERROR_STATE, "%d", (int)error.status);
}

static void test_null_is_fine(void)
{
    CHECK(dmx_fail(NULL, DEMUCS_ERROR_FORMAT, "%d", 1) == DEMUCS_ERROR_FORMAT, "the status comes back");
    dmx_error_clear(NULL);
}

static void test_long_and_ragged_text(void)
{
    demucs_error error = {0};
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    text[3] = '\n';
    text[4] = '\x1b';
    dmx_fail(&error, DEMUCS_ERROR_FORMAT, "%s", text);
    CHECK(strlen(error.message) == sizeof error.message - 1, "%zu", strlen(error.message));
    CHECK(memcmp(error.message, "xxx  xx", 7) == 0, "%.8s", error.message);
}

/* "'PATH': sentence": of a long path the end is shown, and the sentence is whole. */
static void test_about_a_file(void)
{
    demucs_error error = {0};
    char path[3000];
    memset(path, 'p', sizeof path);
    strcpy(path + sizeof path - 6, "q.wav");
    CHECK(dmx_refuse("a\n.wav", &error, DEMUCS_ERROR_IO, "cannot open: %s", "why") == DEMUCS_ERROR_IO, "status");
    CHECK(strcmp(error.message, "'a?.wav': cannot open: why") == 0, "%s", error.message);
    dmx_refuse("b", &error, DEMUCS_ERROR_FORMAT, "later");
    CHECK(error.status == DEMUCS_ERROR_IO, "%d", (int)error.status);
    dmx_error_clear(&error);
    dmx_refuse(path, &error, DEMUCS_ERROR_IO, "cannot open: %s", "why");
    CHECK(strncmp(error.message, "'...ppp", 7) == 0 && strstr(error.message, "q.wav': cannot open: why") != NULL, "%s",
          error.message);
    CHECK(dmx_refuse("a", NULL, DEMUCS_ERROR_IO, "%d", 1) == DEMUCS_ERROR_IO, "the status comes back");
}

/* Each code has its own name, and a value from a newer library still has one. */
static void test_status_names(void)
{
    for (int i = DEMUCS_OK; i <= DEMUCS_ERROR_CANCELLED; i++)
        for (int j = DEMUCS_OK; j < i; j++)
            CHECK(strcmp(demucs_status_name((demucs_status)i), demucs_status_name((demucs_status)j)) != 0, "%d and %d",
                  i, j);
    CHECK(strcmp(demucs_status_name(DEMUCS_ERROR_FORMAT), "DEMUCS_ERROR_FORMAT") == 0, "FORMAT");
    CHECK(demucs_status_name((demucs_status)(DEMUCS_ERROR_CANCELLED + 1)) != NULL, "a later code");
}

TEST_MAIN(test_first_cause_wins, test_null_is_fine, test_long_and_ragged_text, test_about_a_file, test_status_names)
