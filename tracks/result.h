/* result.h - what a track became, as the caller gets it. */
#ifndef DMX_TRACKS_RESULT_H
#define DMX_TRACKS_RESULT_H

#include "tracks/intake.h"
#include "tracks/outputs.h"

/* Room for the result of a track with so many files; NULL without memory. Made before the files appear, so that nothing
 * can fail after it. */
demucs_tracks_result *dmx_result_new(int files);

/* The figures of its stems, or NULL, become the result's. */
void dmx_result_set_quality(demucs_tracks_result *result, demucs_quality *quality);

/* The sum of the input's bytes; "" where it was not made. */
void dmx_result_set_input_sum(demucs_tracks_result *result, const char *hex);

/* Fill it in once all files are there. The paths and names of the outputs, and the warnings, become the
 * result's. */
void dmx_result_fill(demucs_tracks_result *result, dmx_outputs *outputs, const dmx_intake *intake, dmx_watch *watch);

/* Fill in which files it will be. */
void dmx_result_plan(demucs_tracks_result *result, dmx_outputs *outputs, dmx_watch *watch);

#endif
