/* serving.h - an engine for streams of which the options are known: what it would take, and no more jobs than they have
 * work for. */
#ifndef DMX_STREAM_SERVING_H
#define DMX_STREAM_SERVING_H

#include "stream/stream.h"

/* Create an engine for streams with options->streams (NULL: the defaults), which are checked too. It has no memory for
 * them yet. */
demucs_status dmx_serving_create(demucs_engine **engine, const demucs_model *model,
                                 const demucs_engine_options *options, demucs_error *error);

/* What that engine would take, with one of these streams. `track_frames` counts for unsplit ones: 0 is not known. */
demucs_status dmx_serving_measure(const demucs_model *model, const demucs_engine_options *options, int64_t track_frames,
                                  demucs_needs *needs, demucs_error *error);

#endif
