/* value.c - see value.h
 *
 * Lists and dicts double their arrays whenever the count reaches a power of two, so the count alone tells the
 * capacity. */
#include "checkpoint/value.h"

#include "base/alloc.h"

#include <string.h>

static demucs_status no_memory(demucs_error *error)
{
    return dmx_fail(error, DEMUCS_ERROR_MEMORY, "Out of memory while reading the arguments of a model.");
}

void dmx_value_clear(dmx_value *value)
{
    for (size_t i = 0; i < value->count; i++) {
        dmx_value_clear(&value->items[i]);
        if (value->keys != NULL) dmx_free(value->keys[i]);
    }
    dmx_free(value->items);
    dmx_free(value->keys);
    dmx_free(value->text);
    *value = (dmx_value){.kind = DMX_VALUE_NONE};
}

demucs_status dmx_value_set_string(dmx_value *value, const char *text, size_t length, demucs_error *error)
{
    char *copy = dmx_strndup(text, length);
    if (copy == NULL) return no_memory(error);
    dmx_value_clear(value);
    value->kind = DMX_VALUE_STRING;
    value->text = copy;
    value->text_length = length;
    return DEMUCS_OK;
}

/* Make room for one more item, and key in a DICT. */
static bool reserve(dmx_value *value)
{
    size_t count = value->count;
    if (count != 0 && (count & (count - 1)) != 0) return true;
    size_t capacity = count == 0 ? 1 : 2 * count;
    dmx_value *items = dmx_realloc(value->items, count, capacity, sizeof *items);
    if (items == NULL) return false;
    value->items = items;
    if (value->kind != DMX_VALUE_DICT) return true;
    char **keys = dmx_realloc(value->keys, count, capacity, sizeof *keys);
    if (keys == NULL) return false;
    value->keys = keys;
    return true;
}

/* Move `item` into a slot. */
static void take(dmx_value *slot, dmx_value *item)
{
    *slot = *item;
    *item = (dmx_value){.kind = DMX_VALUE_NONE};
}

demucs_status dmx_value_append(dmx_value *list, dmx_value *item, demucs_error *error)
{
    if (!reserve(list)) {
        dmx_value_clear(item);
        return no_memory(error);
    }
    take(&list->items[list->count], item);
    list->count++;
    return DEMUCS_OK;
}

demucs_status dmx_value_insert_new(dmx_value *dict, const char *key, dmx_value *item, demucs_error *error)
{
    char *copy = dmx_strdup(key);
    if (copy == NULL || !reserve(dict)) {
        dmx_free(copy);
        dmx_value_clear(item);
        return no_memory(error);
    }
    take(&dict->items[dict->count], item);
    dict->keys[dict->count] = copy;
    dict->count++;
    return DEMUCS_OK;
}

demucs_status dmx_value_insert(dmx_value *dict, const char *key, dmx_value *item, demucs_error *error)
{
    const dmx_value *there = dmx_value_get(dict, key);
    if (there == NULL) return dmx_value_insert_new(dict, key, item, error);
    dmx_value *slot = &dict->items[there - dict->items];
    dmx_value_clear(slot);
    take(slot, item);
    return DEMUCS_OK;
}

const dmx_value *dmx_value_get(const dmx_value *dict, const char *key)
{
    if (dict == NULL || dict->kind != DMX_VALUE_DICT) return NULL;
    for (size_t i = 0; i < dict->count; i++)
        if (strcmp(dict->keys[i], key) == 0) return &dict->items[i];
    return NULL;
}

bool dmx_value_to_double(const dmx_value *value, double *number)
{
    if (value == NULL) return false;
    switch (value->kind) {
    case DMX_VALUE_BOOL: *number = value->boolean ? 1 : 0; return true;
    case DMX_VALUE_INT: *number = (double)value->integer; return true;
    case DMX_VALUE_FLOAT: *number = value->number; return true;
    case DMX_VALUE_FRACTION: *number = (double)value->integer / (double)value->denominator; return true;
    default: return false;
    }
}

/* Set a fraction in lowest terms with a positive denominator, as Python keeps it. */
bool dmx_value_set_fraction(dmx_value *value, int64_t numerator, int64_t denominator)
{
    if (denominator == 0 || denominator == INT64_MIN || numerator == INT64_MIN) return false;
    int64_t a = numerator < 0 ? -numerator : numerator, b = denominator < 0 ? -denominator : denominator;
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    if (denominator < 0) a = -a;
    dmx_value_clear(value);
    value->kind = DMX_VALUE_FRACTION;
    value->integer = numerator / a;
    value->denominator = denominator / a;
    return true;
}
