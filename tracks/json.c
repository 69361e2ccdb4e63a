/* json.c - see json.h */
#include "tracks/json.h"

#include "base/alloc.h"
#include "base/text.h"

#include <math.h>

json_t *dmx_json_text(const char *text)
{
    if (text == NULL) return json_null();
    char *copy = dmx_strdup(text);
    if (copy == NULL) return NULL;
    dmx_make_printable(copy, '?');
    json_t *json = json_string(copy);
    dmx_free(copy);
    return json;
}

json_t *dmx_json_number(double number) { return isfinite(number) ? json_real(number) : json_null(); }

json_t *dmx_json_list(json_t *(*make)(const void *object, size_t place), const void *object, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < count; i++) {
        if (json_array_append_new(array, make(object, i)) == 0) continue;
        json_decref(array);
        array = NULL;
    }
    return array;
}

char *dmx_json_print(const json_t *json)
{
    const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(9), length = json_dumpb(json, NULL, 0, flags);
    char *text = length > 0 ? dmx_alloc(length + 1, 1) : NULL;
    if (text == NULL || json_dumpb(json, text, length, flags) == length) return text;
    dmx_free(text);
    return NULL;
}
