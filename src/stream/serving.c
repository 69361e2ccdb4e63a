/* serving.c - see serving.h */
#include "stream/serving.h"

#include "engine/options.h"
#include "stream/options.h"

/* Unsplit there is no work for more jobs than lanes, and they would only take memory. */
static demucs_status limit_jobs(demucs_engine_options *engine, const demucs_model *model, demucs_error *error)
{
    demucs_stream_options checked;
    dmx_lanes lanes;
    demucs_status status = dmx_stream_options_check(&checked, model, engine->streams, error);
    if (status != DEMUCS_OK || checked.split) return status;
    status = dmx_lanes_create(&lanes, model, &checked, error);
    if (status != DEMUCS_OK) return status;
    if (engine->jobs > lanes.count) engine->jobs = lanes.count;
    dmx_lanes_free(&lanes);
    return DEMUCS_OK;
}

demucs_status dmx_serving_create(demucs_engine **engine, const demucs_model *model,
                                 const demucs_engine_options *options, demucs_error *error)
{
    demucs_engine_options all;
    *engine = NULL;
    demucs_status status = dmx_engine_options_check(&all, options, error);
    if (status == DEMUCS_OK) status = limit_jobs(&all, model, error);
    return status == DEMUCS_OK ? dmx_engine_create(engine, model, &all, error) : status;
}

demucs_status dmx_serving_measure(const demucs_model *model, const demucs_engine_options *options, int64_t track_frames,
                                  demucs_needs *needs, demucs_error *error)
{
    demucs_engine *engine;
    demucs_engine_options all;
    demucs_status status = dmx_engine_options_check(&all, options, error);
    if (status == DEMUCS_OK) status = dmx_serving_create(&engine, model, &all, error);
    if (status != DEMUCS_OK) return status;
    status = dmx_stream_measure(engine, all.streams, track_frames, needs, error);
    dmx_engine_free(engine);
    return status;
}
