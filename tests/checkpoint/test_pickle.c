/* test_pickle.c - the restricted pickle machine: what it builds, and what it refuses. */
#include "support.h"
#include "support/test.h"

#include "checkpoint/pickle.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------ good pickles -- */

static const struct good_pickle {
    const char *bytes;
    size_t size;
    const char *value;
} good_pickles[] = {
#define PICKLE(bytes, value)                                                                                           \
    {                                                                                                                  \
        bytes, sizeof(bytes) - 1, value                                                                                \
    }
    PICKLE("\x80\x02N.", "None"),
    PICKLE("\x80\x02\x88.", "True"),
    PICKLE("\x80\x02K\xff.", "255"),
    PICKLE("\x80\x02M\x01\x02.", "513"),
    PICKLE("\x80\x02J\xfe\xff\xff\xff.", "-2"),
    PICKLE("\x80\x02\x8a\x00.", "0"),
    PICKLE("\x80\x02\x8a\x01\xff.", "-1"),
    PICKLE("\x80\x02\x8a\x05\x00\x00\x00\x00\x01.", "4294967296"),
    PICKLE("\x80\x02\x8b\x02\x00\x00\x00\x00\x80.", "-32768"),
    PICKLE("I01\n.", "True"), /* protocol 1 */
    PICKLE("I00\n.", "False"),
    PICKLE("I-5\n.", "-5"),
    PICKLE("L9223372036854775807L\n.", "9223372036854775807"),
    PICKLE("L-4294967296L\n.", "-4294967296"),
    PICKLE("\x80\x02G\xbf\xf8\x00\x00\x00\x00\x00\x00.", "-1.5"),
    PICKLE("\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x02hi\x94.", "'hi'"),
    PICKLE("\x80\x02U\x02hi.", "'hi'"),
    PICKLE("\x80\x02(K\x01K\x02t.", "[1 2 ]"),
    PICKLE("\x80\x02K\x01K\x02K\x03\x87.", "[1 2 3 ]"),
    PICKLE("\x80\x02]q\x05(K\x01h\x05"
           "0K\x02"
           "e.",
           "[1 2 ]"),
    PICKLE("\x80\x02}(U\x01xK\x01U\x01y}u.", "{x:1 y:{} }"),
    PICKLE("\x80\x02}U\x01xK\x01sU\x01xK\x02s.", "{x:2 }"), /* the last one counts */
    PICKLE("\x80\x02(U\x01xK\x01"
           "d.",
           "{x:1 }"),
    PICKLE("\x80\x02"
           "ccollections\nOrderedDict\n)R(U\x01xK\x01u.",
           "{x:1 }"),
    PICKLE("\x80\x02"
           "ccollections\nOrderedDict\n]](U\x01xK\x01"
           "ea\x85R.",
           "{x:1 }"),
    PICKLE("\x80\x02"
           "ccollections\nOrderedDict\n)R}U\x09_metadataNsb.",
           "{}"),
    PICKLE("\x80\x02"
           "cfractions\nFraction\nU\x04"
           "39/5\x85R.",
           "39/5"),
    PICKLE("\x80\x02"
           "cfractions\nFraction\nU\x02-8\x85R.",
           "-8/1"),
    PICKLE("\x80\x02"
           "cfractions\nFraction\nU\x24"
           "1152921504606847/1152921504606846976\x85R.", /* Fraction(0.001) */
           "1152921504606847/1152921504606846976"),
    PICKLE("\x80\x04\x8c\x09"
           "fractions\x8c\x08"
           "Fraction\x93K\x06K\x04\x86R.",
           "3/2"),
#undef PICKLE
};

/* A value as text. */
static size_t print(char *out, size_t size, const dmx_value *v)
{
    size_t n = 0;
    switch (v->kind) {
    case DMX_VALUE_NONE: return (size_t)snprintf(out, size, "None");
    case DMX_VALUE_BOOL: return (size_t)snprintf(out, size, v->boolean ? "True" : "False");
    case DMX_VALUE_INT: return (size_t)snprintf(out, size, "%lld", (long long)v->integer);
    case DMX_VALUE_FLOAT: return (size_t)snprintf(out, size, "%g", v->number);
    case DMX_VALUE_FRACTION:
        return (size_t)snprintf(out, size, "%lld/%lld", (long long)v->integer, (long long)v->denominator);
    case DMX_VALUE_STRING: return (size_t)snprintf(out, size, "'%s'", v->text);
    default: break;
    }
    n += (size_t)snprintf(out, size, v->kind == DMX_VALUE_LIST ? "[" : "{");
    for (size_t i = 0; i < v->count; i++) {
        if (v->kind == DMX_VALUE_DICT) n += (size_t)snprintf(out + n, size - n, "%s:", v->keys[i]);
        n += print(out + n, size - n, &v->items[i]);
        n += (size_t)snprintf(out + n, size - n, " ");
    }
    return n + (size_t)snprintf(out + n, size - n, v->kind == DMX_VALUE_LIST ? "]" : "}");
}

static void test_good_pickles(void)
{
    for (size_t i = 0; i < sizeof good_pickles / sizeof *good_pickles; i++) {
        const struct good_pickle *p = &good_pickles[i];
        char text[256] = "";
        size_t used = 0;
        dmx_pool pool = {.total = 0};
        dmx_object *root = NULL;
        dmx_value value = {.kind = DMX_VALUE_NONE};
        demucs_error error = {.status = DEMUCS_OK};
        demucs_status status = dmx_pickle_read(&pool, "good.th", &dmx_families, (const unsigned char *)p->bytes,
                                               p->size, &used, &root, NULL, &error);
        if (status == DEMUCS_OK) status = dmx_object_to_value(root, &value, "good.th", "it", &error);
        if (status == DEMUCS_OK) print(text, sizeof text, &value);
        CHECK(status == DEMUCS_OK && used == p->size && strcmp(text, p->value) == 0, "%s is not %s (%s)", text,
              p->value, error.message);
        dmx_value_clear(&value);
        dmx_pool_clear(&pool);
    }
}

/* ----------------------------------------------------------------------------------------------------- bad pickles --
 */

static const struct bad_pickle {
    const char *what, *reason, *bytes;
    size_t size;
} bad_pickles[] = {
#define PICKLE(what, reason, bytes)                                                                                    \
    {                                                                                                                  \
        what, reason, bytes, sizeof(bytes) - 1                                                                         \
    }
    PICKLE("protocol 0", "protocol", "\x80\x00N."),
    PICKLE("protocol 6", "protocol", "\x80\x06N."),
    PICKLE("nothing", "ends in the middle", ""),
    PICKLE("no end", "ends in the middle", "\x80\x02N"),
    PICKLE("an empty stack", "on its stack", "\x80\x02."),
    PICKLE("a number with letters", "something else", "I1x\n."),
    PICKLE("a number without digits", "without digits", "L-L\n."),
    PICKLE("a number without an end", "ends in the middle", "I12"),
    PICKLE("two objects left", "on its stack", "\x80\x02NN."),
    PICKLE("an open mark", "on its stack", "\x80\x02(N."),
    PICKLE("a global", "os.system",
           "\x80\x02"
           "cos\nsystem\n."),
    PICKLE("a global by its parts", "os.system", "\x80\x04\x8c\x02os\x8c\x06system\x93."),
    PICKLE("a global called", "builtins.eval",
           "\x80\x02"
           "cbuiltins\neval\nX\x01\x00\x00\x00"
           "1\x85R."),
    PICKLE("a global without a name", "ends in the middle",
           "\x80\x02"
           "cos\nsystem"),
    PICKLE("a part of a name that is no text", "not a text", "\x80\x04K\x01\x8c\x06system\x93."),
    PICKLE("the old instruction INST", "0x69", "\x80\x02(ios\nsystem\n."),
    PICKLE("the old instruction OBJ", "0x6f", "\x80\x02(cfractions\nFraction\no."),
    PICKLE("the extension registry", "0x82", "\x80\x02\x82\x01."),
    PICKLE("an out-of-band buffer", "0x97", "\x80\x05\x97."),
    PICKLE("a class that is called", "no function",
           "\x80\x02"
           "cdemucs.demucs\nDemucs\n)R."),
    PICKLE("a number that is called", "no function", "\x80\x02K\x01)R."),
    PICKLE("an item for a number", "holds none",
           "\x80\x02K\x01K\x02"
           "a."),
    PICKLE("an item for nothing", "stack is empty",
           "\x80\x02K\x02"
           "a."),
    PICKLE("a key without a value", "key without", "\x80\x02}(K\x01u."),
    PICKLE("attributes of a number", "has none", "\x80\x02K\x01}b."),
    PICKLE("an unknown memo entry", "memo entry", "\x80\x02h\x07."),
    PICKLE("a memo entry far away", "memo entries", "\x80\x02Nr\xff\xff\xff\xff."),
    PICKLE("a text longer than the file", "ends in the middle",
           "\x80\x02X\xff\xff\xff\x7f"
           "abc."),
    PICKLE("a text of 2^64 bytes", "ends in the middle", "\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff."),
    PICKLE("going below a mark", "stack is empty", "\x80\x02K\x01(0."),
    PICKLE("a fraction of words", "fraction",
           "\x80\x02"
           "cfractions\nFraction\nX\x03\x00\x00\x00"
           "1/x\x85R."),
    PICKLE("a fraction that is too large", "fraction",
           "\x80\x02"
           "cfractions\nFraction\nU\x15"
           "1/9223372036854775808\x85R."),
    PICKLE("a fraction of more digits than numbers have", "fraction",
           "\x80\x02"
           "cfractions\nFraction\nU\x2a"
           "000000000000000000000000000000000000000001\x85R."),
    PICKLE("a tensor without a storage", "tensor",
           "\x80\x02"
           "ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x00))tR."),
    PICKLE("a storage where none belongs", "where none belongs",
           "\x80\x02((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x00"
           "0X\x03\x00\x00\x00"
           "cpuK\x01tQ."),
#undef PICKLE
};

static void test_bad_pickles(void)
{
    for (size_t i = 0; i < sizeof bad_pickles / sizeof *bad_pickles; i++) {
        const struct bad_pickle *p = &bad_pickles[i];
        dmx_pool pool = {.total = 0};
        dmx_object *root = NULL;
        demucs_error error = {.status = DEMUCS_OK};
        demucs_status status = dmx_pickle_read(&pool, "bad.th", &dmx_families, (const unsigned char *)p->bytes, p->size,
                                               NULL, &root, NULL, &error);
        CHECK(is_refusal(status, &error, p->reason), "%s: %s", p->what, error.message);
        CHECK(strstr(error.message, "bad.th") != NULL, "%s: %s", p->what, error.message);
        dmx_pool_clear(&pool);
    }
}

static demucs_status read_pickle(const unsigned char *bytes, size_t size, dmx_pool *pool, dmx_object **root,
                                 demucs_error *error)
{
    *pool = (dmx_pool){.total = 0};
    return dmx_pickle_read(pool, "deep.th", &dmx_families, bytes, size, NULL, root, NULL, error);
}

/* Lists, or dicts, in each other, as a value. */
static demucs_status nest(int depth, bool dicts, demucs_error *error)
{
    size_t size = 0;
    dmx_pool pool;
    dmx_object *root = NULL;
    dmx_value value = {.kind = DMX_VALUE_NONE};
    unsigned char *bytes = malloc(5 * (size_t)depth + 8);
    bytes[size++] = 0x80;
    bytes[size++] = 2;
    for (int i = 0; i < depth; i++) {
        bytes[size++] = dicts ? '}' : ']';
        if (!dicts || i + 1 == depth) continue;
        memcpy(bytes + size, "U\x01x", 3); /* the key that the next dict is for */
        size += 3;
    }
    for (int i = 1; i < depth; i++) bytes[size++] = dicts ? 's' : 'a';
    bytes[size++] = '.';
    CHECK(read_pickle(bytes, size, &pool, &root, error) == DEMUCS_OK, "%s", error->message);
    demucs_status status = dmx_object_to_value(root, &value, "deep.th", "kwargs", error);
    dmx_value_clear(&value);
    dmx_pool_clear(&pool);
    free(bytes);
    return status;
}

/* A value may be nested 64 levels deep below the first, and no recursion may follow 100000. */
static void test_deep_pickle(void)
{
    static const int too_deep[] = {66, 67, 1000, 100000};
    for (int dicts = 0; dicts < 2; dicts++) {
        demucs_error error = {.status = DEMUCS_OK};
        CHECK(nest(65, dicts, &error) == DEMUCS_OK, "%s", error.message);
        for (size_t i = 0; i < sizeof too_deep / sizeof *too_deep; i++) {
            error.status = DEMUCS_OK;
            CHECK(is_refusal(nest(too_deep[i], dicts, &error), &error, "deep.th': kwargs: nested too deeply"), "%d: %s",
                  too_deep[i], error.message);
        }
    }
}

/* A list that holds itself, and one that doubles at each of 60 levels. */
static void test_endless_pickles(void)
{
    static const char self[] = "\x80\x02]q\x00h\x00"
                               "a.";
    unsigned char doubling[400];
    size_t size = 0;
    dmx_pool pool;
    dmx_object *root = NULL;
    dmx_value value = {.kind = DMX_VALUE_NONE};
    demucs_error error = {.status = DEMUCS_OK};
    CHECK(read_pickle((const unsigned char *)self, sizeof self - 1, &pool, &root, &error) == DEMUCS_OK, "%s",
          error.message);
    demucs_status status = dmx_object_to_value(root, &value, "deep.th", "kwargs", &error);
    CHECK(is_refusal(status, &error, "deep.th"), "%s", error.message);
    dmx_value_clear(&value);
    dmx_pool_clear(&pool);
    memcpy(doubling, "\x80\x02]", 3);
    size = 3;
    for (int i = 0; i < 60; i++) {
        doubling[size++] = '2'; /* DUP */
        doubling[size++] = 0x86;
    }
    doubling[size++] = '.';
    error.status = DEMUCS_OK;
    CHECK(read_pickle(doubling, size, &pool, &root, &error) == DEMUCS_OK, "%s", error.message);
    status = dmx_object_to_value(root, &value, "deep.th", "kwargs", &error);
    CHECK(is_refusal(status, &error, "deep.th"), "%s", error.message);
    dmx_value_clear(&value);
    dmx_pool_clear(&pool);
}

static void add(unsigned char *bytes, size_t *size, const void *more, size_t count)
{
    memcpy(bytes + *size, more, count);
    *size += count;
}

/* A text of 200 KB that a list of arguments says 1 and 6 times: a small file could make us copy it for hours. */
static void test_repeated_text(void)
{
    enum { LENGTH = 200000 };
    unsigned char *bytes = malloc(LENGTH + 100);
    for (int times = 1; times <= 6; times += 5) {
        size_t size = 0;
        dmx_pool pool;
        dmx_object *root = NULL;
        dmx_value value = {.kind = DMX_VALUE_NONE};
        demucs_error error = {.status = DEMUCS_OK};
        add(bytes, &size, "\x80\x02(X\x40\x0d\x03\x00", 8);
        memset(bytes + size, 'x', LENGTH);
        size += LENGTH;
        add(bytes, &size, "q\x00", 2);
        for (int i = 1; i < times; i++) add(bytes, &size, "h\x00", 2);
        add(bytes, &size, "t.", 2);
        CHECK(read_pickle(bytes, size, &pool, &root, &error) == DEMUCS_OK, "%s", error.message);
        demucs_status status = dmx_object_to_value(root, &value, "deep.th", "args", &error);
        CHECK(times == 1 ? status == DEMUCS_OK : is_refusal(status, &error, "a megabyte of text"), "%d times: %s",
              times, error.message);
        dmx_value_clear(&value);
        dmx_pool_clear(&pool);
    }
    free(bytes);
}

/* Storages are told apart by their keys, which are compared with each other: no long ones. */
static void test_long_key(void)
{
    static const char head[] = "\x80\x02(U\x07storagectorch\nFloatStorage\nX";
    for (int length = 255; length <= 256; length++) {
        unsigned char bytes[400];
        size_t size = 0;
        dmx_pool pool = {.total = 0};
        dmx_object *root = NULL;
        dmx_storage_list storages = {.count = 0};
        demucs_error error = {.status = DEMUCS_OK};
        add(bytes, &size, head, sizeof head - 1);
        add(bytes, &size, (unsigned char[]){(unsigned char)length, (unsigned char)(length >> 8), 0, 0}, 4);
        memset(bytes + size, 'k', (size_t)length);
        size += (size_t)length;
        add(bytes, &size,
            "U\x03"
            "cpuK\x01tQ.",
            10);
        demucs_status status =
            dmx_pickle_read(&pool, "x.th", &dmx_families, bytes, size, NULL, &root, &storages, &error);
        CHECK(length == 255 ? status == DEMUCS_OK : is_refusal(status, &error, "storage"), "%d: %s", length,
              error.message);
        dmx_pool_clear(&pool);
    }
}

/* A pickle of nothing but new objects stops at a bound. */
static void test_pickle_of_many_objects(void)
{
    const size_t size = 8 << 20;
    dmx_pool pool;
    dmx_object *root = NULL;
    demucs_error error = {.status = DEMUCS_OK};
    unsigned char *bytes = malloc(size);
    for (size_t i = 0; i < size; i += 2) memcpy(bytes + i, "]0", 2);
    memcpy(bytes, "\x80\x02", 2);
    demucs_status status = read_pickle(bytes, size, &pool, &root, &error);
    CHECK(is_refusal(status, &error, "deep.th"), "%s", error.message);
    CHECK(pool.total <= (size_t)64 << 20, "%zu", pool.total);
    dmx_pool_clear(&pool);
    free(bytes);
}

TEST_MAIN(test_good_pickles, test_bad_pickles, test_deep_pickle, test_endless_pickles, test_repeated_text,
          test_long_key, test_pickle_of_many_objects)
