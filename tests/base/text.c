/* text.c - foreign text comes out as one printable line within its room, and stays text. */
#include "base/text.h"

#include "support/test.h"

#include <errno.h>
#include <string.h>

static void check(const char *text, size_t length, size_t size, const char *expected)
{
    char out[300];
    memset(out, '#', sizeof out);
    CHECK(strcmp(dmx_printable(out, size, text, length), expected) == 0, "'%s', not '%s'", out, expected);
    CHECK(strlen(out) < size, "%zu bytes in %zu", strlen(out), size);
}

static void test_plain_and_cut(void)
{
    check("plain", 5, 9, "plain");
    check("12345678", 8, 9, "12345678");
    check("123456789", 9, 9, "12345...");
    check("", 0, 9, "");
    check("long", 4, 3, "lo");
    check("long", 4, 1, "");
}

/* What steers a terminal goes, a character of any script stays. */
static void test_characters(void)
{
    check("a\n\0\x1b~\x7f", 6, 9, "a???~?");
    check("\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\xb5", 9, 20, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\xb5");
    check("\xc2\x9b"
          "31m",
          5, 20, "??31m"); /* CSI in its one-character form */
    check("\xe2\x80\xae"
          "cba",
          6, 20, "???cba");                                  /* from here on right to left */
    check("\xc3(\xa0\xff", 4, 20, "?(??");                   /* no UTF-8 */
    check("\xc0\xaf\xe0\x80\xaf", 5, 20, "?????");           /* too long a form of '/' */
    check("\xed\xa0\x80\xf4\x90\x80\x80", 7, 20, "???????"); /* half a pair; beyond the last character */
    check("\xe2\x82", 2, 20, "??");                          /* cut short */
}

/* A cut leaves no half character behind, at either end. */
static void test_cuts_between_characters(void)
{
    check("1234\xc3\xa9\xc3\xa9\xc3\xa9", 10, 9, "1234...");
    char path[600], out[DMX_SHOWN_PATH];
    for (size_t i = 0; i + 1 < sizeof path; i += 2) memcpy(path + i, "\xc3\xa9", 2);
    for (size_t length = 400; length < 402; length++) {
        memcpy(path + length, ".wav", 5);
        dmx_printable_path(out, path + (length & 1));
        CHECK(strlen(out) < DMX_SHOWN_PATH && strncmp(out, "...\xc3\xa9", 5) == 0, "%s", out);
        memcpy(path + length, "\xc3\xa9\xc3\xa9\xc3", 5);
    }
    CHECK(strcmp(dmx_printable_path(out, "a/b\033.wav"), "a/b?.wav") == 0, "%s", out);
}

static void test_reasons(void)
{
    char out[DMX_REASON];
    CHECK(strcmp(dmx_reason(out, ENOENT), strerror(ENOENT)) == 0, "%s", out);
    CHECK(strlen(dmx_reason(out, 123456)) > 0, "an unknown number");
}

static void test_plain_names(void)
{
    static const char *const plain[] = {"a",  "955717e8", "mon mod\xc3\xa8le", "l'\xc3\xa9t\xc3\xa9 (2)", "a..b",
                                        "a-", "\\"};
    static const char *const others[] = {"",  ".",    "..",      ".a",    "-a",       "a/b",
                                         "/", "a\nb", "\x1b[2J", "a\xff", "\xc2\x9b", "mod\xc3"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        CHECK(dmx_is_plain_name(plain[i], strlen(plain[i])), "%s", plain[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!dmx_is_plain_name(others[i], strlen(others[i])), "number %zu", i);
    CHECK(!dmx_is_plain_name("a\0b", 3) && !dmx_is_plain_name("\xc3\xa8", 1), "a zero byte, half a character");
}

TEST_MAIN(test_plain_names, test_plain_and_cut, test_characters, test_cuts_between_characters, test_reasons)
