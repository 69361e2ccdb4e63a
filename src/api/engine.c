/* engine.c - demucs_engine */
#include "engine/engine.h"

#include "api/check.h"
#include "base/options.h"
#include "engine/options.h"
#include "stream/serving.h"

#include <string.h>

void demucs_default_engine_options(demucs_engine_options *options, size_t struct_size)
{
    const demucs_engine_options defaults = {.struct_size = sizeof defaults};
    dmx_options_give(options, struct_size, &defaults, sizeof defaults);
}

demucs_status demucs_engine_create(demucs_engine **engine, const demucs_model *model,
                                   const demucs_engine_options *options, demucs_error *error)
{
    demucs_engine_options all;
    demucs_stream *usual = NULL;
    dmx_error_clear(error);
    if (engine == NULL) return dmx_null_argument(error, "engine");
    *engine = NULL;
    if (model == NULL) return dmx_null_argument(error, "model");
    demucs_status status = dmx_engine_options_check(&all, options, error);
    if (status == DEMUCS_OK) status = dmx_serving_create(engine, model, &all, error);
    if (status != DEMUCS_OK) return status;
    status = dmx_stream_create(&usual, *engine, all.streams, error);
    dmx_stream_free(usual); /* its memory for segments stays with the engine */
    if (status == DEMUCS_OK) return DEMUCS_OK;
    dmx_engine_free(*engine);
    *engine = NULL;
    return status;
}

demucs_status demucs_engine_measure(const demucs_model *model, const demucs_engine_options *options,
                                    size_t track_frames, demucs_needs *needs, demucs_error *error)
{
    dmx_error_clear(error);
    if (model == NULL) return dmx_null_argument(error, "model");
    if (needs == NULL) return dmx_null_argument(error, "needs");
    const size_t size = needs->struct_size;
    if (size < sizeof(size_t) || size > sizeof *needs)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "Set struct_size to sizeof(demucs_needs) first.");
    demucs_status status = dmx_check_frames(track_frames, error);
    if (status != DEMUCS_OK) return status;
    demucs_needs all = {.struct_size = size};
    status = dmx_serving_measure(model, options, (int64_t)track_frames, &all, error);
    if (status == DEMUCS_OK) memcpy(needs, &all, size);
    return status;
}

void demucs_engine_free(demucs_engine *engine) { dmx_engine_free(engine); }

size_t demucs_engine_memory_bytes(const demucs_engine *engine) { return engine != NULL ? dmx_engine_bytes(engine) : 0; }

const demucs_model *demucs_engine_model(const demucs_engine *engine) { return engine != NULL ? engine->model : NULL; }

int demucs_engine_threads(const demucs_engine *engine) { return engine != NULL ? engine->jobs.threads : 0; }

int demucs_engine_jobs(const demucs_engine *engine) { return engine != NULL ? engine->jobs.count : 0; }

const char *demucs_engine_cpu(const demucs_engine *engine)
{
    return engine != NULL ? dmx_cpu_level_name(engine->kernels->level) : NULL;
}

demucs_precision demucs_engine_precision(const demucs_engine *engine)
{
    return engine != NULL && engine->bf16 ? DEMUCS_PRECISION_FAST : DEMUCS_PRECISION_EXACT;
}
