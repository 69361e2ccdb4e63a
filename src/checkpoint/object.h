/* object.h - the graph of Python-like objects that a pickle, or the `structure` of a safetensors file, describes.
 *
 * Nothing in it ever runs: a class is its name, a tensor is a view into a storage, and an object that no model needs is
 * OPAQUE. Objects may be shared and may even contain themselves, so whoever walks the graph carries a budget. All
 * objects live in one pool and are freed with it. Their texts point into the file, or to constants of the engine. */
#ifndef DMX_CHECKPOINT_OBJECT_H
#define DMX_CHECKPOINT_OBJECT_H

#include "checkpoint/checkpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum dmx_object_kind {
    DMX_OBJECT_NONE,
    DMX_OBJECT_BOOL,
    DMX_OBJECT_INT,
    DMX_OBJECT_FLOAT,
    DMX_OBJECT_FRACTION, /* integer / denominator, not yet checked or reduced */
    DMX_OBJECT_STRING,
    DMX_OBJECT_LIST, /* a list or a tuple */
    DMX_OBJECT_DICT,
    DMX_OBJECT_CLASS,        /* `text` is its dotted name */
    DMX_OBJECT_CALL,         /* a function that REDUCE may name; `integer` says which (pickle_names.h) */
    DMX_OBJECT_STORAGE_TYPE, /* `integer` is its dmx_dtype */
    DMX_OBJECT_STORAGE,
    DMX_OBJECT_TENSOR,
    DMX_OBJECT_OPAQUE
} dmx_object_kind;

/* A block of elements that tensors look at. */
typedef struct dmx_storage {
    dmx_dtype dtype;
    size_t count; /* elements that the pickle promises */
    bool found;   /* by the reader of the container */
    size_t at;    /* where they begin in the file */
} dmx_storage;

typedef struct dmx_view {
    const dmx_storage *storage;
    int64_t offset; /* in elements */
    int rank;
    int64_t shape[DMX_MAX_RANK];
    int64_t strides[DMX_MAX_RANK];
} dmx_view;

typedef struct dmx_object {
    dmx_object_kind kind;
    int64_t integer;     /* BOOL, INT, FRACTION, CALL, STORAGE_TYPE */
    int64_t denominator; /* FRACTION */
    double number;       /* FLOAT */
    const char *text;    /* STRING, a name, the key of a STORAGE; not terminated */
    size_t text_length;
    struct dmx_object **items; /* [count] LIST; DICT: key, value, key, value, ... */
    size_t count, capacity;
    dmx_storage *storage; /* STORAGE */
    dmx_view *view;       /* TENSOR */
} dmx_object;

/* Memory for one graph: blocks that are only freed together, up to a limit. */
typedef struct dmx_pool {
    struct dmx_pool_block *blocks;
    size_t total;
} dmx_pool;

/* Zeroed bytes, or NULL without memory or beyond the limit. */
void *dmx_pool_get(dmx_pool *pool, size_t count, size_t size);
void dmx_pool_clear(dmx_pool *pool);

dmx_object *dmx_object_new(dmx_pool *pool, dmx_object_kind kind);
bool dmx_object_append(dmx_pool *pool, dmx_object *list, dmx_object *item);

bool dmx_object_is_text(const dmx_object *object, const char *text);

/* The value under a text key of a DICT, the last one if there are several as in Python; else NULL. */
const dmx_object *dmx_object_get(const dmx_object *dict, const char *key);

/* Copy plain data into a value; `what` is for messages. Tensors, classes and the like are refused. */
demucs_status dmx_object_to_value(const dmx_object *object, dmx_value *value, const char *path, const char *what,
                                  demucs_error *error);

/* Make a TENSOR a dmx_tensor: a place in the storage, or where its strides are not those of plain rows, a copy, for
 * which the checkpoint keeps its bytes. *budget bounds the bytes of all copies together and is lowered. `name` is for
 * messages, and not set. */
demucs_status dmx_object_to_tensor(const dmx_object *object, dmx_tensor *tensor, size_t *budget,
                                   dmx_checkpoint *checkpoint, const char *name, size_t name_length,
                                   demucs_error *error);

/* Turn the `state` of a checkpoint, plain or quantised, into its tensors. */
demucs_status dmx_read_state(dmx_checkpoint *checkpoint, const dmx_object *state, demucs_error *error);

#endif
