/* api.c - the public functions: check arguments, clear the error, call inward. See include/demucs.h. */
#include "base/alloc.h"
#include "cpu/ops.h"
#include "demucs.h"
#include "models/network.h"
#include "separate/memory.h"
#include "separate/options.h"
#include "separate/separator.h"

#include <math.h>
#include <string.h>

#define TEXT_OF(x)      #x
#define VERSION_TEXT(x) TEXT_OF(x)

const char *demucs_version(void)
{
    return VERSION_TEXT(DEMUCS_VERSION_MAJOR) "." VERSION_TEXT(DEMUCS_VERSION_MINOR) "." VERSION_TEXT(
        DEMUCS_VERSION_PATCH);
}

static demucs_status null_argument(demucs_error *error, const char *what)
{
    return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The argument %s must not be NULL.", what);
}

/* ---- model ---- */

demucs_status demucs_model_load(demucs_model **model, const char *path, demucs_error *error)
{
    dmx_error_clear(error);
    if (model == NULL) return null_argument(error, "model");
    *model = NULL;
    if (path == NULL) return null_argument(error, "path");
    return dmx_model_load(model, path, dmx_resident_limit(), error);
}

void demucs_model_free(demucs_model *model) { dmx_model_free(model); }

int demucs_model_sources(const demucs_model *model) { return model != NULL ? model->source_count : 0; }

const char *demucs_model_source_name(const demucs_model *model, int source)
{
    if (model == NULL || source < 0 || source >= model->source_count) return NULL;
    return model->members[0].network->sources[source];
}

int demucs_model_find_source(const demucs_model *model, const char *name)
{
    for (int s = 0; model != NULL && name != NULL && s < model->source_count; s++)
        if (strcmp(model->members[0].network->sources[s], name) == 0) return s;
    return -1;
}

int demucs_model_channels(const demucs_model *model) { return model != NULL ? model->channels : 0; }

int demucs_model_sample_rate_hz(const demucs_model *model) { return model != NULL ? model->sample_rate_hz : 0; }

double demucs_model_max_segment_seconds(const demucs_model *model)
{
    return model != NULL ? dmx_longest_segment(model) : 0;
}

int demucs_model_members(const demucs_model *model) { return model != NULL ? model->count : 0; }

/* Floating point operations of matrix products in one forward pass, a multiplication and an addition counted as two. */
static double flops_of(const dmx_network *network, int64_t frames)
{
    bool wanted[DMX_MAX_SOURCES] = {false};
    dmx_exec plan = dmx_cpu_plan(dmx_kernels_get(DMX_CPU_SCALAR), NULL, false);
    dmx_network_run(network, &plan, NULL, frames, wanted, NULL);
    return plan.flops;
}

demucs_status demucs_model_member_info(const demucs_model *model, int member, demucs_member_info *info,
                                       demucs_error *error)
{
    dmx_error_clear(error);
    if (model == NULL) return null_argument(error, "model");
    if (info == NULL) return null_argument(error, "info");
    if (member < 0 || member >= model->count)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "There is no member %d: the model has %d.", member, model->count);
    const size_t size = info->struct_size;
    if (size < sizeof(size_t) || size > sizeof *info)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "Set struct_size to sizeof(demucs_member_info) first.");
    const dmx_member *m = &model->members[member];
    const int64_t segment = m->network->family->valid_length(
        m->network, dmx_segment_frames(m->network->segment, m->network->sample_rate_hz));
    const demucs_member_info all = {.struct_size = size,
                                    .path = m->path,
                                    .class_name = m->network->family->class.name,
                                    .parameters = m->network->parameters,
                                    .segment_seconds = m->network->segment.seconds,
                                    .weights = m->weights,
                                    .segment_flops = flops_of(m->network, segment)};
    memcpy(info, &all, size);
    return DEMUCS_OK;
}

int demucs_model_warnings(const demucs_model *model) { return model != NULL ? model->warnings.count : 0; }

const char *demucs_model_warning(const demucs_model *model, int warning)
{
    if (model == NULL || warning < 0 || warning >= model->warnings.count) return NULL;
    return model->warnings.texts[warning];
}

demucs_status demucs_convert(const char *source_path, const char *target_path, demucs_error *error)
{
    dmx_error_clear(error);
    if (source_path == NULL) return null_argument(error, "source_path");
    if (target_path == NULL) return null_argument(error, "target_path");
    dmx_checkpoint *checkpoint;
    dmx_network *network = NULL;
    dmx_warnings warnings = {0};
    demucs_status status = dmx_checkpoint_open(&checkpoint, source_path, &dmx_families, error);
    if (status != DEMUCS_OK) return status;
    status = dmx_network_load(&network, checkpoint, &warnings, error); /* only to know that it can be loaded */
    dmx_network_free(network);
    dmx_warnings_clear(&warnings);
    if (status == DEMUCS_OK) status = dmx_checkpoint_write_safetensors(checkpoint, target_path, error);
    dmx_checkpoint_close(checkpoint);
    return status;
}

/* ---- separator ---- */

demucs_status demucs_separator_create(demucs_separator **separator, const demucs_model *model,
                                      const demucs_options *options, demucs_error *error)
{
    dmx_error_clear(error);
    if (separator == NULL) return null_argument(error, "separator");
    *separator = NULL;
    if (model == NULL) return null_argument(error, "model");
    return dmx_separator_create(separator, model, options, error);
}

void demucs_separator_free(demucs_separator *separator) { dmx_separator_free(separator); }

size_t demucs_separator_memory_bytes(const demucs_separator *s) { return s != NULL ? dmx_memory_bytes(s) : 0; }

const char *demucs_separator_cpu(const demucs_separator *separator)
{
    return separator != NULL ? dmx_cpu_level_name(separator->jobs[0].exec.kernels->level) : NULL;
}

demucs_precision demucs_separator_precision(const demucs_separator *separator)
{
    return separator != NULL && separator->jobs[0].exec.bf16 ? DEMUCS_PRECISION_FAST : DEMUCS_PRECISION_EXACT;
}

/* Positions in a track are int64_t, with room for what is added to and multiplied by them. */
static bool is_too_long(size_t frames) { return frames > (size_t)INT64_MAX / 64; }

demucs_status demucs_separator_begin(demucs_separator *s, size_t total_frames, const demucs_loudness *loudness,
                                     demucs_error *error)
{
    dmx_error_clear(error);
    if (s == NULL) return null_argument(error, "separator");
    if (s->state != DMX_STREAM_IDLE)
        return dmx_fail(error, DEMUCS_ERROR_STATE, "A track is under way; pull it to its end, or reset the separator.");
    if (s->options.normalize && loudness == NULL) return null_argument(error, "loudness");
    if (s->options.normalize && !(isfinite(loudness->mean) && isfinite(loudness->m2) && loudness->m2 >= 0))
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                        "The loudness is not one that demucs_loudness_add gathered; start it from all zeros.");
    if (is_too_long(total_frames)) return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The track is too long.");
    if (!s->options.split && total_frames == 0)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The length of a track must be known when it is not split.");
    return dmx_separator_begin(s, total_frames, loudness, error);
}

static demucs_status check_planes(const demucs_separator *s, const float *const *mix, demucs_error *error)
{
    if (mix == NULL) return null_argument(error, "mix");
    for (int c = 0; c < s->model->channels; c++)
        if (mix[c] == NULL) return null_argument(error, "mix[channel]");
    return DEMUCS_OK;
}

demucs_status demucs_separator_push(demucs_separator *s, const float *const *mix, size_t frames, size_t *accepted,
                                    demucs_error *error)
{
    dmx_error_clear(error);
    if (accepted == NULL) return null_argument(error, "accepted");
    *accepted = 0;
    if (s == NULL) return null_argument(error, "separator");
    if (s->state != DMX_STREAM_OPEN)
        return dmx_fail(error, DEMUCS_ERROR_STATE, "There is no track to push to: call demucs_separator_begin first.");
    if (frames == 0) return DEMUCS_OK;
    demucs_status status = check_planes(s, mix, error);
    if (status != DEMUCS_OK) return status;
    if (s->total_frames > 0 && frames > s->total_frames - (size_t)s->window.end)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The track is longer than the %zu frames that were announced.",
                        s->total_frames);
    *accepted = dmx_separator_push(s, mix, frames);
    return DEMUCS_OK;
}

demucs_status demucs_separator_finish(demucs_separator *s, demucs_error *error)
{
    dmx_error_clear(error);
    if (s == NULL) return null_argument(error, "separator");
    if (s->state != DMX_STREAM_OPEN)
        return dmx_fail(error, DEMUCS_ERROR_STATE, "There is no track to finish: call demucs_separator_begin first.");
    if (s->total_frames > 0 && (size_t)s->window.end != s->total_frames)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The track has %lld frames, but %zu were announced.",
                        (long long)s->window.end, s->total_frames);
    s->total_frames = (size_t)s->window.end;
    s->state = DMX_STREAM_FINISHED;
    return DEMUCS_OK;
}

demucs_status demucs_separator_pull(demucs_separator *s, float *const *stems, size_t capacity, size_t *frames,
                                    demucs_error *error)
{
    dmx_error_clear(error);
    if (frames == NULL) return null_argument(error, "frames");
    *frames = 0;
    if (s == NULL) return null_argument(error, "separator");
    if (stems == NULL) return null_argument(error, "stems");
    if (s->state == DMX_STREAM_IDLE)
        return dmx_fail(error, DEMUCS_ERROR_STATE,
                        "There is no track to pull from: call demucs_separator_begin first.");
    return dmx_separator_pull(s, stems, capacity, frames, error);
}

void demucs_separator_reset(demucs_separator *separator)
{
    if (separator != NULL) dmx_separator_reset(separator);
}

/* ---- a whole track at once ---- */

typedef struct whole_track {
    const float *const *mix;
    float *const *stems;
    size_t frames, pushed, pulled;
} whole_track;

/* Push what fits and pull what is ready, once; false when nothing moved. */
static demucs_status move_on(demucs_separator *s, whole_track *t, bool *moved, demucs_error *error)
{
    const float *mix[DMX_MAX_CHANNELS];
    float *stems[DMX_MAX_SOURCES * DMX_MAX_CHANNELS];
    const int channels = s->model->channels, planes = s->model->source_count * channels;
    for (int c = 0; c < channels; c++) mix[c] = t->mix[c] + t->pushed;
    size_t accepted = 0, got = 0;
    if (s->state == DMX_STREAM_OPEN) {
        accepted = dmx_separator_push(s, mix, t->frames - t->pushed);
        t->pushed += accepted;
        if (t->pushed == t->frames) s->state = DMX_STREAM_FINISHED;
    }
    for (int p = 0; p < planes; p++) stems[p] = t->stems[p] != NULL ? t->stems[p] + t->pulled : NULL;
    demucs_status status = dmx_separator_pull(s, stems, t->frames - t->pulled, &got, error);
    t->pulled += got;
    *moved = accepted > 0 || got > 0;
    return status;
}

demucs_status demucs_separate(demucs_separator *s, const float *const *mix, size_t frames, float *const *stems,
                              demucs_error *error)
{
    dmx_error_clear(error);
    if (s == NULL) return null_argument(error, "separator");
    if (stems == NULL) return null_argument(error, "stems");
    if (s->state != DMX_STREAM_IDLE)
        return dmx_fail(error, DEMUCS_ERROR_STATE,
                        "A stream is under way; pull it to its end, or reset the separator.");
    if (frames == 0) return DEMUCS_OK;
    demucs_status status = check_planes(s, mix, error);
    if (status != DEMUCS_OK) return status;
    if (is_too_long(frames)) return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The track is too long.");
    demucs_loudness loudness = {0};
    if (s->options.normalize) demucs_loudness_add(&loudness, mix, s->model->channels, frames);
    status = dmx_separator_begin(s, frames, &loudness, error);
    whole_track track = {.mix = mix, .stems = stems, .frames = frames};
    bool moved = true;
    while (status == DEMUCS_OK && moved && track.pulled < frames) status = move_on(s, &track, &moved, error);
    dmx_separator_reset(s);
    return status;
}
