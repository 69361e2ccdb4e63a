/* size.c - sizes as people write them. */
#include "base/size.h"

#include "support/test.h"

#include <locale.h>
#include <string.h>

static void test_read(void)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } right[] = {{"1", 1},  {"500M", 500000000}, {"20GB", 20000000000}, {"1.5T", 1500000000000}, {"2kb", 2000},
                 {"7B", 7}, {"0.5K", 500},       {"1.001K", 1001},      {"3.g", 3000000000}};
    static const char *const wrong[] = {"",    "M",   "-1",   "0",   "0.0001K",   "5X",  "5MBB",
                                        "5 M", "1e9", "1,5G", "nan", "99999999T", ".5G", "0x10"};
    uint64_t bytes;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        CHECK(dmx_size_parse(right[i].text, &bytes) && bytes == right[i].bytes, "%s", right[i].text);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) CHECK(!dmx_size_parse(wrong[i], &bytes), "%s", wrong[i]);
}

static void test_write(void)
{
    char text[DMX_SIZE_TEXT];
    CHECK(strcmp(dmx_size_text(text, 999), "999 B") == 0, "%s", text);
    CHECK(strcmp(dmx_size_text(text, 1000), "1.0 KB") == 0, "%s", text);
    CHECK(strcmp(dmx_size_text(text, 999960), "1.0 MB") == 0, "%s", text);
    CHECK(strcmp(dmx_size_text(text, 20000000000), "20.0 GB") == 0, "%s", text);
}

TEST_MAIN(test_read, test_write)
