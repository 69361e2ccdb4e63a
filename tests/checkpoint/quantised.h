/* quantised.h - write a checkpoint again as diffq would have saved it: large tensors quantised, and no names. */
#ifndef DEMUCS_TEST_CHECKPOINT_QUANTISED_H
#define DEMUCS_TEST_CHECKPOINT_QUANTISED_H

#include "models/network.h"

/* A safetensors file in memory whose state is that of UniformQuantizer with 8 bits: the tensors of `checkpoint` in its
 * order, but for those whose names hold one of the words `dropped` (NULL at the end). `args` is JSON, `changed` a piece
 * of JSON that replaces or adds named arguments: "\"depth\": 3", or "". Free with free. */
unsigned char *quantised_file(const dmx_checkpoint *checkpoint, const char *args, const char *changed,
                              const char *const *dropped, size_t *size);

/* The same with the option exclude, a list of patterns in JSON, for the tensors whose names hold one of `kept`. */
unsigned char *quantised_file_without(const dmx_checkpoint *checkpoint, const char *exclude, const char *const *kept,
                                      size_t *size);

#endif
