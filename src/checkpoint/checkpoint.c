/* checkpoint.c - opens a checkpoint file and hands it to the reader of its format. See checkpoint.h.
 *
 * The name of a file says nothing here, only its first bytes do. Two readers go by places in the file (safetensors,
 * zip); the others walk through it, and have it in memory meanwhile. Either way tensors that are stored plainly stay in
 * the file until somebody asks for their values. */
#include "checkpoint/checkpoint.h"

#include "base/alloc.h"
#include "checkpoint/reader.h"

#include <stdlib.h>
#include <string.h>

static const struct format_row {
    bool (*is)(const unsigned char *bytes, size_t size);
    demucs_status (*read)(dmx_checkpoint *checkpoint, demucs_error *error);
    bool by_pieces; /* the reader needs no `bytes` */
} formats[] = {{dmx_is_torch_zip, dmx_read_torch_zip, true},
               {dmx_is_torch_legacy, dmx_read_torch_legacy, false},
               {dmx_is_safetensors, dmx_read_safetensors, true},
               {dmx_is_onnx, dmx_read_onnx, false}};

enum { HEAD = 64 }; /* bytes that tell a format */

/* ------------------------------------------------------------------------------------------------------ failing -- */

demucs_status dmx_no_memory(const char *path, demucs_error *error)
{
    return dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "out of memory while loading this file.");
}

/* ------------------------------------------------------------------------------------------------------ filling -- */

demucs_status dmx_checkpoint_set_class(dmx_checkpoint *checkpoint, const char *dotted, size_t length,
                                       demucs_error *error)
{
    checkpoint->class = dmx_classes_find(checkpoint->classes, dotted, length);
    if (checkpoint->class != NULL) return DEMUCS_OK;
    char text[80], known[160];
    dmx_classes_print(checkpoint->classes, known, sizeof known);
    return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_UNSUPPORTED, "its class '%s' is not one of %s.",
                      dmx_printable(text, sizeof text, dotted, length), known);
}

static bool is_plain_name(const char *name, size_t length)
{
    if (length == 0 || length > DMX_MAX_NAME) return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] <= 0x20 || name[i] >= 0x7f) return false;
    return true;
}

static demucs_status add(dmx_checkpoint *checkpoint, const char *name, size_t name_length, const dmx_tensor *tensor,
                         demucs_error *error)
{
    if (!is_plain_name(name, name_length)) {
        char text[80];
        return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT, "'%s' is not a name of a tensor.",
                          dmx_printable(text, sizeof text, name, name_length));
    }
    size_t count = checkpoint->tensor_count;
    if (count >= DMX_MAX_TENSORS)
        return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT, "more than %d tensors are no model.",
                          DMX_MAX_TENSORS);
    if ((count & (count - 1)) == 0) {
        size_t capacity = count == 0 ? 1 : 2 * count;
        dmx_tensor *tensors = dmx_realloc(checkpoint->tensors, count, capacity, sizeof *tensors);
        if (tensors == NULL) return dmx_no_memory(checkpoint->path, error);
        checkpoint->tensors = tensors;
    }
    char *copy = dmx_strndup(name, name_length);
    if (copy == NULL) return dmx_no_memory(checkpoint->path, error);
    checkpoint->tensors[count] = *tensor;
    checkpoint->tensors[count].name = copy;
    checkpoint->tensor_count++;
    return DEMUCS_OK;
}

demucs_status dmx_checkpoint_add(dmx_checkpoint *checkpoint, const char *name, size_t name_length, dmx_tensor *tensor,
                                 demucs_error *error)
{
    demucs_status status = add(checkpoint, name, name_length, tensor, error);
    if (status != DEMUCS_OK) dmx_free(tensor->owned);
    tensor->owned = NULL;
    return status;
}

/* ------------------------------------------------------------------------------------------------------ reading -- */

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static demucs_status check_names_unique(const dmx_checkpoint *checkpoint, demucs_error *error)
{
    size_t count = checkpoint->tensor_count;
    const char **names = dmx_alloc(count, sizeof *names);
    if (names == NULL) return dmx_no_memory(checkpoint->path, error);
    for (size_t i = 0; i < count; i++) names[i] = checkpoint->tensors[i].name;
    qsort(names, count, sizeof *names, compare_names);
    demucs_status status = DEMUCS_OK;
    for (size_t i = 1; i < count && status == DEMUCS_OK; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            status =
                dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT, "it holds two tensors named '%s'.", names[i]);
    dmx_free(names);
    return status;
}

static demucs_status no_format(const dmx_checkpoint *checkpoint, unsigned char first, demucs_error *error)
{
    if (first == 0x80)
        return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT,
                          "this is a bare Python pickle and not a checkpoint that torch.save wrote.");
    return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT,
                      "this is not a Demucs checkpoint (.safetensors, .th or the htdemucs .onnx); it may be damaged or "
                      "downloaded incompletely.");
}

static demucs_status read_any(dmx_checkpoint *checkpoint, demucs_error *error)
{
    unsigned char head[HEAD];
    const size_t size = checkpoint->size_bytes < HEAD ? checkpoint->size_bytes : HEAD;
    if (size == 0) return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT, "the file is empty.");
    demucs_status status = dmx_checkpoint_bytes(checkpoint, 0, head, size, error);
    if (status != DEMUCS_OK) return status;
    size_t i = 0;
    const size_t count = sizeof formats / sizeof *formats;
    while (i < count && !formats[i].is(head, size)) i++;
    if (i == count) return no_format(checkpoint, head[0], error);
    if (!formats[i].by_pieces) status = dmx_checkpoint_keep(checkpoint, error);
    if (status == DEMUCS_OK) status = formats[i].read(checkpoint, error);
    return status == DEMUCS_OK ? check_names_unique(checkpoint, error) : status;
}

/* Make an empty checkpoint; `path` is copied. */
static dmx_checkpoint *create(const char *path, const dmx_classes *classes)
{
    dmx_checkpoint *checkpoint = dmx_alloc(1, sizeof *checkpoint);
    if (checkpoint == NULL) return NULL;
    checkpoint->classes = classes;
    checkpoint->args.kind = DMX_VALUE_LIST;
    checkpoint->kwargs.kind = DMX_VALUE_DICT;
    checkpoint->path = dmx_strdup(path);
    if (checkpoint->path != NULL) return checkpoint;
    dmx_free(checkpoint);
    return NULL;
}

demucs_status dmx_checkpoint_parse(dmx_checkpoint **out, const char *path, const unsigned char *bytes,
                                   size_t size_bytes, const dmx_classes *classes, demucs_error *error)
{
    *out = NULL;
    dmx_checkpoint *checkpoint = create(path, classes);
    if (checkpoint == NULL) return dmx_no_memory(path, error);
    checkpoint->bytes = bytes;
    checkpoint->size_bytes = size_bytes;
    demucs_status status = read_any(checkpoint, error);
    if (status == DEMUCS_OK)
        *out = checkpoint;
    else
        dmx_checkpoint_close(checkpoint);
    return status;
}

/* The opposite of dmx_checkpoint_keep: the tensors are in the file again. */
static void let_go(dmx_checkpoint *checkpoint)
{
    if (checkpoint->bytes == NULL) return;
    for (size_t i = 0; i < checkpoint->tensor_count; i++) {
        dmx_tensor *tensor = &checkpoint->tensors[i];
        if (tensor->owned != NULL || tensor->data == NULL) continue;
        tensor->at = (size_t)((const unsigned char *)tensor->data - checkpoint->bytes);
        tensor->data = NULL;
    }
    dmx_free((void *)checkpoint->bytes);
    checkpoint->bytes = NULL;
}

static demucs_status read_source(dmx_checkpoint *checkpoint, demucs_error *error)
{
    demucs_error first = {DEMUCS_OK, ""};
    const demucs_status status = read_any(checkpoint, &first);
    if (status == DEMUCS_OK) {
        let_go(checkpoint);
        return DEMUCS_OK;
    }
    const demucs_status changed = dmx_checkpoint_check(checkpoint, error); /* then that is the true reason */
    return changed != DEMUCS_OK ? changed : dmx_fail(error, status, "%s", first.message);
}

demucs_status dmx_checkpoint_open(dmx_checkpoint **out, const char *path, const dmx_classes *classes,
                                  demucs_error *error)
{
    *out = NULL;
    dmx_checkpoint *checkpoint = create(path, classes);
    if (checkpoint == NULL) return dmx_no_memory(path, error);
    demucs_status status = dmx_source_open(&checkpoint->source, path, error);
    checkpoint->size_bytes = checkpoint->source.size_bytes;
    if (status == DEMUCS_OK) status = read_source(checkpoint, error);
    if (status == DEMUCS_OK)
        *out = checkpoint;
    else
        dmx_checkpoint_close(checkpoint);
    return status;
}

void dmx_checkpoint_close(dmx_checkpoint *checkpoint)
{
    if (checkpoint == NULL) return;
    for (size_t i = 0; i < checkpoint->tensor_count; i++) {
        dmx_free(checkpoint->tensors[i].name);
        dmx_free(checkpoint->tensors[i].owned);
    }
    dmx_free(checkpoint->tensors);
    dmx_value_clear(&checkpoint->args);
    dmx_value_clear(&checkpoint->kwargs);
    dmx_free(checkpoint->path);
    if (checkpoint->source.open) dmx_free((void *)checkpoint->bytes);
    dmx_source_close(&checkpoint->source);
    dmx_free(checkpoint);
}

/* ------------------------------------------------------------------------------------------------------- values -- */

demucs_status dmx_checkpoint_bytes(const dmx_checkpoint *checkpoint, size_t at, void *out, size_t size,
                                   demucs_error *error)
{
    if (checkpoint->bytes == NULL) return dmx_source_read(&checkpoint->source, checkpoint->path, at, out, size, error);
    if (size > 0) memcpy(out, checkpoint->bytes + at, size);
    return DEMUCS_OK;
}

demucs_status dmx_checkpoint_keep(dmx_checkpoint *checkpoint, demucs_error *error)
{
    if (checkpoint->bytes != NULL) return DEMUCS_OK;
    unsigned char *bytes = dmx_alloc(checkpoint->size_bytes, 1);
    if (bytes == NULL) return dmx_no_memory(checkpoint->path, error);
    demucs_status status = dmx_checkpoint_bytes(checkpoint, 0, bytes, checkpoint->size_bytes, error);
    if (status != DEMUCS_OK) {
        dmx_free(bytes);
        return status;
    }
    checkpoint->bytes = bytes;
    for (size_t i = 0; i < checkpoint->tensor_count; i++)
        if (checkpoint->tensors[i].data == NULL) checkpoint->tensors[i].data = bytes + checkpoint->tensors[i].at;
    return DEMUCS_OK;
}

demucs_status dmx_checkpoint_read(const dmx_checkpoint *checkpoint, const dmx_tensor *tensor, size_t first,
                                  size_t count, float *out, demucs_error *error)
{
    unsigned char piece[DMX_SOURCE_PIECE];
    const size_t size = dmx_dtype_size(tensor->dtype);
    demucs_status status = DEMUCS_OK;
    if (tensor->data != NULL || count == 0) {
        dmx_tensor_to_f32(tensor, first, count, out);
        return DEMUCS_OK;
    }
    for (size_t done = 0; done < count && status == DEMUCS_OK; done += DMX_SOURCE_PIECE / size) {
        const size_t now = count - done < DMX_SOURCE_PIECE / size ? count - done : DMX_SOURCE_PIECE / size;
        const dmx_tensor part = {.dtype = tensor->dtype, .count = now, .data = piece};
        status = dmx_checkpoint_bytes(checkpoint, tensor->at + (first + done) * size, piece, now * size, error);
        if (status == DEMUCS_OK) dmx_tensor_to_f32(&part, 0, now, out + done);
    }
    return status;
}

demucs_status dmx_checkpoint_check(const dmx_checkpoint *checkpoint, demucs_error *error)
{
    return checkpoint->source.open ? dmx_source_check(&checkpoint->source, checkpoint->path, error) : DEMUCS_OK;
}

void dmx_checkpoint_release(const dmx_checkpoint *checkpoint, dmx_tensor *tensor)
{
    if (tensor->owned == NULL || !checkpoint->read_once) return;
    dmx_free(tensor->owned);
    tensor->owned = NULL;
    tensor->data = NULL;
}
