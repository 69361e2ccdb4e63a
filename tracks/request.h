/* request.h - a caller's request, read and checked. */
#ifndef DMX_TRACKS_REQUEST_H
#define DMX_TRACKS_REQUEST_H

#include "base/error.h"
#include "demucs_tracks.h"

/* Copy the request of a caller, who may know fewer fields, over the defaults, and check what can be told by itself. */
bool dmx_request_read(demucs_tracks_request *request, const demucs_tracks_request *given, demucs_error *error);

/* Whether the pattern is for a .stem.mp4, which has all of a track. */
bool dmx_request_is_one_file(const demucs_tracks_request *request);

/* Check it against the model. */
bool dmx_request_suits(const demucs_tracks_request *request, const demucs_model *model, demucs_error *error);

#endif
