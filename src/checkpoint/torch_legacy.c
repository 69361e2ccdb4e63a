/* torch_legacy.c - reader of what torch.save wrote before version 1.6: pickles one after another, then raw data.
 *
 *     | magic | protocol | system | object | keys | count, elements | count, elements | ... |
 *
 * The first five are pickles. The object speaks of storages by key, and of classes with their source text, which is
 * not looked at. The data follow in the order of the list of keys, each after its count of elements as a u64. */
#include "checkpoint/pickle.h"
#include "checkpoint/pickle_opcodes.h"
#include "checkpoint/reader.h"

#include <stdlib.h>
#include <string.h>

enum { PROTOCOL_VERSION = 1001 };

/* The number 0x1950a86a20f9469cfc6c in the pickles of protocols 2 and up, which begin with a protocol and from 4 on a
 * frame, and in those of protocol 1. (Files of protocol 0 do not load in torch either: it writes storages as text.) */
static const unsigned char binary_magic[] = {0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9,
                                             0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};
static const char decimal_magic[] = "L119547037146038801333356L\n.";

typedef struct cursor {
    dmx_checkpoint *checkpoint;
    dmx_pool pool;
    size_t at;
    demucs_error *error;
} cursor;

static bool begins_with(const unsigned char *bytes, size_t size, const void *start, size_t start_size)
{
    return size >= start_size && memcmp(bytes, start, start_size) == 0;
}

/* The length of the pickle of the magic number, or 0 where there is none. */
static size_t magic_length(const unsigned char *bytes, size_t size)
{
    static const unsigned char frame[9] = {FRAME, 0x0d};
    if (begins_with(bytes, size, decimal_magic, sizeof decimal_magic - 1)) return sizeof decimal_magic - 1;
    if (size < 2 || bytes[0] != PROTO || bytes[1] < 2 || bytes[1] > 5) return 0;
    const size_t at = begins_with(bytes + 2, size - 2, frame, sizeof frame) ? 2 + sizeof frame : 2;
    return begins_with(bytes + at, size - at, binary_magic, sizeof binary_magic) ? at + sizeof binary_magic : 0;
}

bool dmx_is_torch_legacy(const unsigned char *bytes, size_t size) { return magic_length(bytes, size) > 0; }

static demucs_status bad(const cursor *c, const char *why)
{
    return dmx_refuse(c->checkpoint->path, c->error, DEMUCS_ERROR_FORMAT, "%s.", why);
}

static demucs_status next_pickle(cursor *c, dmx_object **root, dmx_storage_list *storages)
{
    size_t used = 0;
    const dmx_checkpoint *file = c->checkpoint;
    demucs_status status = dmx_pickle_read(&c->pool, file->path, file->classes, file->bytes + c->at,
                                           file->size_bytes - c->at, &used, root, storages, c->error);
    c->at += used;
    return status;
}

static demucs_status check_preamble(cursor *c)
{
    dmx_object *version = NULL, *system = NULL;
    demucs_status status = next_pickle(c, &version, NULL);
    if (status != DEMUCS_OK) return status;
    if (version->kind != DMX_OBJECT_INT || version->integer != PROTOCOL_VERSION)
        return bad(c, "it has an unknown version of the old torch.save format");
    status = next_pickle(c, &system, NULL);
    if (status != DEMUCS_OK) return status;
    const dmx_object *little = dmx_object_get(system, "little_endian");
    if (little == NULL || little->kind != DMX_OBJECT_BOOL || little->integer == 0)
        return bad(c, "it was saved on a big-endian machine");
    return DEMUCS_OK;
}

static int compare_keys(const dmx_object *a, const dmx_object *b)
{
    size_t shorter = a->text_length < b->text_length ? a->text_length : b->text_length;
    int order = memcmp(a->text, b->text, shorter);
    return order != 0 ? order : a->text_length < b->text_length ? -1 : a->text_length > b->text_length;
}

static int compare_storages(const void *a, const void *b)
{
    return compare_keys(*(dmx_object *const *)a, *(dmx_object *const *)b);
}

/* The first of the sorted storages with the key, or their count. */
static size_t find_storage(const dmx_storage_list *storages, const dmx_object *key)
{
    size_t low = 0, high = storages->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_keys(storages->items[middle], key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Step over the data of one key, and point the storages of that key to them. */
static demucs_status read_storage(cursor *c, const dmx_storage_list *storages, const dmx_object *key)
{
    if (key->kind != DMX_OBJECT_STRING) return bad(c, "a key of its data is not a text");
    size_t first = find_storage(storages, key);
    if (first == storages->count || compare_keys(storages->items[first], key) != 0)
        return bad(c, "it holds data that no tensor uses");
    if (c->checkpoint->size_bytes - c->at < 8) return bad(c, "its data are cut short; download it again");
    const dmx_storage *storage = storages->items[first]->storage;
    uint64_t count = dmx_le64(c->checkpoint->bytes + c->at);
    c->at += 8;
    if (count != storage->count) return bad(c, "a storage has another length than its tensors say");
    if (count > (c->checkpoint->size_bytes - c->at) / dmx_dtype_size(storage->dtype))
        return bad(c, "its data are cut short; download it again");
    for (size_t i = first; i < storages->count && compare_keys(storages->items[i], key) == 0; i++) {
        dmx_storage *same = storages->items[i]->storage;
        if (same->dtype != storage->dtype || same->count != storage->count || same->found)
            return bad(c, "two storages share a key");
        same->found = true;
        same->at = c->at;
    }
    c->at += (size_t)count * dmx_dtype_size(storage->dtype);
    return DEMUCS_OK;
}

static demucs_status read_all(cursor *c)
{
    dmx_object *package = NULL, *keys = NULL;
    dmx_storage_list storages = {.count = 0};
    demucs_status status = check_preamble(c);
    if (status != DEMUCS_OK) return status;
    status = next_pickle(c, &package, &storages);
    if (status != DEMUCS_OK) return status;
    status = next_pickle(c, &keys, NULL);
    if (status != DEMUCS_OK) return status;
    if (keys->kind != DMX_OBJECT_LIST) return bad(c, "its list of data is missing");
    if (storages.count > 0) qsort(storages.items, storages.count, sizeof *storages.items, compare_storages);
    for (size_t i = 0; i < keys->count; i++) {
        status = read_storage(c, &storages, keys->items[i]);
        if (status != DEMUCS_OK) return status;
    }
    for (size_t i = 0; i < storages.count; i++)
        if (!storages.items[i]->storage->found) return bad(c, "the data of a tensor are missing");
    return dmx_read_package(c->checkpoint, package, c->error);
}

demucs_status dmx_read_torch_legacy(dmx_checkpoint *checkpoint, demucs_error *error)
{
    cursor c = {.checkpoint = checkpoint, .error = error};
    c.at = magic_length(checkpoint->bytes, checkpoint->size_bytes);
    demucs_status status = read_all(&c);
    dmx_pool_clear(&c.pool);
    return status;
}
