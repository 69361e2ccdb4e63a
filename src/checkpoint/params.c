/* params.c - see params.h: the list itself, the small modules, and the time-only Demucs. */
#include "checkpoint/params.h"

#include "base/alloc.h"
#include "checkpoint/params_builder.h"
#include "checkpoint/reader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CHANNELS = 1 << 20, MAX_DEPTH = 16 };

/* -------------------------------------------------------------------------------------------------- the builder -- */

size_t dmx_params_enter(dmx_params_builder *b, const char *name, int index)
{
    size_t before = b->path_length, room = sizeof b->path - before;
    int written = index < 0 ? snprintf(b->path + before, room, "%s.", name)
                            : snprintf(b->path + before, room, "%s%d.", name, index);
    if (written < 0 || (size_t)written >= room)
        b->too_long = true;
    else
        b->path_length += (size_t)written;
    return before;
}

void dmx_params_leave(dmx_params_builder *b, size_t length)
{
    b->path_length = length;
    b->path[length] = '\0';
}

/* Room for one more, doubling whenever the count reaches a power of two. */
static dmx_parameter *next_slot(dmx_params_builder *b)
{
    dmx_parameters *list = b->list;
    size_t count = list->count;
    if (count >= DMX_MAX_TENSORS) b->too_long = true;
    if (b->too_long || b->no_memory) return NULL;
    if ((count & (count - 1)) == 0) {
        dmx_parameter *items = dmx_realloc(list->items, count, count == 0 ? 1 : 2 * count, sizeof *items);
        b->no_memory = items == NULL;
        if (items == NULL) return NULL;
        list->items = items;
    }
    return &list->items[list->count++];
}

void dmx_params_add(dmx_params_builder *b, const char *name, int rank, int64_t a, int64_t c, int64_t d, int64_t e)
{
    dmx_parameter *slot = next_slot(b);
    if (slot == NULL) return;
    slot->rank = rank;
    const int64_t shape[DMX_PARAMETER_RANK] = {a, c, d, e};
    for (int i = 0; i < rank; i++) slot->shape[i] = shape[i];
    int written = snprintf(slot->name, sizeof slot->name, "%s%s", b->path, name);
    if (written < 0 || (size_t)written >= sizeof slot->name) b->too_long = true;
    if (!dmx_shape_count(slot->shape, rank, DMX_F64, &slot->count)) b->too_long = true;
}

void dmx_params_norm(dmx_params_builder *b, const char *module, int index, int64_t channels)
{
    size_t before = dmx_params_enter(b, module, index);
    dmx_params_add(b, "weight", 1, channels, 0, 0, 0);
    dmx_params_add(b, "bias", 1, channels, 0, 0, 0);
    dmx_params_leave(b, before);
}

void dmx_params_linear(dmx_params_builder *b, const char *module, int64_t in, int64_t out)
{
    size_t before = dmx_params_enter(b, module, -1);
    dmx_params_add(b, "weight", 2, out, in, 0, 0);
    dmx_params_add(b, "bias", 1, out, 0, 0, 0);
    dmx_params_leave(b, before);
}

void dmx_params_conv1d(dmx_params_builder *b, const char *module, int index, int64_t in, int64_t out, int64_t kernel)
{
    size_t before = dmx_params_enter(b, module, index);
    dmx_params_add(b, "weight", 3, out, in, kernel, 0);
    dmx_params_add(b, "bias", 1, out, 0, 0, 0);
    dmx_params_leave(b, before);
}

double dmx_params_number(dmx_params_builder *b, const char *key, double value_if_missing, double low, double high)
{
    const dmx_value *value = dmx_value_get(&b->checkpoint->kwargs, key);
    double number = value_if_missing;
    bool right = value == NULL || dmx_value_to_double(value, &number);
    if (value != NULL && value->kind == DMX_VALUE_NONE) right = true; /* None means the default to us */
    if (right && number >= low && number <= high) return number;
    if (b->bad_argument == NULL) b->bad_argument = key;
    return low;
}

int64_t dmx_params_integer(dmx_params_builder *b, const char *key, int64_t value_if_missing, int64_t low, int64_t high)
{
    double number = dmx_params_number(b, key, (double)value_if_missing, (double)low, (double)high);
    if (number == floor(number)) return (int64_t)number;
    if (b->bad_argument == NULL) b->bad_argument = key;
    return low;
}

/* The sources may be the first positional argument; other positional ones were never saved. */
int64_t dmx_params_sources(dmx_params_builder *b)
{
    const dmx_checkpoint *checkpoint = b->checkpoint;
    const dmx_value *sources = dmx_value_get(&checkpoint->kwargs, "sources");
    if (checkpoint->args.count == 1 && sources == NULL) sources = &checkpoint->args.items[0];
    if (checkpoint->args.count <= 1 && sources != NULL && sources->kind == DMX_VALUE_LIST && sources->count >= 1 &&
        sources->count <= 1000)
        return (int64_t)sources->count;
    if (b->bad_argument == NULL) b->bad_argument = "sources";
    return 1;
}

demucs_status dmx_parameters_list(dmx_parameters *parameters, const dmx_checkpoint *checkpoint, demucs_error *error)
{
    dmx_params_builder b = {.checkpoint = checkpoint, .list = parameters};
    *parameters = (dmx_parameters){.count = 0};
    if (strcmp(checkpoint->class->name, "Demucs") == 0)
        dmx_params_of_demucs(&b);
    else
        dmx_params_of_hybrid(&b, strcmp(checkpoint->class->name, "HTDemucs") == 0);
    if (b.no_memory) return dmx_no_memory(checkpoint->path, error);
    if (b.bad_argument != NULL)
        return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT, "no model can have this value of '%s'.",
                          b.bad_argument);
    if (b.too_long) return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT, "its arguments are absurd.");
    return DEMUCS_OK;
}

void dmx_parameters_clear(dmx_parameters *parameters)
{
    dmx_free(parameters->items);
    *parameters = (dmx_parameters){.count = 0};
}

/* -------------------------------------------------------------------------------------------------- shared parts -- */

static void lstm_direction(dmx_params_builder *b, int layer, const char *suffix, int64_t in, int64_t hidden)
{
    static const char *const kinds[] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
    for (int k = 0; k < 4; k++) {
        char name[40];
        snprintf(name, sizeof name, "%s_l%d%s", kinds[k], layer, suffix);
        dmx_params_add(b, name, k < 2 ? 2 : 1, 4 * hidden, k == 0 ? in : hidden, 0, 0);
    }
}

void dmx_params_blstm(dmx_params_builder *b, const char *module, int index, int64_t channels, int layers)
{
    size_t before = dmx_params_enter(b, module, index), inner = dmx_params_enter(b, "lstm", -1);
    for (int layer = 0; layer < layers; layer++) {
        int64_t in = layer == 0 ? channels : 2 * channels;
        lstm_direction(b, layer, "", in, channels);
        lstm_direction(b, layer, "_reverse", in, channels);
    }
    dmx_params_leave(b, inner);
    dmx_params_linear(b, "linear", 2 * channels, channels);
    dmx_params_leave(b, before);
}

static void local_state(dmx_params_builder *b, int index, int64_t channels)
{
    enum { HEADS = 4, DECAYS = 4 };
    size_t before = dmx_params_enter(b, "", index);
    dmx_params_conv1d(b, "content", -1, channels, channels, 1);
    dmx_params_conv1d(b, "query", -1, channels, channels, 1);
    dmx_params_conv1d(b, "key", -1, channels, channels, 1);
    dmx_params_conv1d(b, "query_decay", -1, channels, HEADS * DECAYS, 1);
    dmx_params_conv1d(b, "proj", -1, channels, channels, 1);
    dmx_params_leave(b, before);
}

void dmx_params_dconv(dmx_params_builder *b, const char *module, int index, int64_t channels, const dmx_dconv *shape)
{
    int64_t hidden = (int64_t)((double)channels / shape->compress);
    size_t before = dmx_params_enter(b, module, index);
    for (int d = 0; d < shape->depth; d++) {
        size_t layer = dmx_params_enter(b, "layers.", d);
        int at = 0;
        dmx_params_conv1d(b, "", at++, channels, hidden, 3);
        dmx_params_norm(b, "", at++, hidden);
        at++; /* activation */
        if (shape->lstm) dmx_params_blstm(b, "", at++, hidden, 2);
        if (shape->attention) local_state(b, at++, hidden);
        dmx_params_conv1d(b, "", at++, hidden, 2 * channels, 1);
        dmx_params_norm(b, "", at++, 2 * channels);
        at++; /* GLU */
        size_t scale = dmx_params_enter(b, "", at);
        dmx_params_add(b, "scale", 1, channels, 0, 0, 0);
        dmx_params_leave(b, scale);
        dmx_params_leave(b, layer);
    }
    dmx_params_leave(b, before);
}

/* ----------------------------------------------------------------------------------------------- class Demucs -- */

typedef struct demucs_shape {
    int64_t kernel, context, gate, norm_starts, mode, attention_from, lstm_from, out_channels;
    bool rewrite;
    dmx_dconv dconv;
} demucs_shape;

/* Sequential modules count their activations, which have no parameters. */
static void demucs_encoder(dmx_params_builder *b, const demucs_shape *s, int index, int64_t in, int64_t out)
{
    size_t before = dmx_params_enter(b, "encoder.", index);
    int at = 0;
    bool norm = index >= s->norm_starts;
    dmx_params_conv1d(b, "", at++, in, out, s->kernel);
    if (norm) dmx_params_norm(b, "", at, out);
    at += 2;
    if (s->mode & 1) dmx_params_dconv(b, "", at++, out, &s->dconv);
    if (s->rewrite) {
        dmx_params_conv1d(b, "", at++, out, s->gate * out, 1);
        if (norm) dmx_params_norm(b, "", at, s->gate * out);
    }
    dmx_params_leave(b, before);
}

static void demucs_decoder(dmx_params_builder *b, const demucs_shape *s, int place, int index, int64_t in, int64_t out)
{
    size_t before = dmx_params_enter(b, "decoder.", place);
    int at = 0;
    bool norm = index >= s->norm_starts;
    if (s->rewrite) {
        dmx_params_conv1d(b, "", at++, in, s->gate * in, 2 * s->context + 1);
        if (norm) dmx_params_norm(b, "", at, s->gate * in);
        at += 2;
    }
    if (s->mode & 2) dmx_params_dconv(b, "", at++, in, &s->dconv);
    size_t tail = dmx_params_enter(b, "", at++); /* transposed: [in][out][kernel] */
    dmx_params_add(b, "weight", 3, in, out, s->kernel, 0);
    dmx_params_add(b, "bias", 1, out, 0, 0, 0);
    dmx_params_leave(b, tail);
    if (index > 0 && norm) dmx_params_norm(b, "", at, out);
    dmx_params_leave(b, before);
}

void dmx_params_of_demucs(dmx_params_builder *b)
{
    demucs_shape s = {.kernel = dmx_params_integer(b, "kernel_size", 8, 1, 1024),
                      .context = dmx_params_integer(b, "context", 1, 0, 1024),
                      .gate = dmx_params_integer(b, "glu", 1, 0, 1) + 1,
                      .norm_starts = dmx_params_integer(b, "norm_starts", 4, 0, 1000000),
                      .mode = dmx_params_integer(b, "dconv_mode", 1, 0, 3),
                      .attention_from = dmx_params_integer(b, "dconv_attn", 4, 0, 1000000),
                      .lstm_from = dmx_params_integer(b, "dconv_lstm", 4, 0, 1000000),
                      .rewrite = dmx_params_integer(b, "rewrite", 1, 0, 1) != 0};
    s.dconv.depth = abs((int)dmx_params_integer(b, "dconv_depth", 2, -MAX_DEPTH, MAX_DEPTH));
    s.dconv.compress = dmx_params_number(b, "dconv_comp", 4, 0.01, 1e6);
    int depth = (int)dmx_params_integer(b, "depth", 6, 1, MAX_DEPTH);
    int64_t audio = dmx_params_integer(b, "audio_channels", 2, 1, 64), sources = dmx_params_sources(b);
    double growth = dmx_params_number(b, "growth", 2, 0.01, 100);
    int64_t channels[MAX_DEPTH + 1] = {audio}; /* into layer i */
    channels[1] = dmx_params_integer(b, "channels", 64, 1, MAX_CHANNELS);
    for (int i = 1; i < depth; i++) {
        double next = growth * (double)channels[i];
        if (next < 1 || next > MAX_CHANNELS) {
            if (b->bad_argument == NULL) b->bad_argument = "growth";
            return;
        }
        channels[i + 1] = (int64_t)next;
    }
    for (int i = 0; i < depth; i++) {
        s.dconv.attention = i >= s.attention_from;
        s.dconv.lstm = i >= s.lstm_from;
        demucs_encoder(b, &s, i, channels[i], channels[i + 1]);
    }
    for (int i = depth - 1; i >= 0; i--) {
        s.dconv.attention = i >= s.attention_from;
        s.dconv.lstm = i >= s.lstm_from;
        demucs_decoder(b, &s, depth - 1 - i, i, channels[i + 1], i > 0 ? channels[i] : audio * sources);
    }
    int lstm_layers = (int)dmx_params_integer(b, "lstm_layers", 0, 0, 64);
    if (lstm_layers > 0) dmx_params_blstm(b, "lstm", -1, channels[depth], lstm_layers);
}
