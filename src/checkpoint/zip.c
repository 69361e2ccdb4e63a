/* zip.c - see zip.h
 *
 *     | local header, name, extra, content | ... | directory: one entry a member | [zip64 end, locator] | end |
 *
 * One reads it from its end. Sizes and offsets of 4 GB and more stand in an extra field of the entry (zip64), and those
 * of the directory in a second end record. Nothing is ever unpacked: a deflated member is refused, so an archive cannot
 * grow. */
#include "checkpoint/zip.h"

#include "base/alloc.h"
#include "checkpoint/reader.h"

#include <stdlib.h>
#include <string.h>

enum {
    END_BYTES = 22,
    LOCATOR_BYTES = 20,
    END64_BYTES = 56,
    ENTRY_BYTES = 46,
    LOCAL_BYTES = 30,
    MAX_COMMENT = 65535,
    MAX_MEMBERS = 2 * DMX_MAX_TENSORS
};

typedef struct directory {
    uint64_t offset, size, count;
} directory;

bool dmx_is_torch_zip(const unsigned char *bytes, size_t size) { return size >= 4 && dmx_le32(bytes) == 0x04034b50; }

static demucs_status damaged(const dmx_zip *zip, demucs_error *error)
{
    return dmx_refuse(zip->path, error, DEMUCS_ERROR_FORMAT,
                      "the zip archive is damaged or cut short; download it again.");
}

/* `size` bytes from `offset` on lie in the archive? */
static bool inside(const dmx_zip *zip, uint64_t offset, uint64_t size)
{
    return offset <= zip->size_bytes && size <= zip->size_bytes - offset;
}

/* The offset of the end record, which only a comment may follow. */
static bool find_end(const dmx_zip *zip, size_t *end)
{
    if (zip->size_bytes < END_BYTES) return false;
    size_t last = zip->size_bytes - END_BYTES, first = last > MAX_COMMENT ? last - MAX_COMMENT : 0;
    for (size_t at = last + 1; at-- > first;) {
        const unsigned char *p = zip->bytes + at;
        if (dmx_le32(p) != 0x06054b50 || dmx_le16(p + 20) != last - at) continue;
        *end = at;
        return true;
    }
    return false;
}

static bool read_end64(const dmx_zip *zip, size_t end, directory *dir)
{
    if (end < LOCATOR_BYTES || dmx_le32(zip->bytes + end - LOCATOR_BYTES) != 0x07064b50) return true; /* no zip64 */
    uint64_t at = dmx_le64(zip->bytes + end - LOCATOR_BYTES + 8);
    if (!inside(zip, at, END64_BYTES) || dmx_le32(zip->bytes + at) != 0x06064b50) return false;
    const unsigned char *p = zip->bytes + at;
    dir->count = dmx_le64(p + 32);
    dir->size = dmx_le64(p + 40);
    dir->offset = dmx_le64(p + 48);
    return true;
}

/* Numbers that did not fit in the entry follow, in this order, in the extra field with the id 1. */
static bool read_extra(const unsigned char *extra, size_t length, dmx_zip_member *member)
{
    uint64_t *wanted[3];
    size_t count = 0;
    if (member->size == UINT32_MAX) wanted[count++] = &member->size;
    if (member->packed_size == UINT32_MAX) wanted[count++] = &member->packed_size;
    if (member->offset == UINT32_MAX) wanted[count++] = &member->offset;
    while (count > 0 && length >= 4) {
        size_t id = dmx_le16(extra), size = dmx_le16(extra + 2);
        if (size > length - 4) return false;
        if (id == 1) {
            if (size < 8 * count) return false;
            for (size_t i = 0; i < count; i++) *wanted[i] = dmx_le64(extra + 4 + 8 * i);
            return true;
        }
        extra += 4 + size;
        length -= 4 + size;
    }
    return count == 0;
}

/* Read the entry at *at and step over it. */
static bool read_entry(const dmx_zip *zip, uint64_t *at, dmx_zip_member *member)
{
    if (!inside(zip, *at, ENTRY_BYTES)) return false;
    const unsigned char *p = zip->bytes + *at;
    if (dmx_le32(p) != 0x02014b50) return false;
    size_t name = dmx_le16(p + 28), extra = dmx_le16(p + 30), comment = dmx_le16(p + 32);
    if (!inside(zip, *at + ENTRY_BYTES, (uint64_t)name + extra + comment)) return false;
    *member = (dmx_zip_member){.name = (const char *)p + ENTRY_BYTES,
                               .name_length = name,
                               .flags = dmx_le16(p + 8),
                               .method = dmx_le16(p + 10),
                               .crc = dmx_le32(p + 16),
                               .packed_size = dmx_le32(p + 20),
                               .size = dmx_le32(p + 24),
                               .offset = dmx_le32(p + 42)};
    *at += ENTRY_BYTES + name + extra + comment;
    return read_extra(p + ENTRY_BYTES + name, extra, member);
}

static int compare_texts(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order != 0 ? order : a_length < b_length ? -1 : a_length > b_length;
}

static int compare_members(const void *a, const void *b)
{
    const dmx_zip_member *x = a, *y = b;
    return compare_texts(x->name, x->name_length, y->name, y->name_length);
}

demucs_status dmx_zip_open(dmx_zip *zip, const char *path, const unsigned char *bytes, size_t size, demucs_error *error)
{
    size_t end;
    *zip = (dmx_zip){.path = path, .bytes = bytes, .size_bytes = size};
    dmx_crc32_init(&zip->crc);
    if (!find_end(zip, &end)) return damaged(zip, error);
    const unsigned char *p = bytes + end;
    directory dir = {.count = dmx_le16(p + 10), .size = dmx_le32(p + 12), .offset = dmx_le32(p + 16)};
    if (!read_end64(zip, end, &dir) || !inside(zip, dir.offset, dir.size) || dir.count > dir.size / ENTRY_BYTES)
        return damaged(zip, error);
    if (dir.count > MAX_MEMBERS)
        return dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "more than %d files in a zip archive are no model.",
                          MAX_MEMBERS);
    zip->members = dmx_alloc((size_t)dir.count, sizeof *zip->members);
    if (zip->members == NULL) return dmx_no_memory(path, error);
    uint64_t at = dir.offset;
    for (; zip->count < dir.count; zip->count++)
        if (!read_entry(zip, &at, &zip->members[zip->count])) return damaged(zip, error);
    if (at > dir.offset + dir.size) return damaged(zip, error);
    qsort(zip->members, zip->count, sizeof *zip->members, compare_members);
    for (size_t i = 1; i < zip->count; i++)
        if (compare_members(&zip->members[i - 1], &zip->members[i]) == 0) return damaged(zip, error);
    return DEMUCS_OK;
}

void dmx_zip_close(dmx_zip *zip)
{
    dmx_free(zip->members);
    zip->members = NULL;
    zip->count = 0;
}

dmx_zip_member *dmx_zip_find(dmx_zip *zip, const char *prefix, size_t prefix_length, const char *name,
                             size_t name_length)
{
    size_t low = 0, high = zip->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        dmx_zip_member *member = &zip->members[middle];
        size_t head = member->name_length < prefix_length ? member->name_length : prefix_length;
        int order = compare_texts(member->name, head, prefix, prefix_length);
        if (order == 0) order = compare_texts(member->name + head, member->name_length - head, name, name_length);
        if (order == 0) return member;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

demucs_status dmx_zip_content(dmx_zip *zip, dmx_zip_member *member, const unsigned char **content, demucs_error *error)
{
    char text[100];
    dmx_printable(text, sizeof text, member->name, member->name_length);
    if (member->method != 0 || member->size != member->packed_size || (member->flags & 1) != 0)
        return dmx_refuse(zip->path, error, DEMUCS_ERROR_UNSUPPORTED,
                          "'%s' in it is compressed or encrypted, which torch.save never does; it was not unpacked.",
                          text);
    if (!inside(zip, member->offset, LOCAL_BYTES)) return damaged(zip, error);
    const unsigned char *local = zip->bytes + member->offset;
    size_t name = dmx_le16(local + 26), extra = dmx_le16(local + 28);
    uint64_t start = member->offset + LOCAL_BYTES + name + extra;
    if (dmx_le32(local) != 0x04034b50 || name != member->name_length || !inside(zip, start, member->size) ||
        memcmp(local + LOCAL_BYTES, member->name, name) != 0)
        return damaged(zip, error);
    *content = zip->bytes + start;
    if (!member->checked) zip->checked_bytes += member->size;
    if (zip->checked_bytes > zip->size_bytes) return damaged(zip, error); /* members in members: it would take hours */
    if (!member->checked && dmx_crc32(&zip->crc, *content, (size_t)member->size) != member->crc)
        return dmx_refuse(zip->path, error, DEMUCS_ERROR_FORMAT,
                          "the checksum of '%s' in it is wrong: the file is damaged; download it again.", text);
    member->checked = true;
    return DEMUCS_OK;
}
