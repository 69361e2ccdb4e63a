/* object.c - see object.h */
#include "checkpoint/object.h"

#include "base/alloc.h"
#include "checkpoint/reader.h"

#include <string.h>

enum { BLOCK_BYTES = 64 * 1024, POOL_LIMIT = 64 * 1024 * 1024, MAX_DEPTH = 64, MAX_ITEMS = 100000, MAX_TEXT = 1 << 20 };

typedef struct dmx_pool_block {
    struct dmx_pool_block *next;
    size_t size, used;
} dmx_pool_block;

static dmx_pool_block *add_block(dmx_pool *pool, size_t room)
{
    size_t size = sizeof(dmx_pool_block) + (room > BLOCK_BYTES ? room : BLOCK_BYTES);
    if (size > POOL_LIMIT - pool->total) return NULL;
    dmx_pool_block *block = dmx_alloc(size, 1);
    if (block == NULL) return NULL;
    block->size = size;
    block->used = sizeof *block;
    block->next = pool->blocks;
    pool->blocks = block;
    pool->total += size;
    return block;
}

void *dmx_pool_get(dmx_pool *pool, size_t count, size_t size)
{
    const size_t alignment = sizeof(double);
    if (count > POOL_LIMIT / size) return NULL;
    size_t bytes = (count * size + alignment - 1) / alignment * alignment;
    dmx_pool_block *block = pool->blocks;
    if (block == NULL || bytes > block->size - block->used) block = add_block(pool, bytes);
    if (block == NULL) return NULL;
    void *piece = (char *)block + block->used;
    block->used += bytes;
    return piece;
}

void dmx_pool_clear(dmx_pool *pool)
{
    while (pool->blocks != NULL) {
        dmx_pool_block *block = pool->blocks;
        pool->blocks = block->next;
        dmx_free(block);
    }
    pool->total = 0;
}

dmx_object *dmx_object_new(dmx_pool *pool, dmx_object_kind kind)
{
    dmx_object *object = dmx_pool_get(pool, 1, sizeof *object);
    if (object != NULL) object->kind = kind;
    return object;
}

bool dmx_object_append(dmx_pool *pool, dmx_object *list, dmx_object *item)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 4 : 2 * list->capacity;
        dmx_object **items = dmx_pool_get(pool, capacity, sizeof(dmx_object *));
        if (items == NULL) return false;
        if (list->count > 0) memcpy(items, list->items, list->count * sizeof(dmx_object *));
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return true;
}

bool dmx_object_is_text(const dmx_object *object, const char *text)
{
    return object != NULL && object->kind == DMX_OBJECT_STRING && object->text_length == strlen(text) &&
           memcmp(object->text, text, object->text_length) == 0;
}

const dmx_object *dmx_object_get(const dmx_object *dict, const char *key)
{
    if (dict == NULL || dict->kind != DMX_OBJECT_DICT) return NULL;
    for (size_t i = dict->count; i >= 2; i -= 2)
        if (dmx_object_is_text(dict->items[i - 2], key)) return dict->items[i - 1];
    return NULL;
}

/* --------------------------------------------------------------------------------------------------- to a value -- */

typedef struct conversion {
    const char *path, *what;
    size_t budget;    /* values that may still come, */
    size_t text_left; /* and bytes of texts: a pickle says a long one once and uses it as often as it likes */
    demucs_error *error;
} conversion;

static demucs_status bad_value(const conversion *c, const char *why)
{
    return dmx_refuse(c->path, c->error, DEMUCS_ERROR_FORMAT, "%s: %s.", c->what, why);
}

/* The length of the UTF-8 sequence at `p`, or 0 where there is none. Overlong forms and surrogates are let through:
 * these texts are only compared and printed. */
static size_t utf8_length(const unsigned char *p, size_t left)
{
    if (p[0] == 0) return 0;
    size_t length = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    if (length > left) return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    return length;
}

static demucs_status check_text(conversion *c, const dmx_object *object)
{
    if (object->text_length > c->text_left) return bad_value(c, "more than a megabyte of text");
    c->text_left -= object->text_length;
    for (size_t i = 0, step; i < object->text_length; i += step) {
        step = utf8_length((const unsigned char *)object->text + i, object->text_length - i);
        if (step == 0) return bad_value(c, "a text is not UTF-8");
    }
    return DEMUCS_OK;
}

static demucs_status to_value(conversion *c, const dmx_object *object, dmx_value *value, int depth);

static demucs_status list_to_value(conversion *c, const dmx_object *object, dmx_value *value, int depth)
{
    value->kind = DMX_VALUE_LIST;
    for (size_t i = 0; i < object->count; i++) {
        dmx_value item = {.kind = DMX_VALUE_NONE};
        demucs_status status = to_value(c, object->items[i], &item, depth + 1);
        if (status == DEMUCS_OK) status = dmx_value_append(value, &item, c->error);
        dmx_value_clear(&item);
        if (status != DEMUCS_OK) return status;
    }
    return DEMUCS_OK;
}

static demucs_status entry_to_value(conversion *c, const dmx_object *key, const dmx_object *object, dmx_value *value,
                                    int depth)
{
    dmx_value item = {.kind = DMX_VALUE_NONE};
    if (key->kind != DMX_OBJECT_STRING) return bad_value(c, "a key is not a text");
    demucs_status status = check_text(c, key);
    if (status != DEMUCS_OK) return status;
    char *name = dmx_strndup(key->text, key->text_length);
    if (name == NULL) return dmx_no_memory(c->path, c->error);
    status = to_value(c, object, &item, depth + 1);
    if (status == DEMUCS_OK) status = dmx_value_insert(value, name, &item, c->error);
    dmx_value_clear(&item);
    dmx_free(name);
    return status;
}

static demucs_status dict_to_value(conversion *c, const dmx_object *object, dmx_value *value, int depth)
{
    value->kind = DMX_VALUE_DICT;
    if (object->count > 2 * 500) return bad_value(c, "more than 500 entries"); /* insertion looks at all of them */
    for (size_t i = 0; i + 1 < object->count; i += 2) {
        demucs_status status = entry_to_value(c, object->items[i], object->items[i + 1], value, depth);
        if (status != DEMUCS_OK) return status;
    }
    return DEMUCS_OK;
}

static demucs_status to_value(conversion *c, const dmx_object *object, dmx_value *value, int depth)
{
    demucs_status status;
    if (depth > MAX_DEPTH) return bad_value(c, "nested too deeply");
    if (c->budget-- == 0) return bad_value(c, "too many values");
    switch (object->kind) {
    case DMX_OBJECT_NONE: return DEMUCS_OK;
    case DMX_OBJECT_BOOL:
        value->kind = DMX_VALUE_BOOL;
        value->boolean = object->integer != 0;
        return DEMUCS_OK;
    case DMX_OBJECT_INT:
        value->kind = DMX_VALUE_INT;
        value->integer = object->integer;
        return DEMUCS_OK;
    case DMX_OBJECT_FLOAT:
        value->kind = DMX_VALUE_FLOAT;
        value->number = object->number;
        return DEMUCS_OK;
    case DMX_OBJECT_FRACTION:
        if (dmx_value_set_fraction(value, object->integer, object->denominator)) return DEMUCS_OK;
        return bad_value(c, "a fraction with the denominator 0 or out of range");
    case DMX_OBJECT_STRING:
        status = check_text(c, object);
        if (status != DEMUCS_OK) return status;
        return dmx_value_set_string(value, object->text, object->text_length, c->error);
    case DMX_OBJECT_LIST: return list_to_value(c, object, value, depth);
    case DMX_OBJECT_DICT: return dict_to_value(c, object, value, depth);
    default: return bad_value(c, "something that is neither a number, a text, a list nor a dict");
    }
}

demucs_status dmx_object_to_value(const dmx_object *object, dmx_value *value, const char *path, const char *what,
                                  demucs_error *error)
{
    conversion c = {.path = path, .what = what, .budget = MAX_ITEMS, .text_left = MAX_TEXT, .error = error};
    dmx_value_clear(value);
    return to_value(&c, object, value, 0);
}
