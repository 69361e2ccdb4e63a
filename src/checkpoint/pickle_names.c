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
    {"demucs.demucs", "Demucs", CLASS, "demucs.demucs.Demucs", 0},
    {"demucs.hdemucs", "HDemucs", CLASS, "demucs.hdemucs.HDemucs", 0},
    {"demucs.htdemucs", "HTDemucs", CLASS, "demucs.htdemucs.HTDemucs", 0},
    {"demucs.wdemucs", "WDemucs", CLASS, "demucs.wdemucs.WDemucs", 0},
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

dmx_object *dmx_pickle_name(dmx_pool *pool, const char *module, size_t module_length, const char *name,
                            size_t name_length, bool *allowed)
{
    *allowed = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct name_row *row = &names[i];
        if (!is_text(module, module_length, row->module) || !is_text(name, name_length, row->name)) continue;
        *allowed = true;
        dmx_object *object = dmx_object_new(pool, row->kind == CLASS     ? DMX_OBJECT_CLASS
                                                  : row->kind == STORAGE ? DMX_OBJECT_STORAGE_TYPE
                                                                         : DMX_OBJECT_CALL);
        if (object == NULL) return NULL;
        object->integer = row->kind == STORAGE ? (int64_t)row->dtype : row->kind;
        object->text = row->kind == CLASS ? row->dotted : row->name;
        object->text_length = strlen(object->text);
        return object;
    }
    return NULL;
}
