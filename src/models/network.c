/* network.c - see network.h; the table of families is here. */
#include "models/network.h"

#include "base/alloc.h"
#include "models/demucs/demucs.h"
#include "models/hdemucs/hdemucs.h"
#include "models/htdemucs/htdemucs.h"

#include <stdarg.h>
#include <stdio.h>

static const dmx_class *const rows[] = {&dmx_demucs_family.class, &dmx_hdemucs_family.class, &dmx_htdemucs_family.class,
                                        NULL};

const dmx_classes dmx_families = {.rows = rows, .list_parameters = dmx_network_list_parameters};

void dmx_network_free(dmx_network *network)
{
    if (network == NULL) return;
    for (int i = 0; i < network->source_count; i++) dmx_free(network->sources[i]);
    if (network->family->release != NULL) network->family->release(network);
    dmx_store_clear(&network->store);
    dmx_free(network);
}

void dmx_network_drop_weights(dmx_network *network) { dmx_store_clear(&network->store); }

bool dmx_network_add_bf16(dmx_network *network, const dmx_kernels *kernels)
{
    return network->upload->add_bf16(&network->store, kernels);
}

void dmx_network_run(const dmx_network *network, dmx_exec *exec, const float *mix, int64_t frames, const bool *wanted,
                     float *stems)
{
    exec->mix = mix;
    exec->stems = stems;
    network->family->forward(network, exec, frames, wanted);
}

bool dmx_network_record(const dmx_network *network, int64_t frames, const bool *wanted, dmx_arena *arena,
                        dmx_op_list *list)
{
    dmx_exec exec = {.ops = &dmx_record_ops, .arena = *arena, .list = arena->block != NULL ? list : NULL};
    dmx_network_run(network, &exec, NULL, frames, wanted, NULL);
    *arena = exec.arena;
    return arena->peak != SIZE_MAX && (exec.list == NULL || !list->failed);
}

/* floor(part * times / whole), part < whole: exact, bit by bit, however large the two are. */
static int64_t fraction_times(int64_t part, int64_t whole, int times)
{
    const uint64_t p = (uint64_t)part, w = (uint64_t)whole;
    uint64_t rest = 0; /* below w, so twice as much fits */
    int64_t quotient = 0;
    for (int bit = 30; bit >= 0; bit--) {
        quotient += quotient + (2 * rest >= w);
        rest = 2 * rest >= w ? 2 * rest - w : 2 * rest;
        if (!(times >> bit & 1)) continue;
        quotient += rest + p >= w;
        rest = rest + p >= w ? rest + p - w : rest + p;
    }
    return quotient;
}

int64_t dmx_segment_frames(dmx_segment segment, int sample_rate_hz)
{
    if (segment.denominator > 0)
        return segment.numerator / segment.denominator * sample_rate_hz +
               fraction_times(segment.numerator % segment.denominator, segment.denominator, sample_rate_hz);
    return (int64_t)(segment.seconds * sample_rate_hz);
}

void dmx_warnings_add(dmx_warnings *warnings, const char *format, ...)
{
    if (warnings->count >= 100) return;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t count = (size_t)warnings->count;
    char **texts = dmx_realloc(warnings->texts, count, count + 1, sizeof *texts);
    if (texts == NULL) return; /* a warning less does no harm */
    warnings->texts = texts;
    texts[count] = dmx_strdup(text);
    if (texts[count] != NULL) warnings->count++;
}

void dmx_warnings_clear(dmx_warnings *warnings)
{
    for (int i = 0; i < warnings->count; i++) dmx_free(warnings->texts[i]);
    dmx_free(warnings->texts);
    *warnings = (dmx_warnings){0};
}
