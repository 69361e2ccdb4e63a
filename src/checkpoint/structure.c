/* structure.c - see structure.h
 *
 * Safetensors can only hold a flat table of tensors. The exporter of the official package takes a nested state apart
 * and describes it in JSON: {"_tensor": name}, {"_dict": [[key, node], ...]}, {"_list": [node, ...]},
 * {"_tuple": [node, ...]}, {"_class": dotted name}, or a plain value. Put together again it is the same object that a
 * pickle would give, and goes the same way from there. */
#include "checkpoint/structure.h"

#include "base/alloc.h"
#include "checkpoint/json.h"
#include "checkpoint/object.h"
#include "checkpoint/reader.h"

#include <stdlib.h>
#include <string.h>

typedef struct assembly {
    const char *path;
    demucs_error *error;
    dmx_pool *pool;
    const dmx_tensor **sorted; /* [count] by name */
    size_t count;
} assembly;

static demucs_status bad(const assembly *a, const char *why, const char *text)
{
    char printed[100];
    return dmx_refuse(a->path, a->error, DEMUCS_ERROR_FORMAT, "structure: %s '%s'.", why,
                      dmx_printable(printed, sizeof printed, text, strlen(text)));
}

static int compare_tensors(const void *a, const void *b)
{
    return strcmp((*(dmx_tensor *const *)a)->name, (*(dmx_tensor *const *)b)->name);
}

static const dmx_tensor *find(const assembly *a, const char *name)
{
    size_t low = 0, high = a->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(a->sorted[middle]->name, name);
        if (order == 0) return a->sorted[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static demucs_status make(const assembly *a, const dmx_value *node, dmx_object **out);

/* A view of a whole tensor. */
static demucs_status make_tensor(const assembly *a, const dmx_value *name, dmx_object **out)
{
    if (name->kind != DMX_VALUE_STRING) return bad(a, "an invalid node", "_tensor");
    const dmx_tensor *tensor = find(a, name->text);
    if (tensor == NULL) return bad(a, "it names a missing tensor", name->text);
    dmx_object *object = dmx_object_new(a->pool, DMX_OBJECT_TENSOR);
    dmx_view *view = dmx_pool_get(a->pool, 1, sizeof *view);
    dmx_storage *storage = dmx_pool_get(a->pool, 1, sizeof *storage);
    if (object == NULL || view == NULL || storage == NULL) return dmx_no_memory(a->path, a->error);
    *storage = (dmx_storage){.dtype = tensor->dtype, .count = tensor->count, .found = true, .at = tensor->at};
    view->storage = storage;
    view->rank = tensor->rank;
    int64_t stride = 1;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        view->shape[i] = tensor->shape[i];
        view->strides[i] = stride;
        if (tensor->count > 0) stride *= tensor->shape[i];
    }
    object->view = view;
    *out = object;
    return DEMUCS_OK;
}

static demucs_status make_list(const assembly *a, const dmx_value *nodes, dmx_object **out)
{
    dmx_object *list = dmx_object_new(a->pool, DMX_OBJECT_LIST);
    if (list == NULL) return dmx_no_memory(a->path, a->error);
    if (nodes->kind != DMX_VALUE_LIST) return bad(a, "an invalid node", "_list");
    for (size_t i = 0; i < nodes->count; i++) {
        dmx_object *item = NULL;
        demucs_status status = make(a, &nodes->items[i], &item);
        if (status != DEMUCS_OK) return status;
        if (!dmx_object_append(a->pool, list, item)) return dmx_no_memory(a->path, a->error);
    }
    *out = list;
    return DEMUCS_OK;
}

static demucs_status make_dict(const assembly *a, const dmx_value *pairs, dmx_object **out)
{
    dmx_object *dict = dmx_object_new(a->pool, DMX_OBJECT_DICT);
    if (dict == NULL) return dmx_no_memory(a->path, a->error);
    if (pairs->kind != DMX_VALUE_LIST) return bad(a, "an invalid node", "_dict");
    for (size_t i = 0; i < pairs->count; i++) {
        const dmx_value *pair = &pairs->items[i];
        dmx_object *key = NULL, *item = NULL;
        if (pair->kind != DMX_VALUE_LIST || pair->count != 2) return bad(a, "an invalid node", "_dict");
        demucs_status status = make(a, &pair->items[0], &key);
        if (status == DEMUCS_OK) status = make(a, &pair->items[1], &item);
        if (status != DEMUCS_OK) return status;
        if (!dmx_object_append(a->pool, dict, key) || !dmx_object_append(a->pool, dict, item))
            return dmx_no_memory(a->path, a->error);
    }
    *out = dict;
    return DEMUCS_OK;
}

static demucs_status make_text(const assembly *a, const dmx_value *value, dmx_object_kind kind, dmx_object **out)
{
    if (value->kind != DMX_VALUE_STRING) return bad(a, "an invalid node", "_class");
    dmx_object *object = dmx_object_new(a->pool, kind);
    if (object == NULL) return dmx_no_memory(a->path, a->error);
    object->text = value->text;
    object->text_length = value->text_length;
    *out = object;
    return DEMUCS_OK;
}

static demucs_status make_number(const assembly *a, const dmx_value *value, dmx_object **out)
{
    dmx_object *object = dmx_object_new(a->pool, DMX_OBJECT_NONE);
    if (object == NULL) return dmx_no_memory(a->path, a->error);
    if (value->kind == DMX_VALUE_BOOL) object->kind = DMX_OBJECT_BOOL;
    if (value->kind == DMX_VALUE_INT) object->kind = DMX_OBJECT_INT;
    if (value->kind == DMX_VALUE_FLOAT) object->kind = DMX_OBJECT_FLOAT;
    object->integer = value->kind == DMX_VALUE_BOOL ? value->boolean : value->integer;
    object->number = value->number;
    *out = object;
    return DEMUCS_OK;
}

/* The depth is bounded by the JSON reader. */
static demucs_status make(const assembly *a, const dmx_value *node, dmx_object **out)
{
    const dmx_value *inner;
    if (node->kind == DMX_VALUE_STRING) return make_text(a, node, DMX_OBJECT_STRING, out);
    if (node->kind == DMX_VALUE_LIST) return bad(a, "an invalid node", "[]");
    if (node->kind != DMX_VALUE_DICT) return make_number(a, node, out);
    if ((inner = dmx_value_get(node, "_tensor")) != NULL) return make_tensor(a, inner, out);
    if ((inner = dmx_value_get(node, "_dict")) != NULL) return make_dict(a, inner, out);
    if ((inner = dmx_value_get(node, "_list")) != NULL) return make_list(a, inner, out);
    if ((inner = dmx_value_get(node, "_tuple")) != NULL) return make_list(a, inner, out);
    if ((inner = dmx_value_get(node, "_class")) != NULL) return make_text(a, inner, DMX_OBJECT_CLASS, out);
    return bad(a, "an invalid node", node->count > 0 ? node->keys[0] : "{}");
}

/* Assemble the state from `flat`, and let it fill the checkpoint anew. */
static demucs_status restore(dmx_checkpoint *checkpoint, const dmx_value *tree, const dmx_tensor *flat,
                             size_t flat_count, demucs_error *error)
{
    dmx_pool pool = {.total = 0};
    dmx_object *state = NULL;
    assembly a = {.path = checkpoint->path, .error = error, .pool = &pool, .count = flat_count};
    a.sorted = dmx_alloc(flat_count, sizeof *a.sorted);
    if (a.sorted == NULL) return dmx_no_memory(a.path, error);
    for (size_t i = 0; i < flat_count; i++) a.sorted[i] = &flat[i];
    qsort(a.sorted, flat_count, sizeof *a.sorted, compare_tensors);
    demucs_status status = make(&a, tree, &state);
    if (status == DEMUCS_OK) status = dmx_read_state(checkpoint, state, error);
    dmx_free(a.sorted);
    dmx_pool_clear(&pool);
    return status;
}

demucs_status dmx_restore_structure(dmx_checkpoint *checkpoint, const dmx_value *structure, demucs_error *error)
{
    dmx_value tree = {.kind = DMX_VALUE_NONE};
    dmx_tensor *flat = checkpoint->tensors;
    size_t flat_count = checkpoint->tensor_count;
    if (structure->kind != DMX_VALUE_STRING)
        return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT, "the metadata 'structure' is not a text.");
    demucs_status status =
        dmx_json_parse(&tree, structure->text, structure->text_length, checkpoint->path, "structure", error);
    checkpoint->tensors = NULL;
    checkpoint->tensor_count = 0;
    if (status == DEMUCS_OK) status = restore(checkpoint, &tree, flat, flat_count, error);
    for (size_t i = 0; i < flat_count; i++) dmx_free(flat[i].name); /* they own nothing else: their data are the file */
    dmx_free(flat);
    dmx_value_clear(&tree);
    return status;
}
