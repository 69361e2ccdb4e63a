/* checkpoint.c - opens a checkpoint file and hands it to the reader of its format. See checkpoint.h.
 *
 * The file is mapped, not read: a tensor that is stored plainly is used where it lies. The name of a file says nothing
 * here, only its first bytes do. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* madvise */
#endif

#include "checkpoint/checkpoint.h"

#include "base/alloc.h"
#include "checkpoint/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct format_row {
    bool (*is)(const unsigned char *bytes, size_t size);
    demucs_status (*read)(dmx_checkpoint *checkpoint, demucs_error *error);
} formats[] = {{dmx_is_torch_zip, dmx_read_torch_zip},
               {dmx_is_torch_legacy, dmx_read_torch_legacy},
               {dmx_is_safetensors, dmx_read_safetensors},
               {dmx_is_onnx, dmx_read_onnx}};

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

static demucs_status read_any(dmx_checkpoint *checkpoint, demucs_error *error)
{
    const unsigned char *bytes = checkpoint->bytes;
    size_t size = checkpoint->size_bytes;
    if (size == 0) return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT, "the file is empty.");
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (!formats[i].is(bytes, size)) continue;
        demucs_status status = formats[i].read(checkpoint, error);
        return status == DEMUCS_OK ? check_names_unique(checkpoint, error) : status;
    }
    if (bytes[0] == 0x80)
        return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT,
                          "this is a bare Python pickle and not a checkpoint that torch.save wrote.");
    return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT,
                      "this is not a Demucs checkpoint (.safetensors, .th or the htdemucs .onnx); it may be damaged or "
                      "downloaded incompletely.");
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

static demucs_status io_failure(const char *path, const char *verb, demucs_error *error)
{
    char reason[DMX_REASON];
    return dmx_refuse(path, error, DEMUCS_ERROR_IO, "the file cannot be %s: %s.", verb, dmx_reason(reason, errno));
}

/* Map a regular, non-empty file. */
static demucs_status map_file(const char *path, const unsigned char **bytes, size_t *size, demucs_error *error)
{
    struct stat info;
    demucs_status status = DEMUCS_OK;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* so that a pipe does not keep us waiting */
    if (file < 0) return io_failure(path, "opened", error);
    if (fstat(file, &info) != 0) {
        status = io_failure(path, "examined", error);
        goto done;
    }
    if (!S_ISREG(info.st_mode)) {
        status = dmx_refuse(path, error, DEMUCS_ERROR_IO, "this is %s and not a model file.",
                            S_ISDIR(info.st_mode) ? "a folder" : "a device or pipe");
        goto done;
    }
    if (info.st_size <= 0 || (uintmax_t)info.st_size > SIZE_MAX / 2) {
        status =
            dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "the file is %s.", info.st_size <= 0 ? "empty" : "too large");
        goto done;
    }
    void *map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (map == MAP_FAILED) {
        status = io_failure(path, "mapped", error);
        goto done;
    }
    *bytes = map;
    *size = (size_t)info.st_size;
done:
    close(file);
    return status;
}

demucs_status dmx_checkpoint_open(dmx_checkpoint **out, const char *path, const dmx_classes *classes,
                                  demucs_error *error)
{
    const unsigned char *bytes = NULL;
    size_t size = 0;
    *out = NULL;
    demucs_status status = map_file(path, &bytes, &size, error);
    if (status != DEMUCS_OK) return status;
    status = dmx_checkpoint_parse(out, path, bytes, size, classes, error);
    if (status == DEMUCS_OK)
        (*out)->mapped = true;
    else
        munmap((void *)bytes, size);
    return status;
}

/* Pages of the mapped file count as memory of this process from when they are touched. Dropped, they stay in the
 * system's cache, and whoever reads them again gets them from there. The pages at both ends may hold parts of other
 * tensors: no harm. */
static void drop_pages(const dmx_checkpoint *checkpoint, const dmx_tensor *tensor)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t first = (size_t)((const unsigned char *)tensor->data - checkpoint->bytes) / page * page;
    const size_t end = (size_t)((const unsigned char *)tensor->data - checkpoint->bytes) +
                       tensor->count * dmx_dtype_size(tensor->dtype);
    madvise((void *)(checkpoint->bytes + first), end - first, MADV_DONTNEED); /* advice: failing does no harm */
}

void dmx_checkpoint_release(const dmx_checkpoint *checkpoint, dmx_tensor *tensor)
{
    if (tensor->owned == NULL && checkpoint->mapped) drop_pages(checkpoint, tensor);
    if (tensor->owned == NULL || !checkpoint->read_once) return;
    dmx_free(tensor->owned);
    tensor->owned = NULL;
    tensor->data = NULL;
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
    if (checkpoint->mapped) munmap((void *)checkpoint->bytes, checkpoint->size_bytes);
    dmx_free(checkpoint);
}
