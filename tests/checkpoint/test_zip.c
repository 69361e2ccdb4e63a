/* test_zip.c - the zip reader: plain members, zip64, and each kind of damage by its reason. */
#include "support.h"
#include "support/test.h"

#include "base/alloc.h"
#include "checkpoint/zip.h"

#include <stdlib.h>
#include <string.h>

/* An archive under construction; `twist` says how to spoil it. */
enum twist {
    NONE,
    DEFLATED,
    ENCRYPTED,
    OTHER_SIZE,
    BAD_CRC,
    LOCAL_NAME,
    LOCAL_NAME_LENGTH,
    LOCAL_SIGNATURE,
    SAME_NAME,
    BEYOND,
    OFFSET_BEYOND,
    ENTRY_SIGNATURE,
    MANY,
    COMMENT,
    ZIP64,
    ZIP64_SHORT
};

typedef struct archive {
    unsigned char bytes[2048];
    size_t size;
} archive;

static void put(archive *a, uint64_t value, int width)
{
    for (int i = 0; i < width; i++) a->bytes[a->size++] = (unsigned char)(i < 8 ? value >> (8 * i) : 0);
}

static void put_bytes(archive *a, const void *bytes, size_t size)
{
    memcpy(a->bytes + a->size, bytes, size);
    a->size += size;
}

static const char *const names[] = {"archive/data.pkl", "archive/data/0"}, *const contents[] = {"N.", "0123456789"};

static void put_local(archive *a, int i, enum twist twist)
{
    const char *name = names[i];
    put(a, twist == LOCAL_SIGNATURE ? 0x04034b51 : 0x04034b50, 4);
    for (int k = 0; k < 22; k++) put(a, 0, 1); /* nobody trusts what the directory says as well */
    put(a, strlen(name) - (twist == LOCAL_NAME_LENGTH), 2);
    put(a, 3 + (twist == LOCAL_NAME_LENGTH), 2);
    put_bytes(a, twist == LOCAL_NAME ? "brchive/data/0/x" : name, strlen(name));
    put_bytes(a, "pad", 3);
    put_bytes(a, contents[i], strlen(contents[i]));
}

static void put_entry(archive *a, int i, uint64_t offset, enum twist twist)
{
    dmx_crc32_tables tables;
    const char *name = names[twist == SAME_NAME ? 0 : i];
    size_t size = strlen(contents[i]);
    bool zip64 = twist == ZIP64 || twist == ZIP64_SHORT;
    dmx_crc32_init(&tables);
    uint32_t crc = dmx_crc32(&tables, 0, (const unsigned char *)contents[i], size);
    put(a, twist == ENTRY_SIGNATURE ? 0 : 0x02014b50, 4);
    put(a, 0, 4);
    put(a, twist == ENCRYPTED, 2);
    put(a, twist == DEFLATED ? 8 : 0, 2);
    put(a, 0, 4);
    put(a, crc + (twist == BAD_CRC), 4);
    put(a, zip64 ? UINT32_MAX : size - (twist == OTHER_SIZE), 4);
    put(a, zip64 ? UINT32_MAX : twist == BEYOND ? 4000 : size, 4);
    put(a, strlen(name), 2);
    put(a, zip64 ? 4 + 4 + 24 : 0, 2);
    put(a, 0, 2);
    put(a, 0, 8);
    put(a, zip64 ? UINT32_MAX : twist == OFFSET_BEYOND ? 0x7fffffff : offset, 4);
    if (twist == BEYOND) memcpy(a->bytes + a->size - 26, "\xa0\x0f\0\0", 4);
    put_bytes(a, name, strlen(name));
    if (!zip64) return;
    put(a, 0xbeef, 2); /* another extra field first */
    put(a, 0, 2);
    put(a, 1, 2);
    put(a, twist == ZIP64_SHORT ? 16 : 24, 2);
    put(a, size, 8);
    put(a, size, 8);
    put(a, offset, 8);
}

static void put_end(archive *a, size_t directory, size_t end, enum twist twist)
{
    if (twist == ZIP64) {
        size_t record = a->size;
        put(a, 0x06064b50, 4);
        put(a, 44, 8);
        put(a, 0, 12);
        put(a, 2, 8);
        put(a, 2, 8);
        put(a, end - directory, 8);
        put(a, directory, 8);
        put(a, 0x07064b50, 4);
        put(a, 0, 4);
        put(a, record, 8);
        put(a, 1, 4);
    }
    put(a, 0x06054b50, 4);
    put(a, 0, 4);
    put(a, 2, 2);
    put(a, twist == ZIP64 ? 0xffff : twist == MANY ? 0x7fff : 2, 2);
    put(a, twist == ZIP64 ? UINT32_MAX : end - directory, 4);
    put(a, twist == ZIP64 ? UINT32_MAX : directory, 4);
    put(a, twist == COMMENT ? 7 : 0, 2);
    if (twist == COMMENT) put_bytes(a, "comment", 7);
}

static void build(archive *a, enum twist twist)
{
    size_t offsets[2];
    a->size = 0;
    for (int i = 0; i < 2; i++) {
        offsets[i] = a->size;
        put_local(a, i, i == 1 ? twist : NONE);
    }
    size_t directory = a->size;
    for (int i = 0; i < 2; i++) put_entry(a, i, offsets[i], i == 1 || twist == ZIP64 ? twist : NONE);
    put_end(a, directory, a->size, twist);
}

static demucs_status read_second(const archive *a, demucs_error *error)
{
    dmx_zip zip;
    unsigned char *content = NULL;
    const dmx_checkpoint file = {.path = "x.th", .bytes = a->bytes, .size_bytes = a->size};
    *error = (demucs_error){.status = DEMUCS_OK};
    demucs_status status = dmx_zip_open(&zip, &file, error);
    if (status == DEMUCS_OK) {
        dmx_zip_member *member = dmx_zip_find(&zip, "archive/", 8, "data/0", 6);
        CHECK(member != NULL && dmx_zip_find(&zip, "archive/", 8, "data/1", 6) == NULL, "finding");
        if (member != NULL) status = dmx_zip_read(&zip, member, &content, error);
        if (member != NULL && status == DEMUCS_OK)
            CHECK(member->size == 10 && memcmp(content, contents[1], 10) == 0, "the content");
        dmx_free(content);
    }
    dmx_zip_close(&zip);
    return status;
}

static void test_good_archives(void)
{
    const enum twist twists[] = {NONE, COMMENT, ZIP64};
    for (int i = 0; i < 3; i++) {
        archive a;
        demucs_error error;
        build(&a, twists[i]);
        CHECK(read_second(&a, &error) == DEMUCS_OK, "%d: %s", twists[i], error.message);
    }
}

static void test_bad_archives(void)
{
    static const struct {
        enum twist twist;
        const char *reason;
    } cases[] = {{DEFLATED, "compressed"},     {ENCRYPTED, "encrypted"},     {OTHER_SIZE, "compressed"},
                 {BAD_CRC, "checksum"},        {LOCAL_NAME, "damaged"},      {LOCAL_NAME_LENGTH, "damaged"},
                 {LOCAL_SIGNATURE, "damaged"}, {SAME_NAME, "damaged"},       {BEYOND, "damaged"},
                 {OFFSET_BEYOND, "damaged"},   {ENTRY_SIGNATURE, "damaged"}, {MANY, "damaged"},
                 {ZIP64_SHORT, "damaged"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        archive a;
        demucs_error error;
        build(&a, cases[i].twist);
        demucs_status status = read_second(&a, &error);
        CHECK(is_refusal(status, &error, cases[i].reason), "%d: %s", cases[i].twist, error.message);
    }
}

/* Each member holds all that follow, whole: checksums of a file that grows would take a time that grows with its
 * square.
 */
static void test_members_in_members(void)
{
    enum { MEMBERS = 6, TAIL = 600, LOCAL = 30 + 1 };
    static const char letters[MEMBERS + 1] = "abcdef";
    archive a = {.size = 0};
    dmx_zip zip;
    dmx_crc32_tables tables;
    demucs_error error = {.status = DEMUCS_OK};
    const size_t all = MEMBERS * LOCAL + TAIL;
    dmx_crc32_init(&tables);
    for (int i = 0; i < MEMBERS; i++) {
        put(&a, 0x04034b50, 4);
        put(&a, 0, 8);
        for (int k = 0; k < 14; k++) put(&a, 0, 1);
        put(&a, 1, 2);
        put(&a, 0, 2);
        put_bytes(&a, &letters[i], 1);
    }
    for (int i = 0; i < TAIL; i++) put(&a, 0, 1);
    const size_t directory = a.size;
    for (int i = 0; i < MEMBERS; i++) {
        const size_t content = (size_t)(i + 1) * LOCAL;
        put(&a, 0x02014b50, 4);
        put(&a, 0, 8);
        put(&a, 0, 4);
        put(&a, dmx_crc32(&tables, 0, a.bytes + content, all - content), 4);
        put(&a, all - content, 4);
        put(&a, all - content, 4);
        put(&a, 1, 2);
        put(&a, 0, 8);
        put(&a, 0, 4);
        put(&a, content - LOCAL, 4);
        put_bytes(&a, &letters[i], 1);
    }
    put(&a, 0x06054b50, 4);
    put(&a, 0, 4);
    put(&a, MEMBERS, 2);
    put(&a, MEMBERS, 2);
    put(&a, a.size - 12 - directory, 4);
    put(&a, directory, 4);
    put(&a, 0, 2);
    const dmx_checkpoint file = {.path = "x.th", .bytes = a.bytes, .size_bytes = a.size};
    demucs_status status = dmx_zip_open(&zip, &file, &error);
    CHECK(status == DEMUCS_OK && zip.count == MEMBERS, "%s", error.message);
    for (int i = 0; status == DEMUCS_OK && i < MEMBERS; i++) {
        size_t at = 0;
        status = dmx_zip_find_content(&zip, dmx_zip_find(&zip, "", 0, &letters[i], 1), &at, &error);
        CHECK(i > 0 || status == DEMUCS_OK, "the first: %s", error.message);
    }
    CHECK(is_refusal(status, &error, "damaged"), "they are taken");
    dmx_zip_close(&zip);
}

TEST_MAIN(test_good_archives, test_bad_archives, test_members_in_members)
