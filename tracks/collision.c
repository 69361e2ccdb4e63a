/* collision.c - see collision.h, and demucs_tracks_collision for what there is to choose from. */
#include "tracks/collision.h"

#include "base/alloc.h"
#include "tracks/paths.h"

#include <stdio.h>

typedef struct claiming {
    dmx_outputs *outputs;
    demucs_tracks_batch *batch;
    dmx_claimant *track;
    dmx_watch *watch;
    char *key; /* of what was decided: the input, and its first file without a number */
    dmx_reservation decided;
    bool reserves; /* the track is still to come */
} claiming;

/* What to do so that two tracks do not meet. The ending tells them apart where their names differ. */
#define APART_BY_ENDING "'{track}.{trackext}/{stem}.{ext}'"

static const char *advice(char *out, size_t size, const dmx_claimant *track)
{
    const demucs_tracks_request *request = track->request;
    if (request->targets != NULL)
        snprintf(out, size, "give each a path of its own");
    else if (track->same_name)
        snprintf(out, size, "separate them into different folders with %s", request->folder_setting);
    else
        snprintf(out, size, "use %s %s", request->pattern_setting, APART_BY_ENDING);
    return out;
}

static bool fail(const claiming *self, demucs_error *error)
{
    const dmx_claimant *track = self->track;
    char what[256];
    if (track->same_track)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the track %s was given twice", self->watch->track);
    return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "%s and %s would both be written to %s; %s", track->other,
                     self->watch->track, track->path, advice(what, sizeof what, track));
}

/* Say what becomes of the track: `outcome`, and, of RENAME, its first file. */
static bool tell(claiming *self, int number, const char *outcome, const char *file, demucs_error *error)
{
    const dmx_claimant *track = self->track;
    char what[256], shown[DMX_SHOWN_PATH] = "";
    if (self->decided.told) return true;
    self->decided.told = true;
    if (file != NULL) dmx_printable_path(shown, file);
    const demucs_tracks_event event = {
        .kind = DEMUCS_TRACKS_EVENT_COLLISION, .path = track->path, .count = (uint64_t)number};
    return dmx_watch_warn(self->watch, event, error, "%s and %s would both be written to %s: the second %s%s (or %s).",
                          track->other, self->watch->track, track->path, outcome, shown,
                          advice(what, sizeof what, track));
}

/* Claim the paths of all files, or none. */
static dmx_claim_outcome claim_all(claiming *self, demucs_error *error)
{
    if (dmx_pour_wanted(self->track->request)) return DMX_CLAIM_HELD; /* there is no path */
    for (int i = 0; i < self->outputs->count; i++) {
        const dmx_claim_outcome outcome =
            dmx_batch_claim(self->batch, self->outputs->items[i].path, self->track, error);
        if (outcome == DMX_CLAIM_HELD) continue;
        dmx_batch_settle(self->batch, self->track, false);
        return outcome;
    }
    return DMX_CLAIM_HELD;
}

static bool plan(claiming *self, int number, demucs_error *error)
{
    const demucs_tracks_request *request = self->track->request;
    dmx_outputs_discard(self->outputs);
    return dmx_outputs_plan(self->outputs, request, demucs_engine_model(request->engine), number, error);
}

/* Try numbers until one is free. The path that was met first knows how many tracks have met it, so that a thousand
 * tracks of one name do not try a thousand numbers each. */
static bool find_number(claiming *self, demucs_error *error)
{
    dmx_claim_outcome outcome = DMX_CLAIM_MET;
    int number = self->decided.number > 1 ? self->decided.number : self->track->meetings + 1;
    const dmx_claimant first = *self->track; /* whom it meets without a number */
    for (; outcome == DMX_CLAIM_MET; number++) {
        if (!plan(self, number, error)) return false;
        outcome = claim_all(self, error);
        if (outcome == DMX_CLAIM_HELD) break;
    }
    if (outcome != DMX_CLAIM_HELD) return false;
    struct claim *claims = self->track->claims;
    *self->track = first;
    self->track->claims = claims;
    self->decided.number = number;
    return tell(self, number, "is written to ", self->outputs->items[0].path, error);
}

static bool leave_out(claiming *self, demucs_error *error)
{
    dmx_outputs_discard(self->outputs);
    return tell(self, 1, "is left out", NULL, error);
}

static bool replace(claiming *self, demucs_error *error)
{
    if (!tell(self, 1, "replaces the first", NULL, error)) return false;
    if (self->reserves) return true; /* the other comes first, and keeps its claims till then */
    self->track->replaces = true;
    const dmx_claim_outcome outcome = claim_all(self, error);
    return outcome == DMX_CLAIM_HELD || (outcome == DMX_CLAIM_MET && fail(self, error));
}

static bool claim(claiming *self, demucs_error *error)
{
    const demucs_tracks_collision collision = self->track->request->collision;
    if (!plan(self, 1, error)) return false;
    self->key = dmx_path_print("%s\n%s", self->track->request->input, self->outputs->items[0].path);
    if (self->key == NULL)
        return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to plan the files of a track");
    self->decided = dmx_batch_reservation(self->batch, self->key);
    if (self->decided.number > 1) return find_number(self, error);
    const dmx_claim_outcome outcome = claim_all(self, error);
    if (outcome != DMX_CLAIM_MET) return outcome == DMX_CLAIM_HELD;
    if (collision == DEMUCS_TRACKS_COLLISION_RENAME) return find_number(self, error);
    if (collision == DEMUCS_TRACKS_COLLISION_SKIP) return leave_out(self, error);
    if (collision == DEMUCS_TRACKS_COLLISION_OVERWRITE) return replace(self, error);
    return fail(self, error);
}

bool dmx_outputs_claim(dmx_outputs *self, demucs_tracks_batch *batch, dmx_claimant *track, dmx_watch *watch,
                       demucs_error *error)
{
    claiming one = {.outputs = self, .batch = batch, .track = track, .watch = watch};
    const bool done = claim(&one, error);
    dmx_free(one.key);
    return done;
}

bool dmx_outputs_reserve(dmx_outputs *self, demucs_tracks_batch *batch, dmx_claimant *track, dmx_watch *watch,
                         demucs_error *error)
{
    claiming one = {.outputs = self, .batch = batch, .track = track, .watch = watch, .reserves = true};
    const bool done = claim(&one, error) && dmx_batch_reserve(batch, track, one.key, &one.decided, error);
    dmx_free(one.key);
    return done;
}
