/* pickle_calls.c - see pickle_calls.h */
#include "checkpoint/pickle_calls.h"

#include "checkpoint/pickle_names.h"
#include "checkpoint/reader.h"

#include <string.h>

enum { MAX_FRACTION = 2 * 20 + 1, MAX_KEY = 255 }; /* bytes of text */

/* OrderedDict(), or OrderedDict([[key, value], ...]) as Python 2 wrote it. */
static dmx_object *ordered_dict(dmx_pool *pool, const dmx_object *arguments, const char **why)
{
    dmx_object *dict = dmx_object_new(pool, DMX_OBJECT_DICT);
    if (dict == NULL || arguments->count == 0) return dict;
    const dmx_object *pairs = arguments->items[0];
    if (arguments->count > 1 || pairs->kind != DMX_OBJECT_LIST) {
        *why = "a dict of a strange form";
        return NULL;
    }
    for (size_t i = 0; i < pairs->count; i++) {
        const dmx_object *pair = pairs->items[i];
        if (pair->kind != DMX_OBJECT_LIST || pair->count != 2) {
            *why = "a dict of a strange form";
            return NULL;
        }
        if (!dmx_object_append(pool, dict, pair->items[0]) || !dmx_object_append(pool, dict, pair->items[1]))
            return NULL;
    }
    return dict;
}

static bool copy_integers(const dmx_object *list, int64_t *out, int *count)
{
    if (list->kind != DMX_OBJECT_LIST || list->count > DMX_MAX_RANK) return false;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i]->kind != DMX_OBJECT_INT) return false;
        out[i] = list->items[i]->integer;
    }
    *count = (int)list->count;
    return true;
}

/* _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks, ...) */
static dmx_object *rebuild_tensor(dmx_pool *pool, const dmx_object *arguments, const char **why)
{
    *why = "a tensor of a strange form";
    if (arguments->count < 4) return NULL;
    const dmx_object *storage = arguments->items[0], *offset = arguments->items[1];
    if (storage->kind != DMX_OBJECT_STORAGE || offset->kind != DMX_OBJECT_INT) return NULL;
    dmx_view view = {.storage = storage->storage, .offset = offset->integer};
    int strides = 0;
    if (!copy_integers(arguments->items[2], view.shape, &view.rank) ||
        !copy_integers(arguments->items[3], view.strides, &strides) || strides != view.rank)
        return NULL;
    *why = NULL;
    dmx_object *tensor = dmx_object_new(pool, DMX_OBJECT_TENSOR);
    dmx_view *kept = dmx_pool_get(pool, 1, sizeof *kept);
    if (tensor == NULL || kept == NULL) return NULL;
    *kept = view;
    tensor->view = kept;
    return tensor;
}

static dmx_object *rebuild_parameter(const dmx_object *arguments, const char **why)
{
    if (arguments->count >= 1 && arguments->items[0]->kind == DMX_OBJECT_TENSOR) return arguments->items[0];
    *why = "a parameter of a strange form";
    return NULL;
}

/* "39/5", "-3" or "10" as an integer pair; no number of 64 bits is longer, and a pickle may use the text many times. */
static bool parse_fraction(const char *text, size_t length, int64_t *numerator, int64_t *denominator)
{
    if (length > MAX_FRACTION) return false;
    int64_t parts[2] = {0, 1};
    size_t digits = 0, i = length > 0 && text[0] == '-' ? 1 : 0;
    int part = 0;
    for (; i < length; i++) {
        if (text[i] == '/' && part == 0 && digits > 0) {
            part = 1;
            parts[1] = 0;
            digits = 0;
            continue;
        }
        if (text[i] < '0' || text[i] > '9' || parts[part] > (INT64_MAX - (text[i] - '0')) / 10) return false;
        parts[part] = 10 * parts[part] + (text[i] - '0');
        digits++;
    }
    *numerator = length > 0 && text[0] == '-' ? -parts[0] : parts[0];
    *denominator = parts[1];
    return digits > 0;
}

/* Fraction("39/5") or Fraction(39, 5), depending on the version of Python. */
static dmx_object *fraction(dmx_pool *pool, const dmx_object *arguments, const char **why)
{
    int64_t n = 0, d = 1;
    const dmx_object *a = arguments->count >= 1 ? arguments->items[0] : NULL;
    const dmx_object *b = arguments->count == 2 ? arguments->items[1] : NULL;
    bool right = false;
    if (arguments->count == 1 && a->kind == DMX_OBJECT_STRING) {
        right = parse_fraction(a->text, a->text_length, &n, &d);
    } else if (arguments->count == 2 && a->kind == DMX_OBJECT_INT && b->kind == DMX_OBJECT_INT) {
        n = a->integer;
        d = b->integer;
        right = true;
    }
    if (!right) {
        *why = "a fraction of a strange form";
        return NULL;
    }
    dmx_object *object = dmx_object_new(pool, DMX_OBJECT_FRACTION);
    if (object == NULL) return NULL;
    object->integer = n;
    object->denominator = d;
    return object;
}

static dmx_object *only_argument(const dmx_object *arguments, const char **why)
{
    if (arguments->count == 1 && arguments->items[0]->kind == DMX_OBJECT_LIST) return arguments->items[0];
    *why = "a size of a strange form";
    return NULL;
}

dmx_object *dmx_pickle_call_name(dmx_pool *pool, const dmx_object *callable, const dmx_object *arguments,
                                 const char **why)
{
    *why = NULL;
    switch ((dmx_pickle_call)callable->integer) {
    case DMX_CALL_ORDERED_DICT: return ordered_dict(pool, arguments, why);
    case DMX_CALL_REBUILD_TENSOR: return rebuild_tensor(pool, arguments, why);
    case DMX_CALL_REBUILD_PARAMETER: return rebuild_parameter(arguments, why);
    case DMX_CALL_FRACTION: return fraction(pool, arguments, why);
    case DMX_CALL_TUPLE: return only_argument(arguments, why);
    case DMX_CALL_OPAQUE: return dmx_object_new(pool, DMX_OBJECT_OPAQUE);
    }
    return NULL;
}

static dmx_object *new_storage(dmx_pool *pool, const dmx_object *id, const char **why)
{
    *why = "a storage of a strange form";
    const dmx_object *type = id->items[1], *key = id->items[2], *count = id->items[4];
    if (type->kind != DMX_OBJECT_STORAGE_TYPE || key->kind != DMX_OBJECT_STRING || count->kind != DMX_OBJECT_INT ||
        key->text_length > MAX_KEY || count->integer < 0 || count->integer > INT64_MAX / 8)
        return NULL;
    if (id->count > 5 && id->items[5]->kind != DMX_OBJECT_NONE) return NULL; /* a storage inside another: before 0.4 */
    *why = NULL;
    dmx_object *object = dmx_object_new(pool, DMX_OBJECT_STORAGE);
    dmx_storage *storage = dmx_pool_get(pool, 1, sizeof *storage);
    if (object == NULL || storage == NULL) return NULL;
    storage->dtype = (dmx_dtype)type->integer;
    storage->count = (size_t)count->integer;
    object->storage = storage;
    object->text = key->text;
    object->text_length = key->text_length;
    return object;
}

dmx_object *dmx_pickle_persistent(dmx_pool *pool, const dmx_object *id, const char **why)
{
    *why = NULL;
    if (id->kind == DMX_OBJECT_LIST && id->count >= 5 && dmx_object_is_text(id->items[0], "storage"))
        return new_storage(pool, id, why);
    if (id->kind == DMX_OBJECT_LIST && id->count >= 2 && dmx_object_is_text(id->items[0], "module") &&
        id->items[1]->kind == DMX_OBJECT_CLASS)
        return id->items[1]; /* the source text that follows is not for us */
    *why = "a persistent id of a strange form";
    return NULL;
}
