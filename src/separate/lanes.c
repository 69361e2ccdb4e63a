/* lanes.c - see lanes.h */
#include "separate/lanes.h"

#include "base/alloc.h"
#include "separate/memory.h"

const dmx_network *dmx_lanes_network(const demucs_separator *s, const dmx_lane *lane)
{
    return s->model->members[lane->member].network;
}

int dmx_lanes_shifts(const demucs_separator *s) { return s->options.shifts > 0 ? s->options.shifts : 1; }

int64_t dmx_lanes_input_length(const demucs_separator *s, const dmx_lane *lane, int64_t frames)
{
    const dmx_network *network = dmx_lanes_network(s, lane);
    if (network->segment_is_limit && s->options.segment_seconds > 0) {
        const int64_t asked = (int64_t)(s->options.segment_seconds * network->sample_rate_hz);
        return asked < frames || network->family->valid_length(network, asked) < 0 ? -1 : asked;
    }
    return network->family->valid_length(network, frames);
}

static int64_t segment_frames(const demucs_separator *s, const dmx_network *network)
{
    if (!s->options.split) return 0;
    if (s->options.segment_seconds > 0) return (int64_t)(s->options.segment_seconds * network->sample_rate_hz);
    return dmx_segment_frames(network->segment, network->sample_rate_hz);
}

/* SplitMix64 (Steele, Lea, Flood 2014): a full-period generator from any seed. */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Offsets uniform in 0..max_shift for every member and shift, those of members that will not run included: so what is
 * wanted does not change them. */
static void draw_shifts(demucs_separator *s)
{
    const uint64_t range = (uint64_t)(s->model->sample_rate_hz / 2) + 1;
    uint64_t state = s->options.seed;
    for (int i = 0; i < s->model->count * s->options.shifts; i++)
        s->shift_offsets[i] = s->options.shift_offsets != NULL ? s->options.shift_offsets[i]
                                                               : (int)((random_next(&state) >> 32) * range >> 32);
}

static bool member_serves(const demucs_separator *s, int member)
{
    for (int source = 0; source < s->model->source_count; source++)
        if (s->wanted[source] && s->model->members[member].weights[source] > 0) return true;
    return false;
}

static void add_lanes(demucs_separator *s, int member)
{
    const dmx_network *network = s->model->members[member].network;
    const int shifts = dmx_lanes_shifts(s);
    for (int shift = 0; shift < shifts; shift++) {
        dmx_lane *lane = &s->lanes[s->lane_count++];
        lane->member = member;
        lane->shift = shift;
        if (s->options.shifts > 0)
            lane->start = s->shift_offsets[member * shifts + shift] - network->sample_rate_hz / 2;
        lane->segment = segment_frames(s, network);
        lane->stride = (int64_t)((1 - s->options.overlap) * (double)lane->segment);
        if (lane->stride < 1) lane->stride = 1;
    }
}

demucs_status dmx_lanes_create(demucs_separator *s, demucs_error *error)
{
    const size_t members = (size_t)s->model->count, shifts = (size_t)dmx_lanes_shifts(s);
    s->wanted = dmx_alloc((size_t)s->model->source_count, sizeof *s->wanted);
    s->shift_offsets = dmx_alloc(members * shifts, sizeof *s->shift_offsets);
    s->lanes = dmx_alloc(members * shifts, sizeof *s->lanes);
    s->member_order = dmx_alloc(members, sizeof *s->member_order);
    if (s->wanted == NULL || s->shift_offsets == NULL || s->lanes == NULL || s->member_order == NULL)
        return dmx_memory_short(error);
    for (int i = 0; i < s->model->source_count; i++) {
        s->wanted[i] = s->options.wanted == NULL || s->options.wanted[i];
        s->wanted_count += s->wanted[i];
    }
    draw_shifts(s);
    for (int m = 0; m < s->model->count; m++) {
        if (!member_serves(s, m)) continue;
        s->member_order[m] = s->member_count++;
        add_lanes(s, m);
    }
    s->options.wanted = NULL; /* the caller's memory: not ours to look at again */
    s->options.shift_offsets = NULL;
    s->options.cpu = NULL;
    return DEMUCS_OK;
}
