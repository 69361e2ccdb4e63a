/* plan.c - see plan.h
 *
 * Memory grows with each of the numbers, so the largest that fits is found by halving. */
#include "tracks/fit/plan.h"

#include <math.h>

demucs_status dmx_fit_count(dmx_fit *self, demucs_error *error)
{
    self->needs = (demucs_needs){.struct_size = sizeof self->needs};
    self->engine.streams = self->separation;
    const demucs_status status =
        demucs_engine_measure(self->model, &self->engine, self->track_frames, &self->needs, error);
    self->engine.streams = NULL;
    self->bytes = self->base_bytes + self->needs.model_bytes + self->needs.engine_bytes +
                  (uint64_t)self->tracks * (self->needs.stream_bytes + DMX_FIT_TRACK_BYTES);
    if (status != DEMUCS_OK) self->bytes = UINT64_MAX;
    return status;
}

bool dmx_fit_is_met(const dmx_fit *self) { return self->bytes <= self->limit_bytes; }

static void set_tracks(dmx_fit *self, int value) { self->tracks = value; }
static void set_jobs(dmx_fit *self, int value) { self->engine.jobs = value; }
static void set_segment(dmx_fit *self, int value) { self->separation->segment_seconds = value; }

/* The largest value of `least` to `most` that fits, or `least`. */
static bool lower(dmx_fit *self, void (*set)(dmx_fit *, int), int least, int most)
{
    int best = least;
    while (least <= most) {
        const int middle = least + (most - least) / 2;
        set(self, middle);
        if (dmx_fit_count(self, NULL) == DEMUCS_OK && dmx_fit_is_met(self)) {
            best = middle;
            least = middle + 1;
        } else {
            most = middle - 1;
        }
    }
    set(self, best);
    return dmx_fit_count(self, NULL) == DEMUCS_OK && dmx_fit_is_met(self);
}

bool dmx_fit_fewer_tracks(dmx_fit *self) { return self->tracks > 1 && lower(self, set_tracks, 1, self->tracks - 1); }

bool dmx_fit_fewer_jobs(dmx_fit *self)
{
    return self->needs.jobs > 1 && lower(self, set_jobs, 1, self->needs.jobs - 1);
}

int dmx_fit_members_kept(const demucs_model *model)
{
    int kept = 0;
    for (int m = 0; m < demucs_model_members(model); m++) {
        demucs_member_info info = {.struct_size = sizeof info};
        kept += demucs_model_member_info(model, m, &info, NULL) == DEMUCS_OK && info.resident;
    }
    return kept;
}

/* Whoever asks for the digest later would load members for it beside the one whose turn it is: it is made now. */
bool dmx_fit_fewer_members(dmx_fit *self)
{
    char digest[65];
    if (demucs_model_members(self->model) == 1 || self->kept == 0) return false;
    demucs_model_digest(self->model, digest, NULL);
    while (self->kept > 0 && !dmx_fit_is_met(self)) {
        self->kept = demucs_model_keep(self->model, demucs_model_memory_bytes(self->model) - 1);
        dmx_fit_count(self, NULL);
    }
    return dmx_fit_is_met(self);
}

double dmx_fit_own_segment(const demucs_model *model)
{
    double longest = 0;
    for (int m = 0; m < demucs_model_members(model); m++) {
        demucs_member_info info = {.struct_size = sizeof info};
        if (demucs_model_member_info(model, m, &info, NULL) == DEMUCS_OK && info.segment_seconds > longest)
            longest = info.segment_seconds;
    }
    return longest;
}

bool dmx_fit_shorter_segments(dmx_fit *self)
{
    const double own = dmx_fit_own_segment(self->model), allowed = demucs_model_max_segment_seconds(self->model);
    const int longest = (int)fmin(ceil(own) - 1, fmin(allowed, 3600));
    if (!self->separation->split || self->separation->segment_seconds > 0 || longest < DMX_FIT_SHORTEST_SECONDS)
        return false;
    return lower(self, set_segment, DMX_FIT_SHORTEST_SECONDS, longest);
}
