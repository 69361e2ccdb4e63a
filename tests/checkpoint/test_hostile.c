/* test_hostile.c - damaged and hostile files are refused with a sentence that names them, and run nothing. */
#include "support.h"
#include "support/test.h"

#include "checkpoint/bag.h"
#include "checkpoint/pickle.h"
#include "checkpoint/reader.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static demucs_status read_any(const char *path, demucs_error *error)
{
    size_t size = 0;
    dmx_bag bag;
    dmx_checkpoint *checkpoint = NULL;
    const char *dot = strrchr(path, '.');
    if (strcmp(dot, ".yaml") != 0) {
        demucs_status status = dmx_checkpoint_open(&checkpoint, path, error);
        dmx_checkpoint_close(checkpoint);
        return status;
    }
    unsigned char *bytes = read_file(path, &size);
    demucs_status status = dmx_bag_parse(&bag, path, bytes, size, error);
    dmx_bag_clear(&bag);
    free(bytes);
    return status;
}

static void test_hostile_files(void)
{
    table t;
    int refused = 0;
    REQUIRE(read_table(&t, data_path("hostile/index.tsv")), "no index");
    for (int i = 0; i < t.rows; i++) {
        char **row = t.cells[i], path[128];
        demucs_error error = {.status = DEMUCS_OK};
        snprintf(path, sizeof path, "hostile/%s", row[0]);
        demucs_status status = read_any(data_path(path), &error);
        if (strcmp(row[2], "format") == 0)
            CHECK(is_refusal(status, &error, row[0]), "%s (%s): %s", row[0], row[1], error.message);
        else
            CHECK(status == DEMUCS_OK, "%s: %s", row[0], error.message); /* the model refuses it */
        refused += status != DEMUCS_OK;
    }
    CHECK(refused >= 30, "%d", refused);
    CHECK(access("PWNED", F_OK) != 0, "a hostile file was run");
    free(t.text);
}

/* Any beginning of a good file is refused too. */
static void test_cut_files(void)
{
    const char *const names[] = {"good/409eef75-f587c11e.th", "good/409eef75.safetensors", "good/legacy_nonzip.th",
                                 "good/b72453dc.safetensors"};
    for (int k = 0; k < 4; k++) {
        size_t size = 0;
        unsigned char *bytes = read_file(data_path(names[k]), &size);
        REQUIRE(bytes != NULL, "%s", names[k]);
        for (size_t cut = 0; cut < size; cut += 1 + cut / 16) {
            dmx_checkpoint *checkpoint = NULL;
            demucs_error error = {.status = DEMUCS_OK};
            demucs_status status = dmx_checkpoint_parse(&checkpoint, "cut.th", bytes, cut, &error);
            CHECK(is_refusal(status, &error, "cut.th") && checkpoint == NULL, "%s cut to %zu", names[k], cut);
            dmx_checkpoint_close(checkpoint);
        }
        free(bytes);
    }
}

/* The end of a message is its reason, however long the path. */
static void test_long_path(void)
{
    char path[3000];
    dmx_checkpoint *checkpoint = NULL;
    demucs_error error = {.status = DEMUCS_OK};
    memset(path, 'a', sizeof path - 1);
    strcpy(path + sizeof path - 12, "/model.th\n");
    demucs_status status = dmx_checkpoint_parse(&checkpoint, path, (const unsigned char *)"", 0, &error);
    CHECK(is_refusal(status, &error, "/model.th") && strstr(error.message, "empty") != NULL, "%s", error.message);
    CHECK(strchr(error.message, '\n') == NULL, "a newline in a message");
}

/* ----------------------------------------------------------------------------------------------------- pickles -- */

static const struct bad_pickle {
    const char *what, *bytes;
    size_t size;
} bad_pickles[] = {
#define PICKLE(what, bytes)                                                                                            \
    {                                                                                                                  \
        what, bytes, sizeof(bytes) - 1                                                                                 \
    }
    PICKLE("protocol 0", "\x80\x00N."),
    PICKLE("protocol 6", "\x80\x06N."),
    PICKLE("nothing", ""),
    PICKLE("no end", "\x80\x02N"),
    PICKLE("an empty stack", "\x80\x02."),
    PICKLE("two objects left", "\x80\x02NN."),
    PICKLE("an open mark", "\x80\x02(N."),
    PICKLE("a global", "\x80\x02"
                       "cos\nsystem\n."),
    PICKLE("a global by its parts", "\x80\x04\x8c\x02os\x8c\x06system\x93."),
    PICKLE("a global called", "\x80\x02"
                              "cbuiltins\neval\nX\x01\x00\x00\x00"
                              "1\x85R."),
    PICKLE("a global without a name", "\x80\x02"
                                      "cos\nsystem"),
    PICKLE("a part of a name that is no text", "\x80\x04K\x01\x8c\x06system\x93."),
    PICKLE("the old instruction INST", "\x80\x02(ios\nsystem\n."),
    PICKLE("the old instruction OBJ", "\x80\x02(cfractions\nFraction\no."),
    PICKLE("the extension registry", "\x80\x02\x82\x01."),
    PICKLE("an out-of-band buffer", "\x80\x05\x97."),
    PICKLE("a class that is called", "\x80\x02"
                                     "cdemucs.demucs\nDemucs\n)R."),
    PICKLE("a number that is called", "\x80\x02K\x01)R."),
    PICKLE("an item for a number", "\x80\x02K\x01K\x02"
                                   "a."),
    PICKLE("an item for nothing", "\x80\x02K\x02"
                                  "a."),
    PICKLE("a key without a value", "\x80\x02}(K\x01u."),
    PICKLE("attributes of a number", "\x80\x02K\x01}b."),
    PICKLE("an unknown memo entry", "\x80\x02h\x07."),
    PICKLE("a memo entry far away", "\x80\x02Nr\xff\xff\xff\xff."),
    PICKLE("a text longer than the file", "\x80\x02X\xff\xff\xff\x7f"
                                          "abc."),
    PICKLE("a text of 2^64 bytes", "\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff."),
    PICKLE("going below a mark", "\x80\x02K\x01(0."),
    PICKLE("a fraction of words", "\x80\x02"
                                  "cfractions\nFraction\nX\x03\x00\x00\x00"
                                  "1/x\x85R."),
    PICKLE("a tensor without a storage", "\x80\x02"
                                         "ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x00))tR."),
    PICKLE("a storage where none belongs", "\x80\x02((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x00"
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
        demucs_status status =
            dmx_pickle_read(&pool, "bad.th", (const unsigned char *)p->bytes, p->size, NULL, &root, NULL, &error);
        CHECK(is_refusal(status, &error, "bad.th"), "%s: %s", p->what, error.message);
        dmx_pool_clear(&pool);
    }
}

static demucs_status read_pickle(const unsigned char *bytes, size_t size, dmx_pool *pool, dmx_object **root,
                                 demucs_error *error)
{
    *pool = (dmx_pool){.total = 0};
    return dmx_pickle_read(pool, "deep.th", bytes, size, NULL, root, NULL, error);
}

/* 100000 lists in each other: no recursion may follow them. */
static void test_deep_pickle(void)
{
    enum { DEPTH = 100000 };
    size_t size = 0;
    dmx_pool pool;
    dmx_object *root = NULL;
    dmx_value value = {.kind = DMX_VALUE_NONE};
    demucs_error error = {.status = DEMUCS_OK};
    unsigned char *bytes = malloc(2 * DEPTH + 8);
    bytes[size++] = 0x80;
    bytes[size++] = 2;
    for (int i = 0; i < DEPTH; i++) bytes[size++] = ']';
    for (int i = 1; i < DEPTH; i++) bytes[size++] = 'a';
    bytes[size++] = '.';
    CHECK(read_pickle(bytes, size, &pool, &root, &error) == DEMUCS_OK, "%s", error.message);
    demucs_status status = dmx_object_to_value(root, &value, "deep.th", "kwargs", &error);
    CHECK(is_refusal(status, &error, "deep.th"), "%s", error.message);
    dmx_value_clear(&value);
    dmx_pool_clear(&pool);
    free(bytes);
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

/* ------------------------------------------------------------------------------------------------- safetensors -- */

static demucs_status parse_safetensors(const char *header, const char *data, size_t data_size, demucs_error *error)
{
    size_t length = strlen(header);
    dmx_checkpoint *checkpoint = NULL;
    unsigned char *bytes = malloc(8 + length + data_size);
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)((uint64_t)length >> (8 * i));
    memcpy(bytes + 8, header, length);
    memcpy(bytes + 8 + length, data, data_size);
    *error = (demucs_error){.status = DEMUCS_OK};
    demucs_status status = dmx_checkpoint_parse(&checkpoint, "x.safetensors", bytes, 8 + length + data_size, error);
    dmx_checkpoint_close(checkpoint);
    free(bytes);
    return status;
}

#define META(more) "\"__metadata__\":{\"klass\":\"demucs.demucs.Demucs\",\"args\":\"[]\",\"kwargs\":\"{}\"" more "}"
#define TENSOR(name, shape, from, to)                                                                                  \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" from "," to "]}"

static void test_safetensors_headers(void)
{
    static const char *const bad[] = {
        "{" META("") "," TENSOR("a", "[2]", "0", "8") "}",                                     /* 4 bytes too many */
        "{" META("") "," TENSOR("a", "[2]", "4", "12") "}",                                    /* a gap */
        "{" META("") "," TENSOR("a", "[2]", "0", "8") "," TENSOR("b", "[2]", "4", "12") "}",   /* an overlap */
        "{" META("") "," TENSOR("a", "[3]", "0", "12") "," TENSOR("a", "[0]", "12", "12") "}", /* twice */
        "{" META("") "," TENSOR("a", "[-3]", "0", "12") "}",
        "{" META("") "," TENSOR("a", "[1,1,1,1,1,1,1,1,3]", "0", "12") "}",
        "{" META("") "," TENSOR("a", "[3.0]", "0", "12") "}",
        "{" META("") "," TENSOR("a", "[4294967296,4294967296,0]", "0", "12") "}",
        "{" META("") "," TENSOR("a b", "[3]", "0", "12") "}",
        "{" META("") "," TENSOR("", "[3]", "0", "12") "}",
        "{" META("") ",\"a\":[]}",
        "{" META(",\"structure\":\"{}\"") "," TENSOR("a", "[3]", "0", "12") "}",
        "{" META(",\"structure\":\"[1]\"") "," TENSOR("a", "[3]", "0", "12") "}",
        "{" META(",\"structure\":\"{\\\"_class\\\":\\\"os.system\\\"}\"") "," TENSOR("a", "[3]", "0", "12") "}",
        "{\"__metadata__\":{\"klass\":\"demucs.demucs.Demucs\",\"args\":\"{}\",\"kwargs\":\"{}\"}," TENSOR(
            "a", "[3]", "0", "12") "}",
        "{\"__metadata__\":{\"klass\":\"demucs.demucs.Demucs\",\"args\":\"[]\",\"kwargs\":{}}," TENSOR("a", "[3]", "0",
                                                                                                       "12") "}",
        "{\"__metadata__\":{\"klass\":\"demucs.demucs.Demucs\",\"args\":\"[]\",\"kwargs\":\"{\\\"x\\\":1e999}\"}"
        "," TENSOR("a", "[3]", "0", "12") "}",
    };
    static const char data[12] = "";
    demucs_error error;
    demucs_status status = parse_safetensors("{" META("") "," TENSOR("a", "[3]", "0", "12") "}", data, 12, &error);
    CHECK(status == DEMUCS_OK, "the good one: %s", error.message);
    status =
        parse_safetensors("{" META("") "," TENSOR("a", "[]", "4", "8") "," TENSOR("b", "[0,7]", "4", "4") "," TENSOR(
                              "c", "[1]", "0", "4") "," TENSOR("d", "[1,1]", "8", "12") "}",
                          data, 12, &error);
    CHECK(status == DEMUCS_OK, "another order, a scalar, an empty one: %s", error.message);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        status = parse_safetensors(bad[i], data, 12, &error);
        CHECK(is_refusal(status, &error, "x.safetensors"), "%s: %s", bad[i], error.message);
    }
}

/* Nested JSON, and far more values than bytes of a model, end at the bounds of the reader. */
static void test_large_json(void)
{
    const size_t size = 3 << 20;
    demucs_error error;
    char *header = malloc(size + 1);
    memset(header, '[', size);
    header[size] = '\0';
    memcpy(header, "{\"a\":", 5);
    CHECK(is_refusal(parse_safetensors(header, "", 0, &error), &error, "x.safetensors"), "%s", error.message);
    for (size_t i = 5; i < size; i += 3) memcpy(header + i, "[],", i + 3 <= size ? 3 : size - i);
    header[5] = '[';
    CHECK(is_refusal(parse_safetensors(header, "", 0, &error), &error, "x.safetensors"), "%s", error.message);
    memset(header, ' ', size);
    memcpy(header, "{\"a\":", 5);
    memset(header + 5, '[', 1000);
    CHECK(is_refusal(parse_safetensors(header, "", 0, &error), &error, "x.safetensors"), "%s", error.message);
    free(header);
}

TEST_MAIN(test_hostile_files, test_cut_files, test_long_path, test_bad_pickles, test_deep_pickle, test_endless_pickles,
          test_pickle_of_many_objects, test_safetensors_headers, test_large_json)
