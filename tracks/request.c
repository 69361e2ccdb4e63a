/* request.c - see request.h and demucs_tracks.h */
#include "tracks/request.h"

#include "base/alloc.h"
#include "base/options.h"
#include "tracks/expression.h"
#include "tracks/mixes.h"
#include "tracks/names.h"
#include "tracks/outputs.h"
#include "tracks/paths.h"
#include "tracks/video/video.h"

#include <string.h>

static const char usual_pattern[] = "{track}/{stem}.{ext}";

static demucs_tracks_request defaults(void)
{
    return (demucs_tracks_request){.struct_size = sizeof(demucs_tracks_request),
                                   .folder = ".",
                                   .pattern = usual_pattern,
                                   .mp3_bitrate_kbps = 320,
                                   .mp3_quality = 2,
                                   .descriptor = -1,
                                   .folder_setting = "request.folder",
                                   .pattern_setting = "request.pattern",
                                   .downmix_setting = "request.downmix"};
}

void demucs_tracks_request_init(demucs_tracks_request *request, size_t struct_size)
{
    const demucs_tracks_request all = defaults();
    dmx_options_give(request, struct_size, &all, sizeof all);
}

/* ----------------------------------------------------------------------------------------------- by itself ---- */

static bool in_range(const char *what, int value, int least, int most, demucs_error *error)
{
    return (value >= least && value <= most) ||
           !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "%s is %d, but should be from %d to %d", what, value, least, most);
}

static bool check_numbers(const demucs_tracks_request *r, demucs_error *error)
{
    return in_range("stream", r->stream, 0, 1000, error) && in_range("other", (int)r->other, 0, 2, error) &&
           in_range("container", (int)r->container, 0, 9, error) && in_range("sample", (int)r->sample, 0, 2, error) &&
           in_range("clip", (int)r->clip, 0, 3, error) && in_range("collision", (int)r->collision, 0, 3, error) &&
           in_range("mp3_bitrate_kbps", r->mp3_bitrate_kbps, 8, 320, error) &&
           in_range("mp3_quality", r->mp3_quality, 2, 7, error) &&
           (r->bitrate_kbps == 0 || in_range("bitrate_kbps", r->bitrate_kbps, 8, 1024, error)) &&
           in_range("output_sample_rate_hz", r->output_sample_rate_hz, 0, 768000, error) &&
           in_range("output_channels", r->output_channels, 0, 1, error);
}

static bool check_sum(const demucs_tracks_request *r, demucs_error *error)
{
    return !r->sum_to_mix || r->clip == DEMUCS_TRACKS_CLIP_COMMON || r->clip == DEMUCS_TRACKS_CLIP_NONE ||
           !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                     "files add up to the track only with one gain for all (clip COMMON), or none (NONE)");
}

static bool check_keep(const demucs_tracks_request *r, demucs_error *error)
{
    const unsigned known = DEMUCS_TRACKS_KEEP_RATE | DEMUCS_TRACKS_KEEP_DEPTH | DEMUCS_TRACKS_KEEP_TAGS;
    if ((r->keep & ~known) != 0)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "keep is %u, of which this library knows the bits of %u",
                         r->keep, known);
    return (r->keep & DEMUCS_TRACKS_KEEP_RATE) == 0 || r->output_sample_rate_hz == 0 ||
           !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                     "DEMUCS_TRACKS_KEEP_RATE and output_sample_rate_hz exclude each other: files have the rate of "
                     "their input or one "
                     "that is asked for");
}

bool dmx_request_is_one_file(const demucs_tracks_request *r)
{
    return r->targets == NULL && (r->container == DEMUCS_TRACKS_STEMS_AAC || r->container == DEMUCS_TRACKS_STEMS_ALAC);
}

static bool check_one_file(const demucs_tracks_request *r, demucs_error *error)
{
    return !dmx_request_is_one_file(r) || (r->stem == NULL && r->wanted == NULL && r->mixes_count == 0) ||
           !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                     "a .stem.mp4 holds the track and all stems: leave out which stems or mixes to write, or choose "
                     "another format");
}

static bool check_section(const demucs_tracks_request *r, demucs_error *error)
{
    if (!(r->start_seconds >= 0 && r->start_seconds <= 1e9))
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "start_seconds is %g, but should be from 0 to 1e9",
                         r->start_seconds);
    return (r->duration_seconds >= 0 && r->duration_seconds <= 1e9) ||
           !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "duration_seconds is %g, but should be from 0 to 1e9",
                     r->duration_seconds);
}

static bool check_pattern(const demucs_tracks_request *r, demucs_error *error)
{
    const dmx_path_names example = {.track = "song.mp3", .stem = "drums", .ext = "wav"};
    if (r->folder == NULL || r->folder[0] == '\0')
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "%s is empty", r->folder_setting);
    if (r->pattern == NULL) return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "%s is NULL", r->pattern_setting);
    if (r->stem != NULL && r->wanted != NULL)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "stem and wanted exclude each other");
    if (r->wanted != NULL && r->wanted_count == 0 && r->mixes_count == 0)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "no file is asked for: name stems, or a mix");
    if (!check_one_file(r, error) || !dmx_mixes_check(r, NULL, error)) return false;
    char *expanded = dmx_path_expand(r->pattern, &example, error);
    dmx_free(expanded);
    return expanded != NULL;
}

static bool check_targets(const demucs_tracks_request *r, demucs_error *error)
{
    for (size_t i = 0; i < r->targets_count; i++) {
        const demucs_tracks_target *target = &r->targets[i];
        if (!in_range("the kind of a target", (int)target->kind, 0, 4, error)) return false;
        const bool nameless = target->stem == NULL && target->kind != DEMUCS_TRACKS_STEMS;
        if (target->path == NULL || target->path[0] == '\0' || nameless)
            return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "target %zu has no %s", i, nameless ? "stem" : "path");
        if (target->kind == DEMUCS_TRACKS_MIX && !dmx_expression_read(target->stem, NULL, NULL, error)) return false;
    }
    return r->targets_count > 0 || !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "there are no targets");
}

static bool check_descriptor(const demucs_tracks_request *r, demucs_error *error)
{
    return r->descriptor < 0 || r->video == NULL ||
           !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "a video is written to a path, and not to a descriptor");
}

bool dmx_request_read(demucs_tracks_request *request, const demucs_tracks_request *given, demucs_error *error)
{
    *request = defaults();
    if (given == NULL || !dmx_options_take(request, sizeof *request, given, given->struct_size))
        return !dmx_options_unknown("demucs_tracks_request_init", error);
    if (request->folder_setting == NULL) request->folder_setting = "request.folder";
    if (request->pattern_setting == NULL) request->pattern_setting = "request.pattern";
    if (dmx_request_is_one_file(request) && strcmp(request->pattern, usual_pattern) == 0)
        request->pattern = "{track}.{ext}";
    if (request->mixes == NULL || request->targets != NULL) request->mixes_count = 0;
    if (request->downmix_setting == NULL) request->downmix_setting = "request.downmix";
    return check_numbers(request, error) && check_sum(request, error) && check_keep(request, error) &&
           check_section(request, error) && demucs_quality_options_check(request->quality, error) == DEMUCS_OK &&
           check_descriptor(request, error) && dmx_video_request_read(request, error) &&
           (request->targets != NULL ? check_targets(request, error) : check_pattern(request, error));
}

/* -------------------------------------------------------------------------------------------- and the model ---- */

/* Whether the model has what a file is to be about; with `beside`, also as no_STEM and minus_STEM. */
static bool has_stem(const demucs_model *model, const char *name, bool beside, demucs_error *error)
{
    demucs_tracks_kind kind = DEMUCS_TRACKS_STEM;
    char list[DMX_NAMES_LIST];
    const int source = name != NULL ? dmx_name_find(model, name, strlen(name), &kind) : -1;
    if (source >= 0 && (beside || kind == DEMUCS_TRACKS_STEM)) return true;
    for (int k = DEMUCS_TRACKS_OTHERS; name != NULL && beside && k <= DEMUCS_TRACKS_REST; k++) {
        const char *prefix = dmx_name_prefix((demucs_tracks_kind)k);
        if (strncmp(name, prefix, strlen(prefix)) == 0) name += strlen(prefix); /* it is the stem that is not there */
    }
    return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the model has no stem \"%.80s\"; it has %s",
                     name != NULL ? name : "", dmx_name_list(list, model));
}

/* The names come from the checkpoint, which anybody may have made: "../../x" must not lead out of the folder. */
static bool check_names(const demucs_model *model, demucs_error *error)
{
    for (int source = 0; source < demucs_model_sources(model); source++) {
        const char *name = demucs_model_source_name(model, source);
        bool plain = name[0] != '\0' && name[0] != '.';
        for (const char *at = name; *at != '\0'; at++) plain = plain && *at != '/' && (unsigned char)*at >= 32;
        if (!plain)
            return !dmx_fail(error, DEMUCS_ERROR_UNSUPPORTED,
                             "the model has a stem whose name cannot be the name of a file");
    }
    return true;
}

/* What a .stem.mp4 takes. */
static bool suits_stems(const demucs_tracks_request *request, const demucs_model *model, demucs_error *error)
{
    const int sources = demucs_model_sources(model), channels = demucs_model_channels(model);
    if (sources != 4 || channels != 2)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                         "a .stem.mp4 has four stems in stereo, and this model gives %d of %d channels: choose another "
                         "format, or a model of four stems such as htdemucs",
                         sources, channels);
    return request->output_channels == 0 ||
           !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                     "a .stem.mp4 is in stereo: leave out the single channel, or choose another format");
}

static bool suits_target(const demucs_tracks_request *request, const demucs_tracks_target *target,
                         const demucs_model *model, demucs_error *error)
{
    if (target->kind == DEMUCS_TRACKS_STEMS) return suits_stems(request, model, error);
    if (target->kind != DEMUCS_TRACKS_MIX) return has_stem(model, target->stem, false, error);
    float *weights = dmx_alloc(1 + (size_t)demucs_model_sources(model), sizeof *weights);
    const bool done = weights != NULL ? dmx_expression_read(target->stem, model, weights, error)
                                      : !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for a mix");
    dmx_free(weights);
    return done;
}

bool dmx_request_suits(const demucs_tracks_request *request, const demucs_model *model, demucs_error *error)
{
    if (request->targets != NULL) {
        for (size_t i = 0; i < request->targets_count; i++)
            if (!suits_target(request, &request->targets[i], model, error)) return false;
        return true;
    }
    if (dmx_request_is_one_file(request)) return suits_stems(request, model, error);
    if (request->stem != NULL && !has_stem(model, request->stem, false, error)) return false;
    for (size_t i = 0; request->wanted != NULL && i < request->wanted_count; i++)
        if (!has_stem(model, request->wanted[i], true, error)) return false;
    return check_names(model, error) && dmx_mixes_check(request, model, error);
}

demucs_status demucs_tracks_check(const demucs_tracks_request *request, const demucs_model *model, demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    demucs_tracks_request read;
    if (dmx_request_read(&read, request, &why) && model != NULL) dmx_request_suits(&read, model, &why);
    if (error != NULL) *error = why;
    return why.status;
}

demucs_status demucs_tracks_needs(const demucs_tracks_request *request, const demucs_model *model, bool *needed,
                                  demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    demucs_tracks_request read;
    dmx_outputs outputs = {0};
    if (model == NULL || needed == NULL)
        dmx_fail(&why, DEMUCS_ERROR_ARGUMENT, "%s is NULL", model == NULL ? "model" : "needed");
    else if (dmx_request_read(&read, request, &why) && dmx_request_suits(&read, model, &why) &&
             dmx_outputs_list(&outputs, &read, model, &why))
        dmx_outputs_need(&outputs, needed);
    dmx_outputs_discard(&outputs);
    if (error != NULL) *error = why;
    return why.status;
}
