/* plan.c - which files a track becomes; see outputs.h */
#include "tracks/outputs.h"

#include "base/alloc.h"
#include "tracks/expression.h"
#include "tracks/manifest.h"
#include "tracks/mixes.h"
#include "tracks/names.h"
#include "tracks/paths.h"
#include "tracks/pour.h"
#include "tracks/request.h"

#include <math.h>
#include <string.h>
#include <strings.h>

static bool no_memory(demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to plan the files of a track");
}

static const char *const endings[] = {[DEMUCS_TRACKS_WAV] = "wav",
                                      [DEMUCS_TRACKS_FLAC] = "flac",
                                      [DEMUCS_TRACKS_MP3] = "mp3",
                                      [DEMUCS_TRACKS_OGG] = "ogg",
                                      [DEMUCS_TRACKS_OPUS] = "opus",
                                      [DEMUCS_TRACKS_AAC] = "m4a",
                                      [DEMUCS_TRACKS_ALAC] = "m4a",
                                      [DEMUCS_TRACKS_AIFF] = "aiff",
                                      [DEMUCS_TRACKS_STEMS_AAC] = "stem.mp4",
                                      [DEMUCS_TRACKS_STEMS_ALAC] = "stem.mp4"};

audio_container dmx_audio_container(demucs_tracks_container container)
{
    static const audio_container containers[] = {[DEMUCS_TRACKS_WAV] = AUDIO_WAV,
                                                 [DEMUCS_TRACKS_FLAC] = AUDIO_FLAC,
                                                 [DEMUCS_TRACKS_MP3] = AUDIO_MP3,
                                                 [DEMUCS_TRACKS_OGG] = AUDIO_OGG,
                                                 [DEMUCS_TRACKS_OPUS] = AUDIO_OPUS,
                                                 [DEMUCS_TRACKS_AAC] = AUDIO_AAC,
                                                 [DEMUCS_TRACKS_ALAC] = AUDIO_ALAC,
                                                 [DEMUCS_TRACKS_AIFF] = AUDIO_AIFF,
                                                 [DEMUCS_TRACKS_STEMS_AAC] = AUDIO_STEMS_AAC,
                                                 [DEMUCS_TRACKS_STEMS_ALAC] = AUDIO_STEMS_ALAC};
    return containers[container];
}

/* The container that the ending of a path stands for, or -1. The official program, too, lets the ending decide, so that
 * the pattern "{track}-{stem}.flac" is enough. Of two that share an ending the one that was asked for comes first. */
static int container_of(const char *path, demucs_tracks_container asked)
{
    const char *ending = dmx_path_ending(path);
    if (strcasecmp(ending, endings[asked]) == 0) return (int)asked;
    for (int i = 0; i < (int)(sizeof endings / sizeof *endings); i++)
        if (strcasecmp(ending, endings[i]) == 0) return i;
    return strcasecmp(ending, "aif") == 0 ? DEMUCS_TRACKS_AIFF : -1;
}

static char *path_by_pattern(const dmx_outputs *self, const char *name, demucs_error *error)
{
    const demucs_tracks_request *request = self->request;
    const dmx_path_names names = {
        .track = request->input, .stem = name, .ext = endings[request->container], .number = self->number};
    char *inside = dmx_path_expand(request->pattern, &names, error);
    if (inside == NULL) return NULL;
    if (request->pattern[0] == '/') return inside; /* only a pattern can be absolute, never a name */
    char *path = dmx_path_print("%s/%s", request->folder, inside);
    dmx_free(inside);
    if (path == NULL) no_memory(error);
    return path;
}

/* ---- which files ---- */

/* Add a file to the list, with room for its weights. Its name is the item's to free; NULL: there was no memory. */
static dmx_output *add(dmx_outputs *self, demucs_tracks_kind kind, int source, char *name, demucs_error *error)
{
    const int parts = kind == DEMUCS_TRACKS_STEMS ? 1 + self->sources : 1;
    dmx_output *item = &self->items[self->count++];
    *item = (dmx_output){.kind = kind,
                         .source = source,
                         .name = name,
                         .parts = parts,
                         .channels = parts * self->file_channels,
                         .divisor = 1,
                         .weights = dmx_alloc((size_t)(parts * (1 + self->sources)), sizeof *item->weights)};
    if (item->name != NULL && item->weights != NULL) return item;
    no_memory(error);
    return NULL;
}

/* Add a stem, or the rest beside it. */
static bool add_stem(dmx_outputs *self, const demucs_model *model, demucs_tracks_kind kind, int source,
                     demucs_error *error)
{
    char *name = dmx_path_print("%s%s", dmx_name_prefix(kind), demucs_model_source_name(model, source));
    dmx_output *item = add(self, kind, source, name, error);
    if (item == NULL) return false;
    item->weights[0] = kind == DEMUCS_TRACKS_REST;
    for (int stem = 0; stem < self->sources; stem++)
        if ((stem == source) == (kind != DEMUCS_TRACKS_OTHERS))
            item->weights[1 + stem] = kind == DEMUCS_TRACKS_REST ? -1 : 1;
    return true;
}

/* Add a mix, whose name becomes the item's. */
static bool add_mix(dmx_outputs *self, const demucs_model *model, char *name, const char *expression,
                    demucs_error *error)
{
    const dmx_output *item = add(self, DEMUCS_TRACKS_MIX, -1, name, error);
    return item != NULL && dmx_expression_read(expression, model, item->weights, error);
}

/* Add a file of the track and all stems, each a part. */
static bool add_stems(dmx_outputs *self, demucs_error *error)
{
    const dmx_output *item = add(self, DEMUCS_TRACKS_STEMS, -1, dmx_strdup("stems"), error);
    for (int part = 0; item != NULL && part < item->parts; part++) item->weights[part * (1 + self->sources) + part] = 1;
    return item != NULL;
}

static bool is_beside(demucs_tracks_other other, demucs_tracks_kind kind)
{
    return kind == DEMUCS_TRACKS_STEM || (kind == DEMUCS_TRACKS_OTHERS && other == DEMUCS_TRACKS_OTHER_ADD) ||
           (kind == DEMUCS_TRACKS_REST && other == DEMUCS_TRACKS_OTHER_MINUS);
}

static bool is_asked_for(const demucs_tracks_request *request, const demucs_model *model, demucs_tracks_kind kind,
                         int source)
{
    if (request->stem != NULL)
        return strcmp(request->stem, demucs_model_source_name(model, source)) == 0 && is_beside(request->other, kind);
    if (request->wanted == NULL) return kind == DEMUCS_TRACKS_STEM;
    for (size_t i = 0; i < request->wanted_count; i++) {
        demucs_tracks_kind named;
        const char *wanted = request->wanted[i];
        if (dmx_name_find(model, wanted, strlen(wanted), &named) == source && named == kind) return true;
    }
    return false;
}

static bool list_by_pattern(dmx_outputs *self, const demucs_model *model, demucs_error *error)
{
    const demucs_tracks_request *request = self->request;
    if (dmx_request_is_one_file(request)) return add_stems(self, error);
    for (int source = 0; source < self->sources; source++)
        for (int kind = DEMUCS_TRACKS_STEM; kind <= DEMUCS_TRACKS_REST; kind++)
            if (is_asked_for(request, model, (demucs_tracks_kind)kind, source) &&
                !add_stem(self, model, (demucs_tracks_kind)kind, source, error))
                return false;
    for (size_t i = 0; i < request->mixes_count; i++) {
        char *name;
        const char *expression;
        if (!dmx_mix_split(request->mixes[i], &name, &expression, error) ||
            !add_mix(self, model, name, expression, error))
            return false;
    }
    return true;
}

static bool list_targets(dmx_outputs *self, const demucs_model *model, demucs_error *error)
{
    for (size_t i = 0; i < self->request->targets_count; i++) {
        const demucs_tracks_target *target = &self->request->targets[i];
        bool done;
        if (target->kind == DEMUCS_TRACKS_STEMS)
            done = add_stems(self, error);
        else if (target->kind == DEMUCS_TRACKS_MIX)
            done = add_mix(self, model, dmx_strdup(target->stem), target->stem, error);
        else
            done = add_stem(self, model, target->kind, demucs_model_find_source(model, target->stem), error);
        if (!done) return false;
    }
    return true;
}

bool dmx_outputs_list(dmx_outputs *self, const demucs_tracks_request *request, const demucs_model *model,
                      demucs_error *error)
{
    *self = (dmx_outputs){.sample = request->sample, .request = request, .number = 1};
    self->sources = demucs_model_sources(model);
    self->channels = demucs_model_channels(model);
    self->sample_rate_hz = demucs_model_sample_rate_hz(model);
    self->file_channels = request->output_channels > 0 ? request->output_channels : self->channels;
    self->file_rate_hz = request->output_sample_rate_hz > 0 ? request->output_sample_rate_hz : self->sample_rate_hz;
    const size_t most =
        request->targets != NULL ? request->targets_count : 3 * (size_t)self->sources + request->mixes_count;
    self->items = dmx_alloc(most, sizeof *self->items);
    if (self->items == NULL) return no_memory(error);
    if (!(request->targets != NULL ? list_targets(self, model, error) : list_by_pattern(self, model, error)))
        return false;
    return !dmx_pour_wanted(request) || self->count == 1 ||
           !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                     "only one file can go to standard output or another descriptor, and a track has %d here: ask for "
                     "one stem or one mix, or name a folder",
                     self->count);
}

/* Whether a file needs what has this place among its weights. */
static bool is_needed(const dmx_outputs *self, int place)
{
    for (int i = 0; i < self->count; i++)
        for (int part = 0; part < self->items[i].parts; part++)
            if (dmx_output_weights(self, &self->items[i], part)[place] != 0) return true;
    return false;
}

void dmx_outputs_need(const dmx_outputs *self, bool *needed)
{
    for (int source = 0; source < self->sources; source++) needed[source] = is_needed(self, 1 + source);
}

bool dmx_outputs_need_input(const dmx_outputs *self)
{
    return self->request->sum_to_mix && self->file_rate_hz != self->sample_rate_hz;
}

bool dmx_outputs_need_mix(const dmx_outputs *self) { return self->request->sum_to_mix || is_needed(self, 0); }

/* ---- where they lie ---- */

/* Give a file its path, `path` or what the pattern says where that is NULL, and its format. */
static bool place(dmx_outputs *self, dmx_output *item, const char *path, demucs_error *error)
{
    const demucs_tracks_request *request = self->request;
    item->path = path != NULL ? dmx_path_number(path, self->number) : path_by_pattern(self, item->name, error);
    if (item->path == NULL) return no_memory(error);
    const int container = container_of(item->path, request->container);
    char shown[DMX_SHOWN_PATH];
    if (container < 0 && path == NULL && request->video == NULL)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                         "cannot write %s: the name that %s gives must end in .wav, .flac, .mp3, .ogg, .opus, "
                         ".m4a, .aiff or .aif",
                         dmx_printable_path(shown, item->path), request->pattern_setting);
    item->container = container < 0 ? request->container : (demucs_tracks_container)container;
    const bool is_one_file = strcmp(endings[item->container], "stem.mp4") == 0;
    if (item->kind == DEMUCS_TRACKS_STEMS && !is_one_file)
        return !dmx_refuse(item->path, error, DEMUCS_ERROR_ARGUMENT,
                           "the name of a file of the track and all stems must end in .stem.mp4");
    if (item->kind != DEMUCS_TRACKS_STEMS && is_one_file)
        return !dmx_refuse(item->path, error, DEMUCS_ERROR_ARGUMENT,
                           "a .stem.mp4 holds the track and all stems: ask for the format stem.mp4 or stem.alac, or "
                           "choose another ending");
    if (dmx_pour_wanted(request)) {
        dmx_free(item->path);
        item->path = dmx_strdup(dmx_pour_name);
        if (item->path == NULL) return no_memory(error);
    }
    item->sample_rate_hz = audio_container_rate_hz(dmx_audio_container(item->container), self->file_rate_hz);
    return true;
}

/* ---- whether they add up ---- */

/* Whether a file has samples as a reader gives them back, at the model's rate. */
static bool is_exact(const dmx_output *item)
{
    switch (item->container) {
    case DEMUCS_TRACKS_WAV:
    case DEMUCS_TRACKS_FLAC:
    case DEMUCS_TRACKS_ALAC:
    case DEMUCS_TRACKS_AIFF: return true;
    default: return false;
    }
}

/* How often a stem is in all files together; the track has it once. */
static double count_stem(const dmx_outputs *self, int source)
{
    double count = 0;
    for (int i = 0; i < self->count; i++)
        count += (double)self->items[i].weights[0] + (double)self->items[i].weights[1 + source];
    return count;
}

bool dmx_outputs_check_sum(const dmx_outputs *self, demucs_error *error)
{
    if (!self->request->sum_to_mix) return true;
    const bool same_rate =
        self->file_rate_hz == self->sample_rate_hz || (self->request->keep & DEMUCS_TRACKS_KEEP_RATE) != 0;
    if (!same_rate || self->file_channels != self->channels)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                         "files add up to the track only with the channels and the rate of the model, %d and %d Hz",
                         self->channels, self->sample_rate_hz);
    for (int i = 0; i < self->count; i++)
        if (!is_exact(&self->items[i]) ||
            dmx_output_sample(self, &self->items[i]) != dmx_output_sample(self, self->items))
            return !dmx_fail(
                error, DEMUCS_ERROR_ARGUMENT,
                "files that add up to the track are all wav, flac, alac or aiff, with the same samples, and "
                "%s is not; choose one of these formats",
                self->items[i].name);
    for (int source = 0; source < self->sources; source++)
        if (fabs(count_stem(self, source) - 1) > 1e-5) /* 0.3 and 0.7 are no sums of powers of two */
            return !dmx_fail(
                error, DEMUCS_ERROR_ARGUMENT,
                "files that add up to the track hold each stem once; ask for all stems, or for one and the "
                "rest");
    return true;
}

static bool is_any_stems(const dmx_outputs *self)
{
    for (int i = 0; i < self->count; i++)
        if (self->items[i].kind == DEMUCS_TRACKS_STEMS) return true;
    return false;
}

bool dmx_outputs_plan(dmx_outputs *self, const demucs_tracks_request *request, const demucs_model *model, int number,
                      demucs_error *error)
{
    bool done = dmx_outputs_list(self, request, model, error);
    self->number = number;
    for (int i = 0; done && i < self->count; i++)
        done = place(self, &self->items[i], request->targets != NULL ? request->targets[i].path : NULL, error);
    if (done && is_any_stems(self)) self->manifest = dmx_manifest_new(model);
    if (done && is_any_stems(self) && self->manifest == NULL) done = no_memory(error);
    return done && dmx_outputs_check_sum(self, error);
}
