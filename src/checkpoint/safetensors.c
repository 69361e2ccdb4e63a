/* safetensors.c - reader of the safetensors format, as the official package writes its models.
 *
 *     | u64 n | n bytes of JSON | data |
 *
 * The JSON names each tensor's type, shape and place in the data. The places must cover the data exactly, without gap
 * or overlap: that is the format's own rule, and it leaves nothing unexplained in a file. The entry "__metadata__" of
 * texts holds the class and, as JSON inside JSON, its arguments; a quantised state adds "structure" (structure.c). */
#include "checkpoint/reader.h"

#include "base/alloc.h"
#include "checkpoint/json.h"
#include "checkpoint/structure.h"

#include <stdlib.h>
#include <string.h>

enum { PREFIX = 8, MAX_HEADER = 4 * 1000 * 1000 }; /* 100 KB in real files */

/* Where a tensor lies in the data. */
typedef struct extent {
    uint64_t begin, end;
    const char *name;
} extent;

static const struct dtype_row {
    const char *name;
    dmx_dtype dtype;
} dtypes[] = {{"F64", DMX_F64}, {"F32", DMX_F32}, {"F16", DMX_F16}, {"BF16", DMX_BF16}, {"I64", DMX_I64},
              {"I32", DMX_I32}, {"I16", DMX_I16}, {"I8", DMX_I8},   {"U8", DMX_U8},     {"BOOL", DMX_BOOL}};

bool dmx_is_safetensors(const unsigned char *bytes, size_t size) { return size > PREFIX && bytes[PREFIX] == '{'; }

static demucs_status bad_tensor(const dmx_checkpoint *checkpoint, const char *name, const char *why,
                                demucs_error *error)
{
    char text[120];
    return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT, "tensor '%s' %s.",
                      dmx_printable(text, sizeof text, name, strlen(name)), why);
}

static bool parse_dtype(const dmx_value *value, dmx_dtype *dtype)
{
    if (value == NULL || value->kind != DMX_VALUE_STRING) return false;
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        if (strcmp(dtypes[i].name, value->text) != 0) continue;
        *dtype = dtypes[i].dtype;
        return true;
    }
    return false;
}

static bool parse_shape(const dmx_value *value, dmx_tensor *tensor)
{
    if (value == NULL || value->kind != DMX_VALUE_LIST || value->count > DMX_MAX_RANK) return false;
    tensor->rank = (int)value->count;
    for (size_t i = 0; i < value->count; i++) {
        if (value->items[i].kind != DMX_VALUE_INT) return false;
        tensor->shape[i] = value->items[i].integer;
    }
    return dmx_shape_count(tensor->shape, tensor->rank, tensor->dtype, &tensor->count);
}

static bool parse_offsets(const dmx_value *value, uint64_t data_size, extent *place)
{
    if (value == NULL || value->kind != DMX_VALUE_LIST || value->count != 2) return false;
    const dmx_value *begin = &value->items[0], *end = &value->items[1];
    if (begin->kind != DMX_VALUE_INT || end->kind != DMX_VALUE_INT) return false;
    if (begin->integer < 0 || end->integer < begin->integer || (uint64_t)end->integer > data_size) return false;
    place->begin = (uint64_t)begin->integer;
    place->end = (uint64_t)end->integer;
    return true;
}

static demucs_status read_tensor(dmx_checkpoint *checkpoint, const char *name, const dmx_value *entry, size_t data_at,
                                 extent *place, demucs_error *error)
{
    const size_t data_size = checkpoint->size_bytes - data_at;
    dmx_tensor tensor = {.rank = 0};
    if (!parse_dtype(dmx_value_get(entry, "dtype"), &tensor.dtype))
        return bad_tensor(checkpoint, name, "has an unknown type of elements", error);
    if (!parse_shape(dmx_value_get(entry, "shape"), &tensor))
        return bad_tensor(checkpoint, name, "has an impossible shape", error);
    if (!parse_offsets(dmx_value_get(entry, "data_offsets"), data_size, place))
        return bad_tensor(checkpoint, name, "lies outside of the file, which may be cut short", error);
    if (place->end - place->begin != tensor.count * dmx_dtype_size(tensor.dtype))
        return bad_tensor(checkpoint, name, "has another number of bytes than its shape needs", error);
    tensor.at = data_at + (size_t)place->begin;
    if (checkpoint->bytes != NULL) tensor.data = checkpoint->bytes + tensor.at;
    place->name = name;
    return dmx_checkpoint_add(checkpoint, name, strlen(name), &tensor, error);
}

static int compare_extents(const void *a, const void *b)
{
    const extent *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static demucs_status check_coverage(const dmx_checkpoint *checkpoint, extent *places, size_t count, uint64_t data_size,
                                    demucs_error *error)
{
    qsort(places, count, sizeof *places, compare_extents);
    uint64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (places[i].begin < at) return bad_tensor(checkpoint, places[i].name, "overlaps another tensor", error);
        if (places[i].begin > at) return bad_tensor(checkpoint, places[i].name, "follows a gap in the data", error);
        at = places[i].end;
    }
    if (at != data_size)
        return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT, "%llu bytes at its end belong to no tensor.",
                          (unsigned long long)(data_size - at));
    return DEMUCS_OK;
}

static demucs_status read_tensors(dmx_checkpoint *checkpoint, const dmx_value *header, size_t data_at,
                                  demucs_error *error)
{
    size_t count = 0;
    demucs_status status = DEMUCS_OK;
    extent *places = dmx_alloc(header->count, sizeof *places);
    if (places == NULL) return dmx_no_memory(checkpoint->path, error);
    for (size_t i = 0; i < header->count && status == DEMUCS_OK; i++) {
        if (strcmp(header->keys[i], "__metadata__") == 0) continue;
        status = read_tensor(checkpoint, header->keys[i], &header->items[i], data_at, &places[count], error);
        count++;
    }
    if (status == DEMUCS_OK)
        status = check_coverage(checkpoint, places, count, checkpoint->size_bytes - data_at, error);
    dmx_free(places);
    return status;
}

/* One text of the metadata, or a refusal. */
static demucs_status get_text(const dmx_checkpoint *checkpoint, const dmx_value *metadata, const char *key,
                              const dmx_value **text, demucs_error *error)
{
    *text = dmx_value_get(metadata, key);
    if (*text != NULL && (*text)->kind == DMX_VALUE_STRING) return DEMUCS_OK;
    return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT,
                      "the metadata has no '%s', so this is not a Demucs model.", key);
}

static demucs_status read_arguments(dmx_checkpoint *checkpoint, const dmx_value *metadata, const char *key,
                                    dmx_value_kind kind, dmx_value *value, demucs_error *error)
{
    const dmx_value *text = NULL;
    demucs_status status = get_text(checkpoint, metadata, key, &text, error);
    if (status != DEMUCS_OK) return status;
    status = dmx_json_parse(value, text->text, text->text_length, checkpoint->path, key, error);
    if (status != DEMUCS_OK) return status;
    if (value->kind != kind)
        return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT, "the metadata '%s' is not a JSON %s.", key,
                          kind == DMX_VALUE_LIST ? "array" : "object");
    return dmx_json_decode_fractions(value, checkpoint->path, key, error);
}

static demucs_status read_metadata(dmx_checkpoint *checkpoint, const dmx_value *metadata, demucs_error *error)
{
    const dmx_value *klass = NULL;
    demucs_status status = get_text(checkpoint, metadata, "klass", &klass, error);
    if (status != DEMUCS_OK) return status;
    status = dmx_checkpoint_set_class(checkpoint, klass->text, klass->text_length, error);
    if (status != DEMUCS_OK) return status;
    status = read_arguments(checkpoint, metadata, "args", DMX_VALUE_LIST, &checkpoint->args, error);
    if (status != DEMUCS_OK) return status;
    return read_arguments(checkpoint, metadata, "kwargs", DMX_VALUE_DICT, &checkpoint->kwargs, error);
}

/* Parse the JSON of `length` bytes behind the prefix. */
static demucs_status read_header(const dmx_checkpoint *checkpoint, size_t length, dmx_value *header,
                                 demucs_error *error)
{
    char *text = dmx_alloc(length, 1);
    if (text == NULL) return dmx_no_memory(checkpoint->path, error);
    demucs_status status = dmx_checkpoint_bytes(checkpoint, PREFIX, text, length, error);
    if (status == DEMUCS_OK) status = dmx_json_parse(header, text, length, checkpoint->path, "header", error);
    dmx_free(text);
    return status;
}

demucs_status dmx_read_safetensors(dmx_checkpoint *checkpoint, demucs_error *error)
{
    unsigned char prefix[PREFIX];
    demucs_status status = dmx_checkpoint_bytes(checkpoint, 0, prefix, PREFIX, error);
    if (status != DEMUCS_OK) return status;
    const uint64_t length = dmx_le64(prefix);
    if (length > MAX_HEADER || length > checkpoint->size_bytes - PREFIX)
        return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT,
                          "it claims a header of %llu bytes, which do not fit; the file is damaged or cut short.",
                          (unsigned long long)length);
    dmx_value header = {.kind = DMX_VALUE_NONE};
    status = read_header(checkpoint, (size_t)length, &header, error);
    if (status != DEMUCS_OK) goto done;
    const dmx_value *metadata = dmx_value_get(&header, "__metadata__");
    status = read_metadata(checkpoint, metadata, error);
    if (status != DEMUCS_OK) goto done;
    status = read_tensors(checkpoint, &header, PREFIX + (size_t)length, error);
    if (status != DEMUCS_OK) goto done;
    const dmx_value *structure = dmx_value_get(metadata, "structure");
    if (structure != NULL) status = dmx_restore_structure(checkpoint, structure, error);
done:
    dmx_value_clear(&header);
    return status;
}
