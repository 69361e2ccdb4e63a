/* test_hostile.c - damaged and hostile files are refused with a sentence that names them, and run nothing. */
#include "support.h"
#include "support/test.h"

#include "base/bag.h"
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
        demucs_status status = dmx_checkpoint_open(&checkpoint, path, &dmx_families, error);
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
            CHECK(is_refusal(status, &error, row[0]) && strstr(error.message, row[3]) != NULL, "%s (%s): %s", row[0],
                  row[1], error.message);
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
            demucs_status status = dmx_checkpoint_parse(&checkpoint, "cut.th", bytes, cut, &dmx_families, &error);
            CHECK(is_refusal(status, &error, "cut.th") && checkpoint == NULL, "%s cut to %zu", names[k], cut);
            dmx_checkpoint_close(checkpoint);
        }
        free(bytes);
    }
}

/* The same file but for its header, at `at`, where `words` stand instead; it must be refused. */
static void check_header(const unsigned char *bytes, size_t size, size_t at, const char *words)
{
    dmx_checkpoint *checkpoint = NULL;
    demucs_error error = {.status = DEMUCS_OK};
    unsigned char *copy = malloc(size);
    memcpy(copy, bytes, size);
    memcpy(copy + at, words, strlen(words));
    demucs_status status = dmx_checkpoint_parse(&checkpoint, "x", copy, size, &dmx_families, &error);
    CHECK(is_refusal(status, &error, "has too few values"), "%s: %s", words, error.message);
    dmx_checkpoint_close(checkpoint);
    free(copy);
}

/* Packed integers, [lines][bits][block], that are of another type or have fewer dimensions. */
static void test_packed_tensors(void)
{
    size_t size = 0;
    int found = 0;
    unsigned char *bytes = read_file(data_path("good/b72453dc.safetensors"), &size);
    REQUIRE(bytes != NULL, "no file");
    for (size_t at = 8; at + 64 < size && at < (size_t)dmx_le64(bytes); at++) {
        int bits = 0, length = 0;
        char plane[32];
        if (memcmp(bytes + at, "I64\",\"shape\":[1,", 16) != 0 ||
            sscanf((char *)bytes + at + 13, "[1,%d,32]%n", &bits, &length) != 1 || length == 0)
            continue;
        check_header(bytes, size, at, "F64\",");
        snprintf(plane, sizeof plane, "[%d,32]  ", bits); /* as long as what was there */
        check_header(bytes, size, at + 13, plane);
        found++;
    }
    CHECK(found > 30, "only %d", found);
    free(bytes);
}

/* The end of a message is its reason, however long the path. */
static void test_long_path(void)
{
    char path[3000];
    dmx_checkpoint *checkpoint = NULL;
    demucs_error error = {.status = DEMUCS_OK};
    memset(path, 'a', sizeof path - 1);
    strcpy(path + sizeof path - 12, "/model.th\n");
    demucs_status status = dmx_checkpoint_parse(&checkpoint, path, (const unsigned char *)"", 0, &dmx_families, &error);
    CHECK(is_refusal(status, &error, "/model.th") && strstr(error.message, "empty") != NULL, "%s", error.message);
    CHECK(strchr(error.message, '\n') == NULL, "a newline in a message");
}

/* The count before the data of a storage contradicts the pickle. */
static void test_legacy_count(void)
{
    size_t size = 0;
    dmx_checkpoint *checkpoint = NULL;
    demucs_error error = {.status = DEMUCS_OK};
    unsigned char *bytes = read_file(data_path("good/legacy_nonzip.th"), &size);
    REQUIRE(bytes != NULL, "cannot read");
    dmx_checkpoint_parse(&checkpoint, "old.th", bytes, size, &dmx_families, &error);
    REQUIRE(checkpoint != NULL, "%s", error.message);
    unsigned char *count = (unsigned char *)checkpoint->tensors[0].data - 8;
    dmx_checkpoint_close(checkpoint);
    for (int step = -1; step <= 1; step += 2) {
        *count = (unsigned char)(*count + step);
        error.status = DEMUCS_OK;
        demucs_status status = dmx_checkpoint_parse(&checkpoint, "old.th", bytes, size, &dmx_families, &error);
        CHECK(is_refusal(status, &error, "another length"), "%s", error.message);
        *count = (unsigned char)(*count - step);
    }
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
    demucs_status status =
        dmx_checkpoint_parse(&checkpoint, "x.safetensors", bytes, 8 + length + data_size, &dmx_families, error);
    dmx_checkpoint_close(checkpoint);
    free(bytes);
    return status;
}

/* To be read: ' stands for ", and ` for the \" of JSON inside of JSON. */
static void unquote(char *out, size_t size, const char *text)
{
    size_t n = 0;
    for (; *text != '\0' && n + 3 < size; text++) {
        if (*text == '`') out[n++] = '\\';
        out[n++] = *text == '`' || *text == '\'' ? '"' : *text;
    }
    out[n] = '\0';
}

#define META(more)                 "'__metadata__':{'klass':'demucs.demucs.Demucs','args':'[]','kwargs':'{}'" more "}"
#define BARE(more)                 "{'__metadata__':{'klass':'demucs.demucs.Demucs'," more "}," TENSOR("a", "[3]", "0,12") "}"
#define TENSOR(name, shape, place) "'" name "':{'dtype':'F32','shape':" shape ",'data_offsets':[" place "]}"

static const struct header_case {
    const char *header, *reason;
} headers[] = {
    {"{" META("") "," TENSOR("a", "[3]", "0,12") "}", NULL},
    {"{" TENSOR("a", "[]", "4,8") "," TENSOR("b", "[0,7]", "4,4") "," META("") "," TENSOR("c", "[1]", "0,4") "," TENSOR(
         "d", "[1,1]", "8,12") "}",
     NULL},
    {"{" META("") "," TENSOR("a", "[2]", "0,8") "}", "4 bytes at its end"},
    {"{" META("") "," TENSOR("a", "[2]", "4,12") "}", "gap"},
    {"{" META("") "," TENSOR("a", "[2]", "0,8") "," TENSOR("b", "[2]", "4,12") "}", "overlaps"},
    {"{" META("") "," TENSOR("a", "[3]", "0,12") "," TENSOR("a", "[0]", "12,12") "}", "duplicate"},
    {"{" META("") "," TENSOR("a", "[4]", "0,16") "}", "outside"},
    {"{" META("") "," TENSOR("a", "[3]", "-12,0") "}", "outside"},
    {"{" META("") "," TENSOR("a", "[3]", "12,0") "}", "outside"},
    {"{" META("") "," TENSOR("a", "[2]", "0,12") "}", "another number of bytes"},
    {"{" META("") "," TENSOR("a", "[-3]", "0,12") "}", "impossible shape"},
    {"{" META("") "," TENSOR("a", "[-1,-3]", "0,12") "}", "impossible shape"},
    {"{" META("") "," TENSOR("a", "[1,1,1,1,1,1,1,1,3]", "0,12") "}", "impossible shape"},
    {"{" META("") "," TENSOR("a", "[3.0]", "0,12") "}", "impossible shape"},
    {"{" META("") "," TENSOR("a", "[4294967296,4294967296,0]", "0,12") "}", "impossible shape"},
    {"{" META("") "," TENSOR("a", "[4611686018427387907]", "0,12") "}", "impossible shape"}, /* 12 bytes mod 2^64 */
    {"{" META("") "," TENSOR("a b", "[3]", "0,12") "}", "not a name"},
    {"{" META("") "," TENSOR("", "[3]", "0,12") "}", "not a name"},
    {"{" META("") ",'a':[]}", "unknown type"},
    {"{" META(",'structure':'{}'") "," TENSOR("a", "[3]", "0,12") "}", "invalid node"},
    {"{" META(",'structure':'[1]'") "," TENSOR("a", "[3]", "0,12") "}", "invalid node"},
    {"{" META(",'structure':'{`_tensor`:`b`}'") "," TENSOR("a", "[3]", "0,12") "}", "missing tensor 'b'"},
    {"{" META(",'structure':'{`_class`:`os.system`}'") "," TENSOR("a", "[3]", "0,12") "}", "no 'state'"},
    {BARE("'args':'{}','kwargs':'{}'"), "not a JSON array"},
    {BARE("'args':'[]','kwargs':'[]'"), "not a JSON object"},
    {BARE("'args':'[]','kwargs':{}"), "no 'kwargs'"},
    {BARE("'args':'[]','kwargs':'{`x`:1e999}'"), "kwargs: not valid JSON"},
};

static void test_safetensors_headers(void)
{
    static const char data[12] = "";
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        char header[1024];
        demucs_error error;
        unquote(header, sizeof header, headers[i].header);
        demucs_status status = parse_safetensors(header, data, sizeof data, &error);
        if (headers[i].reason == NULL)
            CHECK(status == DEMUCS_OK, "%s: %s", header, error.message);
        else
            CHECK(is_refusal(status, &error, headers[i].reason), "%s: %s", header, error.message);
    }
}

/* Nested JSON, and far more values than a model has, end at the bounds of the reader. */
static void test_large_json(void)
{
    enum { SIZE = 3 << 20 };
    static const struct {
        size_t nested;
        const char *filler, *reason;
    } cases[] = {{100, "  ", "nested too deeply"}, {100000, "  ", "depth"}, {0, "1,", "values"}};
    char *header = malloc(SIZE + 1);
    for (int k = 0; k < 3; k++) {
        demucs_error error;
        size_t at = (size_t)snprintf(header, SIZE, "{\"a\":[");
        for (size_t i = 0; i < cases[k].nested; i++) header[at++] = '[';
        for (size_t i = 0; i < cases[k].nested; i++) header[at++] = ']';
        for (size_t i = 0; at < SIZE - 4; i++) header[at++] = cases[k].filler[i % 2];
        strcpy(header + at, cases[k].filler[0] == '1' && header[at - 1] == ',' ? "1]}" : "]} ");
        demucs_status status = parse_safetensors(header, "", 0, &error);
        CHECK(is_refusal(status, &error, cases[k].reason), "%s", error.message);
    }
    free(header);
}

TEST_MAIN(test_hostile_files, test_cut_files, test_packed_tensors, test_long_path, test_legacy_count,
          test_safetensors_headers, test_large_json)
