/* json.c - see json.h */
#include "checkpoint/json.h"

#include "base/alloc.h"
#include "checkpoint/reader.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_DEPTH = 64,      /* real files reach 8 */
    MAX_VALUES = 1 << 17 /* a header of 600 tensors has some 5000; bounds what a small file can make us allocate */
};

/* An upper bound of the values in a text without parsing it: each but the first follows one of these bytes. */
static bool has_too_many_values(const char *text, size_t length)
{
    size_t count = 1;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        count += c == ',' || c == ':' || c == '[' || c == '{';
    }
    return count > MAX_VALUES;
}

static demucs_status convert(dmx_value *value, const json_t *json, int depth, demucs_error *error);

static demucs_status convert_array(dmx_value *value, const json_t *json, int depth, demucs_error *error)
{
    value->kind = DMX_VALUE_LIST;
    size_t count = json_array_size(json);
    for (size_t i = 0; i < count; i++) {
        dmx_value item = {.kind = DMX_VALUE_NONE};
        demucs_status status = convert(&item, json_array_get(json, i), depth + 1, error);
        if (status != DEMUCS_OK) {
            dmx_value_clear(&item);
            return status;
        }
        status = dmx_value_append(value, &item, error);
        if (status != DEMUCS_OK) return status;
    }
    return DEMUCS_OK;
}

static demucs_status convert_object(dmx_value *value, const json_t *json, int depth, demucs_error *error)
{
    value->kind = DMX_VALUE_DICT;
    json_t *object = (json_t *)json; /* the iterator's type wants it so; nothing is changed */
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        dmx_value item = {.kind = DMX_VALUE_NONE};
        demucs_status status = convert(&item, json_object_iter_value(at), depth + 1, error);
        if (status != DEMUCS_OK) {
            dmx_value_clear(&item);
            return status;
        }
        status = dmx_value_insert_new(value, json_object_iter_key(at), &item, error);
        if (status != DEMUCS_OK) return status;
    }
    return DEMUCS_OK;
}

static demucs_status convert(dmx_value *value, const json_t *json, int depth, demucs_error *error)
{
    if (depth > MAX_DEPTH) return DEMUCS_ERROR_FORMAT; /* the caller words it */
    switch (json_typeof(json)) {
    case JSON_OBJECT: return convert_object(value, json, depth, error);
    case JSON_ARRAY: return convert_array(value, json, depth, error);
    case JSON_STRING: return dmx_value_set_string(value, json_string_value(json), json_string_length(json), error);
    case JSON_INTEGER:
        value->kind = DMX_VALUE_INT;
        value->integer = json_integer_value(json);
        break;
    case JSON_REAL:
        value->kind = DMX_VALUE_FLOAT;
        value->number = json_real_value(json);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        value->kind = DMX_VALUE_BOOL;
        value->boolean = json_is_true(json);
        break;
    case JSON_NULL: break;
    }
    return DEMUCS_OK;
}

demucs_status dmx_json_parse(dmx_value *value, const char *text, size_t length, const char *path, const char *what,
                             demucs_error *error)
{
    dmx_value_clear(value);
    if (has_too_many_values(text, length))
        return dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "%s: more than %d values.", what, MAX_VALUES);
    json_error_t why;
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (json == NULL) {
        char reason[JSON_ERROR_TEXT_LENGTH];
        dmx_printable(reason, sizeof reason, why.text, strlen(why.text));
        return dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "%s: not valid JSON (%s).", what, reason);
    }
    demucs_status status = convert(value, json, 0, error);
    json_decref(json);
    if (status == DEMUCS_ERROR_FORMAT) dmx_refuse(path, error, status, "%s: nested too deeply.", what);
    return status;
}

static bool is_fraction(const dmx_value *value)
{
    const dmx_value *type = dmx_value_get(value, "_type");
    return type != NULL && type->kind == DMX_VALUE_STRING && strcmp(type->text, "fraction") == 0;
}

demucs_status dmx_json_decode_fractions(dmx_value *value, const char *path, const char *what, demucs_error *error)
{
    if (is_fraction(value)) {
        const dmx_value *n = dmx_value_get(value, "numerator"), *d = dmx_value_get(value, "denominator");
        if (n == NULL || d == NULL || n->kind != DMX_VALUE_INT || d->kind != DMX_VALUE_INT ||
            !dmx_value_set_fraction(value, n->integer, d->integer))
            return dmx_refuse(path, error, DEMUCS_ERROR_FORMAT,
                              "%s: a fraction needs an integer numerator and a denominator other than 0.", what);
        return DEMUCS_OK;
    }
    for (size_t i = 0; i < value->count; i++) {
        demucs_status status = dmx_json_decode_fractions(&value->items[i], path, what, error);
        if (status != DEMUCS_OK) return status;
    }
    return DEMUCS_OK;
}

/* ------------------------------------------------------------------------------------------------------ writing -- */

static json_t *build(const dmx_value *value);

static json_t *build_list(const dmx_value *value)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < value->count; i++) {
        if (json_array_append_new(array, build(&value->items[i])) == 0) continue;
        json_decref(array);
        array = NULL;
    }
    return array;
}

static json_t *build_dict(const dmx_value *value)
{
    json_t *object = json_object();
    for (size_t i = 0; object != NULL && i < value->count; i++) {
        if (json_object_set_new(object, value->keys[i], build(&value->items[i])) == 0) continue;
        json_decref(object);
        object = NULL;
    }
    return object;
}

static json_t *build(const dmx_value *value)
{
    switch (value->kind) {
    case DMX_VALUE_NONE: return json_null();
    case DMX_VALUE_BOOL: return json_boolean(value->boolean);
    case DMX_VALUE_INT: return json_integer(value->integer);
    case DMX_VALUE_FLOAT: return json_real(value->number);
    case DMX_VALUE_FRACTION:
        return json_pack("{s:s, s:I, s:I}", "_type", "fraction", "numerator", (json_int_t)value->integer, "denominator",
                         (json_int_t)value->denominator);
    case DMX_VALUE_STRING: return json_stringn(value->text, value->text_length);
    case DMX_VALUE_LIST: return build_list(value);
    case DMX_VALUE_DICT: return build_dict(value);
    }
    return NULL;
}

demucs_status dmx_json_write(char **text, const dmx_value *value, const char *path, demucs_error *error)
{
    *text = NULL;
    json_t *json = build(value); /* NULL for NaN and infinite numbers, or without memory */
    char *dump = json != NULL ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;
    json_decref(json);
    if (dump == NULL)
        return dmx_refuse(path, error, DEMUCS_ERROR_UNSUPPORTED,
                          "the arguments of this model cannot be written as JSON.");
    *text = dmx_strdup(dump);
    free(dump);
    return *text != NULL ? DEMUCS_OK : dmx_no_memory(path, error);
}
