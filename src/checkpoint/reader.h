/* reader.h - what the readers of the formats share. Internal to checkpoint/.
 *
 * checkpoint.c looks at the first bytes, makes an empty checkpoint and calls the one reader that fits. The reader sets
 * the class and the arguments and adds tensors; whatever it leaves behind on failure, dmx_checkpoint_close frees. */
#ifndef DMX_CHECKPOINT_READER_H
#define DMX_CHECKPOINT_READER_H

#include "base/error.h"
#include "checkpoint/checkpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DMX_MAX_TENSORS = 65536, /* the largest released model has about 600 */
    DMX_MAX_NAME = 255       /* bytes of a tensor name */
};

demucs_status dmx_read_safetensors(dmx_checkpoint *checkpoint, demucs_error *error);
demucs_status dmx_read_torch_zip(dmx_checkpoint *checkpoint, demucs_error *error);
demucs_status dmx_read_torch_legacy(dmx_checkpoint *checkpoint, demucs_error *error);
demucs_status dmx_read_onnx(dmx_checkpoint *checkpoint, demucs_error *error);

/* Does a file start like one of that format? */
bool dmx_is_safetensors(const unsigned char *bytes, size_t size);
bool dmx_is_torch_zip(const unsigned char *bytes, size_t size);
bool dmx_is_torch_legacy(const unsigned char *bytes, size_t size);
bool dmx_is_onnx(const unsigned char *bytes, size_t size);

/* Add a copy of `tensor` to the checkpoint, under a copy of `name`. The checkpoint takes over tensor->owned, and frees
 * it on failure too. Names that are not printable ASCII are refused, and so are more than DMX_MAX_TENSORS tensors. */
demucs_status dmx_checkpoint_add(dmx_checkpoint *checkpoint, const char *name, size_t name_length, dmx_tensor *tensor,
                                 demucs_error *error);

/* Set the class from its dotted name, "demucs.htdemucs.HTDemucs"; one that is not among checkpoint->classes is refused
 * by name. */
demucs_status dmx_checkpoint_set_class(dmx_checkpoint *checkpoint, const char *dotted, size_t length,
                                       demucs_error *error);

/* Bytes [at, at + size) of the file, which lie in it. */
demucs_status dmx_checkpoint_bytes(const dmx_checkpoint *checkpoint, size_t at, void *out, size_t size,
                                   demucs_error *error);

/* Have the whole file in checkpoint->bytes, and the data of its tensors there, until all is read. */
demucs_status dmx_checkpoint_keep(dmx_checkpoint *checkpoint, demucs_error *error);

/* The number of elements of a shape; false when an extent is negative or the bytes do not fit in 63 bits. */
bool dmx_shape_count(const int64_t *shape, int rank, dmx_dtype dtype, size_t *count);

/* Fail for lack of memory while a file is loaded. */
demucs_status dmx_no_memory(const char *path, demucs_error *error);

/* Little-endian numbers at any address. */
uint16_t dmx_le16(const unsigned char *p);
uint32_t dmx_le32(const unsigned char *p);
uint64_t dmx_le64(const unsigned char *p);

/* IEEE half precision: exact to float; from float rounded to nearest, ties to even. */
float dmx_half_to_float(uint16_t half);
uint16_t dmx_float_to_half(float value);

#endif
