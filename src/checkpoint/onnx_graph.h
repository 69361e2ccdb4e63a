/* onnx_graph.h - the initialisers of an ONNX file: the tensors that its graph holds.
 *
 * ONNX is a protocol buffer (protobuf.h): a model has a graph, and a graph has initialisers among much else. */
#ifndef DMX_CHECKPOINT_ONNX_GRAPH_H
#define DMX_CHECKPOINT_ONNX_GRAPH_H

#include "checkpoint/checkpoint.h"
#include "checkpoint/protobuf.h"

enum { DMX_ONNX_MAX_INITIALIZERS = 4096 };

typedef struct dmx_onnx_initializer {
    const char *name; /* not terminated */
    size_t name_length;
    int rank;
    int64_t shape[DMX_MAX_RANK];
    size_t count;
    const unsigned char *data; /* [count] float32 */
    bool used;                 /* by whoever looks for the place of each */
} dmx_onnx_initializer;

/* Read the initialisers of a model in file order into initializers[DMX_ONNX_MAX_INITIALIZERS], which is zeroed. False
 * when the file is damaged or holds other tensors than float32; *why says so then. */
bool dmx_onnx_read(dmx_protobuf model, dmx_onnx_initializer *initializers, size_t *count, const char **why);

#endif
