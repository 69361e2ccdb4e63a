/* separator.c - demucs_separator: an engine of its own with one stream. */
#include "api/check.h"
#include "base/alloc.h"
#include "base/options.h"
#include "stream/options.h"
#include "stream/serving.h"

struct demucs_separator {
    demucs_engine *engine;
    demucs_stream *stream;
};

/* ---- options: those of the engine and of the stream in one struct ---- */

static demucs_options defaults(void)
{
    const demucs_stream_options stream = dmx_stream_defaults();
    return (demucs_options){.struct_size = sizeof(demucs_options),
                            .shifts = stream.shifts,
                            .overlap = stream.overlap,
                            .transition_power = stream.transition_power,
                            .split = stream.split,
                            .normalize = stream.normalize};
}

void demucs_default_options(demucs_options *options, size_t struct_size)
{
    const demucs_options all = defaults();
    dmx_options_give(options, struct_size, &all, sizeof all);
}

static demucs_engine_options engine_part(const demucs_options *o)
{
    return (demucs_engine_options){.struct_size = sizeof(demucs_engine_options),
                                   .threads = o->threads,
                                   .jobs = o->stage != NULL ? 1 : o->jobs, /* measured one after the other */
                                   .cpu = o->cpu,
                                   .precision = o->precision};
}

static demucs_stream_options stream_part(const demucs_options *o)
{
    return (demucs_stream_options){.struct_size = sizeof(demucs_stream_options),
                                   .shifts = o->shifts,
                                   .overlap = o->overlap,
                                   .transition_power = o->transition_power,
                                   .segment_seconds = o->segment_seconds,
                                   .split = o->split,
                                   .normalize = o->normalize,
                                   .seed = o->seed,
                                   .shift_offsets = o->shift_offsets,
                                   .shift_offsets_count = o->shift_offsets_count,
                                   .wanted = o->wanted,
                                   .progress = o->progress,
                                   .progress_user = o->progress_user,
                                   .stage = o->stage,
                                   .stage_user = o->stage_user};
}

/* ---- the pair ---- */

static demucs_status create(demucs_separator *s, const demucs_model *model, const demucs_options *options,
                            demucs_error *error)
{
    demucs_engine_options engine = engine_part(options);
    const demucs_stream_options stream = stream_part(options);
    engine.streams = &stream;
    const demucs_status status = dmx_serving_create(&s->engine, model, &engine, error);
    return status == DEMUCS_OK ? dmx_stream_create(&s->stream, s->engine, &stream, error) : status;
}

demucs_status demucs_separator_create(demucs_separator **separator, const demucs_model *model,
                                      const demucs_options *options, demucs_error *error)
{
    demucs_options all = defaults();
    dmx_error_clear(error);
    if (separator == NULL) return dmx_null_argument(error, "separator");
    *separator = NULL;
    if (model == NULL) return dmx_null_argument(error, "model");
    if (options != NULL && !dmx_options_take(&all, sizeof all, options, options->struct_size))
        return dmx_options_unknown("demucs_default_options", error);
    demucs_separator *s = dmx_alloc(1, sizeof *s);
    if (s == NULL) return dmx_memory_short(error);
    demucs_status status = create(s, model, &all, error);
    if (status == DEMUCS_OK)
        *separator = s;
    else
        demucs_separator_free(s);
    return status;
}

void demucs_separator_free(demucs_separator *separator)
{
    if (separator == NULL) return;
    dmx_stream_free(separator->stream);
    dmx_engine_free(separator->engine);
    dmx_free(separator);
}

demucs_engine *demucs_separator_engine(demucs_separator *separator)
{
    return separator != NULL ? separator->engine : NULL;
}

demucs_stream *demucs_separator_stream(demucs_separator *separator)
{
    return separator != NULL ? separator->stream : NULL;
}

size_t demucs_separator_memory_bytes(const demucs_separator *s)
{
    return s != NULL ? sizeof *s + dmx_engine_bytes(s->engine) + dmx_stream_bytes(s->stream) : 0;
}

const char *demucs_separator_cpu(const demucs_separator *separator)
{
    return separator != NULL ? demucs_engine_cpu(separator->engine) : NULL;
}

demucs_precision demucs_separator_precision(const demucs_separator *separator)
{
    return separator != NULL ? demucs_engine_precision(separator->engine) : DEMUCS_PRECISION_EXACT;
}

/* ---- a track: the stream's ---- */

static demucs_status no_separator(demucs_error *error)
{
    dmx_error_clear(error);
    return dmx_null_argument(error, "separator");
}

demucs_status demucs_separate(demucs_separator *separator, const float *const *mix, size_t frames, float *const *stems,
                              demucs_error *error)
{
    if (separator == NULL) return no_separator(error);
    return demucs_stream_separate(separator->stream, mix, frames, stems, error);
}

demucs_status demucs_separator_begin(demucs_separator *separator, size_t total_frames, const demucs_loudness *loudness,
                                     demucs_error *error)
{
    if (separator == NULL) return no_separator(error);
    return demucs_stream_begin(separator->stream, total_frames, loudness, error);
}

demucs_status demucs_separator_push(demucs_separator *separator, const float *const *mix, size_t frames,
                                    size_t *accepted, demucs_error *error)
{
    if (accepted != NULL) *accepted = 0;
    if (separator == NULL) return no_separator(error);
    return demucs_stream_push(separator->stream, mix, frames, accepted, error);
}

demucs_status demucs_separator_finish(demucs_separator *separator, demucs_error *error)
{
    if (separator == NULL) return no_separator(error);
    return demucs_stream_finish(separator->stream, error);
}

demucs_status demucs_separator_pull(demucs_separator *separator, float *const *stems, size_t capacity, size_t *frames,
                                    demucs_error *error)
{
    if (frames != NULL) *frames = 0;
    if (separator == NULL) return no_separator(error);
    return demucs_stream_pull(separator->stream, stems, capacity, frames, NULL, error);
}

void demucs_separator_reset(demucs_separator *separator)
{
    if (separator != NULL) dmx_stream_reset(separator->stream);
}
