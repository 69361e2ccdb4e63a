/* growing.c - a text that grows: what is added stays, and without memory it keeps what it has. */
#include "base/growing.h"

#include "base/alloc.h"
#include "support/test.h"

#include <string.h>

static void test_adding(void)
{
    dmx_growing text = {0};
    char wanted[6000] = "";
    dmx_growing_add(&text, "", 0);
    CHECK(text.text != NULL && text.text[0] == '\0' && text.length == 0, "an empty text is one");
    for (int i = 0; i < 500; i++) {
        char word[16];
        snprintf(word, sizeof word, "%d, ", i);
        strcat(strcat(wanted, word), "abc");
        dmx_growing_print(&text, "%d, ", i);
        dmx_growing_add(&text, "abcdef", 3);
        CHECK(strlen(text.text) == text.length && text.length < text.capacity, "round %d", i);
    }
    CHECK(strcmp(text.text, wanted) == 0 && !text.failed, "%s", text.text);
    dmx_free(text.text);
}

static void test_no_memory(void)
{
    dmx_growing text = {0};
    char more[500];
    memset(more, 'x', sizeof more);
    dmx_growing_print(&text, "%s", "kept");
    dmx_alloc_fail_after(0);
    dmx_growing_add(&text, more, sizeof more);
    dmx_alloc_fail_after(-1);
    dmx_growing_print(&text, "lost");
    dmx_growing_add(&text, "lost", 4);
    CHECK(text.failed && strcmp(text.text, "kept") == 0 && text.length == 4, "%s", text.text);
    dmx_free(text.text);
}

TEST_MAIN(test_adding, test_no_memory)
