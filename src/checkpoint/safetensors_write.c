/* safetensors_write.c - writes a checkpoint in the official safetensors form.
 *
 * Floating tensors become float16, as the official exporter stores them, unless a value would leave the range of
 * float16: such a tensor is written as float32. Wider types come first, as the official library orders them, so that
 * each tensor is aligned. The file appears whole or not at all (base/file.h). */
#include "checkpoint/checkpoint.h"

#include "base/alloc.h"
#include "base/file.h"
#include "checkpoint/json.h"
#include "checkpoint/reader.h"

#include <math.h>
#include <string.h>

enum { CHUNK = 4096, ALIGNMENT = 8 };

typedef struct writer {
    const dmx_checkpoint *checkpoint;
    const char *path;
    demucs_error *error;
    dmx_dtype *dtypes; /* [tensor_count] as which each tensor is written */
    size_t *order;     /* [tensor_count] indices in the order of the file */
    char *header;      /* the JSON */
    dmx_file *file;
} writer;

static demucs_status no_memory(const writer *w) { return dmx_no_memory(w->path, w->error); }

static bool is_floating(dmx_dtype dtype)
{
    return dtype == DMX_F64 || dtype == DMX_F32 || dtype == DMX_F16 || dtype == DMX_BF16;
}

/* float16, unless a finite value would not stay finite: then float32. */
static demucs_status choose_float_type(const writer *w, const dmx_tensor *tensor, dmx_dtype *dtype)
{
    float values[CHUNK];
    *dtype = DMX_F16;
    for (size_t first = 0; tensor->dtype != DMX_F16 && first < tensor->count; first += CHUNK) {
        size_t count = tensor->count - first < CHUNK ? tensor->count - first : CHUNK;
        demucs_status status = dmx_checkpoint_read(w->checkpoint, tensor, first, count, values, w->error);
        if (status != DEMUCS_OK) return status;
        for (size_t i = 0; i < count; i++)
            if (isfinite(values[i]) && fabsf(values[i]) >= 65520.0f) *dtype = DMX_F32;
    }
    return DEMUCS_OK;
}

static demucs_status choose_types(writer *w)
{
    const dmx_checkpoint *c = w->checkpoint;
    size_t count = 0;
    w->dtypes = dmx_alloc(c->tensor_count, sizeof *w->dtypes);
    w->order = dmx_alloc(c->tensor_count, sizeof *w->order);
    if (w->dtypes == NULL || w->order == NULL) return no_memory(w);
    for (size_t i = 0; i < c->tensor_count; i++) {
        const dmx_tensor *t = &c->tensors[i];
        w->dtypes[i] = t->dtype;
        demucs_status status = is_floating(t->dtype) ? choose_float_type(w, t, &w->dtypes[i]) : DEMUCS_OK;
        if (status != DEMUCS_OK) return status;
    }
    for (size_t size = 8; size > 0; size /= 2)
        for (size_t i = 0; i < c->tensor_count; i++)
            if (dmx_dtype_size(w->dtypes[i]) == size) w->order[count++] = i;
    return DEMUCS_OK;
}

/* ------------------------------------------------------------------------------------------------------- header -- */

static const char *dtype_name(dmx_dtype dtype)
{
    static const char *const names[] = {
        [DMX_F64] = "F64", [DMX_F32] = "F32", [DMX_F16] = "F16", [DMX_BF16] = "BF16", [DMX_I64] = "I64",
        [DMX_I32] = "I32", [DMX_I16] = "I16", [DMX_I8] = "I8",   [DMX_U8] = "U8",     [DMX_BOOL] = "BOOL"};
    return names[dtype];
}

static demucs_status append_integer(writer *w, dmx_value *list, uint64_t integer)
{
    dmx_value item = {.kind = DMX_VALUE_INT, .integer = (int64_t)integer};
    return dmx_value_append(list, &item, w->error);
}

static demucs_status insert_text(writer *w, dmx_value *dict, const char *key, const char *text)
{
    dmx_value item = {.kind = DMX_VALUE_NONE};
    demucs_status status = dmx_value_set_string(&item, text, strlen(text), w->error);
    return status == DEMUCS_OK ? dmx_value_insert_new(dict, key, &item, w->error) : status;
}

/* A value as JSON text inside the metadata. */
static demucs_status insert_json(writer *w, dmx_value *metadata, const char *key, const dmx_value *value)
{
    char *text = NULL;
    demucs_status status = dmx_json_write(&text, value, w->path, w->error);
    if (status == DEMUCS_OK) status = insert_text(w, metadata, key, text);
    dmx_free(text);
    return status;
}

static demucs_status insert_metadata(writer *w, dmx_value *header)
{
    dmx_value metadata = {.kind = DMX_VALUE_DICT};
    demucs_status status = insert_text(w, &metadata, "klass", w->checkpoint->class->python_names[0]);
    if (status == DEMUCS_OK) status = insert_json(w, &metadata, "args", &w->checkpoint->args);
    if (status == DEMUCS_OK) status = insert_json(w, &metadata, "kwargs", &w->checkpoint->kwargs);
    if (status == DEMUCS_OK) status = dmx_value_insert_new(header, "__metadata__", &metadata, w->error);
    dmx_value_clear(&metadata);
    return status;
}

static demucs_status insert_tensor(writer *w, dmx_value *header, size_t index, uint64_t *offset)
{
    const dmx_tensor *t = &w->checkpoint->tensors[index];
    dmx_value entry = {.kind = DMX_VALUE_DICT}, shape = {.kind = DMX_VALUE_LIST}, place = {.kind = DMX_VALUE_LIST};
    uint64_t end = *offset + t->count * dmx_dtype_size(w->dtypes[index]);
    demucs_status status = insert_text(w, &entry, "dtype", dtype_name(w->dtypes[index]));
    for (int i = 0; i < t->rank && status == DEMUCS_OK; i++) status = append_integer(w, &shape, (uint64_t)t->shape[i]);
    if (status == DEMUCS_OK) status = append_integer(w, &place, *offset);
    if (status == DEMUCS_OK) status = append_integer(w, &place, end);
    if (status == DEMUCS_OK) status = dmx_value_insert_new(&entry, "shape", &shape, w->error);
    if (status == DEMUCS_OK) status = dmx_value_insert_new(&entry, "data_offsets", &place, w->error);
    if (status == DEMUCS_OK) status = dmx_value_insert_new(header, t->name, &entry, w->error);
    dmx_value_clear(&shape);
    dmx_value_clear(&place);
    dmx_value_clear(&entry);
    *offset = end;
    return status;
}

static demucs_status make_header(writer *w)
{
    dmx_value header = {.kind = DMX_VALUE_DICT};
    uint64_t offset = 0;
    demucs_status status = insert_metadata(w, &header);
    for (size_t i = 0; i < w->checkpoint->tensor_count && status == DEMUCS_OK; i++)
        status = insert_tensor(w, &header, w->order[i], &offset);
    if (status == DEMUCS_OK) status = dmx_json_write(&w->header, &header, w->path, w->error);
    dmx_value_clear(&header);
    return status;
}

/* ------------------------------------------------------------------------------------------------------- writing -- */

static demucs_status put(writer *w, const void *bytes, size_t size)
{
    return dmx_file_write(w->file, bytes, size) ? DEMUCS_OK : dmx_file_fail(w->file, w->error);
}

static demucs_status put_header(writer *w)
{
    static const char spaces[ALIGNMENT + 1] = "        ";
    size_t length = strlen(w->header), padding = (ALIGNMENT - length % ALIGNMENT) % ALIGNMENT;
    unsigned char prefix[8];
    for (int i = 0; i < 8; i++) prefix[i] = (unsigned char)((uint64_t)(length + padding) >> (8 * i));
    demucs_status status = put(w, prefix, sizeof prefix);
    if (status == DEMUCS_OK) status = put(w, w->header, length);
    return status == DEMUCS_OK ? put(w, spaces, padding) : status;
}

/* As it is. */
static demucs_status put_plain(writer *w, const dmx_tensor *tensor)
{
    unsigned char bytes[4 * CHUNK];
    const size_t size = tensor->count * dmx_dtype_size(tensor->dtype);
    demucs_status status = DEMUCS_OK;
    if (tensor->data != NULL) return put(w, tensor->data, size);
    for (size_t done = 0; done < size && status == DEMUCS_OK; done += sizeof bytes) {
        const size_t now = size - done < sizeof bytes ? size - done : sizeof bytes;
        status = dmx_checkpoint_bytes(w->checkpoint, tensor->at + done, bytes, now, w->error);
        if (status == DEMUCS_OK) status = put(w, bytes, now);
    }
    return status;
}

static demucs_status put_converted(writer *w, const dmx_tensor *tensor, dmx_dtype dtype)
{
    float values[CHUNK];
    unsigned char bytes[4 * CHUNK];
    for (size_t first = 0; first < tensor->count; first += CHUNK) {
        size_t count = tensor->count - first < CHUNK ? tensor->count - first : CHUNK, size = 0;
        demucs_status status = dmx_checkpoint_read(w->checkpoint, tensor, first, count, values, w->error);
        if (status != DEMUCS_OK) return status;
        for (size_t i = 0; i < count; i++) {
            uint32_t bits;
            memcpy(&bits, &values[i], sizeof bits);
            if (dtype == DMX_F16) bits = dmx_float_to_half(values[i]);
            for (size_t k = 0; k < dmx_dtype_size(dtype); k++) bytes[size++] = (unsigned char)(bits >> (8 * k));
        }
        status = put(w, bytes, size);
        if (status != DEMUCS_OK) return status;
    }
    return DEMUCS_OK;
}

static demucs_status put_tensors(writer *w)
{
    demucs_status status = DEMUCS_OK;
    for (size_t i = 0; i < w->checkpoint->tensor_count && status == DEMUCS_OK; i++) {
        size_t index = w->order[i];
        const dmx_tensor *t = &w->checkpoint->tensors[index];
        if (t->dtype == w->dtypes[index])
            status = put_plain(w, t);
        else
            status = put_converted(w, t, w->dtypes[index]);
    }
    return status;
}

static demucs_status write_file(writer *w)
{
    demucs_status status = dmx_file_create(&w->file, w->path, w->error);
    if (status != DEMUCS_OK) return status;
    status = put_header(w);
    if (status == DEMUCS_OK) status = put_tensors(w);
    if (status == DEMUCS_OK) status = dmx_checkpoint_check(w->checkpoint, w->error);
    if (status == DEMUCS_OK) return dmx_file_commit(w->file, w->error);
    dmx_file_discard(w->file);
    return status;
}

demucs_status dmx_checkpoint_write_safetensors(const dmx_checkpoint *checkpoint, const char *path, demucs_error *error)
{
    writer w = {.checkpoint = checkpoint, .path = path, .error = error};
    demucs_status status = choose_types(&w);
    if (status == DEMUCS_OK) status = make_header(&w);
    if (status == DEMUCS_OK) status = write_file(&w);
    dmx_free(w.dtypes);
    dmx_free(w.order);
    dmx_free(w.header);
    return status;
}
