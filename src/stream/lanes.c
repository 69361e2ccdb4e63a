/* lanes.c - see lanes.h */
#include "stream/lanes.h"

#include "base/alloc.h"

/* ---- creation ---- */

static int64_t segment_frames(const dmx_network *network, const demucs_stream_options *o)
{
    if (!o->split) return 0;
    if (o->segment_seconds > 0) return (int64_t)(o->segment_seconds * network->sample_rate_hz);
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

/* Uniform in 0..half a second. */
static int draw_shift(uint64_t *state, int sample_rate_hz)
{
    const uint64_t range = (uint64_t)(sample_rate_hz / 2) + 1;
    return (int)((random_next(state) >> 32) * range >> 32);
}

static bool member_serves(const dmx_lanes *lanes, const demucs_model *model, int member)
{
    for (int source = 0; source < model->source_count; source++)
        if (lanes->wanted[source] && model->members[member].weights[source] != 0) return true;
    return false;
}

static void add_lane(dmx_lanes *lanes, const demucs_model *model, const demucs_stream_options *o, int member, int shift,
                     int64_t start)
{
    const dmx_network *network = model->members[member].network;
    dmx_lane *lane = &lanes->lane[lanes->count++];
    *lane = (dmx_lane){.member = member, .shift = shift, .network = network, .start = start, .next = start};
    if (network->segment_is_limit && o->segment_seconds > 0)
        lane->asked = (int64_t)(o->segment_seconds * network->sample_rate_hz);
    lane->power = o->transition_power;
    lane->segment = segment_frames(network, o);
    lane->stride = (int64_t)((1 - o->overlap) * (double)lane->segment);
    if (lane->stride < 1) lane->stride = 1;
}

/* Shifts are drawn for every member, also for those that will not run: so what is wanted does not change them. */
static void add_lanes(dmx_lanes *lanes, const demucs_model *model, const demucs_stream_options *o)
{
    const int latest = model->sample_rate_hz / 2;
    uint64_t state = o->seed;
    for (int m = 0; m < model->count; m++) {
        const bool serves = member_serves(lanes, model, m);
        if (serves) lanes->member_order[m] = lanes->member_count++;
        for (int shift = 0; shift < lanes->shifts; shift++) {
            int64_t start = 0;
            if (o->shift_offsets != NULL && o->shifts > 0)
                start = o->shift_offsets[m * o->shifts + shift] - latest;
            else if (o->shifts > 0)
                start = draw_shift(&state, model->sample_rate_hz) - latest;
            if (serves) add_lane(lanes, model, o, m, shift, start);
        }
    }
}

demucs_status dmx_lanes_create(dmx_lanes *lanes, const demucs_model *model, const demucs_stream_options *o,
                               demucs_error *error)
{
    const size_t members = (size_t)model->count;
    *lanes = (dmx_lanes){.shifts = o->shifts > 0 ? o->shifts : 1};
    lanes->wanted = dmx_alloc((size_t)model->source_count, sizeof *lanes->wanted);
    lanes->lane = dmx_alloc(members * (size_t)lanes->shifts, sizeof *lanes->lane);
    lanes->member_order = dmx_alloc(members, sizeof *lanes->member_order);
    if (lanes->wanted == NULL || lanes->lane == NULL || lanes->member_order == NULL) {
        dmx_lanes_free(lanes);
        return dmx_fail(error, DEMUCS_ERROR_MEMORY, "There is not enough memory for so many shifts.");
    }
    for (int i = 0; i < model->source_count; i++) {
        lanes->wanted[i] = o->wanted == NULL || o->wanted[i];
        lanes->wanted_count += lanes->wanted[i];
    }
    add_lanes(lanes, model, o);
    return DEMUCS_OK;
}

void dmx_lanes_free(dmx_lanes *lanes)
{
    dmx_free(lanes->wanted);
    dmx_free(lanes->lane);
    dmx_free(lanes->member_order);
    *lanes = (dmx_lanes){0};
}

static bool same_fade(const dmx_lanes *lanes, int i)
{
    return i > 0 && lanes->lane[i].member == lanes->lane[i - 1].member;
}

void dmx_lanes_carve(dmx_lanes *lanes, dmx_arena *arena)
{
    for (int i = 0; i < lanes->count; i++) {
        dmx_lane *lane = &lanes->lane[i];
        lane->triangle =
            same_fade(lanes, i) ? lanes->lane[i - 1].triangle : dmx_arena_floats(arena, (size_t)lane->segment);
    }
}

void dmx_lanes_fade(dmx_lanes *lanes)
{
    for (int i = 0; i < lanes->count; i++) {
        const dmx_lane *lane = &lanes->lane[i];
        if (!same_fade(lanes, i)) dmx_triangle(lane->segment, lane->power, lane->triangle);
    }
}

/* ---- a track ---- */

void dmx_lanes_rewind(dmx_lanes *lanes)
{
    for (int i = 0; i < lanes->count; i++) lanes->lane[i].next = lanes->lane[i].start;
}

dmx_lane *dmx_lanes_behind(const dmx_lanes *lanes, int64_t end)
{
    dmx_lane *behind = NULL;
    for (int i = 0; i < lanes->count; i++) {
        dmx_lane *lane = &lanes->lane[i];
        if (lane->next < end && (behind == NULL || lane->next < behind->next)) behind = lane;
    }
    return behind;
}

size_t dmx_lanes_segments(const dmx_lanes *lanes, int64_t end)
{
    size_t segments = 0;
    for (int i = 0; i < lanes->count; i++) segments += (size_t)dmx_lane_segments(&lanes->lane[i], end);
    return segments;
}
