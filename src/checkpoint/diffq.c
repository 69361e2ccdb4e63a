/* diffq.c - decodes quantised states. See diffq.h.
 *
 * diffq (Défossez, Adi, Synnaeve, https://arxiv.org/abs/2104.09987) stores large parameters as integer levels between
 * a minimum and a maximum, and small or excluded ones as they are, in three lists without names:
 *
 *     {quantized: [...], float16: [...], others: [...], meta: {klass, init_kwargs, packed, ...}}
 *
 * Which parameter is in which list follows from its size and name, so the names come from the list of parameters
 * (parameters.h). DiffQuantizer gives each group of weights its own number of bits: (levels of the groups with 1 bit,
 * with 2, ... 14; (minimum, maximum); bits of the groups). UniformQuantizer has one number of bits: (levels, (minimum,
 * maximum)).
 *
 * Integers are packed into words of 64 bits, [lines][bits][block]: value i has its bits at the position
 * (i / block) % 64 of the words [i / (64 block)][..][i % block]. */
#include "checkpoint/diffq.h"

#include "base/alloc.h"
#include "checkpoint/parameters.h"
#include "checkpoint/pattern.h"
#include "checkpoint/reader.h"

#include <math.h>
#include <string.h>

enum { MAX_BITS = 15, WORD_BITS = 64, PACKED_KINDS = 14, MAX_PATTERNS = 100, MAX_PATTERN_BYTES = 1500 };

typedef struct decoder {
    dmx_checkpoint *checkpoint;
    demucs_error *error;
    const dmx_object *quantized, *small; /* small: float16 or others */
    const dmx_object *exclude;           /* patterns of the names of parameters that are kept as they are, or NULL */
    size_t next_quantized, next_small;
    size_t budget;       /* of copies of tensors, see object.h */
    size_t weights_left; /* that may still be decoded */
    double min_count;    /* parameters of more elements are quantised */
    bool differential, packed;
    int64_t group_size, min_bits;
    double bits; /* uniform */
} decoder;

static demucs_status bad(const decoder *d, const char *why)
{
    return dmx_refuse(d->checkpoint->path, d->error, DEMUCS_ERROR_FORMAT, "its quantised state %s.", why);
}

static demucs_status bad_parameter(const decoder *d, const dmx_parameter *parameter, const char *why)
{
    return dmx_refuse(d->checkpoint->path, d->error, DEMUCS_ERROR_FORMAT, "in its quantised state, '%s' %s.",
                      parameter->name, why);
}

static demucs_status no_memory(const decoder *d) { return dmx_no_memory(d->checkpoint->path, d->error); }

/* ------------------------------------------------------------------------------------------------------ integers -- */

static bool is_integer_type(dmx_dtype dtype) { return dtype == DMX_U8 || dtype == DMX_I16 || dtype == DMX_I64; }

/* Whether a tensor is one of integers, packed or not, that holds `count` values. */
static bool holds(const decoder *d, const dmx_tensor *t, size_t count)
{
    size_t words = 0;
    if (!d->packed) return is_integer_type(t->dtype) && t->count >= count;
    if (t->dtype != DMX_I64 || t->rank != 3 || t->shape[1] > MAX_BITS) return false;
    const int64_t shape[2] = {t->shape[0], t->shape[2]};
    return dmx_shape_count(shape, 2, DMX_I64, &words) && words >= count / WORD_BITS + (count % WORD_BITS > 0);
}

/* Unpack the first `count` values. */
static void unpack(const dmx_tensor *t, size_t count, uint16_t *out)
{
    const size_t bits = (size_t)t->shape[1], block = (size_t)t->shape[2];
    const unsigned char *words = t->data;
    memset(out, 0, count * sizeof *out);
    for (size_t start = 0; start < count; start += block) { /* a row of values that share a bit position */
        size_t row = start / block, line = row / WORD_BITS, position = row % WORD_BITS;
        size_t width = count - start < block ? count - start : block;
        for (size_t b = 0; b < bits; b++) {
            const unsigned char *in = words + 8 * ((line * bits + b) * block);
            for (size_t i = 0; i < width; i++)
                out[start + i] |= (uint16_t)((dmx_le64(in + 8 * i) >> position & 1) << b);
        }
    }
}

/* The same from plain integers, one an element. */
static void copy_integers(const dmx_tensor *t, size_t count, uint16_t *out)
{
    const unsigned char *p = t->data;
    const size_t size = dmx_dtype_size(t->dtype);
    for (size_t i = 0; i < count; i++) out[i] = size == 1 ? p[i] : dmx_le16(p + size * i);
}

/* Read `count` integers of a list's item into *out, to be freed. */
static demucs_status read_integers(decoder *d, const dmx_parameter *parameter, const dmx_object *object, size_t count,
                                   uint16_t **out)
{
    dmx_tensor t;
    const char *name = parameter->name;
    demucs_status status = dmx_object_to_tensor(object, &t, &d->budget, d->checkpoint, name, strlen(name), d->error);
    if (status != DEMUCS_OK) return status;
    if (!holds(d, &t, count)) {
        status = bad_parameter(d, parameter, "has too few values");
        goto done;
    }
    *out = dmx_alloc(count, sizeof **out);
    if (*out == NULL) {
        status = no_memory(d);
        goto done;
    }
    if (d->packed)
        unpack(&t, count, *out);
    else
        copy_integers(&t, count, *out);
done:
    dmx_free(t.owned);
    return status;
}

/* ------------------------------------------------------------------------------------------------------- floats -- */

typedef struct range {
    float minimum, width;
} range;

static bool to_number(const dmx_object *object, double *number)
{
    if (object == NULL) return false;
    if (object->kind == DMX_OBJECT_FLOAT) *number = object->number;
    if (object->kind == DMX_OBJECT_INT || object->kind == DMX_OBJECT_BOOL) *number = (double)object->integer;
    return object->kind == DMX_OBJECT_FLOAT || object->kind == DMX_OBJECT_INT || object->kind == DMX_OBJECT_BOOL;
}

/* The width is a difference of Python numbers, rounded to float when it meets a tensor. */
static bool read_range(const dmx_object *pair, range *r)
{
    double low, high;
    if (pair->kind != DMX_OBJECT_LIST || pair->count != 2) return false;
    if (!to_number(pair->items[0], &low) || !to_number(pair->items[1], &high)) return false;
    r->minimum = (float)low;
    r->width = (float)(high - low);
    return isfinite(r->minimum) && isfinite(r->width);
}

/* uniform_unquantize, with its roundings. */
static float level_to_float(uint16_t level, double bits, range r)
{
    float unit = 1 / (exp2f((float)bits) - 1);
    float share = (float)level * unit;
    float scaled = share * r.width;
    return scaled + r.minimum;
}

static demucs_status add(decoder *d, const dmx_parameter *parameter, float *values)
{
    dmx_tensor t = {.dtype = DMX_F32, .rank = parameter->rank, .count = parameter->count};
    memcpy(t.shape, parameter->shape, sizeof parameter->shape);
    t.owned = values;
    t.data = values;
    return dmx_checkpoint_add(d->checkpoint, parameter->name, strlen(parameter->name), &t, d->error);
}

/* ----------------------------------------------------------------------------------------------------- decoding -- */

static demucs_status decode_uniform(decoder *d, const dmx_parameter *parameter, const dmx_object *item)
{
    range r;
    uint16_t *levels = NULL;
    float *values = NULL;
    if (item->count != 2 || !read_range(item->items[1], &r)) return bad_parameter(d, parameter, "has a strange form");
    demucs_status status = read_integers(d, parameter, item->items[0], parameter->count, &levels);
    if (status != DEMUCS_OK) return status;
    values = dmx_alloc(parameter->count, sizeof *values);
    if (values == NULL) status = no_memory(d);
    for (size_t i = 0; status == DEMUCS_OK && i < parameter->count; i++)
        values[i] = level_to_float(levels[i], d->bits, r);
    dmx_free(levels);
    return status == DEMUCS_OK ? add(d, parameter, values) : status;
}

/* Decode the groups that have `bits` bits. Packed, `object` holds their levels only, one group after another; else
 * those of all groups. */
static demucs_status decode_groups(decoder *d, const dmx_parameter *parameter, const dmx_object *object,
                                   const uint16_t *group_bits, size_t bits, range r, float *values)
{
    const size_t width = (size_t)d->group_size, groups = parameter->count / width;
    uint16_t *levels = NULL;
    size_t matching = 0;
    for (size_t g = 0; g < groups; g++) matching += group_bits[g] == bits;
    if (matching == 0) return DEMUCS_OK;
    size_t needed = (d->packed ? matching : groups) * width;
    demucs_status status = read_integers(d, parameter, object, needed, &levels);
    if (status != DEMUCS_OK) return status;
    const uint16_t *next = levels;
    for (size_t g = 0; g < groups; g++) {
        const uint16_t *from = d->packed ? next : levels + g * width;
        if (group_bits[g] != bits) continue;
        for (size_t i = 0; i < width; i++) values[g * width + i] = level_to_float(from[i], (double)bits, r);
        next += width;
    }
    dmx_free(levels);
    return DEMUCS_OK;
}

/* diffq packs no levels of 15 bits: such groups are lost in the file. */
static demucs_status check_bits(const decoder *d, const dmx_parameter *parameter, uint16_t *bits, size_t groups)
{
    const int most = d->packed ? PACKED_KINDS : MAX_BITS;
    for (size_t g = 0; g < groups; g++) {
        int64_t sum = d->packed ? bits[g] + d->min_bits : bits[g];
        if (sum < 1 || sum > most)
            return bad_parameter(d, parameter, "has weights of a width that diffq does not store");
        bits[g] = (uint16_t)sum;
    }
    return DEMUCS_OK;
}

static demucs_status decode_differential(decoder *d, const dmx_parameter *parameter, const dmx_object *item)
{
    range r;
    uint16_t *bits = NULL;
    float *values = NULL;
    const size_t groups = parameter->count / (size_t)d->group_size;
    if (item->count != 3 || !read_range(item->items[1], &r) || parameter->count % (size_t)d->group_size != 0)
        return bad_parameter(d, parameter, "has a strange form");
    const dmx_object *levels = item->items[0];
    if (d->packed && (levels->kind != DMX_OBJECT_LIST || levels->count != PACKED_KINDS))
        return bad_parameter(d, parameter, "has a strange form");
    demucs_status status = read_integers(d, parameter, item->items[2], groups, &bits);
    if (status == DEMUCS_OK) status = check_bits(d, parameter, bits, groups);
    if (status != DEMUCS_OK) goto done;
    values = dmx_alloc(parameter->count, sizeof *values);
    if (values == NULL) {
        status = no_memory(d);
        goto done;
    }
    for (size_t b = 1; b <= MAX_BITS && status == DEMUCS_OK; b++) {
        const dmx_object *of_bits = !d->packed ? levels : b <= PACKED_KINDS ? levels->items[b - 1] : NULL;
        status = decode_groups(d, parameter, of_bits, bits, b, r, values);
    }
    if (status == DEMUCS_OK) {
        status = add(d, parameter, values);
        values = NULL;
    }
done:
    dmx_free(values);
    dmx_free(bits);
    return status;
}

/* Patterns are for the whole name or for its last part. */
static bool is_excluded(const decoder *d, const char *name)
{
    const char *dot = strrchr(name, '.'), *last = dot != NULL ? dot + 1 : name;
    for (size_t i = 0; d->exclude != NULL && i < d->exclude->count; i++) {
        const dmx_object *pattern = d->exclude->items[i];
        if (dmx_pattern_fits(pattern->text, pattern->text_length, name, strlen(name)) ||
            dmx_pattern_fits(pattern->text, pattern->text_length, last, strlen(last)))
            return true;
    }
    return false;
}

/* A parameter that is not quantised: it was too small, or excluded. */
static demucs_status copy_small(decoder *d, const dmx_parameter *parameter)
{
    dmx_tensor t;
    const char *name = parameter->name;
    if (d->next_small >= d->small->count) return bad(d, "holds too few tensors for the arguments of the model");
    demucs_status status = dmx_object_to_tensor(d->small->items[d->next_small++], &t, &d->budget, d->checkpoint, name,
                                                strlen(name), d->error);
    if (status != DEMUCS_OK) return status;
    bool same = t.rank == parameter->rank;
    for (int i = 0; same && i < t.rank; i++) same = t.shape[i] == parameter->shape[i];
    if (!same) {
        dmx_free(t.owned);
        return bad_parameter(d, parameter, "has another shape than the arguments of the model say");
    }
    return dmx_checkpoint_add(d->checkpoint, name, strlen(name), &t, d->error);
}

static demucs_status decode_parameter(decoder *d, const dmx_parameter *parameter)
{
    if ((double)parameter->count <= d->min_count || is_excluded(d, parameter->name)) return copy_small(d, parameter);
    if (d->next_quantized >= d->quantized->count) return bad(d, "holds too few tensors for the arguments of the model");
    if (parameter->count > d->weights_left) return bad(d, "is too short for the arguments of the model");
    d->weights_left -= parameter->count;
    const dmx_object *item = d->quantized->items[d->next_quantized++];
    if (item->kind != DMX_OBJECT_LIST) return bad_parameter(d, parameter, "has a strange form");
    return d->differential ? decode_differential(d, parameter, item) : decode_uniform(d, parameter, item);
}

/* ------------------------------------------------------------------------------------------------------ reading -- */

static bool is_class(const dmx_object *object, const char *dotted)
{
    return object != NULL && object->kind == DMX_OBJECT_CLASS && object->text_length == strlen(dotted) &&
           memcmp(object->text, dotted, object->text_length) == 0;
}

static demucs_status read_class(decoder *d, const dmx_object *klass)
{
    char text[80] = "?";
    d->differential = is_class(klass, "diffq.diffq.DiffQuantizer");
    if (d->differential || is_class(klass, "diffq.uniform.UniformQuantizer")) return DEMUCS_OK;
    if (klass != NULL && klass->text != NULL) dmx_printable(text, sizeof text, klass->text, klass->text_length);
    return dmx_refuse(d->checkpoint->path, d->error, DEMUCS_ERROR_UNSUPPORTED,
                      "it was quantised by '%s', and only DiffQuantizer and UniformQuantizer of diffq are known.",
                      text);
}

/* A number of init_kwargs within bounds. */
static bool read_option(const dmx_object *options, const char *key, double value_if_missing, double low, double high,
                        double *value)
{
    const dmx_object *object = dmx_object_get(options, key);
    *value = value_if_missing;
    return (object == NULL || to_number(object, value)) && *value >= low && *value <= high;
}

/* Every parameter is compared with all of them, for a time that grows with their bytes. */
static bool read_patterns(decoder *d, const dmx_object *list)
{
    if (list == NULL || list->kind == DMX_OBJECT_NONE) return true;
    bool right = list->kind == DMX_OBJECT_LIST && list->count <= MAX_PATTERNS;
    size_t left = MAX_PATTERN_BYTES;
    for (size_t i = 0; right && i < list->count; i++) {
        right = list->items[i]->kind == DMX_OBJECT_STRING && list->items[i]->text_length <= left;
        if (right) left -= list->items[i]->text_length;
    }
    d->exclude = list;
    return right;
}

static demucs_status read_options(decoder *d, const dmx_object *state, const dmx_object *meta)
{
    double min_size, float16, packed, torch_pack, group_size, min_bits;
    const dmx_object *options = dmx_object_get(meta, "init_kwargs");
    if (options == NULL) return bad(d, "does not say how it was made");
    if (!read_option(options, "min_size", 0.01, 0, 1e9, &min_size) ||
        !read_option(options, "float16", 0, 0, 1, &float16) || !read_option(meta, "packed", 0, 0, 1, &packed) ||
        !read_option(meta, "torch_pack", 0, 0, 0, &torch_pack) ||
        !read_option(options, "group_size", 1, 1, 1 << 20, &group_size) ||
        !read_option(options, "min_bits", 2, 0, MAX_BITS, &min_bits) ||
        !read_option(options, "bits", 8, 1, MAX_BITS, &d->bits))
        return bad(d, "was made with options that are not supported");
    if (!read_patterns(d, dmx_object_get(options, "exclude")))
        return bad(d, "was made with an option 'exclude' that is not a list of up to 100 texts, 1500 bytes together");
    d->min_count = floor(min_size * 1048576 / 4);
    d->packed = packed != 0;
    d->group_size = (int64_t)group_size;
    d->min_bits = (int64_t)min_bits;
    d->quantized = dmx_object_get(state, "quantized");
    d->small = dmx_object_get(state, float16 != 0 ? "float16" : "others");
    if (d->quantized == NULL || d->quantized->kind != DMX_OBJECT_LIST || d->small == NULL ||
        d->small->kind != DMX_OBJECT_LIST)
        return bad(d, "is incomplete");
    return DEMUCS_OK;
}

demucs_status dmx_diffq_restore(dmx_checkpoint *checkpoint, const dmx_object *state, demucs_error *error)
{
    decoder d = {.checkpoint = checkpoint, .error = error, .budget = 2 * checkpoint->size_bytes};
    d.weights_left = 8 * checkpoint->size_bytes; /* each takes a bit or more */
    dmx_parameters parameters = {.count = 0};
    const dmx_object *meta = dmx_object_get(state, "meta");
    demucs_status status = dmx_checkpoint_keep(checkpoint, error); /* most of it is decoded here and now */
    if (status == DEMUCS_OK) status = read_class(&d, dmx_object_get(meta, "klass"));
    if (status == DEMUCS_OK) status = read_options(&d, state, meta);
    if (status == DEMUCS_OK) status = checkpoint->classes->list_parameters(&parameters, checkpoint, error);
    for (size_t i = 0; i < parameters.count && status == DEMUCS_OK; i++)
        status = decode_parameter(&d, &parameters.items[i]);
    if (status == DEMUCS_OK && (d.next_quantized < d.quantized->count || d.next_small < d.small->count))
        status = bad(&d, "holds more tensors than the arguments of the model ask for");
    dmx_parameters_clear(&parameters);
    return status;
}
