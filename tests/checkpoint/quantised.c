/* quantised.c - see quantised.h
 *
 * Tensors of more than LARGE elements become levels of 8 bits between -1 and 1, the others stay float32. */
#include "quantised.h"

#include "base/alloc.h"
#include "checkpoint/json.h"
#include "support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE = 1 << 10, TEXT_BYTES = 1 << 20, DATA_BYTES = 1 << 24 };

typedef struct file {
    char *header;        /* the JSON */
    char *large, *small; /* the two lists of the structure */
    unsigned char *data; /* of the tensors */
    size_t data_bytes;
} file;

static void append(char *text, const char *format, ...)
{
    const size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, TEXT_BYTES - used, format, arguments);
    va_end(arguments);
}

static bool has_word(const char *name, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strstr(name, *words) != NULL) return true;
    return false;
}

static void add_entry(file *f, const char *name, const char *dtype, const dmx_tensor *t, size_t bytes)
{
    append(f->header, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", name, dtype);
    for (int i = 0; i < t->rank; i++) append(f->header, "%s%lld", i > 0 ? "," : "", (long long)t->shape[i]);
    append(f->header, "],\"data_offsets\":[%zu,%zu]}", f->data_bytes, f->data_bytes + bytes);
}

/* All values, to be freed with free. */
static float *values_of(const dmx_checkpoint *checkpoint, const dmx_tensor *t)
{
    float *values = malloc((t->count + 1) * sizeof *values);
    read_values(checkpoint, t, values);
    return values;
}

static void add_small(file *f, const dmx_tensor *t, const float *values)
{
    add_entry(f, t->name, "F32", t, 4 * t->count);
    append(f->small, "%s{\\\"_tensor\\\":\\\"%s\\\"}", f->small[0] != '\0' ? "," : "", t->name);
    memcpy(f->data + f->data_bytes, values, 4 * t->count);
    f->data_bytes += 4 * t->count;
}

static void add_large(file *f, const dmx_tensor *t, const float *values)
{
    const size_t padded = (t->count + 3) / 4 * 4; /* the next tensor is aligned */
    dmx_tensor levels = {.rank = 1, .shape = {(int64_t)padded}};
    add_entry(f, t->name, "U8", &levels, padded);
    append(f->large, "%s{\\\"_tuple\\\":[{\\\"_tensor\\\":\\\"%s\\\"},{\\\"_tuple\\\":[-1.0,1.0]}]}",
           f->large[0] != '\0' ? "," : "", t->name);
    for (size_t i = 0; i < t->count; i++) {
        const float value = values[i];
        f->data[f->data_bytes + i] = (unsigned char)(value <= -1 ? 0 : value >= 1 ? 255 : 127.5f * (value + 1) + 0.5f);
    }
    f->data_bytes += padded;
}

/* JSON inside of JSON. */
static void append_quoted(char *text, const char *json)
{
    for (const char *c = json; *c != '\0'; c++) append(text, *c == '"' ? "\\%c" : "%c", *c);
}

/* The named arguments of the checkpoint without the first `positional` parameters of the class and with `changed`, as
 * JSON to be freed with dmx_free. */
static char *named_arguments(const dmx_checkpoint *checkpoint, size_t positional, const char *changed)
{
    const char *const *parameters = ((const dmx_family *)checkpoint->class)->parameters;
    dmx_value all = {.kind = DMX_VALUE_NONE}, extra = all, kept = {.kind = DMX_VALUE_DICT};
    char *text = NULL, object[1024];
    dmx_json_write(&text, &checkpoint->kwargs, "quantised", NULL);
    dmx_json_parse(&all, text, strlen(text), "quantised", "kwargs", NULL);
    snprintf(object, sizeof object, "{%s}", changed);
    dmx_json_parse(&extra, object, strlen(object), "quantised", "changed", NULL);
    dmx_free(text);
    for (size_t i = 0; i < all.count; i++) {
        bool is_positional = false;
        for (size_t p = 0; p < positional; p++)
            is_positional = is_positional || strcmp(parameters[p], all.keys[i]) == 0;
        if (!is_positional) dmx_value_insert(&kept, all.keys[i], &all.items[i], NULL);
    }
    for (size_t i = 0; i < extra.count; i++) dmx_value_insert(&kept, extra.keys[i], &extra.items[i], NULL);
    dmx_json_write(&text, &kept, "quantised", NULL);
    dmx_value_clear(&all);
    dmx_value_clear(&extra);
    dmx_value_clear(&kept);
    return text;
}

static void add_metadata(file *f, const dmx_checkpoint *checkpoint, const char *args, const char *changed,
                         const char *exclude)
{
    dmx_value positional = {.kind = DMX_VALUE_NONE};
    dmx_json_parse(&positional, args, strlen(args), "quantised", "args", NULL);
    char *text = named_arguments(checkpoint, positional.count, changed);
    dmx_value_clear(&positional);
    append(f->header, "{\"__metadata__\":{\"klass\":\"%s\",\"args\":\"", checkpoint->class->python_names[0]);
    append_quoted(f->header, args);
    append(f->header, "\",\"kwargs\":\"");
    append_quoted(f->header, text);
    append(f->header, "\",\"structure\":\"");
    append_quoted(f->header, "{\"_dict\":[[\"__quantized\",true],[\"quantized\",{\"_list\":[");
    append(f->header, "%s", f->large);
    append_quoted(f->header, "]}],[\"others\",{\"_list\":[");
    append(f->header, "%s", f->small);
    append_quoted(f->header, "]}],[\"meta\",{\"_dict\":[[\"klass\",{\"_class\":\"diffq.uniform.UniformQuantizer\"}],"
                             "[\"init_kwargs\",{\"_dict\":[[\"bits\",8],[\"min_size\",");
    append(f->header, "%g", LARGE * 4.0 / 1048576);
    append_quoted(f->header, "],[\"exclude\",{\"_list\":");
    append_quoted(f->header, exclude);
    append_quoted(f->header, "}]]}]]}]]}");
    append(f->header, "\"}");
    dmx_free(text);
}

static unsigned char *make_file(const dmx_checkpoint *checkpoint, const char *args, const char *changed,
                                const char *const *dropped, const char *exclude, const char *const *kept, size_t *size)
{
    file f = {.header = calloc(TEXT_BYTES, 1), .large = calloc(TEXT_BYTES, 1), .small = calloc(TEXT_BYTES, 1)};
    char *entries = f.header, *whole = calloc(TEXT_BYTES, 1);
    f.data = calloc(DATA_BYTES, 1);
    for (size_t i = 0; i < checkpoint->tensor_count; i++) {
        const dmx_tensor *t = &checkpoint->tensors[i];
        if (has_word(t->name, dropped)) continue;
        float *values = values_of(checkpoint, t);
        if (t->count > LARGE && !has_word(t->name, kept))
            add_large(&f, t, values);
        else
            add_small(&f, t, values);
        free(values);
    }
    f.header = whole;
    add_metadata(&f, checkpoint, args, changed, exclude);
    append(f.header, "%s}", entries);
    while (strlen(f.header) % 8 != 0) append(f.header, " ");
    const uint64_t length = strlen(f.header);
    *size = 8 + length + f.data_bytes;
    unsigned char *bytes = malloc(*size);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, f.header, length);
    memcpy(bytes + 8 + length, f.data, f.data_bytes);
    free(entries);
    free(whole);
    free(f.large);
    free(f.small);
    free(f.data);
    return bytes;
}

static const char *const no_words[] = {NULL};

unsigned char *quantised_file(const dmx_checkpoint *checkpoint, const char *args, const char *changed,
                              const char *const *dropped, size_t *size)
{
    return make_file(checkpoint, args, changed, dropped, "[]", no_words, size);
}

unsigned char *quantised_file_without(const dmx_checkpoint *checkpoint, const char *exclude, const char *const *kept,
                                      size_t *size)
{
    return make_file(checkpoint, "[]", "", no_words, exclude, kept, size);
}
