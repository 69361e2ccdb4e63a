/* pickle_names.c - see pickle_names.h */
#include "checkpoint/pickle_names.h"

#include <string.h>

enum { CLASS = -1, STORAGE = -2 }; /* kinds of rows beside the calls */

static const struct name_row {
    const char *module, *name;
    int kind;
    const char *dotted; /* CLASS: what it is called from here on */
    dmx_dtype dtype;    /* STORAGE */
} names[] = {
    {"collections", "OrderedDict", DMX_CALL_ORDERED_DICT, NULL, 0},
    {"torch._utils", "_rebuild_tensor_v2", DMX_CALL_REBUILD_TENSOR, NULL, 0},
    {"torch._utils", "_rebuild_parameter", DMX_CALL_REBUILD_PARAMETER, NULL, 0},
    {"fractions", "Fraction", DMX_CALL_FRACTION, NULL, 0},
    {"torch", "Size", DMX_CALL_TUPLE, NULL, 0},
    {"torch", "DoubleStorage", STORAGE, NULL, DMX_F64},
    {"torch", "FloatStorage", STORAGE, NULL, DMX_F32},
    {"torch", "HalfStorage", STORAGE, NULL, DMX_F16},
    {"torch", "BFloat16Storage", STORAGE, NULL, DMX_BF16},
    {"torch", "LongStorage", STORAGE, NULL, DMX_I64},
    {"torch", "IntStorage", STORAGE, NULL, DMX_I32},
    {"torch", "ShortStorage", STORAGE, NULL, DMX_I16},
    {"torch", "CharStorage", STORAGE, NULL, DMX_I8},
    {"torch", "ByteStorage", STORAGE, NULL, DMX_U8},
    {"torch", "BoolStorage", STORAGE, NULL, DMX_BOOL},
    {"diffq.diffq", "DiffQuantizer", CLASS, "diffq.diffq.DiffQuantizer", 0},
    {"diffq.uniform", "UniformQuantizer", CLASS, "diffq.uniform.UniformQuantizer", 0},
    {"diffq.lsq", "LSQ", CLASS, "diffq.lsq.LSQ", 0},
    /* numbers of numpy, and sets, that a training script may have left in metrics or training_args */
    {"numpy", "dtype", DMX_CALL_OPAQUE, NULL, 0},
    {"numpy.core.multiarray", "scalar", DMX_CALL_OPAQUE, NULL, 0},
    {"numpy._core.multiarray", "scalar", DMX_CALL_OPAQUE, NULL, 0},
    {"_codecs", "encode", DMX_CALL_OPAQUE, NULL, 0},
    {"builtins", "set", DMX_CALL_OPAQUE, NULL, 0},
    {"__builtin__", "set", DMX_CALL_OPAQUE, NULL, 0},
};

static bool is_text(const char *text, size_t length, const char *expected)
{
    return strlen(expected) == length && memcmp(text, expected, length) == 0;
}

/* A class of models, "MODULE.NAME" in its list of names. */
static const char *find_class(const dmx_classes *classes, const char *module, size_t module_length, const char *name,
                              size_t name_length)
{
    for (const dmx_class *const *row = classes->rows; *row != NULL; row++)
        for (const char *const *dotted = (*row)->python_names; *dotted != NULL; dotted++) {
            const char *dot = strrchr(*dotted, '.');
            if ((size_t)(dot - *dotted) == module_length && memcmp(*dotted, module, module_length) == 0 &&
                is_text(name, name_length, dot + 1))
                return *dotted;
        }
    return NULL;
}

static const struct name_row *find_row(const char *module, size_t module_length, const char *name, size_t name_length)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_text(module, module_length, names[i].module) && is_text(name, name_length, names[i].name))
            return &names[i];
    return NULL;
}

static dmx_object *new_name(dmx_pool *pool, dmx_object_kind kind, int64_t integer, const char *text)
{
    dmx_object *object = dmx_object_new(pool, kind);
    if (object == NULL) return NULL;
    object->integer = integer;
    object->text = text;
    object->text_length = strlen(text);
    return object;
}

dmx_object *dmx_pickle_name(dmx_pool *pool, const dmx_classes *classes, const char *module, size_t module_length,
                            const char *name, size_t name_length, bool *allowed)
{
    const char *model = find_class(classes, module, module_length, name, name_length);
    const struct name_row *row = find_row(module, module_length, name, name_length);
    *allowed = model != NULL || row != NULL;
    if (model != NULL) return new_name(pool, DMX_OBJECT_CLASS, 0, model);
    if (row == NULL) return NULL;
    switch (row->kind) {
    case CLASS: return new_name(pool, DMX_OBJECT_CLASS, 0, row->dotted);
    case STORAGE: return new_name(pool, DMX_OBJECT_STORAGE_TYPE, row->dtype, row->name);
    default: return new_name(pool, DMX_OBJECT_CALL, row->kind, row->name);
    }
}
