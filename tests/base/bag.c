/* bag.c - bags of models: what the YAML file says, and where its members lie. */
#include "checkpoint/support.h"
#include "support/test.h"

#include "base/alloc.h"
#include "base/bag.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static demucs_status parse(dmx_bag *bag, const char *text, demucs_error *error)
{
    *error = (demucs_error){.status = DEMUCS_OK};
    return dmx_bag_parse(bag, "x.yaml", (const unsigned char *)text, strlen(text), error);
}

static void test_full_bag(void)
{
    dmx_bag bag;
    demucs_error error;
    demucs_status status = parse(&bag,
                                 "models: ['f7e0c4bc', \"d12395a8\"]\nweights: [\n  [1., 0., .5, 2.5e-1],\n"
                                 "  [0.0, 1, 0.3, 0e3],\n]\nsegment: 44\n",
                                 &error);
    REQUIRE(status == DEMUCS_OK, "%s", error.message);
    CHECK(bag.count == 2 && strcmp(bag.signatures[0], "f7e0c4bc") == 0, "%zu", bag.count);
    CHECK(strcmp(bag.signatures[1], "d12395a8") == 0, "%s", bag.signatures[1]);
    CHECK(bag.weight_columns == 4 && bag.segment_seconds == 44, "%zu %g", bag.weight_columns, bag.segment_seconds);
    const double expected[] = {1, 0, 0.5, 0.25, 0, 1, 0.3, 0};
    for (int i = 0; i < 8; i++) CHECK(bag.weights[i] == expected[i], "weight %d: %g", i, bag.weights[i]);
    dmx_bag_clear(&bag);
}

static void test_small_bags(void)
{
    dmx_bag bag;
    demucs_error error;
    REQUIRE(parse(&bag, "models: [955717e8]\n", &error) == DEMUCS_OK, "%s", error.message);
    CHECK(strcmp(bag.signatures[0], "955717e8") == 0, "%s", bag.signatures[0]);
    CHECK(bag.weights == NULL && bag.segment_seconds == 0, "%g", bag.segment_seconds);
    dmx_bag_clear(&bag);
    REQUIRE(parse(&bag, "# new\nother: {a: [1, {b: c}]}\n? [x, y]\n: z\nmodels:\n- a\nweights: null\nsegment: ~\n",
                  &error) == DEMUCS_OK,
            "%s", error.message);
    CHECK(bag.count == 1 && bag.weights == NULL && bag.segment_seconds == 0, "%zu", bag.count);
    dmx_bag_clear(&bag);
}

/* As Python's yaml.safe_load reads them. */
static void test_numbers(void)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {{"0.3333333333333333", 1.0 / 3},
                 {"0.30000000000000004", 0.1 + 0.2},
                 {"0.1000000000000000055511151231257827021181583404541015625", 0.1},
                 {"123456789012345678901234567890.", 123456789012345678901234567890.0},
                 {"6.666666666666667e-05", 6.666666666666667e-05},
                 {"4.35", 4.35},
                 {"9007199254740993", 9007199254740992.0},
                 {"-1.", -1},
                 {"-0.25", -0.25},
                 {"+2", 2},
                 {"010", 8},
                 {"-017", -15},
                 {"010.", 10},
                 {"00.5", 0.5},
                 {"0", 0},
                 {"00", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        dmx_bag bag;
        demucs_error error;
        snprintf(text, sizeof text, "models: [a]\nweights: [[%s]]\n", cases[i].text);
        demucs_status status = parse(&bag, text, &error);
        CHECK(status == DEMUCS_OK && bag.weights[0] == cases[i].value, "%s: %.17g %s", cases[i].text,
              status == DEMUCS_OK ? bag.weights[0] : 0, error.message);
        dmx_bag_clear(&bag);
    }
}

static void test_bad_bags(void)
{
    static const char *const bad[] = {"",
                                      "\n",
                                      "models",
                                      "- a\n",
                                      "models: []\n",
                                      "models: a\n",
                                      "models: [[a]]\n",
                                      "models: ['../a']\n",
                                      "models: ['/etc/passwd']\n",
                                      "models: [\"a\\tb\"]\n",
                                      "models: ['.hidden']\n",
                                      "models: ['-option']\n",
                                      "models: [\"a\\0b\"]\n",
                                      "models: ['']\n",
                                      "models: [a]\nmodels: [b]\n",
                                      "segment: 3\n",
                                      "models: [a]\nweights: [[1., 2.], [1., 2.]]\n",
                                      "models: [a, b]\nweights: [[1., 2.]]\n",
                                      "models: [a, b]\nweights: [[1., 2.], [1.]]\n",
                                      "models: [a]\nweights: [[]]\n",
                                      "models: [a]\nweights: [[--1.]]\n",
                                      "models: [a]\nweights: [[-]]\n",
                                      "models: [a]\nweights: [[09]]\n",
                                      "models: [a]\nweights: [[0x10]]\n",
                                      "models: [a]\nweights: [[1_0]]\n",
                                      "models: [a]\nsegment: -010\n",
                                      "models: [a]\nweights: [[.nan]]\n",
                                      "models: [a]\nweights: [[.inf]]\n",
                                      "models: [a]\nweights: [['1.']]\n",
                                      "models: [a]\nweights: [[1e400]]\n",
                                      "models: [a]\nweights: [[1.2.3]]\n",
                                      "models: [a]\nweights: [[1e]]\n",
                                      "models: [a]\nweights: [[.]]\n",
                                      "models: [a]\nweights: [1]\n",
                                      "models: [a]\nweights: 1\n",
                                      "models: [a]\nsegment: 0\n",
                                      "models: [a]\nsegment: -4\n",
                                      "models: [a]\nsegment: long\n",
                                      "models: [a]\nsegment: [4]\n",
                                      "models: [!!str a]\n",
                                      "models: !!python/object/apply:os.system ['touch PWNED']\n",
                                      "models: &a [b]\n",
                                      "x: &a [b]\nmodels: *a\n",
                                      "models: [a]\n---\nmodels: [b]\n",
                                      "models: [a\n",
                                      "x: [[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]\nmodels: [a]\n",
                                      "models: [\"\xff\"]\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dmx_bag bag;
        demucs_error error;
        demucs_status status = parse(&bag, bad[i], &error);
        CHECK(is_refusal(status, &error, "x.yaml"), "%s: %s", bad[i], error.message);
        dmx_bag_clear(&bag);
    }
}

/* PyYAML writes a list that comes twice with an anchor and an alias. */
static void test_repeated_rows(void)
{
    dmx_bag bag;
    demucs_error error;
    const char *text =
        "models: [a, b, c, d]\nweights:\n- &id001\n  - 0.5\n  - 2\n- *id001\n- &id001 [3, 4]\n- *id001\n";
    const double expected[] = {0.5, 2, 0.5, 2, 3, 4, 3, 4};
    REQUIRE(parse(&bag, text, &error) == DEMUCS_OK, "%s", error.message);
    for (int i = 0; i < 8; i++) CHECK(bag.weights[i] == expected[i], "weight %d: %g", i, bag.weights[i]);
    dmx_bag_clear(&bag);
}

/* Each has its own reason, whatever else may be wrong. */
static void test_reasons(void)
{
    static const char *const cases[][2] = {{"models: *a\n", "alias"},
                                           {"models: !!str a\n", "tag"},
                                           {"models: [&x a]\n", "anchor"},
                                           {"models: [a]\nweights: [*x]\n", "not above"},
                                           {"models: [a]\nweights: &x [[1]]\n", "anchor"},
                                           {"models: [a]\nweights: [[&x 1]]\n", "anchor"},
                                           {"models: [a, b]\nweights: [&x [1, *x], [1, 1]]\n", "alias"},
                                           {"models: [a]\nweights: [&x {a: 1}]\n", "list"},
                                           {"models: [a]\nweights: [&a23456789012345678901234567890123 [1]]", "long"},
                                           {"models: [a]\n--- 3\n", "second"},
                                           {"models: [a]\nsegment: 0", "'segment'"},
                                           {"models: [a\n", "line"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dmx_bag bag;
        demucs_error error;
        demucs_status status = parse(&bag, cases[i][0], &error);
        CHECK(is_refusal(status, &error, cases[i][1]), "%s: %s", cases[i][0], error.message);
    }
}

static void test_too_many(void)
{
    char text[4096] = "models: [a";
    dmx_bag bag;
    demucs_error error;
    for (int i = 0; i < DMX_BAG_MAX_MODELS - 1; i++) strcat(text, ",a");
    strcat(text, "]");
    CHECK(parse(&bag, text, &error) == DEMUCS_OK, "%s", error.message);
    dmx_bag_clear(&bag);
    text[strlen(text) - 1] = '\0';
    strcat(text, ",a]");
    demucs_status status = parse(&bag, text, &error);
    CHECK(is_refusal(status, &error, "x.yaml"), "%s", error.message);
}

/* ----------------------------------------------------------------------------------------------------- members -- */

static char folder[64];

static const char *in_folder(const char *name)
{
    static char paths[2][160];
    static int turn;
    char *path = paths[turn++ % 2];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void touch(const char *name)
{
    FILE *file = fopen(in_folder(name), "w");
    CHECK(file != NULL, "%s", name);
    if (file != NULL) fclose(file);
}

static void check_member(const char *signature, const char *expected)
{
    char *path = NULL;
    demucs_error error = {.status = DEMUCS_OK};
    demucs_status status = dmx_bag_member_path(&path, in_folder("x.yaml"), signature, &error);
    if (expected == NULL)
        CHECK(is_refusal(status, &error, "x.yaml") && path == NULL, "%s: %s", signature, error.message);
    else
        CHECK(status == DEMUCS_OK && strcmp(path, in_folder(expected)) == 0, "%s: %s", signature, error.message);
    dmx_free(path);
}

static void test_member_paths(void)
{
    static const char *const files[] = {"aa.safetensors", "aa-0123abcd.th", "bb-0123abcd.th", "cc.th",
                                        "dd-01.th",       "dd-02.th",       "ee-nohex.th",    "eee-01.th",
                                        "ff-01.th.part",  "gg-01.th"};
    enum { FILES = sizeof files / sizeof *files };
    snprintf(folder, sizeof folder, "test_base_bag.%ld", (long)getpid());
    REQUIRE(mkdir(folder, 0700) == 0, "%s", folder);
    for (int i = 0; i < FILES; i++) touch(files[i]);
    REQUIRE(mkdir(in_folder("gg.safetensors"), 0700) == 0 && mkdir(in_folder("gg-02.th"), 0700) == 0, "folders");
    check_member("aa", "aa.safetensors");
    check_member("bb", "bb-0123abcd.th");
    check_member("cc", "cc.th");
    check_member("dd", NULL); /* two */
    check_member("ee", NULL);
    check_member("ff", NULL);
    check_member("gg", "gg-01.th"); /* folders are no files */
    check_member("deadbeef", NULL);
    rmdir(in_folder("gg.safetensors"));
    rmdir(in_folder("gg-02.th"));
    for (int i = 0; i < FILES; i++) unlink(in_folder(files[i]));
    rmdir(folder);
    check_member("aa", NULL); /* no folder */
    /* a folder that cannot be looked into is not one without the file */
    char *path = NULL;
    demucs_error error = {.status = DEMUCS_OK};
    REQUIRE(symlink(folder, folder) == 0, "%s", folder);
    CHECK(dmx_bag_find_member(&path, folder, "aa", &error) == DEMUCS_ERROR_IO && path == NULL, "%s", error.message);
    CHECK(strstr(error.message, "cannot look for the model aa in ") != NULL, "%s", error.message);
    unlink(folder);
}

TEST_MAIN(test_full_bag, test_small_bags, test_numbers, test_bad_bags, test_repeated_rows, test_reasons, test_too_many,
          test_member_paths)
