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
    return dmx_refuse(zip->file->path, error, DEMUCS_ERROR_FORMAT,
                      "the zip archive is damaged or cut short; download it again.");
}

/* `size` bytes from `offset` on lie in the archive? */
static bool inside(const dmx_zip *zip, uint64_t offset, uint64_t size)
{
    return offset <= zip->file->size_bytes && size <= zip->file->size_bytes - offset;
}

/* The end record in the last bytes of an archive, which only a comment may follow. */
static bool find_end(const unsigned char *tail, size_t size, size_t *end)
{
    if (size < END_BYTES) return false;
    size_t last = size - END_BYTES, first = last > MAX_COMMENT ? last - MAX_COMMENT : 0;
    for (size_t at = last + 1; at-- > first;) {
        const unsigned char *p = tail + at;
        if (dmx_le32(p) != 0x06054b50 || dmx_le16(p + 20) != last - at) continue;
        *end = at;
        return true;
    }
    return false;
}

/* What the second end record says, if the end is at tail[end] and there is a second one. */
static demucs_status read_end64(const dmx_zip *zip, const unsigned char *tail, size_t end, directory *dir,
                                demucs_error *error)
{
    unsigned char p[END64_BYTES];
    if (end < LOCATOR_BYTES || dmx_le32(tail + end - LOCATOR_BYTES) != 0x07064b50) return DEMUCS_OK;
    const uint64_t at = dmx_le64(tail + end - LOCATOR_BYTES + 8);
    if (!inside(zip, at, sizeof p)) return damaged(zip, error);
    demucs_status status = dmx_checkpoint_bytes(zip->file, (size_t)at, p, sizeof p, error);
    if (status != DEMUCS_OK) return status;
    if (dmx_le32(p) != 0x06064b50) return damaged(zip, error);
    dir->count = dmx_le64(p + 32);
    dir->size = dmx_le64(p + 40);
    dir->offset = dmx_le64(p + 48);
    return DEMUCS_OK;
}

static demucs_status find_directory(const dmx_zip *zip, directory *dir, demucs_error *error)
{
    enum { MOST = LOCATOR_BYTES + END_BYTES + MAX_COMMENT };
    const size_t whole = zip->file->size_bytes, size = whole < MOST ? whole : MOST;
    size_t end = 0;
    unsigned char *tail = dmx_alloc(size, 1);
    if (tail == NULL) return dmx_no_memory(zip->file->path, error);
    demucs_status status = dmx_checkpoint_bytes(zip->file, whole - size, tail, size, error);
    if (status == DEMUCS_OK && !find_end(tail, size, &end)) status = damaged(zip, error);
    if (status == DEMUCS_OK) {
        const unsigned char *p = tail + end;
        *dir = (directory){.count = dmx_le16(p + 10), .size = dmx_le32(p + 12), .offset = dmx_le32(p + 16)};
        status = read_end64(zip, tail, end, dir, error);
    }
    dmx_free(tail);
    return status;
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

/* Read the entry at directory[*at] and step over it. */
static bool read_entry(const dmx_zip *zip, size_t size, size_t *at, dmx_zip_member *member)
{
    if (size - *at < ENTRY_BYTES) return false;
    const unsigned char *p = zip->directory + *at;
    if (dmx_le32(p) != 0x02014b50) return false;
    size_t name = dmx_le16(p + 28), extra = dmx_le16(p + 30), comment = dmx_le16(p + 32);
    if (size - *at - ENTRY_BYTES < name + extra + comment) return false;
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

/* The members of a directory of that size, in its order. */
static demucs_status read_members(dmx_zip *zip, size_t size, size_t count, demucs_error *error)
{
    zip->directory = dmx_alloc(size, 1);
    zip->members = dmx_alloc(count, sizeof *zip->members);
    if (zip->directory == NULL || zip->members == NULL) return dmx_no_memory(zip->file->path, error);
    demucs_status status = dmx_checkpoint_bytes(zip->file, zip->directory_at, zip->directory, size, error);
    for (size_t at = 0; zip->count < count && status == DEMUCS_OK; zip->count++)
        if (!read_entry(zip, size, &at, &zip->members[zip->count])) return damaged(zip, error);
    return status;
}

demucs_status dmx_zip_open(dmx_zip *zip, const dmx_checkpoint *file, demucs_error *error)
{
    directory dir = {.count = 0};
    *zip = (dmx_zip){.file = file};
    dmx_crc32_init(&zip->crc);
    demucs_status status = find_directory(zip, &dir, error);
    if (status != DEMUCS_OK) return status;
    if (!inside(zip, dir.offset, dir.size) || dir.count > dir.size / ENTRY_BYTES) return damaged(zip, error);
    if (dir.count > MAX_MEMBERS)
        return dmx_refuse(file->path, error, DEMUCS_ERROR_FORMAT, "more than %d files in a zip archive are no model.",
                          MAX_MEMBERS);
    zip->directory_at = (size_t)dir.offset;
    status = read_members(zip, (size_t)dir.size, (size_t)dir.count, error);
    if (status != DEMUCS_OK) return status;
    qsort(zip->members, zip->count, sizeof *zip->members, compare_members);
    for (size_t i = 1; i < zip->count; i++)
        if (compare_members(&zip->members[i - 1], &zip->members[i]) == 0) return damaged(zip, error);
    return DEMUCS_OK;
}

void dmx_zip_close(dmx_zip *zip)
{
    dmx_free(zip->members);
    dmx_free(zip->directory);
    zip->members = NULL;
    zip->directory = NULL;
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

/* Where the content begins, behind a local header with the same name. */
static demucs_status skip_local(const dmx_zip *zip, const dmx_zip_member *member, size_t *at, demucs_error *error)
{
    const size_t length = LOCAL_BYTES + member->name_length;
    if (!inside(zip, member->offset, length)) return damaged(zip, error);
    unsigned char *local = dmx_alloc(length, 1);
    if (local == NULL) return dmx_no_memory(zip->file->path, error);
    demucs_status status = dmx_checkpoint_bytes(zip->file, (size_t)member->offset, local, length, error);
    const uint64_t start = member->offset + length + dmx_le16(local + 28);
    if (status == DEMUCS_OK &&
        (dmx_le32(local) != 0x04034b50 || dmx_le16(local + 26) != member->name_length ||
         !inside(zip, start, member->size) || memcmp(local + LOCAL_BYTES, member->name, member->name_length) != 0))
        status = damaged(zip, error);
    dmx_free(local);
    *at = (size_t)start;
    return status;
}

static demucs_status compute_crc(const dmx_zip *zip, size_t at, size_t size, uint32_t *crc, demucs_error *error)
{
    unsigned char piece[DMX_SOURCE_PIECE];
    *crc = 0;
    for (size_t done = 0; done < size; done += DMX_SOURCE_PIECE) {
        const size_t now = size - done < DMX_SOURCE_PIECE ? size - done : DMX_SOURCE_PIECE;
        demucs_status status = dmx_checkpoint_bytes(zip->file, at + done, piece, now, error);
        if (status != DEMUCS_OK) return status;
        *crc = dmx_crc32(&zip->crc, *crc, piece, now);
    }
    return DEMUCS_OK;
}

demucs_status dmx_zip_find_content(dmx_zip *zip, dmx_zip_member *member, size_t *at, demucs_error *error)
{
    char text[100];
    uint32_t crc;
    dmx_printable(text, sizeof text, member->name, member->name_length);
    if (member->method != 0 || member->size != member->packed_size || (member->flags & 1) != 0)
        return dmx_refuse(zip->file->path, error, DEMUCS_ERROR_UNSUPPORTED,
                          "'%s' in it is compressed or encrypted, which torch.save never does; it was not unpacked.",
                          text);
    demucs_status status = skip_local(zip, member, at, error);
    if (status != DEMUCS_OK || member->checked) return status;
    zip->checked_bytes += member->size; /* members in members would take hours */
    if (zip->checked_bytes > zip->file->size_bytes) return damaged(zip, error);
    status = compute_crc(zip, *at, (size_t)member->size, &crc, error);
    if (status != DEMUCS_OK) return status;
    if (crc != member->crc)
        return dmx_refuse(zip->file->path, error, DEMUCS_ERROR_FORMAT,
                          "the checksum of '%s' in it is wrong: the file is damaged; download it again.", text);
    member->checked = true;
    return DEMUCS_OK;
}

demucs_status dmx_zip_read(dmx_zip *zip, dmx_zip_member *member, unsigned char **content, demucs_error *error)
{
    size_t at = 0;
    *content = NULL;
    demucs_status status = dmx_zip_find_content(zip, member, &at, error);
    if (status != DEMUCS_OK) return status;
    *content = dmx_alloc((size_t)member->size, 1);
    if (*content == NULL) return dmx_no_memory(zip->file->path, error);
    return dmx_checkpoint_bytes(zip->file, at, *content, (size_t)member->size, error);
}
