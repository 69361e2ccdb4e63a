/* torch_zip.c - reader of what torch.save writes since version 1.6: a zip archive.
 *
 *     NAME/data.pkl   a pickle of the saved object; its tensors speak of storages by key
 *     NAME/data/KEY   one storage each, raw elements
 *     NAME/byteorder  "little", in newer ones
 *     NAME/version and more, which do not matter */
#include "base/alloc.h"
#include "checkpoint/pickle.h"
#include "checkpoint/reader.h"
#include "checkpoint/zip.h"

#include <string.h>

/* The member NAME/data.pkl, and the length of "NAME/". */
static dmx_zip_member *find_pickle(dmx_zip *zip, size_t *prefix_length)
{
    static const char suffix[] = "/data.pkl";
    const size_t length = sizeof suffix - 1;
    for (size_t i = 0; i < zip->count; i++) {
        dmx_zip_member *member = &zip->members[i];
        if (member->name_length <= length) continue;
        size_t head = member->name_length - length;
        if (memcmp(member->name + head, suffix, length) != 0 || memchr(member->name, '/', head) != NULL) continue;
        *prefix_length = head + 1;
        return member;
    }
    return NULL;
}

static demucs_status check_byte_order(dmx_zip *zip, const char *prefix, size_t prefix_length, demucs_error *error)
{
    unsigned char *content;
    dmx_zip_member *member = dmx_zip_find(zip, prefix, prefix_length, "byteorder", 9);
    if (member == NULL) return DEMUCS_OK;
    demucs_status status = dmx_zip_read(zip, member, &content, error);
    const bool is_little = status == DEMUCS_OK && member->size == 6 && memcmp(content, "little", 6) == 0;
    dmx_free(content);
    if (status != DEMUCS_OK || is_little) return status;
    return dmx_refuse(zip->file->path, error, DEMUCS_ERROR_UNSUPPORTED, "it was saved on a big-endian machine.");
}

/* Say where a storage is: in its member. */
static demucs_status find_storage(dmx_zip *zip, const char *prefix, size_t prefix_length, const dmx_object *object,
                                  demucs_error *error)
{
    char text[60];
    dmx_storage *storage = object->storage;
    dmx_printable(text, sizeof text, object->text, object->text_length);
    char data_prefix[256 + 5];
    if (prefix_length > sizeof data_prefix - 5)
        return dmx_refuse(zip->file->path, error, DEMUCS_ERROR_FORMAT, "a name in it is too long.");
    memcpy(data_prefix, prefix, prefix_length);
    memcpy(data_prefix + prefix_length, "data/", 5);
    dmx_zip_member *member = dmx_zip_find(zip, data_prefix, prefix_length + 5, object->text, object->text_length);
    if (member == NULL)
        return dmx_refuse(zip->file->path, error, DEMUCS_ERROR_FORMAT, "the data 'data/%s' are missing in it.", text);
    if (member->size / dmx_dtype_size(storage->dtype) < storage->count)
        return dmx_refuse(zip->file->path, error, DEMUCS_ERROR_FORMAT,
                          "'data/%s' in it is shorter than its tensors need.", text);
    storage->found = true;
    return dmx_zip_find_content(zip, member, &storage->at, error);
}

/* The pickle goes to *content, to be freed when nobody needs its objects any more. */
static demucs_status read_archive(dmx_checkpoint *checkpoint, dmx_zip *zip, dmx_pool *pool, unsigned char **content,
                                  demucs_error *error)
{
    size_t prefix_length = 0;
    dmx_object *root = NULL;
    dmx_storage_list storages = {.count = 0};
    dmx_zip_member *member = find_pickle(zip, &prefix_length);
    if (member == NULL)
        return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT,
                          "this zip archive has no data.pkl, so torch.save did not write it.");
    const char *prefix = member->name;
    demucs_status status = check_byte_order(zip, prefix, prefix_length, error);
    if (status != DEMUCS_OK) return status;
    status = dmx_zip_read(zip, member, content, error);
    if (status != DEMUCS_OK) return status;
    status = dmx_pickle_read(pool, checkpoint->path, checkpoint->classes, *content, (size_t)member->size, NULL, &root,
                             &storages, error);
    if (status != DEMUCS_OK) return status;
    for (size_t i = 0; i < storages.count; i++) {
        status = find_storage(zip, prefix, prefix_length, storages.items[i], error);
        if (status != DEMUCS_OK) return status;
    }
    return dmx_read_package(checkpoint, root, error);
}

demucs_status dmx_read_torch_zip(dmx_checkpoint *checkpoint, demucs_error *error)
{
    dmx_zip zip;
    dmx_pool pool = {.total = 0};
    unsigned char *content = NULL;
    demucs_status status = dmx_zip_open(&zip, checkpoint, error);
    if (status == DEMUCS_OK) status = read_archive(checkpoint, &zip, &pool, &content, error);
    dmx_pool_clear(&pool);
    dmx_free(content);
    dmx_zip_close(&zip);
    return status;
}
