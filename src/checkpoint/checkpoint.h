/* checkpoint.h - from untrusted bytes to a class, its arguments and a table of named tensors.
 *
 *     file --> safetensors.c \
 *              torch_zip.c    >  dmx_checkpoint { class, args, kwargs, tensors[] }  --> models/
 *              torch_legacy.c /
 *              onnx.c
 *
 * What comes out is well formed: the names of tensors are unique, the bytes of each tensor exist and are as many as its
 * shape needs, and they lie row by row without gaps. Not checked here: whether the tensors are those that the class
 * has, and whether their numbers are finite. The loader of the network does that (models/loading/weights.h). */
#ifndef DMX_CHECKPOINT_CHECKPOINT_H
#define DMX_CHECKPOINT_CHECKPOINT_H

#include "base/error.h"
#include "checkpoint/classes.h"
#include "checkpoint/source.h"
#include "checkpoint/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DMX_MAX_RANK 8

typedef enum dmx_dtype {
    DMX_F64,
    DMX_F32,
    DMX_F16,
    DMX_BF16,
    DMX_I64,
    DMX_I32,
    DMX_I16,
    DMX_I8,
    DMX_U8,
    DMX_BOOL
} dmx_dtype;

typedef struct dmx_tensor {
    char *name; /* its name in PyTorch, "encoder.0.conv.weight" */
    dmx_dtype dtype;
    int rank;
    int64_t shape[DMX_MAX_RANK]; /* each >= 0; the product fits in int64_t */
    size_t count;                /* that product */
    const void *data; /* [count] row-major, little endian, NOT necessarily aligned to the type; NULL: in the file */
    void *owned;      /* the memory that `data` lies in, where that is the tensor's own */
    size_t at;        /* in the file: where its values begin */
} dmx_tensor;

typedef struct dmx_checkpoint {
    char *path;
    const dmx_classes *classes; /* the classes that there are */
    const dmx_class *class;     /* the class of this model, one of them */
    dmx_value args;             /* LIST, positional constructor arguments */
    dmx_value kwargs;           /* DICT, named constructor arguments */
    dmx_tensor *tensors;        /* [tensor_count] in file order */
    size_t tensor_count;
    const unsigned char *bytes; /* [size_bytes] the file in memory; NULL while it is read in pieces */
    size_t size_bytes;
    dmx_source source; /* the file, where the bytes were not given */
    bool read_once;    /* the caller promises to read no tensor again after its release: see dmx_checkpoint_release */
} dmx_checkpoint;

/* Open a checkpoint of any format; the content of the file decides which, not its name. The model must be of one of
 * `classes`, which must outlive the checkpoint. Errors name `path` and the reason. On failure *checkpoint is NULL.
 * Most tensors stay in the file, which is open until dmx_checkpoint_close. */
demucs_status dmx_checkpoint_open(dmx_checkpoint **checkpoint, const char *path, const dmx_classes *classes,
                                  demucs_error *error);

/* Read a checkpoint from `size_bytes` bytes in memory, which must outlive it. `path` is only for messages. */
demucs_status dmx_checkpoint_parse(dmx_checkpoint **checkpoint, const char *path, const unsigned char *bytes,
                                   size_t size_bytes, const dmx_classes *classes, demucs_error *error);

/* Close and free. NULL is fine. */
void dmx_checkpoint_close(dmx_checkpoint *checkpoint);

/* out = elements [first, first + count) of a tensor of any floating type, as float. Fails where the file does. */
demucs_status dmx_checkpoint_read(const dmx_checkpoint *checkpoint, const dmx_tensor *tensor, size_t first,
                                  size_t count, float *out, demucs_error *error);

/* Fails when somebody has written to the file since it was opened; to be asked once all was read. */
demucs_status dmx_checkpoint_check(const dmx_checkpoint *checkpoint, demucs_error *error);

/* Free the memory of a tensor that has some of its own, if checkpoint->read_once is set; it must not be read again. A
 * loader calls this after each tensor, so that a model is never in memory twice. */
void dmx_checkpoint_release(const dmx_checkpoint *checkpoint, dmx_tensor *tensor);

/* Bytes of one element. */
size_t dmx_dtype_size(dmx_dtype dtype);

/* The same of a tensor in memory. */
void dmx_tensor_to_f32(const dmx_tensor *tensor, size_t first, size_t count, float *out);

/* Write as official safetensors: floating tensors as float16, arguments as JSON in the metadata. Whole or not at all
 * (temporary file beside it, fsync, rename). */
demucs_status dmx_checkpoint_write_safetensors(const dmx_checkpoint *checkpoint, const char *path, demucs_error *error);

#endif
